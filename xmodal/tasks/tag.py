"""Sound events: what is heard in a recording, and when."""

import threading
import time
from collections.abc import Iterator
from pathlib import Path

import numpy as np

from xmodal.data.media import SPEECH_RATE, iter_audio, probe
from xmodal.device import pick_device
from xmodal.errors import InputError
from xmodal.models.memory import model_memory
from xmodal.models.registry import find_model, list_models
from xmodal.models.sources import fetch
from xmodal.progress import Progress, Reporter, check_cancelled
from xmodal.tasks.results import LabelScore, TagResult, TimedLabel

_BLOCK_S = 60.0
_SILENCE = "Silence"
_HEARD = 0.35
"""Score from which a label is put on the time line."""
_TIMELINE_LABELS = 12
_LOUDEST = 3


def tag(
    path: str | Path,
    *,
    model: str | None = None,
    top: int = 5,
    report: Reporter | None = None,
    cancel: threading.Event | None = None,
) -> TagResult:
    """Name the sounds in a recording of any length.

    A label's score is the mean of its three best stretches, so that a bark in an hour of silence is not lost.

    Args:
        path: Any audio or video file.
        model: A registered name; None for the default.
        top: How many labels for the whole.
        report: Told of downloads (MB) and of the seconds done.
        cancel: Stops it; `CancelledError` is raised.

    Raises:
        XmodalError: The file, the model or `top` cannot be used.
    """
    if top < 1:
        raise InputError(f"{top} labels cannot be shown.", "Ask for 1 or more.")
    name = find_model(model or list_models("tag")[0], "tag").name
    path = Path(path)
    expected = probe(path).duration
    started = time.perf_counter()
    device = pick_device()

    def load():
        from xmodal.models.sounds import load_sound_model

        return load_sound_model(fetch(name, report, cancel).path, device)

    with model_memory().use((name, device), load) as network:
        rows = []
        loaded = time.perf_counter()
        for samples, done in _stretches(path, network):
            check_cancelled(cancel)
            rows.append(network.scores(samples).astype(np.float16))
            if report:
                rate = done / max(time.perf_counter() - loaded, 1e-3)
                report(Progress("tag", path.name, done, max(expected, done), "s", rate))
        scores = np.concatenate(rows).astype(np.float32)
        overall = summarise(scores, network.labels)
        order = np.argsort(-overall, kind="stable")
        return TagResult(
            file=str(path),
            labels=tuple(LabelScore(network.labels[i], round(float(overall[i]), 4)) for i in order[:top]),
            timeline=timeline(scores, network, order[:_TIMELINE_LABELS], done),
            model=name,
            seconds=round(time.perf_counter() - started, 3),
        )


def summarise(scores: np.ndarray, labels: list[str]) -> np.ndarray:
    """`(stretches, classes)` to one score a class; silence counts by its mean, or it would win in any pause."""
    overall = np.sort(scores, axis=0)[::-1][:_LOUDEST].mean(axis=0)
    if _SILENCE in labels:
        at = labels.index(_SILENCE)
        overall[at] = scores[:, at].mean() if scores[:, at].min() > _HEARD else 0.0
    return overall


def timeline(scores: np.ndarray, network, chosen: np.ndarray, duration: float) -> tuple[TimedLabel, ...]:
    """When the chosen labels are heard: runs of stretches above the threshold; a gap of one is bridged."""
    found = []
    for label in chosen:
        heard = np.flatnonzero(scores[:, label] >= _HEARD)
        if not len(heard):
            continue
        for run in np.split(heard, np.flatnonzero(np.diff(heard) > 2) + 1):
            start, end = run[0] * network.hop_s, min(run[-1] * network.hop_s + network.window_s, duration)
            score = round(float(scores[run, label].max()), 4)
            found.append(TimedLabel(round(float(start), 2), round(float(end), 2), network.labels[label], score))
    return tuple(sorted(found, key=lambda item: (item.start, -item.score)))


def _stretches(path: Path, network) -> Iterator[tuple[np.ndarray, float]]:
    """Blocks whose stretches follow one another without a seam, and the seconds read so far."""
    hop = round(network.hop_s * SPEECH_RATE)
    overlap = round((network.window_s - network.hop_s + 0.03) * SPEECH_RATE)
    rest, read = np.zeros(0, np.float32), 0
    first = True
    for block in iter_audio(path, block_s=_BLOCK_S):
        read += len(block)
        samples = np.concatenate([rest, block])
        usable = (len(samples) - overlap) // hop * hop
        if usable > 0:
            yield samples[: usable + overlap], read / SPEECH_RATE
            rest, first = samples[usable:], False
        else:
            rest = samples
    if first or len(rest) > overlap + hop // 4:
        yield rest, read / SPEECH_RATE
