"""Trains classifiers: any of the towers, a fusion, a label head."""

import threading
from collections.abc import Sequence
from pathlib import Path

import numpy as np
import torch
from torch import Tensor

from xmodal.data.sets import LoadedData
from xmodal.device import pick_device
from xmodal.errors import InputError
from xmodal.modalities import MODALITIES
from xmodal.models.adapters import Adapter, load_adapter, load_tensors
from xmodal.models.classifier import ClassifierConfig
from xmodal.models.classifier_model import (
    ClassifierModel,
    Collator,
    LossConfig,
    is_trained,
    load_tower_tensors,
    prepare_tower,
    trained_tensors,
)
from xmodal.models.ngrams import NgramModel, cross_fitted
from xmodal.models.towers import Tower, load_tower
from xmodal.progress import Reporter
from xmodal.tasks.features import decode_value
from xmodal.tasks.predict import Classifier, load_classifier, predict, token_rows
from xmodal.training.config import Recipe
from xmodal.training.learners.base import Learner
from xmodal.training.metrics import Metrics, classification_metrics
from xmodal.training.processes import main_first
from xmodal.training.stages import fit_stages
from xmodal.training.targets import pretrained_tokens, teacher_logits, token_statistics

_NGRAM_PARTS = 4


class ClassifierLearner(Learner):
    """See `Learner`."""

    family = "classifier"
    metric = "accuracy"

    def __init__(self, recipe: Recipe, data: LoadedData, report: Reporter | None = None):
        super().__init__(recipe, data)
        self.classifier = _build(recipe, data, report)
        self.model = self.classifier.model
        towers = {**self.classifier.frozen, **dict(self.model.towers.items())}
        self.base = {m: {"model": t.name, "source": t.source, "revision": t.revision} for m, t in towers.items()}
        if recipe.start:
            self.put_in(load_adapter(recipe.start))

    def put_in(self, adapter: Adapter) -> None:
        """See `Learner.put_in`."""
        _start_from(adapter, self.classifier, self.recipe)

    def measure(
        self, rows: Sequence[dict], report: Reporter | None = None, cancel: threading.Event | None = None
    ) -> Metrics:
        """See `Learner.measure`."""
        return _metrics(rows, predict(self.classifier, rows, report, cancel), self.data.labels)

    def prepare(self, report: Reporter | None = None, cancel: threading.Event | None = None):
        """See `Learner.prepare`; frozen towers are run once, and their outputs standardised."""
        classifier, given = self.classifier, list(self.data.train)
        rows = token_rows(given, classifier.frozen, tuple(classifier.config.towers), report, cancel)
        if not self.recipe.start:
            statistics = {m: token_statistics(row[m] for row in rows) for m in classifier.frozen}
            self.model.head.calibrate(statistics)
            self._set_fillers({m: mean for m, (mean, _) in statistics.items()}, report, cancel)
        numbers = {label: i for i, label in enumerate(self.data.labels)}
        rows = [{**row, "label": numbers[old["label"]]} for row, old in zip(rows, given, strict=True)]
        if "text" in self.model.towers:
            rows = [{**row, "length": len(row["text"] or "")} for row in rows]
        if self.recipe.train.ngrams:
            rows = self._with_ngrams(rows, given)
        distill = self.recipe.train.distill
        if distill:
            taught = teacher_logits(
                distill.teacher, self.data.labels, given, classifier.config.modalities, report, cancel
            )
            rows = [{**row, "teacher": logits} for row, logits in zip(rows, taught, strict=True)]
        if self.recipe.train.pull:
            rows = self._with_anchors(rows, report, cancel)
        return rows, Collator(tuple(classifier.config.towers), dict(self.model.towers), decode_value)

    def fit(
        self, folder: Path, report: Reporter | None, cancel: threading.Event | None, *, resume: bool = False
    ) -> None:
        """See `Learner.fit`; in stages if the schedule says so."""
        if self.recipe.train.schedule == "joint":
            super().fit(folder, report, cancel, resume=resume)
            return
        with main_first():
            rows, collate = self.prepare(report, cancel)
        fit_stages(self.model, rows, collate, self.recipe.train, folder, report, cancel, resume=resume)

    def tensors(self) -> dict[str, dict[str, Tensor]]:
        """See `Learner.tensors`."""
        ngrams = {"ngrams": self.classifier.ngrams.tensors} if self.classifier.ngrams else {}
        return {**trained_tensors(self.model, self.recipe.train.trainable), **ngrams}

    def settings(self) -> dict:
        """See `Learner.settings`."""
        return {"head": self.classifier.config.to_dict()}

    def _set_fillers(self, means: dict[str, Tensor], report: Reporter | None, cancel) -> None:
        """For `data.missing: fill`; of trained towers the mean is that of the pretrained one's tokens."""
        if self.recipe.data.missing != "fill":
            return
        for modality in self.model.towers:
            means[modality] = token_statistics(self._pretrained(modality, report, cancel))[0]
        self.model.head.set_fillers(means)

    def _with_ngrams(self, rows: list[dict], given: list[dict]) -> list[dict]:
        """Rows with what n-grams speak for, fitted to other rows; those fitted to all are kept for later.

        Raises:
            InputError: The data has no text.
        """
        if "text" not in self.classifier.config.towers:
            raise InputError("The data has no text to count n-grams in.", "Set train.ngrams to false.")
        texts, labels, count = [row["text"] for row in given], [row["label"] for row in rows], len(self.data.labels)
        prior = cross_fitted(texts, labels, count, _NGRAM_PARTS, self.recipe.train.seed)
        there = [i for i, text in enumerate(texts) if text]
        self.classifier.ngrams = NgramModel.fit([texts[i] for i in there], [labels[i] for i in there], count)
        return [{**row, "prior": values} for row, values in zip(rows, prior, strict=True)]

    def _with_anchors(self, rows: list[dict], report: Reporter | None, cancel) -> list[dict]:
        """Rows with the mean token of each pretrained tower that is trained further, and their variance."""
        anchors = {}
        for modality in self.model.towers:
            tokens = self._pretrained(modality, report, cancel)
            anchors[modality] = [None if row is None else row.float().mean(0) for row in tokens]
            there = torch.stack([row for row in anchors[modality] if row is not None])
            self.model.anchor_variance[modality] = max(float(there.var(0, correction=0).mean()), 1e-6)
        return [{**row, "anchors": {m: values[i] for m, values in anchors.items()}} for i, row in enumerate(rows)]

    def _pretrained(self, modality: str, report: Reporter | None, cancel) -> list[Tensor | None]:
        name = self.model.towers[modality].name
        return pretrained_tokens(modality, name, self.recipe.train.max_length, list(self.data.train), report, cancel)

    @classmethod
    def measure_adapter(
        cls,
        adapter: Adapter,
        data: LoadedData,
        report: Reporter | None = None,
        cancel: threading.Event | None = None,
    ) -> tuple[Metrics, list[dict]]:
        """See `Learner.measure_adapter`.

        Raises:
            InputError: The data has classes the adapter does not know.
        """
        unknown = sorted(set(data.labels) - set(adapter.labels))
        if unknown:
            raise InputError(
                f"The adapter {adapter.name} does not know the classes {', '.join(unknown[:5])}.",
                f"It knows: {', '.join(adapter.labels[:20])}.",
            )
        rows = list(data.check)
        scores = predict(load_classifier(adapter, report), rows, report, cancel)
        lines = [
            {"id": row["id"], "label": row["label"], "prediction": adapter.labels[int(s.argmax())], "score": s.max()}
            for row, s in zip(rows, scores, strict=True)
        ]
        return _metrics(rows, scores, adapter.labels), [{**line, "score": float(line["score"])} for line in lines]

    @classmethod
    def extra_metrics(
        cls,
        adapter: Adapter,
        data: LoadedData,
        lines: Sequence[dict],  # noqa: ARG003
        report: Reporter | None,
        cancel: threading.Event | None,
    ) -> dict:
        """`without`: the metrics with each modality removed from all rows, where there are several."""
        if len(adapter.base) == 1:
            return {}
        classifier, rows, without = load_classifier(adapter, report), list(data.check), {}
        for gone in adapter.base:
            scores = predict(classifier, [{**row, gone: None} for row in rows], report, cancel)
            without[gone] = _metrics(rows, scores, adapter.labels).values
        return {"without": without}


