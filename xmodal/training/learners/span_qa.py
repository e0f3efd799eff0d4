"""Trains span_qa: a text tower with a head that marks the answer in a passage, or says that it does not tell."""

import logging
import threading
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

import numpy as np
from torch import Tensor

from xmodal.data.bilingual import read_bilingual
from xmodal.data.sets import LoadedData
from xmodal.data.splits import split_share
from xmodal.device import pick_device
from xmodal.errors import InputError
from xmodal.models.adapters import Adapter, load_adapter, load_tensors
from xmodal.models.classifier_model import load_tower_tensors, prepare_tower, tower_tensors
from xmodal.models.span_qa import CROSSED, SpanCollator, SpanConfig, SpanModel, language_group, load_span_model
from xmodal.models.towers import load_tower
from xmodal.progress import Reporter
from xmodal.tasks.languages import language_of, main_language
from xmodal.tasks.spans import SpanResult, find_many, make_windows
from xmodal.training.calibrate import choose_threshold, fit_odds, reliability
from xmodal.training.config import Recipe
from xmodal.training.gloss import add_glossed, add_glossed_texts, load_glossary
from xmodal.training.learners.base import Learner, require_alike
from xmodal.training.metrics import Metrics, answer_metrics, token_f1
from xmodal.training.negatives import add_unanswerable
from xmodal.training.twisted import add_twisted

_log = logging.getLogger(__name__)
# Windows of an answerable question that do not hold its answer say little new, and would outnumber those that do.
_EMPTY_WINDOWS_KEPT = 0.3
_ASIDE_SHARE, _ASIDE_MOST, _ASIDE_FROM = 0.1, 300, 60
_LANGUAGE_FROM = 80
"""Rows put aside in a language, from which it has a threshold of its own."""


