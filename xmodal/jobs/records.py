"""A training job as the database holds it."""

import json
import sqlite3
import time
from dataclasses import asdict, dataclass, fields
from pathlib import Path
from typing import Literal

from xmodal.errors import InputError
from xmodal.jobs.store import connect

State = Literal["queued", "running", "finished", "failed", "cancelled", "interrupted"]
WAITING = ("queued", "interrupted")
"""States of jobs that a worker will take; an interrupted one goes on from its last checkpoint."""
ENDED = ("finished", "failed", "cancelled")
"""States of jobs that change only if a person has them go on."""

_STALE_S = 5.0  # a running job gives a sign twice a second


@dataclass(frozen=True)
class Job:
    """One job. Times are seconds since 1970.

    Attributes:
        id: Its number.
        run: Name of its folder in `XMODAL_HOME/runs`.
        owner: Who submitted it.
        name: Of the adapter that it makes.
        task: Such as `classify`.
        recipe: The recipe as YAML.
        state: `interrupted` is one whose process died, and that will go on by itself.
        place: Order in the queue.
        submitted: When.
        started: When its present or last attempt was claimed and, once its process is there, began.
        ended: When it ended, by itself or not.
        attempt: How often it was started.
        deaths: How often its process died since its last new checkpoint.
        death_mark: `places.progress_mark` when it died last.
        device: Where it runs or ran.
        pid: Its process.
        pid_started: When that process was created, to tell it from a later one of the same number.
        beat: Its last sign of life.
        cancel_at: When someone asked to stop it.
        progress: As `Progress`: stage, what, done, total, unit, rate.
        problem: What went wrong, in a sentence.
        advice: What to do about it, in a sentence.
        adapter: Folder of the adapter, once it is finished.
        summary: `metric`, its value `before` and `after`, the `gain` and how many rows were checked.
        position: 1 for the next in the queue; 0 if it does not wait.
        result: All metrics; only from `get_job`.
    """

    id: int
    run: str
    owner: str
    name: str
    task: str
    recipe: str
    state: State
    place: int
    submitted: float
    started: float | None
    ended: float | None
    attempt: int
    deaths: int
    death_mark: int
    device: str
    pid: int | None
    pid_started: float | None
    beat: float | None
    cancel_at: float | None
    progress: dict | None
    problem: str
    advice: str
    adapter: str
    summary: dict | None
    position: int = 0
    result: dict | None = None

    @property
    def seconds_left(self) -> float | None:
        """Until the present stage is done; None if it is not known."""
        now = self.progress or {}
        if self.state != "running" or not now.get("rate") or not now.get("total"):
            return None
        return max(0.0, (now["total"] - now["done"]) / now["rate"])

    @property
    def seconds(self) -> float:
        """How long the present or last attempt took so far."""
        return 0.0 if self.started is None else (self.ended or time.time()) - self.started

    @property
    def quiet(self) -> bool:
        """Whether it says that it runs but gave no sign for some seconds."""
        return self.state == "running" and time.time() - (self.beat or self.started or 0) > _STALE_S

    def to_dict(self) -> dict:
        """For JSON and tables."""
        return {**asdict(self), "seconds": round(self.seconds, 2), "seconds_left": self.seconds_left}


_COLUMNS = ", ".join(f.name for f in fields(Job) if f.name not in ("position", "result"))
_POSITION = (
    "CASE WHEN state IN ('queued', 'interrupted') THEN (SELECT COUNT(*) FROM jobs AS other"
    " WHERE other.state IN ('queued', 'interrupted') AND other.place <= jobs.place) ELSE 0 END AS position"
)


def list_jobs(owner: str | None = None, states: tuple[State, ...] = ()) -> list[Job]:
    """All jobs, or one person's, or those in some states, newest first, without their full results."""
    query = f"SELECT {_COLUMNS}, {_POSITION} FROM jobs WHERE (?1 IS NULL OR owner = ?1)"
    if states:
        query += f" AND state IN ({', '.join(repr(state) for state in states)})"
    with connect(reading=True) as connection:
        rows = connection.execute(query + " ORDER BY id DESC", (owner,)).fetchall()
    return [_to_job(row) for row in rows]


def get_job(number: int) -> Job:
    """One job with its result.

    Raises:
        InputError: There is none of that number.
    """
    with connect(reading=True) as connection:
        row = connection.execute(f"SELECT {_COLUMNS}, {_POSITION}, result FROM jobs WHERE id = ?", (number,)).fetchone()
    if row is None:
        raise InputError(f"There is no job {number}.", "`xmodal runs list` shows all.")
    return _to_job(row)


def find_job(name: str) -> Job:
    """A job by its number or the name of its run.

    Raises:
        InputError: There is none.
    """
    with connect(reading=True) as connection:
        row = connection.execute("SELECT id FROM jobs WHERE run = ?1 OR CAST(id AS TEXT) = ?1", (name,)).fetchone()
    if row is None:
        raise InputError(f"There is no job {name}.", "`xmodal runs list` shows all.")
    return get_job(row["id"])


def own_job(number: int, owner: str | None) -> Job:
    """A job that `owner` may change; anyone's if `owner` is None.

    Raises:
        InputError: There is none, or it is someone else's.
    """
    job = get_job(number)
    if owner is not None and job.owner != owner:
        raise InputError(f"Job {number} belongs to someone else.", "Choose one of your own.")
    return job


def read_log(path: Path, limit: int = 20_000) -> str:
    """The last `limit` bytes of a log; empty if there is none."""
    try:
        with open(path, "rb") as file:
            file.seek(max(0, path.stat().st_size - limit))
            return file.read().decode("utf-8", "replace")
    except FileNotFoundError:
        return ""


def _to_job(row: sqlite3.Row) -> Job:
    values = dict(row)
    for key in ("progress", "summary", "result"):
        values[key] = json.loads(values[key]) if values.get(key) else None
    return Job(**values)
