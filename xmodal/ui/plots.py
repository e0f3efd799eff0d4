"""The shape of a recording, computed from a stream: loudness and mel spectrogram in a fixed number of columns.

A three-hour file is read block by block; what is kept of it is some 20 MB.
"""

import base64
import io
import threading
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from xmodal.data.media import iter_audio, probe
from xmodal.progress import Progress, Reporter, check_cancelled

if TYPE_CHECKING:
    from PIL import Image

RATE = 16_000
N_FFT = 1_024
MELS = 64
COLUMNS = 800
MIN_HOP = 160
RANGE_DB = 70.0
QUIET = 1e-10
LOUD = 1e-3
"""Mel power that counts as full brightness at least, so that silence and faint hiss stay dark."""

# Dark blue over violet and orange to pale yellow (anchors of matplotlib's "inferno" map): legible on light and dark.
_COLOURS = np.array(
    [(0, 0, 4), (40, 11, 84), (101, 21, 110), (159, 42, 99), (212, 72, 66), (245, 125, 21), (250, 193, 39),
     (252, 255, 164)]
)  # fmt: skip


@dataclass(frozen=True)
class Overview:
    """A recording at a glance.

    Attributes:
        duration: Seconds, as decoded.
        peaks: Loudest sample of each column, `(columns,)`, 0 to 1.
        spectrogram: PNG as a data URL; low tones at the bottom.
    """

    duration: float
    peaks: np.ndarray
    spectrogram: str


def draw_overview(path: str | Path, report: Reporter | None = None, cancel: threading.Event | None = None) -> Overview:
    """Read a recording once and condense it.

    Raises:
        InputError: The file cannot be decoded.
        CancelledError: `cancel` was set.
    """
    import librosa

    stated = probe(path).duration
    hop = int(np.clip(stated * RATE / COLUMNS, MIN_HOP, N_FFT))
    bank = librosa.filters.mel(sr=RATE, n_fft=N_FFT, n_mels=MELS)
    counted = _Counter(iter_audio(path, RATE))
    mels, peaks = [], []
    for frames in _frames(counted, hop):
        check_cancelled(cancel)
        if report is not None:
            report(Progress("read", Path(path).name, counted.samples / RATE, stated))
        power = np.abs(np.fft.rfft(frames * np.hanning(N_FFT).astype(np.float32), axis=1)) ** 2
        mels.append((power @ bank.T).astype(np.float32))
        peaks.append(np.abs(frames[:, :hop]).max(axis=1))
    mel = librosa.power_to_db(
        _pool(np.concatenate(mels)), amin=QUIET, ref=lambda power: max(power.max(), LOUD), top_db=None
    )
    return Overview(counted.samples / RATE, _pool(np.concatenate(peaks)), _to_png(1 + mel / RANGE_DB))


class _Counter:
    """Passes blocks on and counts their samples: not every file states its length."""

    def __init__(self, blocks: Iterator[np.ndarray]):
        self._blocks = blocks
        self.samples = 0

    def __iter__(self) -> Iterator[np.ndarray]:
        for block in self._blocks:
            self.samples += len(block)
            yield block


def _frames(blocks, hop: int) -> Iterator[np.ndarray]:
    """Overlapping frames `(count, N_FFT)` that start every `hop` samples; the end is filled up with silence."""
    rest = np.zeros(0, np.float32)
    for block in blocks:
        rest = np.concatenate([rest, block])
        count = (len(rest) - N_FFT) // hop + 1
        if count > 0:
            yield np.lib.stride_tricks.sliding_window_view(rest, N_FFT)[: count * hop : hop]
            rest = rest[count * hop :]
    if len(rest):
        rest = np.pad(rest, (0, N_FFT))
        yield np.lib.stride_tricks.sliding_window_view(rest, N_FFT)[:-1:hop]


def _pool(values: np.ndarray) -> np.ndarray:
    """At most `COLUMNS` rows, each the maximum of its share of the given ones."""
    if len(values) <= COLUMNS:
        return values
    starts = np.linspace(0, len(values), COLUMNS, endpoint=False).astype(int)
    return np.maximum.reduceat(values, starts, axis=0)


def _to_png(levels: np.ndarray) -> str:
    """`(columns, mels)` between 0 and 1 as a coloured PNG in a data URL."""
    from PIL import Image

    return to_data_url(Image.fromarray(paint(levels.T[::-1])))


def paint(levels: np.ndarray) -> np.ndarray:
    """`(height, width)` between 0 and 1 as colours `(height, width, 3)` from 0 to 255, dark to bright."""
    position = np.clip(levels, 0, 1) * (len(_COLOURS) - 1)
    low = np.minimum(position.astype(int), len(_COLOURS) - 2)
    part = (position - low)[..., None]
    return (_COLOURS[low] * (1 - part) + _COLOURS[low + 1] * part).astype(np.uint8)


def to_data_url(image: "Image.Image", kind: str = "PNG") -> str:
    """A picture as a PNG or JPEG in a data URL."""
    buffer = io.BytesIO()
    image.save(buffer, format=kind, optimize=True)
    return f"data:image/{kind.lower()};base64," + base64.b64encode(buffer.getvalue()).decode("ascii")
