"""What Whisper's encoder makes of short clips, computed once and kept on disk, for training the decoder alone."""

import hashlib
import os
import tempfile
from collections.abc import Sequence
from pathlib import Path

import numpy as np
import torch
from torch import Tensor

from xmodal.data.media import load_audio
from xmodal.disk import disk_full_explained, require_space
from xmodal.models.whisper import Whisper
from xmodal.paths import home
from xmodal.progress import Progress, Reporter, check_cancelled

_BATCH = 8
_BYTES = 2


def encoded_clips(
    whisper: Whisper, name: str, paths: Sequence[str | Path], report: Reporter | None = None, cancel=None
) -> Tensor:
    """Outputs of the encoder `(clips, 1500, dim)` in bfloat16, mapped from a file: only what is used is read.

    Args:
        whisper: The model.
        name: Its name and revision; what is on disk is found by this and by the content of the clips.
        paths: Sound files of at most 30 s.
        report: Told of the clips done.
        cancel: Stops it; `CancelledError` is raised.

    Raises:
        InputError: A file cannot be read.
        DiskFullError: There is no room: a clip takes 1.5 MB with Whisper base.
    """
    config = whisper.model.config
    shape = (len(paths), config.max_source_positions, config.d_model)
    digest = hashlib.sha256(f"{name}|{whisper.device.dtype}".encode())
    for path in paths:
        digest.update(hashlib.sha256(Path(path).read_bytes()).digest())
    file = home() / "features" / f"{name.partition('@')[0]}-encoded-{digest.hexdigest()[:24]}.bf16"
    size = int(np.prod(shape))
    if not file.exists() or file.stat().st_size != size * _BYTES:
        require_space(file.parent, size * _BYTES / 1e6, "What the speech encoder makes of the clips")
        with disk_full_explained(file.parent, "what the speech encoder makes of the clips"):
            _write(file, whisper, paths, report, cancel)
    return torch.from_file(str(file), shared=False, size=size, dtype=torch.bfloat16).view(shape)


def _write(file: Path, whisper: Whisper, paths: Sequence[str | Path], report: Reporter | None, cancel) -> None:
    file.parent.mkdir(parents=True, exist_ok=True)
    handle, staged = tempfile.mkstemp(dir=file.parent, suffix=".part")
    try:
        with os.fdopen(handle, "wb") as out:
            for start in range(0, len(paths), _BATCH):
                check_cancelled(cancel)
                encoded = whisper.encode([load_audio(path) for path in paths[start : start + _BATCH]])
                out.write(encoded.to("cpu", torch.bfloat16).view(torch.int16).numpy().tobytes())
                if report:
                    done = min(start + _BATCH, len(paths))
                    report(Progress("features", file.name.partition("-encoded")[0], done, len(paths), "clips"))
        Path(staged).replace(file)
    finally:
        Path(staged).unlink(missing_ok=True)
