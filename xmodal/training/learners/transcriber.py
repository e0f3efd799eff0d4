"""Trains transcribers: Whisper, on short utterances."""

import logging
import random
import threading
import unicodedata
from collections.abc import Sequence
from dataclasses import dataclass

import torch
from torch import Tensor

from xmodal.data.media import load_audio, probe
from xmodal.data.sets import LoadedData
from xmodal.device import pick_device
from xmodal.errors import InputError
from xmodal.models.adapters import Adapter, load_adapter
from xmodal.models.classifier_model import quicken
from xmodal.models.sources import fetch
from xmodal.models.whisper import NO_SPACES, SAMPLE_RATE, WINDOW_S, Whisper, load_network
from xmodal.models.whisper_adapter import (
    TranscriberModel,
    apply_tensors,
    check_trainable,
    collate_tokens,
    load_trained,
    prepare_whisper,
    trained_tensors,
)
from xmodal.progress import Reporter
from xmodal.tasks.segments import convert_script
from xmodal.tasks.speech_features import encoded_windows, join_clips
from xmodal.tasks.transcribe import TranscribeOptions, find_transcriber, transcribe_files
from xmodal.tasks.windows import SILENCE_BETWEEN_S
from xmodal.training.config import Recipe
from xmodal.training.learners.base import Learner, require_alike
from xmodal.training.metrics import Metrics, speech_metrics

_log = logging.getLogger(__name__)
_DETECTION_CLIPS = 8
_MOST_TOKENS = 200  # as many as are decoded in a window
_SCRIPTS = ("CJK", "HIRAGANA", "KATAKANA", "THAI", "LAO", "MYANMAR", "KHMER")  # as Unicode names their letters


class TranscriberLearner(Learner):
    """See `Learner`. The decoder is trained; `train.encoder` trains the encoder too.

    Attributes:
        language: Code of the language spoken: the recipe's, or what most clips are heard to be in.
    """

    family = "transcriber"
    metric = "wer"
    lower_is_better = True

    def __init__(self, recipe: Recipe, data: LoadedData, report: Reporter | None = None):
        super().__init__(recipe, data)
        if "audio" not in data.roles:
            raise InputError("The data set has no sound to transcribe.", "Map its columns in `data.columns`.")
        check_trainable(recipe.train.trainable, recipe.train.pull)
        train, spec = recipe.train, find_transcriber(recipe.towers.get("audio", ""))
        if isinstance(spec, Adapter):
            raise InputError(f"{spec.name} is an adapter.", "Name the model it stands on in `towers.audio`.")
        self.fetched = fetch(spec, report)
        self.base = {"audio": {"model": spec.name, "source": self.fetched.source, "revision": self.fetched.revision}}
        self.whisper = Whisper(self.fetched.path, pick_device())
        # Frozen weights need not be exact; those that are trained must, as steps are smaller than bfloat16 tells apart.
        dtype = pick_device().torch_dtype if train.trainable == "lora" else torch.float32
        self.network = load_network(self.fetched.path, dtype)
        quicken(self.network)
        prepare_whisper(self.network, train.trainable, train.lora_rank, train.top_layers, train.encoder, train.augment)
        if recipe.start:
            self.put_in(load_adapter(recipe.start))
        self.model = TranscriberModel(self.network, train.pull)
        self.language = self._find_language()
        self.metric = "cer" if self.language in NO_SPACES else "wer"

    def put_in(self, adapter: Adapter) -> None:
        """See `Learner.put_in`."""
        names = {"lora": ("lora_rank",), "top": ("top_layers",)}.get(self.recipe.train.trainable, ())
        require_alike(adapter, self.recipe, self.family, self.base, ("trainable", "encoder", *names))
        load_trained(self.network, adapter)

    def measure(
        self, rows: Sequence[dict], report: Reporter | None = None, cancel: threading.Event | None = None
    ) -> Metrics:
        """See `Learner.measure`; transcribes as the stored adapter would."""
        stored, train = self.tensors(), self.recipe.train

        def adapt(network) -> None:
            apply_tensors(network, stored, train.lora_rank, train.encoder, self.recipe.name)

        whisper = Whisper(self.fetched.path, pick_device(), adapt)
        texts = _transcribe(rows, TranscribeOptions(language=self.language, vad=False), report, cancel, whisper)
        return _metrics(rows, texts, self.language)

    def prepare(self, report: Reporter | None = None, cancel: threading.Event | None = None):
        """See `Learner.prepare`; a row is a window of one utterance or more, and the frozen encoder is run once."""
        train, rows, encoded = self.recipe.train, [], None
        for number, utterances in enumerate(join_utterances(self._utterances(), train.joined, train.seed)):
            tokens = self.whisper.target(" ".join(u.text for u in utterances), self.language)
            paths = [u.path for u in utterances]
            rows.append({"paths": paths, "number": number, "tokens": tokens, "length": len(tokens)})
        if not train.encoder:
            name = f"{self.base['audio']['model']}@{self.base['audio']['revision']}"
            encoded = encoded_windows(self.whisper, name, [row["paths"] for row in rows], report, cancel)
        return rows, _Collator(self.whisper, self.language, encoded)

    def tensors(self) -> dict[str, dict[str, Tensor]]:
        """See `Learner.tensors`."""
        return trained_tensors(self.network, self.recipe.train.trainable)

    def settings(self) -> dict:
        """See `Learner.settings`."""
        return {"language": self.language}

    @classmethod
    def measure_adapter(
        cls,
        adapter: Adapter,
        data: LoadedData,
        report: Reporter | None = None,
        cancel: threading.Event | None = None,
        *,
        language: str = "",
    ) -> tuple[Metrics, list[dict]]:
        """See `Learner.measure_adapter`.

        Args:
            language: What is spoken in the data, or `auto`; the adapter's own if not given, except where the
                transcriptions are in another script: then it is detected.
        """
        rows, own = list(data.check), adapter.settings["language"]
        in_characters = _is_written_without_spaces([row["transcription"] for row in rows])
        language = language or (own if in_characters == (own in NO_SPACES) else "auto")
        texts = _transcribe(
            rows, TranscribeOptions(model=str(adapter.path), language=language, vad=False), report, cancel
        )
        if language == "auto":
            language = "zh" if in_characters else ""
        metrics = _metrics(rows, texts, language)
        lines = [
            {"id": row["id"], "transcription": row["transcription"], "prediction": text, "wer": wer, "cer": cer}
            for row, text, wer, cer in zip(
                rows, texts, *(_rates(metrics.examples[name]) for name in ("wer", "cer")), strict=True
            )
        ]
        return metrics, lines

    def _find_language(self) -> str:
        """The one that the recipe names; else what the first clips are heard to be in."""
        known, named = self.whisper.languages, self.recipe.languages
        if len(named) > 1 or (named and named[0] not in known):
            raise InputError(
                f"Whisper cannot be trained for {', '.join(named)}.",
                "Give one code under `languages`, such as en or zh; train another adapter for each other language.",
            )
        if named:
            return named[0]
        paths = [row["audio"] for row in list(self.data.train)[:_DETECTION_CLIPS]]
        encoded = self.whisper.encode([load_audio(path)[: int(WINDOW_S * SAMPLE_RATE)] for path in paths])
        language = list(known)[int(self.whisper.detect_language(encoded).mean(0).argmax())]
        _log.warning("The recipe names no language; the clips are heard to be in %s.", language)
        return language

    def _utterances(self) -> list["Utterance"]:
        """Those to train on; what does not fit Whisper's window is left out."""
        kept, long = [], []
        for row in self.data.train:
            text = _clean(row["transcription"])
            tokens = len(self.whisper.target(text, self.language))
            seconds = probe(row["audio"]).duration or len(load_audio(row["audio"])) / SAMPLE_RATE
            if seconds <= WINDOW_S and tokens <= self.network.config.max_target_positions:
                kept.append(Utterance(row["audio"], text, seconds, tokens))
            else:
                long.append(row["id"])
        advice = f"Cut recordings into utterances of at most {WINDOW_S:.0f} s, each with its transcription."
        if not kept:
            raise InputError("All recordings to train on are too long.", advice)
        if long:
            _log.warning("%d recordings are too long and are not trained on (%s). %s", len(long), long[0], advice)
        return kept


