"""Marks the answer to a question in passages of any length, or says that they do not tell.

Training, measuring and question answering share this path. Positions are characters of the passage as it was given:
`passages[span.passage][span.start:span.end] == span.text`.
"""

import math
import re
import threading
import unicodedata
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np
import torch

from xmodal.errors import InputError
from xmodal.models.span_qa import SpanCollator, SpanConfig, SpanModel, best_spans
from xmodal.progress import Progress, Reporter, check_cancelled
from xmodal.tasks.features import autocast
from xmodal.tasks.languages import language_of, main_language

_BATCH = 16
_PAIRS_AT_ONCE = 256
_CANDIDATES = 20
_LONE_SURROGATE = re.compile("[\ud800-\udfff]")
_JOINER = "\u200d"
_tokenizing = threading.Lock()
"""How a tokenizer cuts texts is a state of it, and several visitors share one."""


@dataclass(frozen=True)
class Span:
    """A part of a passage that may be the answer.

    Attributes:
        passage: Number of the passage.
        start: First character.
        end: The character after the last.
        text: What is written there.
        score: Log odds against "no answer" in its window, before calibration.
        confidence: Probability that it is right, so far as the calibration holds for such data.
    """

    passage: int
    start: int
    end: int
    text: str
    score: float
    confidence: float


@dataclass(frozen=True)
class SpanResult:
    """What the passages say.

    Attributes:
        spans: The best spans that do not overlap, best first, also where there is no answer; empty without text.
        answerable: Whether the first of them is to be given as the answer.
        null_score: Score of no answer above the best span, as in SQuAD 2.0; infinite where there is no span.
        confidence: Of the answer, or of there being none.
    """

    spans: tuple[Span, ...]
    answerable: bool
    null_score: float
    confidence: float

    @property
    def text(self) -> str:
        """The answer; empty where there is none."""
        return self.spans[0].text if self.answerable else ""


@dataclass(frozen=True)
class Window:
    """As much of a passage as is read at once.

    Attributes:
        pair: Number of the question and passage.
        input_ids: Question and passage tokens with the special ones.
        first: Position of the first passage token.
        offsets: `(passage tokens, 2)` the characters of each, with the space before it.
    """

    pair: int
    input_ids: np.ndarray
    first: int
    offsets: np.ndarray

    def locate(self, start: int, end: int) -> tuple[int, int] | None:
        """Positions of the first and last token of the characters; (0, 0) if none is here, None if only a part is."""
        starts, ends = self.offsets.T
        if end <= starts[0] or start >= ends[-1]:
            return 0, 0
        if start < starts[0] or end > ends[-1]:
            return None
        first, last = np.searchsorted(ends, start, "right"), np.searchsorted(starts, end, "left") - 1
        return self.first + int(first), self.first + int(last)

    def row(self) -> dict:
        """What `SpanCollator` takes."""
        return {"input_ids": self.input_ids, "first": self.first, "count": len(self.offsets)}


def find_spans(
    model: SpanModel,
    question: str,
    passages: Sequence[str],
    *,
    leads: Sequence[int] | None = None,
    later: float = 0.0,
    top: int = 5,
    report: Reporter | None = None,
    cancel=None,
) -> SpanResult:
    """The best answers to one question in some passages.

    Args:
        model: From `load_span_model`.
        question: In any language the tower knows; of one longer than a quarter of a window the end is read.
        passages: Texts of any length, searched as one source.
        leads: Characters at the start of each passage, such as its heading, that are read but are no answer.
        later: What a passage loses of the log odds for each one before it, where they are in order.
        top: How many spans to give at most.
        report: Told of the windows read.
        cancel: Stops it.

    Raises:
        InputError: The question is empty.
        CancelledError: `cancel` was set.
    """
    if not question.strip():
        raise InputError("There is no question.", "Ask something.")
    leads = None if leads is None else [leads]
    options = {"leads": leads, "later": later, "top": top, "report": report, "cancel": cancel}
    return find_many(model, [(question, passages)], **options)[0]


@torch.inference_mode()
def find_many(
    model: SpanModel,
    asked: Sequence[tuple[str, Sequence[str]]],
    *,
    leads: Sequence[Sequence[int]] | None = None,
    later: float = 0.0,
    top: int = 1,
    report: Reporter | None = None,
    cancel=None,
) -> list[SpanResult]:
    """As `find_spans`, for many questions, each with its own passages."""
    model.eval()
    pairs = [(number, place) for number, (_, passages) in enumerate(asked) for place in range(len(passages))]
    questions = [asked[number][0] for number, _ in pairs]
    passages = [asked[number][1][place] for number, place in pairs]
    windows = sorted(make_windows(model, questions, passages), key=lambda window: len(window.input_ids))
    found: list[dict[tuple[int, int, int], tuple[float, float]]] = [{} for _ in asked]
    for begin in range(0, len(windows), _BATCH):
        check_cancelled(cancel)
        batch = windows[begin : begin + _BATCH]
        for window, spans in zip(batch, _mark(model, batch), strict=True):
            number, place = pairs[window.pair]
            for first, last, odds, chance in spans:
                start, end = whole_characters(passages[window.pair], *_characters(window, first, last))
                key, odds = (place, start, end), odds - later * place
                if leads and start < leads[number][place]:
                    continue
                if start < end and (key not in found[number] or odds > found[number][key][0]):
                    found[number][key] = (odds, chance)
        if report:
            report(Progress("mark", "windows", begin + len(batch), len(windows), "windows"))
    return [_result(spans, *pair, model.span_config, top) for spans, pair in zip(found, asked, strict=True)]


