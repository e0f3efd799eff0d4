"""What xmodal takes on the disk, by folder, and freeing what can be made or fetched again."""

import shutil
import tempfile
from dataclasses import dataclass
from pathlib import Path

from xmodal.disk import folder_bytes
from xmodal.errors import InputError
from xmodal.jobs.records import list_jobs
from xmodal.paths import home, staging_dir
from xmodal.training.runs import list_runs

FOLDERS = ("models", "adapters", "runs", "uploads", "features", "indexes", "sources", "datasets", "samples", "media")
FREEABLE = ("features", "indexes", "sources", "datasets", "samples", "media")
"""Made again by themselves when they are needed: results of frozen models, texts of pictures
and recordings, unpacked archives, sample sets, files out of
tables."""


@dataclass(frozen=True)
class FolderUse:
    """A folder of `XMODAL_HOME` and the bytes in it; `other` is all that is in none of `FOLDERS`."""

    name: str
    bytes: int

    @property
    def can_free(self) -> bool:
        """Whether there is something in it that can be made again."""
        return self.name in FREEABLE and self.bytes > 0


def list_folders() -> list[FolderUse]:
    """The folders in the order of `FOLDERS`, then `other`."""
    rows = [FolderUse(name, folder_bytes(home() / name)) for name in FOLDERS]
    other = sum(_bytes_of(path) for path in home().iterdir() if path.name not in FOLDERS)
    return [*rows, FolderUse("other", other)]


def free_space(name: str) -> int:
    """Empty a folder of what can be made again; returns the bytes that became free.

    Raises:
        InputError: It holds what cannot be made again, or a training may be using it.
    """
    if name not in FREEABLE:
        raise InputError(f"The folder {name} holds what cannot be made again.", "Delete single models or runs instead.")
    jobs = list_jobs(states=("queued", "running", "interrupted"))
    if jobs or any(run.state == "running" for run in list_runs()):
        raise InputError("A training is under way or waiting, and may need these files.", "Try again when it is over.")
    folder = home() / name
    if not folder.is_dir():
        return 0
    freed = folder_bytes(folder)
    grave = Path(tempfile.mkdtemp(prefix="freed-", dir=staging_dir()))
    # Moved away in one step, so that nobody meets half of it.
    folder.rename(grave / name)
    shutil.rmtree(grave, ignore_errors=True)
    return freed


def _bytes_of(path: Path) -> int:
    try:
        return folder_bytes(path) if path.is_dir() else path.stat().st_size
    except FileNotFoundError:
        return 0
