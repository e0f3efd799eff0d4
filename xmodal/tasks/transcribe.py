"""Transcription: any recording to text with times.

Blocks of the file are searched for speech, packed into 30 s windows and decoded in batches; windows of several files
share a batch. Nothing but the current blocks is held in memory.
"""

import threading
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, nullcontext
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import TYPE_CHECKING, Literal

from xmodal.data.media import iter_audio, probe
from xmodal.device import pick_device
from xmodal.errors import InputError, UnknownModelError
from xmodal.models.adapters import Adapter, list_adapters, load_adapter
from xmodal.models.memory import model_memory
from xmodal.models.registry import ModelSpec, find_model, list_models
from xmodal.models.sources import fetch
from xmodal.progress import Progress, Reporter, check_cancelled
from xmodal.tasks import segments as segmenting
from xmodal.tasks.languages import LANGUAGES
from xmodal.tasks.results import Segment, TranscribeResult
from xmodal.tasks.windows import BLOCK_S, Window, iter_pieces, iter_windows

if TYPE_CHECKING:
    from xmodal.models.whisper import Whisper

_BATCH = {"cpu": 8, "mps": 8, "cuda": 16}
_DETECTION_WINDOWS = 3


@dataclass(frozen=True)
class TranscribeOptions:
    """How to transcribe.

    Attributes:
        model: A registered name, or the name or folder of an adapter; empty for the default.
        language: A code such as `en`, or `auto` to detect it.
        translate: Give the text in English, whatever was spoken.
        words: Give each word's time too.
        script: Chinese in `simplified` or `traditional` characters, or `original` as the model wrote it.
        vad: Transcribe only where the speech detector hears speech; guards against invented text.
    """

    model: str = ""
    language: str = "auto"
    translate: bool = False
    words: bool = False
    script: Literal["simplified", "traditional", "original"] = "simplified"
    vad: bool = True

    def checked(self) -> "TranscribeOptions":
        """These options with the default model filled in.

        Raises:
            UnknownModelError: The model is not known, or does not transcribe.
            InputError: Another option cannot be used.
            IntegrityError: A file of the adapter is damaged.
        """
        if self.language != "auto" and self.language not in LANGUAGES:
            raise InputError(
                f"The language {self.language!r} is not known.",
                "Use 'auto' or a code such as en, zh, es, fr, de or ja.",
            )
        if self.script not in ("simplified", "traditional", "original"):
            raise InputError(f"The script {self.script!r} is not known.", "Use simplified, traditional or original.")
        model = find_transcriber(self.model)
        return replace(self, model=model.name if isinstance(model, ModelSpec) else str(model.path))


def find_transcriber(name: str = "") -> ModelSpec | Adapter:
    """A registered model, the default one if not named, or an adapter by its name or folder.

    Raises:
        UnknownModelError: There is none, or it does not transcribe.
        IntegrityError: A file of the adapter is damaged.
    """
    known = list_models("transcribe")
    if not name or name in list_models():
        return find_model(name or known[0], "transcribe")
    choose = f"Choose one of: {', '.join([*known, *(a.name for a in list_adapters('transcribe'))])}."
    try:
        adapter = load_adapter(name)
    except UnknownModelError as error:
        raise UnknownModelError(f"There is no model or adapter named {name!r}.", choose) from error
    if adapter.family != "transcriber":
        raise UnknownModelError(f"The adapter {adapter.name} does not transcribe.", choose)
    return adapter


def transcribe(
    path: str | Path,
    options: TranscribeOptions | None = None,
    *,
    report: Reporter | None = None,
    cancel: threading.Event | None = None,
    **choices,
) -> TranscribeResult:
    """Transcribe one recording of any length.

    Args:
        path: Any audio or video file.
        options: See `TranscribeOptions`.
        choices: Single options by name, such as `language="zh"`; they override `options`.
        report: Told of downloads (MB) and of the seconds done.
        cancel: Stops it; `CancelledError` is raised.

    Raises:
        XmodalError: The file, an option or the model cannot be used.
    """
    options = replace(options or TranscribeOptions(), **choices)
    return transcribe_files([path], options, report=report, cancel=cancel)[0]


def transcribe_files(
    paths: Sequence[str | Path],
    options: TranscribeOptions | None = None,
    *,
    report: Reporter | None = None,
    cancel: threading.Event | None = None,
    whisper: "Whisper | None" = None,
) -> list[TranscribeResult]:
    """Transcribe several recordings, batching across them; arguments and errors as in `transcribe`.

    `whisper`, a model in memory, is used instead of the one that the options name: for one that is being trained.
    """
    results: dict[int, TranscribeResult] = {}
    for index, result in _run(paths, options, report, cancel, stream=False, whisper=whisper):
        results[index] = result
    return [results[index] for index in range(len(paths))]


def iter_transcribe(
    path: str | Path,
    options: TranscribeOptions | None = None,
    *,
    report: Reporter | None = None,
    cancel: threading.Event | None = None,
) -> Iterator[TranscribeResult]:
    """Like `transcribe`, but gives the growing result as it comes; the last one is complete."""
    for _, result in _run([path], options, report, cancel, stream=True):
        yield result


