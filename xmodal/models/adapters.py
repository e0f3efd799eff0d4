"""Adapters: what training produces, in the one format that all families share.

A folder with `adapter.json` (what `Adapter` holds), `README.md` (the model card) and weights in safetensors. Nothing in
it is ever unpickled or run, so that an adapter from a stranger is as safe to load as an image.
"""

import json
import logging
import math
import os
import shutil
import tempfile
import time
from dataclasses import asdict, replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from torch import Tensor

from xmodal.disk import disk_full_explained, replace_text
from xmodal.errors import InputError, IntegrityError, UnknownModelError
from xmodal.models.adapter_format import (
    CARD,
    DESCRIPTION,
    FORMAT,
    NAME_PATTERN,
    WEIGHTS,
    Adapter,
    Family,
    check_name,
    read_adapter,
)
from xmodal.models.store import sha256_of
from xmodal.paths import home

_log = logging.getLogger(__name__)

__all__ = ["Adapter", "Family", "adapters_dir", "check_name", "delete_adapter", "list_adapters", "load_adapter"]
__all__ += ["load_tensors", "read_adapter", "save_adapter", "save_metrics", "shipped_dir"]

_ABANDONED_S = 3600  # a staging folder of that age belongs to a process that died


def adapters_dir() -> Path:
    """The folder of the user's own adapters."""
    folder = home() / "adapters"
    with disk_full_explained(folder, "the folder of the adapters"):
        folder.mkdir(exist_ok=True)
    return folder


def shipped_dir() -> Path:
    """The adapters that come with xmodal's repository; absent where xmodal was installed from a wheel."""
    return Path(__file__).resolve().parents[2] / "assets" / "adapters"


def save_adapter(
    adapter: Adapter, tensors: dict[str, dict[str, Tensor]], folder: Path, card_extra: str = ""
) -> Adapter:
    """Write an adapter in full or not at all; one that is in `folder` already is replaced.

    Args:
        adapter: Its description; `files`, and `created` if empty, are filled in.
        tensors: File stem to named tensors, of any type and on any device.
        folder: Where it goes; its parents are made.
        card_extra: Markdown added to the model card.

    Returns:
        The adapter as it is on disk.

    Raises:
        InputError: A name cannot be used, or `folder` holds something else.
        DiskFullError: There is no room; what was in `folder` is still there.
    """
    for name in (adapter.name, *(stem + WEIGHTS for stem in tensors)):
        check_name(name)
    folder = Path(folder).absolute()
    if folder.exists() and not (folder / DESCRIPTION).is_file() and (not folder.is_dir() or any(folder.iterdir())):
        raise InputError(f"{folder} exists and is not an adapter.", "Choose another folder.")
    with disk_full_explained(folder.parent, f"the adapter {adapter.name}"):
        folder.parent.mkdir(parents=True, exist_ok=True)
        _sweep(folder)
        staging = Path(tempfile.mkdtemp(dir=folder.parent, prefix=f".{folder.name}."))
        try:
            made = staging / "made"
            made.mkdir()
            _write(adapter, tensors, made, card_extra)
            _put_in_place(made, folder, staging)
        finally:
            shutil.rmtree(staging, ignore_errors=True)
    return read_adapter(folder)


def save_metrics(adapter: Adapter, metrics: dict) -> Adapter:
    """Put the metrics of a stored adapter into its description and card; its weights stay as they are."""
    from xmodal.models.cards import write_card

    measured = replace(adapter, metrics=metrics)
    with disk_full_explained(adapter.path, f"the adapter {adapter.name}"):
        # The card first: a description without metrics beside it is still true.
        replace_text(adapter.path / CARD, write_card(measured))
        replace_text(adapter.path / DESCRIPTION, _describe(measured))
    return read_adapter(adapter.path)


def load_adapter(name_or_path: str | Path) -> Adapter:
    """An adapter by its name (the user's own before those that come with xmodal) or folder, its files checked.

    Raises:
        UnknownModelError: There is none.
        InputError: Its description cannot be used.
        IntegrityError: A file is missing, altered, or not of the one format that is safe to load.
    """
    adapter = read_adapter(_find(name_or_path))
    for file, entry in adapter.files.items():
        if sha256_of(adapter.path / file) != entry["sha256"]:
            raise IntegrityError(
                f"The file {file} of the adapter {adapter.name} is not the one that was saved.",
                "Copy or train the adapter again.",
            )
    return adapter


def load_tensors(adapter: Adapter, stem: str) -> dict[str, Tensor]:
    """The tensors that were saved as `stem`, on the CPU.

    Raises:
        InputError: The adapter has no such file.
        IntegrityError: The file is damaged.
    """
    from safetensors import SafetensorError
    from safetensors.torch import load_file

    file = stem + WEIGHTS
    if adapter.path is None or file not in adapter.files:
        raise InputError(
            f"The adapter {adapter.name} has no weights named {stem!r}.",
            f"It has: {', '.join(adapter.files) or 'none'}.",
        )
    try:
        return load_file(adapter.path / file)
    except (SafetensorError, OSError) as error:
        raise IntegrityError(
            f"The file {file} of the adapter {adapter.name} cannot be read.", "Copy or train the adapter again."
        ) from error