@dataclass(frozen=True)
class Utterance:
    """A recording, what is said in it, its length, and how many tokens the text has."""

    path: str
    text: str
    seconds: float
    tokens: int


def join_utterances(utterances: Sequence[Utterance], share: float, seed: int) -> list[list[Utterance]]:
    """A list for each window: that share of the utterances fills windows together, the others have one each."""
    order = random.Random(seed).sample(utterances, len(utterances))
    together = round(share * len(order))
    windows = [[utterance] for utterance in order[together:]]
    window, seconds, tokens = [], 0.0, 0
    for utterance in order[:together]:
        seconds, tokens = seconds + utterance.seconds + SILENCE_BETWEEN_S, tokens + utterance.tokens
        if window and (seconds > WINDOW_S or tokens > _MOST_TOKENS):
            windows.append(window)
            window, seconds, tokens = [], utterance.seconds + SILENCE_BETWEEN_S, utterance.tokens
        window.append(utterance)
    return [*windows, window] if window else windows


class _Collator:
    """Rows to a batch; the encoder's outputs are read where they were computed, else the clips are decoded."""

    def __init__(self, whisper: Whisper, language: str, encoded: Tensor | None):
        self.whisper, self.encoded = whisper, encoded
        self.prompt = len(whisper.prompt(language, "transcribe"))

    def __call__(self, rows: list[dict]) -> dict[str, Tensor]:
        batch = collate_tokens([row["tokens"] for row in rows], self.prompt, self.whisper.end_of_text)
        if self.encoded is not None:
            return batch | {"encoded": torch.stack([self.encoded[row["number"]] for row in rows]).float()}
        return batch | {"mel": self.whisper.mel([join_clips(row["paths"]) for row in rows])}


def _transcribe(
    rows: Sequence[dict], options: TranscribeOptions, report, cancel, whisper: Whisper | None = None
) -> list[str]:
    paths = [row["audio"] for row in rows]
    return [result.text for result in transcribe_files(paths, options, report=report, cancel=cancel, whisper=whisper)]


def _metrics(rows: Sequence[dict], texts: list[str], language: str) -> Metrics:
    references = [_clean(row["transcription"]) for row in rows]
    if language in ("zh", "yue"):
        references = [convert_script(text, "simplified") for text in references]
    return speech_metrics(references, texts, language)


def _clean(text: str) -> str:
    """Without byte order marks, which files that were joined leave inside."""
    return text.replace("\ufeff", "").strip()


def _is_written_without_spaces(texts: Sequence[str]) -> bool:
    """Whether most characters are of a script such as Chinese, Japanese or Thai."""
    names = [unicodedata.name(char, "") for text in texts for char in text if char.isalpha()]
    return 2 * sum(name.startswith(_SCRIPTS) for name in names) > len(names)


def _rates(pairs: Sequence[tuple[float, float]]) -> list[float]:
    return [round(edits / max(length, 1), 4) for edits, length in pairs]
