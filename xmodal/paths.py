"""Where xmodal keeps what it makes: everything lies under `XMODAL_HOME`."""

from pathlib import Path

from xmodal.errors import DiskFullError, SettingsError
from xmodal.settings import settings


def home() -> Path:
    """The folder for models and user data, created on first use.

    Raises:
        SettingsError: The folder cannot be made or written to.
    """
    return _ensure(settings().home.expanduser().absolute())


def models_dir() -> Path:
    """Converted models, one folder each."""
    return _ensure(home() / "models")


def staging_dir() -> Path:
    """Downloads under way; on the same file system as `models_dir`, so that a finished one is moved in one step."""
    return _ensure(home() / "staging")


def database() -> Path:
    """The SQLite file with feedback (and, later, jobs)."""
    return home() / "xmodal.sqlite"


def _ensure(folder: Path) -> Path:
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        if error.errno == 28:
            raise DiskFullError(
                f"The disk that holds {folder} is full.", "Free some space, or set XMODAL_HOME to another disk."
            ) from error
        raise SettingsError(
            f"The folder {folder} cannot be made: {error.strerror}.",
            "Set XMODAL_HOME to a folder that you can write to.",
        ) from error
    return folder