def list_adapters(task: str | None = None, family: Family | None = None) -> list[Adapter]:
    """Those that come with xmodal, then the user's own, which hide shipped ones of the same name.

    Broken ones are left out, and logged. Weights are not read; `load_adapter` checks them.
    """
    found: dict[str, Adapter] = {}
    for parent in (shipped_dir(), adapters_dir()):
        for folder in sorted(parent.glob(f"*/{DESCRIPTION}")) if parent.is_dir() else []:
            if folder.parent.name.startswith("."):
                continue
            try:
                adapter = read_adapter(folder.parent)
            except (InputError, IntegrityError) as error:
                _log.warning("The adapter in %s is left out: %s", folder.parent, error)
                continue
            found.pop(adapter.path.name, None)
            found[adapter.path.name] = replace(adapter, name=adapter.path.name)
    return [
        adapter
        for adapter in found.values()
        if (task is None or adapter.task == task) and (family is None or adapter.family == family)
    ]


def delete_adapter(name: str) -> None:
    """Delete one of the user's own adapters.

    Raises:
        InputError: It comes with xmodal, or the name is none.
        UnknownModelError: There is none of that name.
    """
    folder = adapters_dir() / check_name(name)
    if not folder.is_dir():
        if (shipped_dir() / name).is_dir():
            raise InputError(f"The adapter {name} comes with xmodal.", "Only adapters of your own can be deleted.")
        raise _unknown(name)
    grave = Path(tempfile.mkdtemp(dir=folder.parent, prefix=f".{name}."))
    folder.rename(grave / name)
    shutil.rmtree(grave)


def _write(adapter: Adapter, tensors: dict[str, dict[str, Tensor]], folder: Path, card_extra: str) -> None:
    """All files of the adapter, flushed to the disk."""
    from safetensors.torch import save_file

    from xmodal.models.cards import write_card

    files = {}
    for stem, state in tensors.items():
        path = folder / (stem + WEIGHTS)
        plain = {key: value.detach().cpu().contiguous().clone() for key, value in state.items()}  # shared ones too
        save_file(plain, path, metadata={"format": "pt"})
        files[path.name] = {"sha256": sha256_of(path), "bytes": path.stat().st_size}
    created = adapter.created or datetime.now(UTC).isoformat(timespec="seconds")
    adapter = replace(adapter, files=files, created=created, format=FORMAT)
    description = folder / DESCRIPTION
    description.write_text(_describe(adapter), encoding="utf-8")
    (folder / CARD).write_text(write_card(adapter, card_extra), encoding="utf-8")
    mode = description.stat().st_mode
    for path in folder.iterdir():
        path.chmod(mode)  # safetensors writes files that only their owner may read
        with open(path, "rb+") as file:
            os.fsync(file.fileno())


def _describe(adapter: Adapter) -> str:
    """The text of `adapter.json`."""
    values = {key: value for key, value in asdict(adapter).items() if key != "path"}
    return json.dumps(_plain(values), ensure_ascii=False, indent=2) + "\n"


def _put_in_place(made: Path, folder: Path, staging: Path) -> None:
    """Move the finished folder to its place; the old one comes back if that fails."""
    old = staging / "old"
    made.chmod(folder.parent.stat().st_mode & 0o777)  # mkdtemp's are for the owner only
    if folder.exists():
        folder.rename(old)
    try:
        made.rename(folder)
    except OSError:
        if old.exists():
            old.rename(folder)
        raise


def _sweep(folder: Path) -> None:
    """Delete what dead processes left beside `folder`."""
    for path in folder.parent.iterdir():
        abandoned = path.name.startswith(f".{folder.name}.") and path.is_dir()
        if abandoned and time.time() - path.stat().st_mtime > _ABANDONED_S:
            shutil.rmtree(path, ignore_errors=True)


def _find(name_or_path: str | Path) -> Path:
    """The folder meant."""
    text = str(name_or_path)
    if NAME_PATTERN.fullmatch(text) and not isinstance(name_or_path, Path):
        for parent in (adapters_dir(), shipped_dir()):
            if (parent / text / DESCRIPTION).is_file():
                return parent / text
    path = Path(name_or_path)
    if (path / DESCRIPTION).is_file():
        return path
    raise _unknown(text)


def _unknown(name: str) -> UnknownModelError:
    names = ", ".join(adapter.name for adapter in list_adapters())
    advice = f"Choose one of: {names}; or give its folder." if names else "Train one, or give the folder of one."
    return UnknownModelError(f"There is no adapter named {name!r}.", advice)


def _plain(value: Any) -> Any:
    """Values for JSON: numpy's numbers and tensors' as Python's, no NaN, which JSON lacks."""
    if isinstance(value, dict):
        return {str(key): _plain(item) for key, item in value.items()}
    if isinstance(value, list | tuple | set):
        return [_plain(item) for item in value]
    if isinstance(value, Path):
        return str(value)
    if hasattr(value, "tolist"):
        return _plain(value.tolist())
    return None if isinstance(value, float) and not math.isfinite(value) else value