def _build(recipe: Recipe, data: LoadedData, report: Reporter | None) -> Classifier:
    """Towers and an untrained head for the modalities that the data has."""
    modalities = [m for m in MODALITIES if m in data.roles]
    if not modalities:
        raise InputError("The data set has no text, image or sound to classify.", "Map its columns in `data.columns`.")
    if len(data.labels) < 2:
        raise InputError("The data set has only one class.", "Give rows of two classes or more.")
    device, train = pick_device(), recipe.train
    if train.schedule == "staged" and len(modalities) == 1:
        raise InputError(f"The data has only {modalities[0]}, so there is nothing to fuse.", "Set schedule to joint.")
    towers = {
        m: load_tower(m, recipe.towers.get(m, ""), max_length=train.max_length, report=report, device=device)
        for m in modalities
    }
    _require_pretrained(recipe, towers)
    config = ClassifierConfig(
        towers={m: tower.name for m, tower in towers.items()},
        dims={m: tower.dim for m, tower in towers.items()},
        labels=tuple(data.labels),
        fusion=train.fusion,
        width=train.width,
        dropout=train.dropout,
        modality_dropout=train.modality_dropout,
        fill_missing=recipe.data.missing == "fill",
    )
    trained = {
        m: prepare_tower(tower, train.trainable, train.top_layers, train.lora_rank)
        for m, tower in towers.items()
        if is_trained(tower, train.trainable)
    }
    for tower in trained.values():
        tower.augment, tower.token_dropout = train.augment, train.token_dropout
    weights = None
    if train.class_balance == "weights":
        counts = np.array([data.report.class_counts["train"].get(label, 0) for label in data.labels], float)
        weights = torch.tensor(counts.sum() / (len(counts) * np.maximum(counts, 1)), dtype=torch.float32)
    teacher = {"teacher": train.distill.weight, "temperature": train.distill.temperature} if train.distill else {}
    loss = LossConfig(pull=train.pull, token_dropout=train.token_dropout, **teacher)
    model = ClassifierModel(config, trained, weights, loss).to(device.name)
    return Classifier(model, {m: tower for m, tower in towers.items() if m not in trained}, config)


