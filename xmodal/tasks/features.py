"""The outputs of frozen towers, computed once and kept on disk, so that training a head takes seconds."""

import hashlib
import json
import os
import tempfile
import time
from collections.abc import Sequence, Set
from itertools import islice
from pathlib import Path
from typing import Any

import torch
from torch import Tensor

from xmodal.data.images import load_image
from xmodal.data.media import iter_audio
from xmodal.disk import disk_full_explained
from xmodal.models.towers import Tower
from xmodal.paths import home
from xmodal.progress import Progress, Reporter, check_cancelled
from xmodal.tasks.pictures import SEEN_AT_ONCE

_BATCH = {"text": 32, "image": 16, "audio": 8}
_BATCH_CPU = {**_BATCH, "image": SEEN_AT_ONCE}
_MAX_SOUND_S = 29.0
_FEW = 16  # as many rows or fewer are computed sooner than they are looked up
_STORE_EVERY_S = 60.0


def decode_value(modality: str, value: str) -> Any:
    """A row's value to what a tower takes: text as it is, files to a picture or a sound (its first 29 s)."""
    if modality == "image":
        return load_image(value)
    if modality == "audio":
        return next(iter(iter_audio(value, block_s=_MAX_SOUND_S)))
    return value


def tower_tokens(
    tower: Tower, values: Sequence[str | None], report: Reporter | None = None, cancel=None
) -> list[Tensor | None]:
    """Tokens `(tokens, dim)` in bfloat16 for each value, from the cache where they were computed before.

    Args:
        tower: A frozen tower.
        values: Texts or file paths; None where a row has none.
        report: Told of the rows done.
        cancel: Stops it.
    """
    keys = [None if value is None else _digest(tower.modality, value) for value in values]
    wanted = {key: value for key, value in zip(keys, values, strict=True) if key}
    if not wanted:
        return [None] * len(values)
    how = (tower.name, tower.revision, tower.tokens_version, getattr(tower, "max_length", ""))
    stem = f"{tower.name}-{_hash(how)[:16]}"
    tokens = _find(stem, wanted) if len(wanted) > _FEW else {}
    missing = {key: value for key, value in wanted.items() if key not in tokens}
    if missing:
        tokens |= _compute(tower, missing, stem, report, cancel)
    return [None if key is None else tokens[key] for key in keys]


@torch.inference_mode()
def _compute(tower: Tower, wanted: dict[str, str], stem: str, report, cancel) -> dict[str, Tensor]:
    """Batches of like length: texts by their length, sounds and pictures in the order given; stored now and then."""
    tower.eval()
    device = tower.device
    order = sorted(wanted, key=lambda key: len(wanted[key])) if tower.modality == "text" else list(wanted)
    size = (_BATCH_CPU if device.type == "cpu" else _BATCH)[tower.modality]
    tokens, stored, stored_at = {}, 0, time.monotonic()
    for start in range(0, len(order), size):
        check_cancelled(cancel)
        batch = order[start : start + size]
        inputs = tower.prepare([decode_value(tower.modality, wanted[key]) for key in batch])
        with autocast(device):
            out, mask = tower(**{name: value.to(device) for name, value in inputs.items()})
        for key, row, kept in zip(batch, out.to(torch.bfloat16).cpu(), mask.cpu(), strict=True):
            tokens[key] = row[kept].clone()
        if report:
            report(Progress("features", tower.name, len(tokens), len(order), "rows"))
        last = len(tokens) == len(order)
        if len(tokens) - stored > _FEW and (last or time.monotonic() - stored_at >= _STORE_EVERY_S):
            _write(stem, dict(islice(tokens.items(), stored, None)))
            stored, stored_at = len(tokens), time.monotonic()
    return tokens


def autocast(device: torch.device):
    """bfloat16 where `pick_device` found that the hardware computes in it."""
    from xmodal.device import pick_device

    return torch.autocast(device.type, torch.bfloat16, enabled=pick_device().dtype == "bfloat16")


def _digest(modality: str, value: str) -> str:
    content = value.encode() if modality == "text" else Path(value).read_bytes()
    return hashlib.sha256(content).hexdigest()


def _hash(parts) -> str:
    return hashlib.sha256("|".join(map(str, parts)).encode()).hexdigest()


def _find(stem: str, wanted: dict[str, str]) -> dict[str, Tensor]:
    """What earlier runs stored of the rows wanted, whichever rows they had beside them."""
    found = {}
    for path in sorted((home() / "features").glob(f"{stem}-*.safetensors")):
        found |= _read(path, wanted.keys() - found.keys())
        if len(found) == len(wanted):
            break
    return found


def _read(path: Path, wanted: Set[str]) -> dict[str, Tensor]:
    from safetensors import SafetensorError, safe_open

    try:
        with safe_open(path, "pt") as file:
            spans = json.loads(file.metadata()["spans"])
            found = {key: spans[key] for key in wanted & spans.keys()}
            joined = file.get_tensor("tokens") if found else None
    except (SafetensorError, OSError, KeyError, TypeError):
        # A cut-off file from a killed process: compute it again.
        path.unlink(missing_ok=True)
        return {}
    return {key: joined[start:end] for key, (start, end) in found.items()}


def _write(stem: str, tokens: dict[str, Tensor]) -> None:
    from safetensors.torch import save_file

    spans, at = {}, 0
    for key, value in tokens.items():
        spans[key] = (at, at + len(value))
        at += len(value)
    path = home() / "features" / f"{stem}-{_hash(sorted(tokens))[:16]}.safetensors"
    with disk_full_explained(path.parent, "the features"):
        path.parent.mkdir(parents=True, exist_ok=True)
        handle, staged = tempfile.mkstemp(dir=path.parent, suffix=".part")
        os.close(handle)
        try:
            save_file({"tokens": torch.cat(list(tokens.values()))}, staged, {"spans": json.dumps(spans)})
            Path(staged).replace(path)
        finally:
            Path(staged).unlink(missing_ok=True)