@dataclass
class _Track:
    """A file under way."""

    path: Path
    expected: float
    language: str
    samples: int = 0
    segments: list[Segment] = field(default_factory=list)
    done: float = 0.0
    read: bool = False
    waiting: int = 0

    def blocks(self):
        for block in iter_audio(self.path, block_s=BLOCK_S):
            self.samples += len(block)
            yield block

    def result(self, model: str, seconds: float) -> TranscribeResult:
        return TranscribeResult(
            file=str(self.path),
            text=" ".join(segment.text for segment in self.segments),
            language="" if self.language == "auto" else self.language,
            duration=round(self.samples / 16_000, 2),
            segments=tuple(self.segments),
            model=model,
            seconds=round(seconds, 3),
        )


def _run(paths, options, report, cancel, stream: bool, whisper=None) -> Iterator[tuple[int, TranscribeResult]]:
    options = (options or TranscribeOptions()).checked()
    model = find_transcriber(options.model)
    tracks = [_Track(Path(path), probe(path).duration, options.language) for path in paths]
    started = time.perf_counter()
    with nullcontext(whisper) if whisper else _whisper(model, report, cancel) as whisper:
        loaded = time.perf_counter()
        limit = full = _BATCH[whisper.device.name.partition(":")[0]]
        if stream:
            limit = 1  # the first text soon, then larger batches
        pending: list[tuple[_Track, Window]] = []
        for index, track in enumerate(tracks):
            for window in iter_windows(iter_pieces(track.blocks(), options.vad, cancel)):
                pending.append((track, window))
                track.waiting += 1
                if len(pending) >= limit:
                    _decode(whisper, pending, options, cancel)
                    _tell(report, tracks, loaded)
                    pending, limit = [], min(limit * 4, full)
                    if stream:
                        yield index, track.result(model.name, time.perf_counter() - started)
            track.read = True
        if pending:
            _decode(whisper, pending, options, cancel)
        _tell(report, tracks, loaded)
        for index, track in enumerate(tracks):
            yield index, track.result(model.name, time.perf_counter() - started)


def _decode(whisper, pending: list[tuple[_Track, Window]], options: TranscribeOptions, cancel) -> None:
    """Transcribe a batch of windows and add the segments to their tracks."""
    from xmodal.models.whisper_alignment import align

    check_cancelled(cancel)
    windows = [window for _, window in pending]
    encoded = whisper.encode([window.samples() for window in windows])
    _detect_languages(whisper, encoded, [track for track, _ in pending])
    check_cancelled(cancel)
    task = "translate" if options.translate else "transcribe"
    seconds = [window.seconds for window in windows]
    languages = [track.language for track, _ in pending]
    decoded = whisper.decode(encoded, seconds, languages, task)
    heard = [i for i, d in enumerate(decoded) if d.text and not d.is_silence]
    timed = [i for i in heard if options.words or not segmenting.is_short(windows[i])]
    spoken = ["en" if options.translate else languages[i] for i in timed]
    words = {}
    if timed:
        aligned = align(whisper, encoded[timed], [decoded[i] for i in timed], [seconds[i] for i in timed], spoken, task)
        words = dict(zip(timed, aligned, strict=True))
    for i, (track, window) in enumerate(pending):
        if i in words:
            found = segmenting.from_words(window, words[i], options.words)
        elif i in heard:
            found = segmenting.whole_piece(window.pieces[0], decoded[i].text)
        else:
            found = []
        track.segments += [_in_script(segment, track.language, options) for segment in found]
        track.done = window.pieces[-1].end


def _detect_languages(whisper, encoded, tracks: list[_Track]) -> None:
    """Give tracks without a language the one their first windows speak."""
    codes = list(whisper.languages)
    for track in {id(t): t for t in tracks if t.language == "auto"}.values():
        rows = [i for i, t in enumerate(tracks) if t is track][:_DETECTION_WINDOWS]
        track.language = codes[int(whisper.detect_language(encoded[rows]).mean(0).argmax())]


def _in_script(segment: Segment, language: str, options: TranscribeOptions) -> Segment:
    if language not in ("zh", "yue") or options.translate:
        return segment

    def convert(text: str) -> str:
        return segmenting.convert_script(text, options.script)

    words = segment.words and tuple(replace(word, text=convert(word.text)) for word in segment.words)
    return replace(segment, text=convert(segment.text), words=words)


def _tell(report: Reporter | None, tracks: list[_Track], started: float) -> None:
    if report:
        done = sum(track.samples / 16_000 if track.read else track.done for track in tracks)
        total = sum(max(track.expected, track.done) for track in tracks)
        rate = done / max(time.perf_counter() - started, 1e-3)
        report(Progress("transcribe", tracks[0].path.name, min(done, total), total, "s", rate))


@contextmanager
def _whisper(model: ModelSpec | Adapter, report: Reporter | None, cancel: threading.Event | None):
    """Borrow the model, fetching and loading it first if needed."""
    device = pick_device()
    adapter = model if isinstance(model, Adapter) else None
    name = adapter.base["audio"]["model"] if adapter else model.name

    def load():
        from xmodal.models.whisper import Whisper
        from xmodal.models.whisper_adapter import apply_adapter

        fetched = fetch(name, report, cancel)
        if report:
            report(Progress("load", model.name))
        return Whisper(fetched.path, device, (lambda network: apply_adapter(network, adapter)) if adapter else None)

    key = (adapter.name, str(adapter.path), adapter.created, device) if adapter else (name, device)
    with model_memory().use(key, load) as whisper:
        yield whisper
