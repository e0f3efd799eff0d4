"""Runs a recipe: data, towers, training by transformers' Trainer, an adapter, honest numbers before and after."""

import datetime
import logging
import threading
import time
from dataclasses import dataclass
from importlib.metadata import version
from pathlib import Path

import numpy as np
import torch

from xmodal.data.sets import LoadedData, load_data
from xmodal.device import pick_device
from xmodal.errors import InputError
from xmodal.models.adapters import Adapter, adapters_dir, load_adapter, save_adapter
from xmodal.models.classifier import ClassifierConfig
from xmodal.models.classifier_model import ClassifierModel, Collator, prepare_tower, trained_tensors
from xmodal.models.towers import load_tower
from xmodal.paths import home
from xmodal.progress import Reporter
from xmodal.tasks.predict import Classifier, decoded_rows, load_classifier, predict, token_rows
from xmodal.training.config import Recipe
from xmodal.training.intervals import bootstrap_interval, changed_examples, paired_gain
from xmodal.training.metrics import Metrics, classification_metrics
from xmodal.training.trainer import fit

log = logging.getLogger(__name__)

_MODALITIES = ("text", "image", "audio")
_PACKAGES = ("torch", "transformers", "peft", "accelerate", "datasets", "timm", "xmodal")


@dataclass(frozen=True)
class TrainResult:
    """What a run gave.

    Attributes:
        run: Its identifier; its folder lies in `XMODAL_HOME/runs`.
        adapter: Folder of the adapter.
        metrics: `before`, `after`, their intervals, the gain, and examples that changed.
        seconds: How long it took.
    """

    run: str
    adapter: str
    metrics: dict
    seconds: float


def train(
    recipe: Recipe,
    report: Reporter | None = None,
    cancel: threading.Event | None = None,
    *,
    resume: str = "",
    out: Path | None = None,
) -> TrainResult:
    """Train what a recipe asks for.

    Args:
        recipe: See `Recipe`.
        report: Told of every stage.
        cancel: Stops at the next step, with a checkpoint.
        resume: Run to go on with, from its last checkpoint.
        out: Folder for the adapter; XMODAL_HOME/adapters/<name> if not given.

    Raises:
        XmodalError: Data, models or settings cannot be used, or it was stopped.
    """
    started = time.perf_counter()
    torch.manual_seed(recipe.train.seed)
    data = load_data(recipe.data, report, cancel)
    classifier = _build(recipe, data, report)
    run = resume or f"{datetime.datetime.now():%Y%m%d-%H%M%S}-{recipe.name}"
    folder = home() / "runs" / run
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "recipe.yaml").write_text(recipe.to_yaml(), encoding="utf-8")

    check = list(data.check)
    before = _measure(classifier, check, data.labels, report, cancel)
    rows = token_rows(list(data.train), classifier.frozen, tuple(classifier.config.towers), report, cancel)
    classifier.model.head.calibrate(_token_statistics(rows, list(classifier.frozen)))
    numbers = {label: i for i, label in enumerate(data.labels)}
    labels = [numbers[row["label"]] for row in data.train]
    trained = list(classifier.model.towers)
    fit(
        classifier.model,
        [{**row, "label": label} for row, label in zip(decoded_rows(rows, trained), labels, strict=True)],
        Collator(tuple(classifier.config.towers), dict(classifier.model.towers)),
        recipe.train,
        folder,
        report,
        cancel,
        resume=bool(resume),
    )
    adapter = _save(recipe, data, classifier, out or adapters_dir() / recipe.name, started, {})
    # What is reported is what the stored adapter does when it is loaded afresh.
    after = _measure(load_classifier(load_adapter(adapter.path), report), check, data.labels, report, cancel)
    metrics = compare(before, after, check)
    adapter = _save(recipe, data, classifier, adapter.path, started, metrics)
    return TrainResult(run, str(adapter.path), metrics, round(time.perf_counter() - started, 2))


def evaluate(
    adapter: Adapter, data: LoadedData, report: Reporter | None = None, cancel: threading.Event | None = None
) -> tuple[Metrics, list[dict]]:
    """Metrics of a classifier on the held-out rows of a data set, and a line for each row.

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
    metrics = _classification(rows, scores, adapter.labels)
    lines = [
        {"id": row["id"], "label": row["label"], "prediction": adapter.labels[int(s.argmax())], "score": float(s.max())}
        for row, s in zip(rows, scores, strict=True)
    ]
    return metrics, lines


def compare(before: Metrics, after: Metrics, rows: list[dict]) -> dict:
    """Before and after on the same rows, with 95 % intervals, the gain, and which rows changed."""
    name = "accuracy"
    changed = changed_examples(before.examples[name], after.examples[name])
    return {
        "before": before.values,
        "after": after.values,
        "interval_before": bootstrap_interval(before.examples[name]).as_dict(),
        "interval_after": bootstrap_interval(after.examples[name]).as_dict(),
        "gain": paired_gain(before.examples[name], after.examples[name]).as_dict(),
        "per_class": after.per_class,
        "confusion": after.confusion,
        "check_rows": len(rows),
        "better": [rows[i]["id"] for i in changed["better"][:20]],
        "worse": [rows[i]["id"] for i in changed["worse"][:20]],
    }


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


def _token_statistics(rows: list[dict], modalities: list[str]) -> dict[str, tuple[torch.Tensor, torch.Tensor]]:
    """Mean and deviation of the training rows' tokens for each frozen tower."""
    statistics = {}
    for modality in modalities:
        tokens = torch.cat([row[modality] for row in rows if row[modality] is not None]).float()
        statistics[modality] = (tokens.mean(0), tokens.std(0))
    return statistics


def _measure(classifier: Classifier, rows: list[dict], labels, report, cancel) -> Metrics:
    return _classification(rows, predict(classifier, rows, report, cancel), labels)


def _classification(rows: list[dict], scores: np.ndarray, labels) -> Metrics:
    numbers = {label: i for i, label in enumerate(labels)}
    return classification_metrics([numbers[row["label"]] for row in rows], scores.argmax(1), scores, list(labels))


def _save(
    recipe: Recipe, data: LoadedData, classifier: Classifier, folder: Path, started: float, metrics: dict
) -> Adapter:
    towers = {**classifier.frozen, **dict(classifier.model.towers.items())}
    adapter = Adapter(
        name=recipe.name,
        family="classifier",
        task=recipe.task,
        base={m: {"model": t.name, "source": t.source, "revision": t.revision} for m, t in towers.items()},
        labels=tuple(data.labels),
        settings={
            "head": classifier.config.to_dict(),
            "train": recipe.train.model_dump(mode="json"),
            "seconds": round(time.perf_counter() - started, 1),
        },
        data={
            "source": recipe.data.source if ":" in recipe.data.source else Path(recipe.data.source).name,
            "fingerprint": data.report.fingerprint,
            "train_rows": data.report.train_rows,
            "check_rows": data.report.check_rows,
            "licence": data.report.licence,
        },
        metrics=metrics,
        recipe=recipe.to_yaml(),
        versions={name: version(name) for name in _PACKAGES if name != "xmodal"},
        created=f"{datetime.datetime.now(datetime.UTC):%Y-%m-%dT%H:%M:%SZ}",
        files={},
    )
    return save_adapter(adapter, trained_tensors(classifier.model, recipe.train.trainable), folder)