def make_windows(model: SpanModel, questions: Sequence[str], passages: Sequence[str]) -> Iterator[Window]:
    """Overlapping windows over each passage, in order; none for passages without text."""
    tokenizer, config = model.tower.tokenizer, model.span_config
    kept = [number for number, passage in enumerate(passages) if passage and passage.strip()]
    for begin in range(0, len(kept), _PAIRS_AT_ONCE):
        numbers = kept[begin : begin + _PAIRS_AT_ONCE]
        encoded = _tokenize(
            tokenizer,
            _cut(tokenizer, [_clean(questions[number]) for number in numbers], config.max_length // 4),
            [_clean(passages[number]) for number in numbers],
            truncation="only_second",
            max_length=config.max_length,
            stride=config.stride,
            return_overflowing_tokens=True,
            return_offsets_mapping=True,
        )
        for i, part in enumerate(encoded["overflow_to_sample_mapping"]):
            sides = np.array([-1 if side is None else side for side in encoded.sequence_ids(i)])
            places = np.flatnonzero(sides == 1)
            if len(places):
                offsets = np.array(encoded["offset_mapping"][i])[places]
                ids = np.array(encoded["input_ids"][i], np.int32)
                yield Window(numbers[part], ids, int(places[0]), offsets)


def whole_characters(text: str, start: int, end: int) -> tuple[int, int]:
    """The span without spaces around it, widened where it would cut an accent or a joined emoji from its base."""
    while start < end and text[start].isspace():
        start += 1
    while end > start and text[end - 1].isspace():
        end -= 1
    while 0 < start < end and _continues(text, start):
        start -= 1
    while start < end < len(text) and _continues(text, end):
        end += 1
    return start, end


def _continues(text: str, place: int) -> bool:
    """Whether the character there belongs to the one before."""
    char = text[place]
    joined = unicodedata.category(char) in ("Mn", "Me", "Mc") or "\U0001f3fb" <= char <= "\U0001f3ff"
    return joined or _JOINER in (char, text[place - 1])


def _mark(model: SpanModel, windows: list[Window]) -> Iterator[list[tuple[int, int, float, float]]]:
    """For each window its best spans: first and last token, log odds against none, log probability."""
    device = next(model.parameters()).device
    batch = SpanCollator(model.tower.tokenizer.pad_token_id)([window.row() for window in windows])
    with autocast(device):
        out = model(**{name: value.to(device) for name, value in batch.items()})
    spans = best_spans(out["start"], out["end"], model.span_config.max_answer, _CANDIDATES)
    for columns in zip(*(column.tolist() for column in spans), strict=True):
        yield [span for span in zip(*columns, strict=True) if span[2] > -1e30]


def _characters(window: Window, first: int, last: int) -> tuple[int, int]:
    return int(window.offsets[first - window.first, 0]), int(window.offsets[last - window.first, 1])


def _result(
    found: dict[tuple[int, int, int], tuple[float, float]],
    question: str,
    passages: Sequence[str],
    config: SpanConfig,
    top: int,
) -> SpanResult:
    """The best spans out of all windows, each as sure as the calibration says."""
    chosen: list[Span] = []
    ordered = sorted(found.items(), key=lambda item: (-item[1][0], item[0]))
    if ordered:
        config = config.for_languages(language_of(question), main_language(passages[ordered[0][0][0]]))
    for (place, start, end), (odds, chance) in ordered:
        if len(chosen) == max(top, 1):
            break
        if any(span.passage == place and start < span.end and span.start < end for span in chosen):
            continue
        confidence = squash(log_odds(chance), config.span_odds)
        chosen.append(Span(place, start, end, passages[place][start:end], odds, confidence))
    if not chosen:
        return SpanResult((), False, math.inf, 1.0)
    null_score = -chosen[0].score
    if null_score <= config.null_threshold:
        return SpanResult(tuple(chosen), True, null_score, chosen[0].confidence)
    return SpanResult(tuple(chosen), False, null_score, 1 - squash(-null_score, config.answerable_odds))


def log_odds(chance: float) -> float:
    """Log odds of a log probability, kept finite."""
    chance = min(max(chance, -30.0), -1e-6)
    return chance - math.log(-math.expm1(chance))


def squash(odds: float, line: tuple[float, float]) -> float:
    """Probability from log odds, stretched and moved as the calibration says."""
    return 1 / (1 + math.exp(-min(max(line[0] * odds + line[1], -30.0), 30.0)))


def _clean(text: str) -> str:
    """Halves of surrogate pairs, which no tokenizer takes, replaced one for one."""
    return _LONE_SURROGATE.sub("\ufffd", text)


def _tokenize(tokenizer, *texts: list[str], **options):
    with _tokenizing:
        return tokenizer(*texts, **options)


def is_cut(model: SpanModel, question: str) -> bool:
    """Whether only the end of a question is read."""
    return _cut(model.tower.tokenizer, [question], model.span_config.max_length // 4) != [question]


def _cut(tokenizer, questions: list[str], most: int) -> list[str]:
    """The ends of questions that have more tokens: what is asked stands there, after what it is about."""
    most -= tokenizer.num_special_tokens_to_add() + 1  # the cut may begin within a word, which is a token more
    encoded = _tokenize(tokenizer, questions, add_special_tokens=False, return_offsets_mapping=True, verbose=False)
    return [question[spans[-most][0] :] if len(spans) > most else question for question, spans in
            zip(questions, encoded["offset_mapping"], strict=True)]  # fmt: skip