def _require_pretrained(recipe: Recipe, towers: dict[str, Tower]) -> None:
    """Refuse settings that need features to begin with, for towers from scratch."""
    scratch = [tower.name for tower in towers.values() if not tower.pretrained]
    for wanted, setting, instead in (
        (recipe.train.pull, "train.pull", "0"), (recipe.data.missing == "fill", "data.missing: fill", "keep"),
    ):  # fmt: skip
        if wanted and scratch:
            raise InputError(f"{setting} needs pretrained towers, and {scratch[0]} is none.", f"Set it to {instead}.")


def _start_from(adapter: Adapter, classifier: Classifier, recipe: Recipe) -> None:
    """Put an adapter's weights into a new classifier of the same shape.

    Raises:
        InputError: It is not of the same shape.
    """
    if adapter.family != "classifier":
        raise InputError(f"The adapter {adapter.name} is not a classifier.", "Choose one whose task is `classify`.")
    old, new = ClassifierConfig.from_dict(adapter.settings["head"]), classifier.config
    for what in ("labels", "towers", "fusion", "width", "fill_missing"):
        had, wanted = getattr(old, what), getattr(new, what)
        if had != wanted:
            raise InputError(
                f"The adapter {adapter.name} cannot be gone on from: its {what} are {had}, the recipe's {wanted}.",
                "Make the recipe and its data fit the adapter, or leave `start` out.",
            )
    train = adapter.settings["train"]
    same = [train["trainable"], train["lora_rank"] if train["trainable"] == "lora" else None]
    asked = [recipe.train.trainable, recipe.train.lora_rank if train["trainable"] == "lora" else None]
    if train["trainable"] != "head" and same != asked:
        raise InputError(
            f"The adapter {adapter.name} was trained with trainable {train['trainable']}"
            + (f" and lora_rank {train['lora_rank']}." if train["trainable"] == "lora" else "."),
            "Set the same in the recipe.",
        )
    classifier.model.head.load_state_dict(load_tensors(adapter, "head"))
    if train.get("ngrams") and recipe.train.ngrams:  # to be measured with; training counts anew
        classifier.ngrams = NgramModel(load_tensors(adapter, "ngrams"))
    for tower in classifier.model.towers.values():
        if is_trained(tower, train["trainable"]):
            load_tower_tensors(tower, adapter)


def _metrics(rows: Sequence[dict], scores: np.ndarray, labels: Sequence[str]) -> Metrics:
    numbers = {label: i for i, label in enumerate(labels)}
    return classification_metrics([numbers[row["label"]] for row in rows], scores.argmax(1), scores, list(labels))
