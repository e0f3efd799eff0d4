"""Trains classifiers: any of the towers, a fusion, a label head."""

import threading
from collections.abc import Sequence

import numpy as np
import torch
from torch import Tensor

from xmodal.data.sets import LoadedData
from xmodal.device import pick_device
from xmodal.errors import InputError
from xmodal.models.adapters import Adapter
from xmodal.models.classifier import ClassifierConfig
from xmodal.models.classifier_model import ClassifierModel, Collator, prepare_tower, trained_tensors
from xmodal.models.towers import load_tower
from xmodal.progress import Reporter
from xmodal.tasks.features import decode_value
from xmodal.tasks.predict import Classifier, load_classifier, predict, token_rows
from xmodal.training.config import Recipe
from xmodal.training.learners.base import Learner
from xmodal.training.metrics import Metrics, classification_metrics

_MODALITIES = ("text", "image", "audio")


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

    def measure(
        self, rows: Sequence[dict], report: Reporter | None = None, cancel: threading.Event | None = None
    ) -> Metrics:
        """See `Learner.measure`."""
        return _metrics(rows, predict(self.classifier, rows, report, cancel), self.data.labels)

    def prepare(self, report: Reporter | None = None, cancel: threading.Event | None = None):
        """See `Learner.prepare`; frozen towers are run once, and their outputs standardised."""
        classifier, train = self.classifier, list(self.data.train)
        rows = token_rows(train, classifier.frozen, tuple(classifier.config.towers), report, cancel)
        self.model.head.calibrate(_token_statistics(rows, list(classifier.frozen)))
        numbers = {label: i for i, label in enumerate(self.data.labels)}
        rows = [{**row, "label": numbers[given["label"]]} for row, given in zip(rows, train, strict=True)]
        if "text" in self.model.towers:
            rows = [{**row, "length": len(row["text"] or "")} for row in rows]
        return rows, Collator(tuple(classifier.config.towers), dict(self.model.towers), decode_value)

    def tensors(self) -> dict[str, dict[str, Tensor]]:
        """See `Learner.tensors`."""
        return trained_tensors(self.model, self.recipe.train.trainable)

    def settings(self) -> dict:
        """See `Learner.settings`."""
        return {"head": self.classifier.config.to_dict()}

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


def _build(recipe: Recipe, data: LoadedData, report: Reporter | None) -> Classifier:
    """Towers and an untrained head for the modalities that the data has."""
    modalities = [m for m in _MODALITIES if m in data.roles]
    if not modalities:
        raise InputError("The data set has no text, image or sound to classify.", "Map its columns in `data.columns`.")
    if len(data.labels) < 2:
        raise InputError("The data set has only one class.", "Give rows of two classes or more.")
    device, train = pick_device(), recipe.train
    towers = {
        m: load_tower(m, recipe.towers.get(m, ""), max_length=train.max_length, report=report, device=device)
        for m in modalities
    }
    config = ClassifierConfig(
        towers={m: tower.name for m, tower in towers.items()},
        dims={m: tower.dim for m, tower in towers.items()},
        labels=tuple(data.labels),
        fusion=train.fusion,
        width=train.width,
        dropout=train.dropout,
        modality_dropout=train.modality_dropout,
    )
    trained = (
        {}
        if train.trainable == "head"
        else {m: prepare_tower(t, train.trainable, train.top_layers, train.lora_rank) for m, t in towers.items()}
    )
    weights = None
    if train.class_balance == "weights":
        counts = np.array([data.report.class_counts["train"].get(label, 0) for label in data.labels], float)
        weights = torch.tensor(counts.sum() / (len(counts) * np.maximum(counts, 1)), dtype=torch.float32)
    model = ClassifierModel(config, trained, weights).to(device.name)
    return Classifier(model, {m: tower for m, tower in towers.items() if m not in trained}, config)


def _token_statistics(rows: list[dict], modalities: list[str]) -> dict[str, tuple[Tensor, Tensor]]:
    """Mean and deviation of the training rows' tokens for each frozen tower."""
    statistics = {}
    for modality in modalities:
        tokens = torch.cat([row[modality] for row in rows if row[modality] is not None]).float()
        statistics[modality] = (tokens.mean(0), tokens.std(0))
    return statistics


def _metrics(rows: Sequence[dict], scores: np.ndarray, labels: Sequence[str]) -> Metrics:
    numbers = {label: i for i, label in enumerate(labels)}
    return classification_metrics([numbers[row["label"]] for row in rows], scores.argmax(1), scores, list(labels))
