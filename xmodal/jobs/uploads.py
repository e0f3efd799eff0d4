"""Copies of uploaded data: the page's own files vanish with the visit, a job may wait for hours."""

import shutil
import tempfile
from pathlib import Path

from xmodal.data.storage import file_digest
from xmodal.disk import disk_full_explained, require_space
from xmodal.errors import InputError
from xmodal.jobs.places import lock, uploads_dir
from xmodal.jobs.store import connect
from xmodal.paths import staging_dir


def keep_upload(path: Path) -> Path:
    """Copy a file to `XMODAL_HOME/uploads/<digest>/<name>`; one that is there already is used again.

    Called by `queue.submit`, which holds the lock `uploads`: a copy that no job refers to is swept away.

    Raises:
        InputError: There is no such file.
        DiskFullError: There is no room.
    """
    if not path.is_file():
        raise InputError(f"The uploaded file {path.name} is gone.", "Upload it again.")
    kept = uploads_dir() / file_digest(path)[:32] / path.name
    if kept.is_file():
        return kept
    require_space(uploads_dir(), path.stat().st_size / 1e6, f"A copy of {path.name}")
    with (
        disk_full_explained(uploads_dir(), path.name),
        tempfile.TemporaryDirectory(prefix="upload-", dir=staging_dir()) as staging,
    ):
        part = Path(staging) / "part"
        shutil.copyfile(path, part)
        kept.parent.mkdir(parents=True, exist_ok=True)
        part.replace(kept)
    return kept


def is_upload(source: str) -> bool:
    """Whether a recipe's data is such a copy, and so a stranger's file."""
    return Path(source).is_relative_to(uploads_dir())


def sweep_uploads() -> list[Path]:
    """Delete the copies that no job refers to any more; returns their folders."""
    if not uploads_dir().is_dir():
        return []
    with lock("uploads"):
        with connect(reading=True) as connection:
            recipes = [row["recipe"] for row in connection.execute("SELECT recipe FROM jobs")]
        unused = [folder for folder in uploads_dir().iterdir() if not any(folder.name in text for text in recipes)]
        for folder in unused:
            shutil.rmtree(folder, ignore_errors=True)
    return unused
