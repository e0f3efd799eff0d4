"""Runs a recipe: data, a model, training by transformers' Trainer, an adapter, honest numbers before and after."""

import datetime
import threading
import time
from collections.abc import Sequence
from dataclasses import dataclass
from importlib import import_module
from importlib.metadata import version
from pathlib import Path

import torch

from xmodal.data.sets import LoadedData, load_data
from xmodal.errors import InputError
from xmodal.models.adapters import Adapter, adapters_dir, load_adapter, save_adapter, save_metrics
from xmodal.paths import home
from xmodal.progress import Reporter
from xmodal.training.config import Recipe
from xmodal.training.intervals import bootstrap_interval, changed_examples, paired_gain
from xmodal.training.learners.base import Learner
from xmodal.training.metrics import Metrics

_LEARNERS = {
    "classify": ("classifier", "ClassifierLearner"),
    "answer": ("span_qa", "SpanLearner"),
    "transcribe": ("transcriber", "TranscriberLearner"),
}
_PACKAGES = ("torch", "transformers", "peft", "accelerate", "datasets", "timm")


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
    kind = learner_class(recipe.task)
    learner = kind(recipe, data, report)
    run = resume or f"{datetime.datetime.now():%Y%m%d-%H%M%S}-{recipe.name}"
    folder = home() / "runs" / run
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "recipe.yaml").write_text(recipe.to_yaml(), encoding="utf-8")

    before = learner.measure(list(data.check), report, cancel)
    learner.fit(folder, report, cancel, resume=bool(resume))
    adapter = _save(learner, out or adapters_dir() / recipe.name, started)
    # What is reported is what the stored adapter does when it is loaded afresh.
    after, _ = kind.measure_adapter(load_adapter(adapter.path), data, report, cancel)
    metrics = compare(before, after, list(data.check), kind.metric, kind.lower_is_better)
    adapter = save_metrics(adapter, metrics)
    return TrainResult(run, str(adapter.path), metrics, round(time.perf_counter() - started, 2))


def evaluate(
    adapter: Adapter, data: LoadedData, report: Reporter | None = None, cancel: threading.Event | None = None
) -> tuple[Metrics, list[dict]]:
    """Metrics of an adapter on the held-out rows of a data set, and a line for each row.

    Raises:
        InputError: The data does not fit the adapter.
    """
    return learner_class(adapter.task).measure_adapter(adapter, data, report, cancel)


def learner_class(task: str) -> type[Learner]:
    """The learner of a task.

    Raises:
        InputError: There is none.
    """
    if task not in _LEARNERS:
        raise InputError(f"There is no training for the task {task!r}.", f"Choose one of: {', '.join(_LEARNERS)}.")
    module, name = _LEARNERS[task]
    return getattr(import_module(f"xmodal.training.learners.{module}"), name)


def compare(
    before: Metrics, after: Metrics, rows: Sequence[dict], metric: str = "accuracy", lower_is_better: bool = False
) -> dict:
    """Before and after on the same rows, with 95 % intervals, the gain in `metric`, and which rows changed."""
    first, second = before.examples[metric], after.examples[metric]
    changed = changed_examples(first, second, lower_is_better)
    return {
        "metric": metric,
        "before": before.values,
        "after": after.values,
        "interval_before": bootstrap_interval(first).as_dict(),
        "interval_after": bootstrap_interval(second).as_dict(),
        "gain": paired_gain(first, second, lower_is_better=lower_is_better).as_dict(),
        "per_class": after.per_class,
        "confusion": after.confusion,
        "names": after.names,
        "check_rows": len(rows),
        "better": [rows[i]["id"] for i in changed["better"][:20]],
        "worse": [rows[i]["id"] for i in changed["worse"][:20]],
    }


def _save(learner: Learner, folder: Path, started: float) -> Adapter:
    recipe, data = learner.recipe, learner.data
    adapter = Adapter(
        name=recipe.name,
        family=learner.family,
        task=recipe.task,
        base=learner.base,
        labels=tuple(data.labels),
        settings={
            **learner.settings(),
            "train": recipe.train.model_dump(mode="json"),
            "seconds": round(time.perf_counter() - started, 1),
        },
        data={
            "source": recipe.data.source if ":" in recipe.data.source else Path(recipe.data.source).name,
            "fingerprint": data.report.fingerprint,
            "train_rows": data.report.train_rows,
            "check_rows": data.report.check_rows,
            "licence": recipe.licence or data.report.licence,
            "languages": list(recipe.languages),
        },
        recipe=recipe.to_yaml(),
        versions={name: version(name) for name in _PACKAGES},
        created=f"{datetime.datetime.now(datetime.UTC):%Y-%m-%dT%H:%M:%SZ}",
    )
    return save_adapter(adapter, learner.tensors(), folder)
