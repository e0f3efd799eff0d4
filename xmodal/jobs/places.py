"""Where jobs keep things, and locks that the system lets go when their process dies.

A lock tells whether a worker or a job is alive better than a process number does: numbers are used again, clocks are
set, but a lock on a file ends with its process, however that ends.
"""

from pathlib import Path

from filelock import FileLock, Timeout

from xmodal.paths import home
from xmodal.training.runs import CHECKPOINTS, last_checkpoint, runs_dir

LOG = "job.log"
_PROBE_S = 0.05  # longer than another's probe holds a lock


def run_dir(run: str) -> Path:
    """The folder of a run; it may not be there yet."""
    return runs_dir() / run


def uploads_dir() -> Path:
    """Copies of uploaded data that jobs need."""
    return home() / "uploads"


def lock(name: str) -> FileLock:
    """A lock between processes, such as `worker-cpu`; not taken yet."""
    folder = home() / "locks"
    folder.mkdir(exist_ok=True)
    return FileLock(folder / f"{name.replace(':', '-')}.lock", poll_interval=0.01)


def worker_lock(device: str) -> FileLock:
    """Held by the worker of a device while it lives."""
    return lock(f"worker-{device}")


def job_lock(number: int) -> FileLock:
    """Held by the process of a job while it lives."""
    return lock(f"job-{number}")


def is_held(which: FileLock) -> bool:
    """Whether another process holds a lock; takes up to 50 ms if so."""
    try:
        with which.acquire(timeout=_PROBE_S):
            return False
    except Timeout:
        return True


def checkpoint_step(run: str) -> int:
    """The step of a run's last checkpoint; 0 if there is none."""
    return _last_step(run_dir(run))


def progress_mark(run: str) -> int:
    """Changes whenever a new checkpoint comes, be it of the run or of a part of its cross-validation."""
    folders = {path.parent for path in run_dir(run).rglob(CHECKPOINTS)}
    return sum(_last_step(folder) for folder in folders)


def _last_step(folder: Path) -> int:
    found = last_checkpoint(folder)
    return int(found.name.rpartition("-")[2]) if found else 0
