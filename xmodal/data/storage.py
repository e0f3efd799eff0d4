"""Folders of data that are made once and then only read: unpacked archives, sample sets, files out of tables."""

import hashlib
import shutil
import tempfile
import threading
from collections.abc import Callable
from pathlib import Path

from xmodal.paths import home, staging_dir
from xmodal.progress import check_cancelled

_CHUNK = 1 << 20
_MAGIC = (
    *((b"\x89PNG", ".png"), (b"\xff\xd8\xff", ".jpg"), (b"GIF8", ".gif"), (b"BM", ".bmp")),
    *((b"II*\0", ".tif"), (b"MM\0*", ".tif"), (b"fLaC", ".flac"), (b"OggS", ".ogg"), (b"ID3", ".mp3")),
    *((b"\xff\xfb", ".mp3"), (b"\xff\xf3", ".mp3"), (b"\xff\xf2", ".mp3")),
)


def build_once(target: Path, make: Callable[[Path], None]) -> Path:
    """The folder `target`; where it is not there, `make` fills a staging folder that is then moved in one step.

    Two processes may make it at once; the first to finish wins, and both get the same.
    """
    if target.is_dir():
        return target
    target.parent.mkdir(parents=True, exist_ok=True)
    staging = Path(tempfile.mkdtemp(prefix=f"{target.name[:20]}-", dir=staging_dir()))
    try:
        content = staging / "content"
        content.mkdir()
        make(content)
        try:
            content.replace(target)
        except OSError:
            if not target.is_dir():
                raise
    finally:
        shutil.rmtree(staging, ignore_errors=True)
    return target


def file_digest(path: Path, cancel: threading.Event | None = None) -> str:
    """SHA-256 of a file, read in parts."""
    digest = hashlib.sha256()
    with open(path, "rb") as file:
        while chunk := file.read(_CHUNK):
            check_cancelled(cancel)
            digest.update(chunk)
    return digest.hexdigest()


def keep_bytes(data: bytes, suffix: str) -> Path:
    """A file with these bytes, named by their digest, for pictures and sounds that lie inside a table."""
    name = hashlib.sha256(data).hexdigest()
    target = home() / "media" / name[:2] / f"{name}{suffix}"
    if not target.is_file():
        target.parent.mkdir(parents=True, exist_ok=True)
        descriptor, temporary = tempfile.mkstemp(dir=staging_dir())
        with open(descriptor, "wb") as out:
            out.write(data)
        Path(temporary).replace(target)
    return target


def sniff_suffix(data: bytes) -> str:
    """The suffix of a picture or sound that has no name, by its first bytes; empty if they are not known."""
    if data[:4] == b"RIFF":
        return {b"WAVE": ".wav", b"WEBP": ".webp"}.get(data[8:12], "")
    return next((suffix for magic, suffix in _MAGIC if data.startswith(magic)), "")


def datasets_dir() -> Path:
    """Where archives are unpacked."""
    return home() / "datasets"


def samples_dir() -> Path:
    """Where sample sets lie."""
    return home() / "samples"
