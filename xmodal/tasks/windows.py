"""Cuts a recording into windows that fill Whisper's 30 seconds with speech.

Speech is found first; pauses longer than a second are left out, so that a recording that is half silence costs half.
Each window remembers which of its seconds lie where in the recording.
"""

import threading
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field

import numpy as np

from xmodal.models.vad import find_speech
from xmodal.progress import check_cancelled

RATE = 16_000
WINDOW_S = 30.0
BLOCK_S = 120.0
"""Seconds decoded and searched for speech at a time."""

SILENCE_BETWEEN_S = 0.5
"""Seconds between the pieces of a window."""

_MAX_SPEECH_S = 28.0
_MERGE_GAP_S = 1.0
_PAD_S = 0.2
_DIGITAL_SILENCE = 1e-4
"""Below -80 dB there is nothing to hear, but Whisper writes "you" or "Thank you"."""


@dataclass(frozen=True)
class Piece:
    """A stretch of the recording to be transcribed.

    Attributes:
        samples: float32 `(samples,)` with a little of what is around the speech.
        offset: Where the samples start in the recording, in seconds.
        start: Where the speech starts in the recording, in seconds.
        end: Where it ends.
    """

    samples: np.ndarray
    offset: float
    start: float
    end: float

    @property
    def seconds(self) -> float:
        """Length of the samples."""
        return len(self.samples) / RATE


@dataclass
class Window:
    """Pieces that are decoded together, with a short silence between them."""

    pieces: list[Piece] = field(default_factory=list)

    @property
    def seconds(self) -> float:
        """Length of the sound in the window."""
        return sum(p.seconds for p in self.pieces) + SILENCE_BETWEEN_S * max(len(self.pieces) - 1, 0)

    def starts(self) -> list[float]:
        """Where each piece starts in the window, in seconds."""
        starts, at = [], 0.0
        for piece in self.pieces:
            starts.append(at)
            at += piece.seconds + SILENCE_BETWEEN_S
        return starts

    def samples(self) -> np.ndarray:
        """The window's sound, float32 `(samples,)`."""
        silence = np.zeros(round(SILENCE_BETWEEN_S * RATE), np.float32)
        parts = [part for piece in self.pieces for part in (piece.samples, silence)]
        return np.concatenate(parts[:-1])


def iter_windows(pieces: Iterable[Piece]) -> Iterator[Window]:
    """Pack pieces into windows, in order, as many in each as fit."""
    window = Window()
    for piece in pieces:
        if window.pieces and window.seconds + SILENCE_BETWEEN_S + piece.seconds > WINDOW_S:
            yield window
            window = Window()
        window.pieces.append(piece)
    if window.pieces:
        yield window


def iter_pieces(blocks: Iterable[np.ndarray], vad: bool, cancel: threading.Event | None = None) -> Iterator[Piece]:
    """Find the stretches to transcribe in a stream of blocks.

    Args:
        blocks: float32 `(samples,)` at 16 kHz, in order.
        vad: Leave out what is not speech; else everything is taken, cut at quiet places.
        cancel: Stops it.
    """
    find = _find_speech_groups if vad else _cut_at_quiet_places
    rest, position = np.zeros(0, np.float32), 0
    blocks = iter(blocks)
    block = next(blocks, None)
    while block is not None:
        check_cancelled(cancel)
        following = next(blocks, None)
        samples = np.concatenate([rest, block])
        keep_from = len(samples)
        groups = find(samples)
        if following is not None and groups:
            # The last stretch may go on in the next block: look at it again together with that.
            before = groups[-2][1] if len(groups) > 1 else 0
            keep_from = max(groups[-1][0] - round(_PAD_S * RATE), before)
            groups = groups[:-1]
        elif following is not None:
            keep_from = max(len(samples) - RATE, 0)
        yield from _cut(samples, groups, position)
        rest, position = samples[keep_from:], position + keep_from
        block = following


def _find_speech_groups(samples: np.ndarray) -> list[tuple[int, int]]:
    """Speech with short pauses inside, each group short enough for one window."""
    groups: list[tuple[int, int]] = []
    for start, end in find_speech(samples, _MAX_SPEECH_S):
        if groups and start - groups[-1][1] < _MERGE_GAP_S * RATE and end - groups[-1][0] < _MAX_SPEECH_S * RATE:
            groups[-1] = (groups[-1][0], end)
        else:
            groups.append((start, end))
    return groups


def _cut_at_quiet_places(samples: np.ndarray) -> list[tuple[int, int]]:
    """Everything, cut where it is quietest in the last 8 seconds of each window."""
    frame = RATE // 50
    groups, start = [], 0
    while len(samples) - start > _MAX_SPEECH_S * RATE:
        low = start + round((_MAX_SPEECH_S - 8) * RATE)
        high = start + round(_MAX_SPEECH_S * RATE)
        energy = np.square(samples[low : high - (high - low) % frame].reshape(-1, frame)).sum(axis=1)
        end = low + (int(energy.argmin()) * 2 + 1) * frame // 2
        groups.append((start, end))
        start = end
    if start < len(samples):
        groups.append((start, len(samples)))
    return groups


def _cut(samples: np.ndarray, groups: list[tuple[int, int]], position: int) -> Iterator[Piece]:
    """Pieces with padding that does not reach into their neighbours."""
    pad = round(_PAD_S * RATE)
    for i, (start, end) in enumerate(groups):
        if not (np.abs(samples[start:end]) > _DIGITAL_SILENCE).any():
            continue
        low = max(start - pad, (groups[i - 1][1] + start) // 2 if i else 0)
        high = min(end + pad, (end + groups[i + 1][0]) // 2 if i + 1 < len(groups) else len(samples))
        yield Piece(samples[low:high], (position + low) / RATE, (position + start) / RATE, (position + end) / RATE)
