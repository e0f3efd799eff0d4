"""What a person does with jobs: submit, cancel, resume. Safe from several threads and processes at once."""

import time
from collections.abc import Callable
from datetime import datetime
from pathlib import Path

from xmodal.data.config import is_file
from xmodal.disk import disk_full_explained
from xmodal.errors import InputError
from xmodal.jobs.places import lock, run_dir
from xmodal.jobs.records import Job, get_job, list_jobs, own_job
from xmodal.jobs.store import connect
from xmodal.jobs.uploads import keep_upload
from xmodal.paths import home
from xmodal.training.config import Recipe

_SHIPPED = Path(__file__).resolve().parents[2] / "assets" / "adapters"


def submit(recipe: Recipe, owner: str, *, uploaded: bool = False) -> Job:
    """Put a recipe in the queue; a worker that lives takes it (see `supervisor.ensure_worker`).

    The adapter's name gets a number where an adapter or another job has it already, so that nothing is overwritten.

    Args:
        recipe: What to train.
        owner: Who asks; the page's session or a user's name.
        uploaded: The data is a file of the page that will vanish, so the job keeps a copy.

    Raises:
        InputError: The uploaded file is gone.
        DiskFullError: There is no room.
    """
    if not uploaded:
        return _insert(_with_paths(recipe, lambda path: path.absolute() if path.exists() else path), owner)
    # Held so that the copy is not swept away before the row names it.
    with lock("uploads"):
        return _insert(_with_paths(recipe, keep_upload), owner)


def submit_run(run: str, recipe: Recipe, owner: str) -> Job:
    """Let the queue go on with a run that the command line started and that has no job yet."""
    return _insert(recipe, owner, run)


def cancel(number: int, owner: str | None = None) -> Job:
    """Stop a job: at once if it waits, at its next step with a checkpoint if it runs. One that has ended stays so.

    Raises:
        InputError: There is none, or it is not `owner`'s.
    """
    own_job(number, owner)
    with connect() as connection:
        connection.execute(
            "UPDATE jobs SET state = 'cancelled', ended = ?, problem = '', advice = ''"
            " WHERE id = ? AND state IN ('queued', 'interrupted')",
            (time.time(), number),
        )
        connection.execute(
            "UPDATE jobs SET cancel_at = ? WHERE id = ? AND state = 'running' AND cancel_at IS NULL",
            (time.time(), number),
        )
    return get_job(number)


def resume(number: int, owner: str | None = None) -> Job:
    """Put a cancelled or failed job at the end of the queue, to go on from its last checkpoint.

    Raises:
        InputError: There is none, it is not `owner`'s, or it is finished.
    """
    job = own_job(number, owner)
    if job.state == "finished":
        raise InputError(
            f"Job {number} is finished.", f"Submit a new one whose recipe has `start: {job.name}` to train it further."
        )
    with connect() as connection:
        connection.execute(
            "UPDATE jobs SET state = 'queued', place = (SELECT MAX(place) + 1 FROM jobs), ended = NULL,"
            " cancel_at = NULL, deaths = 0, death_mark = -1, problem = '', advice = '', progress = NULL"
            " WHERE id = ? AND state IN ('cancelled', 'failed')",
            (number,),
        )
    return get_job(number)


def _insert(recipe: Recipe, owner: str, run: str = "") -> Job:
    with connect() as connection:
        if not run:
            taken = {row["name"] for row in connection.execute("SELECT name FROM jobs")}
            recipe = recipe.model_copy(update={"name": free_name(recipe.name, taken)})
        number = connection.execute(
            "INSERT INTO jobs (run, owner, name, task, recipe, place, submitted) VALUES"
            " (?, ?, ?, ?, ?, (SELECT COALESCE(MAX(place), 0) + 1 FROM jobs), ?)",
            (run or f"new-{time.time_ns()}", owner, recipe.name, recipe.task, recipe.to_yaml(), time.time()),
        ).lastrowid
        if not run:
            run = f"{datetime.now():%Y%m%d-%H%M%S}-{number}-{recipe.name}"
            connection.execute("UPDATE jobs SET run = ? WHERE id = ?", (run, number))
        # Made while the row is not yet visible, so that whoever sees the row finds the folder.
        with disk_full_explained(run_dir(run), "the run"):
            run_dir(run).mkdir(parents=True, exist_ok=True)
            (run_dir(run) / "recipe.yaml").write_text(recipe.to_yaml(), encoding="utf-8")
    return get_job(number)


def unfinished_names() -> set[str]:
    """Names of the adapters that jobs are still to make: also stopped and failed ones can go on."""
    return {job.name for job in list_jobs() if job.state != "finished"}


def free_name(name: str, taken: set[str]) -> str:
    """`name`, or the first of `name-2`, `name-3` ... that no adapter has and that is not `taken`."""
    parents = (_SHIPPED, home() / "adapters")
    found, count = name, 1
    while found in taken or any((parent / found).exists() for parent in parents):
        count += 1
        found = f"{name[:70]}-{count}"
    return found


def _with_paths(recipe: Recipe, change: Callable[[Path], Path]) -> Recipe:
    """The recipe with other paths; samples and sets of the Hub stay."""

    def change_path(source: str) -> str:
        return str(change(Path(source).expanduser())) if is_file(source) else source

    return recipe.with_sources(change_path)
