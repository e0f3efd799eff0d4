"""Disk space: checked before a download, recognised when it runs out in the middle of one."""

import errno
import os
import shutil
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from xmodal.errors import DiskFullError

_FULL_ERRNOS = {errno.ENOSPC, errno.EDQUOT}
_FULL_WORDS = ("no space left on device", "os error 28", "errno 28", "disk quota exceeded")
_ADVICE = "Free some space there, or set {variable} to a folder on another disk, and try again."


def require_space(folder: Path, needed_mb: float, what: str, variable: str = "XMODAL_HOME") -> None:
    """Refuse early what would not fit.

    Args:
        folder: Where it is to be stored; need not exist yet.
        needed_mb: The most it takes while it is made.
        what: For the message, such as a model's name.
        variable: The environment variable that moves the folder.

    Raises:
        DiskFullError: Less than `needed_mb` is free.
    """
    while not folder.exists():
        folder = folder.parent
    free_mb = shutil.disk_usage(folder).free / 1e6
    if free_mb < needed_mb:
        raise DiskFullError(
            f"{what} needs {needed_mb:.0f} MB of disk space, and {folder} has {free_mb:.0f} MB left.",
            _ADVICE.format(variable=variable),
        )


@contextmanager
def disk_full_explained(folder: Path, what: str, variable: str = "XMODAL_HOME") -> Iterator[None]:
    """Turn "no space left", however a library words it, into a `DiskFullError`."""
    try:
        yield
    except DiskFullError:
        raise
    except Exception as error:
        if _is_disk_full(error):
            raise disk_full(folder, what, variable) from error
        raise


def disk_full(folder: Path, what: str, variable: str = "XMODAL_HOME") -> DiskFullError:
    """The error for a disk that ran full while `what` was stored under `folder`."""
    return DiskFullError(
        f"The disk that holds {folder} ran full while {what} was stored.", _ADVICE.format(variable=variable)
    )


def says_disk_full(text: str) -> bool:
    """Whether the messages of another program say that the disk is full."""
    return any(words in text.lower() for words in _FULL_WORDS)


def replace_text(path: Path, text: str) -> None:
    """Write a file anew; whoever reads it meanwhile, or after a crash, finds the old text or the new one, whole."""
    staged = path.with_name(f".{path.name}.part")
    try:
        with open(staged, "w", encoding="utf-8") as file:
            file.write(text)
            file.flush()
            os.fsync(file.fileno())
        staged.replace(path)
    finally:
        staged.unlink(missing_ok=True)


def folder_bytes(folder: Path) -> int:
    """Bytes of the files under `folder`; files and folders that vanish meanwhile count nothing."""
    total = 0
    for parent, _, names in os.walk(folder):  # unlike `rglob`, it passes over folders that are gone
        for name in names:
            with suppress(FileNotFoundError):
                total += (Path(parent) / name).stat().st_size
    return total


def _is_disk_full(error: BaseException | None) -> bool:
    """Libraries in Rust (safetensors) report it as text, others chain the `OSError`."""
    while error is not None:
        if (isinstance(error, OSError) and error.errno in _FULL_ERRNOS) or says_disk_full(str(error)):
            return True
        error = error.__cause__ or error.__context__
    return False
