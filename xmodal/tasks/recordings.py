"""What was said and heard in a recording, as a document whose paragraphs have their times."""

import threading
from collections.abc import Sequence
from pathlib import Path

from xmodal.data.documents import Document, Part
from xmodal.errors import CancelledError, InputError, XmodalError
from xmodal.progress import Reporter
from xmodal.tasks.results import TagResult, TimedLabel, TranscribeResult
from xmodal.tasks.tag import tag
from xmodal.tasks.transcribe import TranscribeOptions, transcribe

HEARD = "Sounds in the recording"
_SPEECH = {"Speech", "Silence"}
_LEAST = 0.2
_PAUSE_S = 5.0


def read_recording(path: Path, report: Reporter | None = None, cancel: threading.Event | None = None) -> Document:
    """A recording as a document: each sentence said, then the sounds heard.

    Raises:
        XmodalError: It cannot be decoded, or there is neither speech nor a sound that can be named.
    """
    said = transcribe(path, TranscribeOptions(), report=report, cancel=cancel)
    warnings: tuple[str, ...] = ()
    try:
        heard: TagResult | None = tag(path, report=report, cancel=cancel)
    except CancelledError:
        raise
    except XmodalError as error:
        heard, warnings = None, (f"The sounds in {path.name} could not be named: {error.problem}",)
    parts = [*_spoken(said), *(_sounds(heard) if heard else ())]
    if not parts:
        raise InputError(
            f"Neither speech nor a sound was recognised in {path.name}.",
            "Choose a recording with speech in it.",
            "nothing_heard",
            name=path.name,
        )
    return Document(path.name, tuple(parts), warnings, kind="audio", partial=heard is None)


def hear_question(path: Path, report: Reporter | None = None, cancel: threading.Event | None = None) -> str:
    """A spoken question as text.

    Raises:
        XmodalError: The recording cannot be used, or nothing was said.
    """
    text = transcribe(path, TranscribeOptions(), report=report, cancel=cancel).text.strip()
    if not text:
        raise InputError(
            "No words were heard in the spoken question.", "Speak closer to the microphone, or type it.", "no_words"
        )
    return text


def _spoken(result: TranscribeResult) -> list[Part]:
    return [Part(one.text.strip(), time=(one.start, one.end)) for one in result.segments if one.text.strip()]


def _sounds(result: TagResult) -> list[Part]:
    """What the whole sounds like, then a sentence for each sound and when it was heard."""
    known = [one.label for one in result.labels if one.score >= _LEAST and one.label not in _SPEECH]
    if not known:
        return []
    parts = [Part(f"The recording has the sound of {', '.join(known)}.", heading=HEARD)]
    for label in known:
        for start, end in _stretches([one for one in result.timeline if one.label == label]):
            parts.append(Part(f"{label} is heard.", heading=HEARD, time=(start, end)))
    return parts


def _stretches(found: Sequence[TimedLabel]) -> list[tuple[float, float]]:
    """When a sound was heard; short pauses are bridged."""
    spans: list[tuple[float, float]] = []
    for one in found:
        if spans and one.start - spans[-1][1] <= _PAUSE_S:
            spans[-1] = (spans[-1][0], max(spans[-1][1], one.end))
        else:
            spans.append((one.start, one.end))
    return spans