class SpanLearner(Learner):
    """See `Learner`. A tenth of the rows to train on, 300 at most, is kept to find the threshold with.

    None of them is of a data set that is not measured: which are kept does not depend on what else is trained on.

    Attributes:
        rows: Those that are trained on.
        aside: Those that the threshold for "no answer" and the confidence are fitted to. Where questions are told in
            the other language too, so are these; where bilingual questions are trained on, others of them that ask
            across the languages are there instead.
    """

    family = "span_qa"
    metric = "f1"

    def __init__(self, recipe: Recipe, data: LoadedData, report: Reporter | None = None):
        super().__init__(recipe, data)
        train = recipe.train
        rows = _usable(data)
        measured = [row for row in rows if row["id"] not in data.further]
        self.rows, self.aside = _put_aside(add_unanswerable(measured, train.unanswerable, train.seed), train.seed)
        further = [row for row in rows if row["id"] in data.further]
        self.rows += add_unanswerable(further, train.unanswerable, train.seed)
        self.rows = add_twisted(self.rows, train.twisted, train.seed)
        if train.trainable == "head":
            _log.warning("A head alone marks answers poorly; a small adapter (train.trainable: lora) is much better.")
        device = pick_device()
        tower = load_tower(
            "text", recipe.towers.get("text", ""), max_length=train.max_length, report=report, device=device
        )
        prepare_tower(tower, train.trainable, train.top_layers, train.lora_rank, train.lora_layers)
        config = SpanConfig(tower=tower.name, dim=tower.dim, dropout=train.dropout, max_length=train.max_length)
        self.model = SpanModel(config, tower).to(device.name)
        self.base = {"text": {"model": tower.name, "source": tower.source, "revision": tower.revision}}
        if train.glossed or train.glossed_texts:
            glossary = load_glossary(_ranks(tower.tokenizer.get_vocab()))
            texts = add_glossed_texts(self.rows, train.glossed_texts, train.seed, glossary)[len(self.rows) :]
            self.rows = [*add_glossed(self.rows, train.glossed, train.seed, glossary), *texts]
            if not train.bilingual:  # which has real ones
                self.aside = add_glossed(self.aside, 1.0, train.seed, glossary)
        if train.bilingual:
            self.rows = [*self.rows, *train.bilingual * read_bilingual()]
            if self.aside:  # without others there would be a threshold for these alone
                self.aside += [row for row in read_bilingual(aside=True) if _group(row) == CROSSED]
        if recipe.start:
            adapter = load_adapter(recipe.start)
            self.put_in(adapter)
            self.model.span_config = replace(SpanConfig.from_dict(adapter.settings["head"]), dropout=train.dropout)

    def put_in(self, adapter: Adapter) -> None:
        """See `Learner.put_in`."""
        trained = adapter.settings.get("train", {}).get("trainable")
        names = {"lora": ("lora_rank", "lora_layers"), "top": ("top_layers",)}.get(trained, ())
        alike = ("max_length", *(("trainable", *names) if trained != "head" else ()))
        require_alike(adapter, self.recipe, self.family, self.base, alike)
        if trained != "head":
            load_tower_tensors(self.model.tower, adapter)
        self.model.head.load_state_dict(load_tensors(adapter, "head"))

    def measure(
        self, rows: Sequence[dict], report: Reporter | None = None, cancel: threading.Event | None = None
    ) -> Metrics:
        """See `Learner.measure`."""
        return _metrics(rows, _predict(self.model, rows, report, cancel))

    def prepare(self, report: Reporter | None = None, cancel: threading.Event | None = None):  # noqa: ARG002
        """See `Learner.prepare`; one row for each window, where (0, 0) is "no answer"."""
        random = np.random.default_rng(self.recipe.train.seed)
        windows = []
        for window in make_windows(self.model, *zip(*((r["question"], r["context"]) for r in self.rows), strict=True)):
            answer = _first_answer(self.rows[window.pair])
            place = window.locate(*answer) if answer else (0, 0)
            empty = place == (0, 0)
            if place is None or (empty and answer and random.random() >= _EMPTY_WINDOWS_KEPT):
                continue
            target = {"start": place[0], "end": place[1], "label": int(empty)}
            windows.append({**window.row(), **target, "length": len(window.input_ids)})
        return windows, SpanCollator(self.model.tower.tokenizer.pad_token_id)

    def fit(
        self, folder: Path, report: Reporter | None, cancel: threading.Event | None, *, resume: bool = False
    ) -> None:
        """See `Learner.fit`; then the threshold and the confidence are fitted to the rows put aside."""
        super().fit(folder, report, cancel, resume=resume)
        if self.aside:
            self.model.span_config = tune(self.model, self.aside, report, cancel)

    def tensors(self) -> dict[str, dict[str, Tensor]]:
        """See `Learner.tensors`."""
        trainable = self.recipe.train.trainable
        stored = {"head": self.model.head.state_dict()}
        return stored if trainable == "head" else stored | tower_tensors({"text": self.model.tower}, trainable)

    def settings(self) -> dict:
        """See `Learner.settings`."""
        return {"head": self.model.span_config.to_dict(), "rows_put_aside": len(self.aside)}

    @classmethod
    def measure_adapter(
        cls,
        adapter: Adapter,
        data: LoadedData,
        report: Reporter | None = None,
        cancel: threading.Event | None = None,
    ) -> tuple[Metrics, list[dict]]:
        """See `Learner.measure_adapter`; the score of a line is the confidence in its prediction.

        Raises:
            InputError: The data has no questions and passages, or the adapter is of another family.
        """
        _require_text(data)
        rows = list(data.check)
        results = _predict(load_span_model(adapter, report), rows, report, cancel)
        lines = [
            {
                "id": row["id"],
                "question": row["question"],
                "answers": row["answers"]["text"],
                "prediction": result.text,
                "score": result.confidence,
            }
            for row, result in zip(rows, results, strict=True)
        ]
        return _metrics(rows, results), lines

    @classmethod
    def extra_metrics(
        cls,
        adapter: Adapter,
        data: LoadedData,
        lines: Sequence[dict],
        report: Reporter | None,
        cancel: threading.Event | None,
    ) -> dict:
        """See `Learner.extra_metrics`: each language by itself, and how far the confidence can be trusted."""
        del adapter, data, report, cancel
        languages: dict[str, list[dict]] = {}
        for line in lines:
            languages.setdefault(language_of(line["question"]), []).append(line)
        by_language = {
            language: {"rows": len(rows), **_line_metrics(rows).values} for language, rows in sorted(languages.items())
        }
        right = [_rightness(line) for line in lines]
        return {"by_language": by_language, "reliability": reliability([line["score"] for line in lines], right)}


def _line_metrics(lines: Sequence[dict]) -> Metrics:
    return answer_metrics([line["answers"] for line in lines], [line["prediction"] for line in lines])


def _rightness(line: dict) -> float:
    """F1 of an answer; of "the sources do not say", whether that is so."""
    if not line["prediction"]:
        return float(not line["answers"])
    return max((token_f1(answer, line["prediction"]) for answer in line["answers"]), default=0.0)


