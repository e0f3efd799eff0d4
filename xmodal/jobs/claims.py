"""What workers and job processes write into the rows. Each start has an attempt number, and only its holder writes.

Whoever takes a job raises the number in one transaction, so a process that comes late, from a start whose worker has
died meanwhile, finds its number gone and leaves: no job runs twice.
"""

import json
import os
import re
import signal
import time
from dataclasses import asdict

import psutil

from xmodal.disk import says_disk_full
from xmodal.errors import XmodalError
from xmodal.jobs.places import LOG, checkpoint_step, is_held, job_lock, progress_mark, run_dir, worker_lock
from xmodal.jobs.records import WAITING, Job, get_job, list_jobs, read_log
from xmodal.jobs.store import connect
from xmodal.progress import Progress

_SEEN_DEATHS = 2  # without a new checkpoint between them, while the worker looked on
_UNSEEN_DEATHS = 5  # the worker went too: a restart of the machine, or a container that ran out of memory as a whole
START_MARK = "=== start "  # begins a line of the log at each start of the job
_KILLED_ADVICE = "Start it anew with half of train.batch_size, or train the head only."


def claim(device: str) -> Job | None:
    """Take the first job of the queue; None if none waits."""
    with connect() as connection:
        row = connection.execute(
            "UPDATE jobs SET state = 'running', attempt = attempt + 1, started = ?, ended = NULL, beat = NULL,"
            " pid = NULL, device = ?, progress = NULL, problem = '', advice = '' WHERE id ="
            " (SELECT id FROM jobs WHERE state IN (?, ?) ORDER BY place LIMIT 1) RETURNING id",
            (time.time(), device, *WAITING),
        ).fetchone()
    return get_job(row["id"]) if row else None


def register(number: int, attempt: int) -> bool:
    """Called by the process of a job, under its lock: whether it is still the one to run it; time counts from now."""
    with connect() as connection:
        return bool(
            connection.execute(
                "UPDATE jobs SET pid = ?, pid_started = ?, started = ?3, beat = ?3"
                " WHERE id = ? AND attempt = ? AND state = 'running'",
                (os.getpid(), psutil.Process().create_time(), time.time(), number, attempt),
            ).rowcount
        )


def give_sign(number: int, attempt: int, progress: Progress | None) -> bool:
    """Store a sign of life and the progress; returns whether the job is to stop."""
    with connect() as connection:
        row = connection.execute(
            "UPDATE jobs SET beat = ?, progress = COALESCE(?, progress) WHERE id = ? AND attempt = ?"
            " AND state = 'running' RETURNING cancel_at",
            (time.time(), json.dumps(asdict(progress)) if progress else None, number, attempt),
        ).fetchone()
    return row is None or row["cancel_at"] is not None


def finish(number: int, attempt: int, adapter: str, metrics: dict, seconds: float) -> None:
    """The job is done."""
    result = {"adapter": adapter, "metrics": metrics, "seconds": seconds}
    values = {"adapter": adapter, "summary": json.dumps(summarise(metrics)), "result": json.dumps(result)}
    _end(number, attempt, "finished", **values)


def fail(number: int, attempt: int, error: XmodalError) -> None:
    """The job cannot go on."""
    _end(number, attempt, "failed", problem=error.problem, advice=error.advice)


def stop(number: int, attempt: int, problem: str, *, resumes: bool) -> None:
    """The job was stopped: by a person, or by the system, and then it `resumes` by itself."""
    _end(number, attempt, "interrupted" if resumes else "cancelled", problem=problem)


def die(job: Job, *, seen: bool, status: int = 0) -> None:
    """The process of a job is gone and has left no word: let it go on later, or not if it died so before.

    Args:
        job: As it was when it was found dead.
        seen: The worker looked on, so the cause was the job itself.
        status: Exit status of what the worker started.
    """
    # Read anew: it may have been asked to stop since.
    if get_job(job.id).cancel_at is not None:
        stop(job.id, job.attempt, "It was ended while it was being stopped.", resumes=False)
        return
    log = read_log(run_dir(job.run) / LOG, 4000).rpartition(START_MARK)[2]
    if says_disk_full(log):
        problem, advice = "The disk ran full.", "Free some space, then resume the job."
        _end(job.id, job.attempt, "failed", problem=problem, advice=advice)
        return
    step, mark = checkpoint_step(job.run), progress_mark(job.run)
    deaths = job.deaths + 1 if mark == job.death_mark else 1
    if not seen and job.pid is None:
        deaths = job.deaths  # its worker died before the job had begun
    what = _describe_death(status, log)
    if deaths < (_SEEN_DEATHS if seen else _UNSEEN_DEATHS):
        problem, values = f"The training process {what}; it goes on from step {step}.", {"advice": ""}
        _end(job.id, job.attempt, "interrupted", problem=problem, deaths=deaths, death_mark=mark, **values)
        return
    killed = "SIGKILL" in what
    problem = f"The training process {what} {deaths} times after step {step}"
    problem += ", probably for lack of memory." if killed else "."
    advice = _KILLED_ADVICE if killed else f"The end of its log tells more: {run_dir(job.run) / LOG}."
    _end(job.id, job.attempt, "failed", problem=problem, advice=advice, deaths=deaths, death_mark=mark)


def recover(device: str = "") -> list[Job]:
    """Make the rows true: jobs that say they run, but whose process and worker are gone, are interrupted.

    Args:
        device: The caller is the worker of this device, so jobs that its predecessor left are the caller's.

    Returns:
        Jobs of `device` that still run without a worker, to be watched.
    """
    orphans = []
    for job in list_jobs(states=("running",)):
        if job.device != device and is_held(worker_lock(job.device)):
            continue
        if not is_held(job_lock(job.id)):
            die(job, seen=False)
        elif job.device == device:
            orphans.append(job)
    return orphans


def summarise(metrics: dict) -> dict:
    """What a table shows of a run: the main metric before and after."""
    name = metrics.get("metric", "accuracy")
    before, after = (metrics.get(side, {}).get(name) for side in ("before", "after"))
    return {"metric": name, "before": before, "after": after, "gain": metrics.get("gain"),
            "check_rows": metrics.get("check_rows")}  # fmt: skip


def _end(number: int, attempt: int, state: str, **values: object) -> None:
    names = ", ".join(f"{name} = :{name}" for name in values)
    with connect() as connection:
        connection.execute(
            f"UPDATE jobs SET state = :state, ended = :ended, pid = NULL, {names}"
            " WHERE id = :number AND attempt = :attempt AND state = 'running'",
            {"state": state, "ended": time.time(), "number": number, "attempt": attempt, **values},
        )


def _describe_death(status: int, log: str) -> str:
    """In words; accelerate's launcher hides the signal in its log."""
    found = re.search(r"Signals\.(SIG\w+)|exitcode\s*:\s*-(\d+)", log)
    if status < 0:
        name = signal.Signals(-status).name
    elif found:
        name = found[1] or signal.Signals(int(found[2])).name
    else:
        return "ended without a word"
    return f"was ended by the system ({name})" if name == "SIGKILL" else f"crashed ({name})"
