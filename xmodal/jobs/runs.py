"""Runs as the tabs and `xmodal runs` show them: those of jobs, and those the command line made without the queue."""

import shutil
from functools import lru_cache
from pathlib import Path

from xmodal.disk import folder_bytes
from xmodal.errors import InputError
from xmodal.jobs.claims import recover, summarise
from xmodal.jobs.places import LOG, job_lock, run_dir
from xmodal.jobs.queue import resume, submit_run
from xmodal.jobs.records import ENDED, Job, find_job, list_jobs, own_job, read_log
from xmodal.jobs.store import connect
from xmodal.jobs.uploads import sweep_uploads
from xmodal.paths import home
from xmodal.training.runs import CHECKPOINTS, RECIPE, RESULT, STATUS, read_curve, read_run, runs_dir
from xmodal.training.runs import LOG as CURVE

COMMAND_LINE = "command line"
"""Owner of runs that no job made."""
_KEPT = 4096  # rows of runs that are over


def poll(owner: str | None = None) -> list[Job]:
    """All jobs, or one person's, newest first, with true states; quick enough to be called each second."""
    jobs = list_jobs(owner)
    if any(job.quiet for job in jobs):
        recover()
        jobs = list_jobs(owner)
    return jobs


def curve(run: str, points: int = 0) -> list[dict]:
    """`step`, `epoch` and `loss` of each step so far, or of about `points` of them; a line half written is left out."""
    lines = read_curve(run_dir(run) / CURVE)
    every = -(-len(lines) // points) if points else 1
    return lines[:: max(every, 1)]


def job_log(run: str) -> str:
    """The end of what the run printed; empty for runs of the command line."""
    return read_log(run_dir(run) / LOG)


def run_rows(owner: str | None = None) -> list[dict]:
    """A row for each run, newest first; what cannot have changed is not read again.

    Keys: `id` (of its job, or None), `run`, `name`, `task`, `owner`, `state`, `submitted`, `seconds`, `metric`,
    `before`, `after`, `check_rows`, `adapter`, `disk_mb`, `problem`, `advice`, `progress`.

    Args:
        owner: Only this person's.
    """
    jobs, folder = poll(), runs_dir()
    rows = [_job_row(job, folder / job.run) for job in jobs if owner in (None, job.owner)]
    if owner in (None, COMMAND_LINE):
        known = {job.run for job in jobs}
        found = (path.parent for path in folder.glob(f"*/{RECIPE}"))
        rows += [_run_row(path) for path in found if path.name not in known]
    return sorted(rows, key=lambda row: row["run"], reverse=True)


def show_run(name: str) -> dict:
    """All that is known of a run: its row, with `progress` and `position` of a job, and `recipe`, `metrics`, `curve`.

    Args:
        name: Number of a job, or name of a run.

    Raises:
        InputError: There is none.
    """
    job = _job_of(name)
    if job:
        row = {**_job_row(job, run_dir(job.run)), **job.to_dict(), "metrics": (job.result or {}).get("metrics")}
        row.pop("result")
    else:
        run = read_run(name)
        row = {**_run_row(run.folder), "recipe": run.recipe.to_yaml(), "metrics": (run.result or {}).get("metrics")}
    return {**row, "curve": curve(row["run"])}


def disk_bytes(run: str, adapter: str = "") -> int:
    """What a run takes on the disk, with its adapter if given."""
    return sum(folder_bytes(folder) for folder in (run_dir(run), *([Path(adapter)] if adapter else ())))


def delete(name: str, *, adapter: bool = False, owner: str | None = None) -> int:
    """Delete a run that does not run: its row, its folder, its upload, and its adapter if asked.

    Args:
        name: Number of a job, or name of a run.
        adapter: Also the adapter that came out.
        owner: Refuse what is not this person's.

    Returns:
        Bytes that became free, without those of uploads.

    Raises:
        InputError: There is none, it runs, or it is someone else's.
    """
    job = _job_of(name)
    if job:
        run, made = job.run, job.adapter
        _delete_row(own_job(job.id, owner))
    else:
        found = read_run(name)
        if found.state == "running" or owner not in (None, COMMAND_LINE):
            raise InputError(f"The run {name} is in progress or not yours.", "Wait for it, or stop it first.")
        run, made = found.id, (found.result or {}).get("adapter", "")
    folders = [run_dir(run)]
    if adapter and made and Path(made).parent == home() / "adapters":
        folders.append(Path(made))
    freed = sum(folder_bytes(folder) for folder in folders)
    for folder in folders:
        shutil.rmtree(folder, ignore_errors=True)
    sweep_uploads()
    return freed


def resume_run(name: str, owner: str | None = None) -> Job:
    """Put a stopped run in the queue again, whoever started it.

    Args:
        name: Number of a job, or name of a run.
        owner: Refuse what is not this person's.

    Raises:
        InputError: There is none, it is finished or in progress, or it is someone else's.
    """
    job = _job_of(name)
    if job:
        return resume(job.id, owner)
    run = read_run(name)
    if run.state in ("finished", "running"):
        raise InputError(f"The run {name} is {run.state}.", "Only stopped and failed runs can go on.")
    return submit_run(run.id, run.recipe, owner or COMMAND_LINE)


def _delete_row(job: Job) -> None:
    with connect() as connection:
        gone = connection.execute("DELETE FROM jobs WHERE id = ? AND state <> 'running'", (job.id,)).rowcount
    if not gone:
        raise InputError(f"Job {job.id} is running.", "Cancel it first.")
    lock = job_lock(job.id)
    # It may have stored its end and be about to leave.
    with lock.acquire(timeout=30):
        pass
    Path(lock.lock_file).unlink(missing_ok=True)


def _job_of(name: str) -> Job | None:
    try:
        return find_job(name)
    except InputError:
        if name.isdigit():
            raise
        return None


def _job_row(job: Job, folder: Path) -> dict:
    keys = ("id", "run", "name", "task", "owner", "state", "submitted", "adapter", "problem", "advice", "progress")
    disk = _disk_mb(folder, job.adapter, job.state in ENDED)
    return {**{key: getattr(job, key) for key in keys}, "seconds": round(job.seconds, 1), "disk_mb": disk,
            **_metrics(job.summary)}  # fmt: skip


def _run_row(folder: Path) -> dict:
    row = _told(folder, _mark(folder, *(folder / file for file in (RECIPE, STATUS, RESULT))))
    if row["state"] == "running":
        # Nothing is written when a process dies.
        row = {**row, "state": read_run(folder.name).state}
    return {**row, "disk_mb": _disk_mb(folder, row["adapter"], row["state"] != "running")}


@lru_cache(maxsize=_KEPT)
def _told(folder: Path, mark: tuple[int, ...]) -> dict:  # noqa: ARG001 - another mark, another reading
    """The row of a run of the command line, as its files tell it; `mark` changes with them."""
    run = read_run(folder.name)
    result, recipe = run.result or {}, run.recipe
    return {
        "id": None,
        "run": run.id,
        "name": recipe.name,
        "task": recipe.task,
        "owner": COMMAND_LINE,
        "state": run.state,
        "submitted": run.folder.stat().st_ctime,
        "adapter": result.get("adapter", ""),
        "problem": run.status.get("problem", ""),
        "advice": run.status.get("advice", ""),
        "progress": None,
        "seconds": result.get("seconds", 0.0),
        **_metrics(summarise(result.get("metrics", {}))),
    }


def _disk_mb(folder: Path, adapter: str, ended: bool) -> float:
    if not ended:
        return _weigh(folder, adapter, ())
    return _weigh_once(folder, adapter, _mark(folder, folder / CHECKPOINTS, *([Path(adapter)] if adapter else ())))


def _weigh(folder: Path, adapter: str, mark: tuple[int, ...]) -> float:  # noqa: ARG001
    return round(disk_bytes(folder.name, adapter) / 1e6, 1)


_weigh_once = lru_cache(maxsize=_KEPT)(_weigh)


def _mark(*paths: Path) -> tuple[int, ...]:
    """Changes whenever a file is replaced, or something comes into a folder or goes."""
    return tuple(_changed(path) for path in paths)


def _changed(path: Path) -> int:
    try:
        return path.stat().st_mtime_ns
    except FileNotFoundError:
        return 0


def _metrics(summary: dict | None) -> dict:
    return {key: (summary or {}).get(key) for key in ("metric", "before", "after", "check_rows")}