def tune(
    model: SpanModel, rows: Sequence[dict], report: Reporter | None = None, cancel: threading.Event | None = None
) -> SpanConfig:
    """The model's config with the threshold that tells these rows apart the best, and confidence fitted to them.

    Questions of a language, and those in the other language than their text, are weighed by themselves as well, where
    there are enough: unanswerable ones are harder to tell in one data set than in another, and across languages no
    answer seems likelier than it is.
    """
    model.span_config = replace(model.span_config, span_odds=(1.0, 0.0), by_language={})
    results = _predict(model, rows, report, cancel)
    known = [(row, result) for row, result in zip(rows, results, strict=True) if result.spans]
    if not known:
        return model.span_config
    languages: dict[str, list] = {}
    for row, result in known:
        languages.setdefault(_group(row), []).append((row, result))
    by_language = {code: _fit(of) for code, of in sorted(languages.items()) if len(of) >= _LANGUAGE_FROM}
    alike = [pair for code, of in languages.items() for pair in of if code != CROSSED]
    return replace(model.span_config, **_fit(alike or known), by_language=by_language)


def _fit(known: Sequence[tuple[dict, SpanResult]]) -> dict:
    """The fields of `SpanConfig` that follow from what was found."""
    nulls = np.array([result.null_score for _, result in known])
    f1 = np.array([_f1(row, result.spans[0].text) for row, result in known])
    empty = np.array([not row["answers"]["text"] for row, _ in known])
    spans = np.array([result.spans[0].confidence for _, result in known]).clip(1e-9, 1 - 1e-9)
    return {
        "null_threshold": choose_threshold(nulls, empty),
        "span_odds": fit_odds(np.log(spans / (1 - spans)), f1, (1.0, 0.0)),
        # As the threshold, so that it stands for one half: nobody is told "no answer" as unlikely.
        "answerable_odds": fit_odds(-nulls, (~empty).astype(float), (0.5, 0.0), balanced=True),
    }


def _group(row: dict) -> str:
    return language_group(language_of(row["question"]), main_language(row["context"]))


def _usable(data: LoadedData) -> list[dict]:
    """The rows to train on that have a passage, and the answer in it if there is one."""
    _require_text(data)
    rows = [row for row in data.train if row["context"]]
    rows = [row for row in rows if not row["answers"]["text"] or _first_answer(row)]
    if not any(row["answers"]["text"] for row in rows):
        raise InputError(
            "No question of the data set has its answer in its text.", "Give rows with question, context and answer."
        )
    return rows


def _ranks(vocabulary: dict[str, int]) -> dict[str, int]:
    """Words of a vocabulary, frequent ones first, without the mark of where words begin."""
    ranks: dict[str, int] = {}
    for token, rank in sorted(vocabulary.items(), key=lambda item: item[1]):
        ranks.setdefault(token.removeprefix("\u2581"), rank)
    return ranks


def _require_text(data: LoadedData) -> None:
    if not {"question", "context", "answers"} <= set(data.roles):
        raise InputError(
            "The data set has no texts to find answers in.", "Map its columns question, context and answer."
        )


def _put_aside(rows: list[dict], seed: int) -> tuple[list[dict], list[dict]]:
    """Rows to train on and to tune with, of different groups; few rows are all trained on.

    Where more than twice the share would go with whole groups, they are of different texts, or else only other rows.
    """
    groups = [row["group"] or f"\0{row['id']}" for row in rows]
    if len(rows) < _ASIDE_FROM or len(set(groups)) < 2:
        return rows, []
    kinds = [f"{bool(row['answers']['text'])} {language_of(row['question'])}" for row in rows]
    share = min(_ASIDE_SHARE, _ASIDE_MOST / len(rows))
    numbers: dict[str, int] = {}  # of texts, which may be long
    texts = [numbers.setdefault(row["context"], len(numbers)) for row in rows]
    held, _ = split_share(share, seed, (groups, texts, range(len(rows))), kinds)
    return (
        [row for row, out in zip(rows, held, strict=True) if not out],
        [row for row, out in zip(rows, held, strict=True) if out],
    )


def _first_answer(row: dict) -> tuple[int, int] | None:
    """Characters of the first answer that is in the passage."""
    answers = row["answers"]
    for text, start in zip(answers["text"], answers["answer_start"], strict=True):
        if start >= 0 and text.strip():
            return start, start + len(text)
    return None


def _predict(model: SpanModel, rows: Sequence[dict], report, cancel) -> list[SpanResult]:
    asked = [(row["question"], [row["context"] or ""]) for row in rows]
    return find_many(model, asked, report=report, cancel=cancel)


def _metrics(rows: Sequence[dict], results: Sequence[SpanResult]) -> Metrics:
    return answer_metrics([row["answers"]["text"] for row in rows], [result.text for result in results])


def _f1(row: dict, given: str) -> float:
    return max((token_f1(answer, given) for answer in row["answers"]["text"]), default=0.0)
