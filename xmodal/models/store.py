"""The folder of rebuilt models: one folder each, put in place in one step, with a manifest that can be checked."""

import hashlib
import json
import os
import shutil
import tempfile
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import asdict
from datetime import UTC, datetime
from pathlib import Path

from filelock import FileLock, Timeout

from xmodal.disk import folder_bytes
from xmodal.models.registry import ModelSpec
from xmodal.paths import models_dir, staging_dir
from xmodal.progress import Progress, Reporter, check_cancelled

MANIFEST = "xmodal.json"
_CHUNK = 1 << 20
_POLL_S = 0.2
_FORMAT = 1


def model_folder(spec: ModelSpec) -> Path:
    """Where the rebuilt model is, or would be."""
    return models_dir() / _folder_name(spec.name)


def read_manifest(spec: ModelSpec) -> dict | None:
    """The manifest of the rebuilt model; None if there is none, or if it was made by another recipe than `spec`'s."""
    try:
        manifest = json.loads((model_folder(spec) / MANIFEST).read_text(encoding="utf-8"))
    except (FileNotFoundError, NotADirectoryError, json.JSONDecodeError):
        return None
    return manifest if manifest.get("recipe") == recipe_digest(spec) else None


def find_stored(spec: ModelSpec) -> Path | None:
    """The folder of the rebuilt model, if all its files are there in their full size (`find_damage` reads them)."""
    manifest = read_manifest(spec)
    if manifest is None:
        return None
    folder = model_folder(spec)
    for name, entry in manifest["files"].items():
        path = folder / name
        if not path.is_file() or path.stat().st_size != entry["bytes"]:
            return None
    return folder


def find_damage(spec: ModelSpec) -> tuple[str, ...]:
    """Names of the files that are missing or differ from the manifest's SHA-256; the manifest itself if unreadable."""
    folder, manifest = model_folder(spec), read_manifest(spec)
    if manifest is None:
        return (MANIFEST,)
    return tuple(
        name
        for name, entry in manifest["files"].items()
        if not (folder / name).is_file() or sha256_of(folder / name) != entry["sha256"]
    )


def commit(spec: ModelSpec, made: Path) -> Path:
    """Write the manifest of the finished folder `made` and move it to its place in one step.

    Call with the model's lock held. After a crash at any point the model is there in full or not at all.
    """
    paths = sorted(path for path in made.rglob("*") if path.is_file())
    manifest = {
        "format": _FORMAT,
        "name": spec.name,
        "source": "index",
        "packages": sorted({f"{file.package}=={file.version}" for file in spec.index.files}),
        "sha256": spec.index.sha256,
        "converter": spec.index.converter,
        "recipe": recipe_digest(spec),
        "licence": spec.licence,
        "date": datetime.now(UTC).isoformat(timespec="seconds"),
        "files": {
            path.relative_to(made).as_posix(): {"sha256": sha256_of(path), "bytes": path.stat().st_size}
            for path in paths
        },
    }
    (made / MANIFEST).write_text(json.dumps(manifest, indent=2) + "\n", encoding="utf-8")
    mode = (made / MANIFEST).stat().st_mode
    for path in [*paths, made / MANIFEST, made]:
        if path.is_file():
            path.chmod(mode)  # safetensors writes files that only their owner may read
        _sync(path)
    final = model_folder(spec)
    discard(final)
    made.rename(final)
    _sync(final.parent)
    return final


def discard(folder: Path) -> None:
    """Delete a model's folder, moved away in one step first so that nobody meets half of it. Needs its lock held."""
    if folder.exists():
        grave = Path(tempfile.mkdtemp(dir=staging_dir(), prefix=f"{folder.name}."))
        folder.rename(grave / folder.name)
        shutil.rmtree(grave, ignore_errors=True)


@contextmanager
def staging(spec: ModelSpec) -> Iterator[Path]:
    """A folder to build the model in, deleted afterwards; call with the model's lock held."""
    folder = Path(tempfile.mkdtemp(dir=staging_dir(), prefix=f"{_folder_name(spec.name)}."))
    try:
        yield folder
    finally:
        shutil.rmtree(folder, ignore_errors=True)


@contextmanager
def locked(spec: ModelSpec, report: Reporter | None, cancel: threading.Event | None) -> Iterator[None]:
    """Hold the model's lock among all processes; while another has it, report how far that one is.

    What a dead process left behind is deleted on the way in.

    Raises:
        CancelledError: `cancel` was set while waiting.
    """
    name = _folder_name(spec.name)
    lock = FileLock(str(staging_dir() / f"{name}.lock"), timeout=0)
    total = spec.index.download_mb if spec.index else spec.download_mb
    while True:
        check_cancelled(cancel)
        try:
            lock.acquire(timeout=_POLL_S)
            break
        except Timeout:
            if report is not None:
                done = sum(folder_bytes(folder) for folder in _leftovers(name)) / 1e6
                report(Progress("download", spec.name, min(done, total), total, "MB"))
    try:
        for folder in _leftovers(name):
            shutil.rmtree(folder, ignore_errors=True)
        yield
    finally:
        lock.release()


def clean_up(held: ModelSpec) -> None:
    """Delete what dead processes left of other models than `held`; where a lock is taken, its owner is alive."""
    for folder in [path for path in staging_dir().iterdir() if path.is_dir()]:
        name = folder.name.rsplit(".", 1)[0]
        if name == _folder_name(held.name):
            continue
        lock = FileLock(str(staging_dir() / f"{name}.lock"), timeout=0)
        try:
            with lock:
                shutil.rmtree(folder, ignore_errors=True)
        except Timeout:
            continue


def sha256_of(path: Path) -> str:
    """SHA-256 of a file, in hexadecimal."""
    digest = hashlib.sha256()
    with open(path, "rb") as file:
        while chunk := file.read(_CHUNK):
            digest.update(chunk)
    return digest.hexdigest()


def recipe_digest(spec: ModelSpec) -> str:
    """What a rebuilt model depends on; when a release changes it, the model is rebuilt."""
    if spec.index is None:
        return ""
    source = asdict(spec.index)
    kept = {key: source[key] for key in ("files", "sha256", "converter", "converter_version")}
    return hashlib.sha256(json.dumps(kept, sort_keys=True).encode()).hexdigest()


def _leftovers(name: str) -> list[Path]:
    """Staging folders of the model: `NAME.RANDOM`, where neither random part nor lock name holds a dot."""
    return [path for path in staging_dir().glob(f"{name}.*") if path.is_dir() and path.name.rsplit(".", 1)[0] == name]


def _folder_name(name: str) -> str:
    return name.replace("/", "--")


def _sync(path: Path) -> None:
    """Flush a file or folder to the disk; only POSIX opens folders."""
    if path.is_dir() and os.name != "posix":
        return
    descriptor = os.open(path, os.O_RDONLY if os.name == "posix" else os.O_RDWR)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
