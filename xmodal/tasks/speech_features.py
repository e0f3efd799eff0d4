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
from xmodal.models.whisper import SAMPLE_RATE, Whisper
from xmodal.paths import home
from xmodal.progress import Progress, Reporter, check_cancelled
from xmodal.tasks.windows import Piece, Window

_BATCH = 8
_BYTES = 2


Clips = Sequence[str | Path]


def join_clips(paths: Clips) -> np.ndarray:
    """Sound files one after the other, with pauses as between the pieces of a window to be transcribed."""
    sounds = [load_audio(path) for path in paths]
    return Window([Piece(samples, 0.0, 0.0, len(samples) / SAMPLE_RATE) for samples in sounds]).samples()


def encoded_windows(
    whisper: Whisper, name: str, windows: Sequence[Clips], report: Reporter | None = None, cancel=None
) -> Tensor:
    """Outputs of the encoder `(windows, 1500, dim)` in bfloat16, mapped from a file: only what is used is read.

    Args:
        whisper: The model.
        name: Its name and revision; what is on disk is found by this and by the content of the files.
        windows: The sound files in each, at most 30 s as `join_clips` joins them.
        report: Told of the windows done.
        cancel: Stops it; `CancelledError` is raised.

    Raises:
        InputError: A file cannot be read.
        DiskFullError: There is no room: a window takes 1.5 MB with Whisper base.
    """
    config = whisper.model.config
    shape = (len(windows), config.max_source_positions, config.d_model)
    digest = hashlib.sha256(f"{name}|{whisper.device.dtype}".encode())
    for paths in windows:
        digest.update(b"|" + b"".join(hashlib.sha256(Path(path).read_bytes()).digest() for path in paths))
    file = home() / "features" / f"{name.partition('@')[0]}-encoded-{digest.hexdigest()[:24]}.bf16"
    size = int(np.prod(shape))
    if not file.exists() or file.stat().st_size != size * _BYTES:
        require_space(file.parent, size * _BYTES / 1e6, "What the speech encoder makes of the clips")
        with disk_full_explained(file.parent, "what the speech encoder makes of the clips"):
            _write(file, whisper, windows, report, cancel)
    return torch.from_file(str(file), shared=False, size=size, dtype=torch.bfloat16).view(shape)


def _write(file: Path, whisper: Whisper, windows: Sequence[Clips], report: Reporter | None, cancel) -> None:
    file.parent.mkdir(parents=True, exist_ok=True)
    handle, staged = tempfile.mkstemp(dir=file.parent, suffix=".part")
    try:
        with os.fdopen(handle, "wb") as out:
            for start in range(0, len(windows), _BATCH):
                check_cancelled(cancel)
                encoded = whisper.encode([join_clips(paths) for paths in windows[start : start + _BATCH]])
                out.write(encoded.to("cpu", torch.bfloat16).view(torch.int16).numpy().tobytes())
                if report:
                    done = min(start + _BATCH, len(windows))
                    report(Progress("features", file.name.partition("-encoded")[0], done, len(windows), "windows"))
        Path(staged).replace(file)
    finally:
        Path(staged).unlink(missing_ok=True)
