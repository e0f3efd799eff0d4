"""Runs a recipe: data, a model, training by transformers' Trainer, an adapter, honest numbers before and after."""

import json
import logging
import threading
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, nullcontext, suppress
from dataclasses import asdict, dataclass
from importlib import import_module
from pathlib import Path

import torch
import yaml

from xmodal.data.config import make_data_config
from xmodal.data.sets import LoadedData, load_data, require_sides
from xmodal.disk import disk_full_explained, replace_text
from xmodal.errors import CancelledError, InputError, XmodalError
from xmodal.models.adapters import Adapter, Family, adapters_dir, load_adapter, save_metrics
from xmodal.progress import Reporter
from xmodal.training.changed import MOST, SIDES, write_changed
from xmodal.training.config import Recipe
from xmodal.training.cross_validation import cross_validate
from xmodal.training.intervals import bootstrap_interval, changed_examples, paired_gain
from xmodal.training.learners.base import Learner
from xmodal.training.metrics import Metrics
from xmodal.training.processes import by_main, is_main, main_first
from xmodal.training.runs import (
    CHECKPOINTS,
    RESULT,
    clear_checkpoints,
    create_run,
    hold,
    hold_to_data,
    read_run,
    runs_dir,
    write_status,
)
from xmodal.training.saving import save_trained
from xmodal.training.seen import find_seen
from xmodal.training.tracking import Tracker
from xmodal.training.trainer import memory_explained

_LEARNERS = {
    "classifier": "ClassifierLearner",
    "span_qa": "SpanLearner",
    "transcriber": "TranscriberLearner",
    "generator": "GeneratorLearner",
}
_FAMILIES = {"classify": "classifier", "answer": "span_qa", "transcribe": "transcriber", "describe": "generator"}
_log = logging.getLogger(__name__)


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
    cross_validate_only: bool = False,
    untrusted: bool = False,
) -> TrainResult:
    """Train what a recipe asks for. Called in several processes (`accelerate launch`), they share the batches.

    Args:
        recipe: See `Recipe`.
        report: Told of every stage.
        cancel: Stops at the next step, with a checkpoint.
        resume: Run to go on with, from its last checkpoint or, if it has none yet, from the beginning. The result of a
            finished one is given as it was.
        out: Folder for the adapter; XMODAL_HOME/adapters/<name> if not given.
        cross_validate_only: Stop after the cross-validation; `adapter` is empty then.
        untrusted: The data is a stranger's upload; see `load_data`.

    Raises:
        InputError: The run to resume is unknown, in progress, or of another recipe or other data.
        XmodalError: Data, models or settings cannot be used, or it was stopped.
    """
    started = time.perf_counter()
    if cross_validate_only and not (recipe.cross_validation or recipe.cross_validation_column):
        raise InputError("The recipe asks for no cross-validation.", "Set cross_validation to the number of parts.")
    report = report if is_main() else None
    recipe = _with_full_path(recipe)
    status = {"out": str(Path(out).absolute())} if out else {}
    if cross_validate_only:
        status["only"] = "cross-validation"
    run = by_main(lambda: _open_run(recipe, resume, status))
    folder = runs_dir() / run
    if done := by_main(lambda: read_run(run).result):
        return TrainResult(**done)
    with hold(folder) if is_main() else nullcontext(), _status_kept(folder), memory_explained(recipe.train):
        metrics, adapter = _train(recipe, folder, report, cancel, started, untrusted)
        result = TrainResult(run, adapter, metrics, round(time.perf_counter() - started, 2))
        by_main(lambda: _finish(folder, result))
    return by_main(lambda: result)


def _train(
    recipe: Recipe,
    folder: Path,
    report: Reporter | None,
    cancel: threading.Event | None,
    started: float,
    untrusted: bool,
) -> tuple[dict, str]:
    """The metrics, and the adapter's folder."""
    torch.manual_seed(recipe.train.seed)
    status, cross = by_main(lambda: read_run(folder.name).status), {}
    with main_first():
        data = load_data(recipe.data, report, cancel, untrusted=untrusted)
    require_sides(data.train, data.check, to_check=not status.get("only"))
    by_main(lambda: hold_to_data(folder, data.report.fingerprint))
    kind = learner_class(recipe.task, data.roles)
    for warning in data.report.warnings if is_main() else ():
        _log.warning("%s", " ".join([warning.message, *warning.examples[:1]]))
    seen = find_seen(recipe, data)
    if recipe.cross_validation or recipe.cross_validation_column:
        cross = {"cross_validation": cross_validate(kind, recipe, data, folder, report, cancel)}
        if status.get("only"):
            return cross, ""
        torch.manual_seed(recipe.train.seed)
    with main_first():
        learner = kind(recipe, data, report)
    rows = list(data.check)
    before = by_main(lambda: _measure_before(learner, folder, report, cancel))
    learner.fit(folder, report, cancel, resume=True)

    def store() -> tuple[dict, str]:
        adapter = save_trained(learner, Path(status.get("out") or adapters_dir() / recipe.name), started)
        # What is reported is what the stored adapter does when it is loaded afresh.
        stored = load_adapter(adapter.path)
        after, lines = kind.measure_adapter(stored, data, report, cancel)
        metrics = compare(before, after, rows, learner.metric, learner.lower_is_better) | cross | seen
        metrics |= kind.extra_metrics(stored, data, lines, report, cancel)
        changed = _changed(before, after, learner.metric, learner.lower_is_better)
        write_changed(folder, changed, rows, lines, data.roles[:-1])
        return metrics, str(save_metrics(adapter, metrics).path)

    return by_main(store)


def _measure_before(learner: Learner, folder: Path, report: Reporter | None, cancel) -> Metrics:
    """How good it is without the training; measured once, also for a run that is stopped and goes on."""
    path, data = folder / CHECKPOINTS / "before.json", learner.data.report.fingerprint
    with suppress(OSError, ValueError, KeyError, TypeError):  # not there, or damaged
        kept = json.loads(path.read_text(encoding="utf-8"))
        if kept["data"] == data:
            return Metrics(**kept["metrics"])
    before = learner.measure(list(learner.data.check), report, cancel)
    with disk_full_explained(folder, "the checkpoint"):
        path.parent.mkdir(exist_ok=True)
        replace_text(path, json.dumps({"data": data, "metrics": before.as_dict(examples=True)}))
    return before


def evaluate(
    adapter: Adapter, data: LoadedData, report: Reporter | None = None, cancel: threading.Event | None = None
) -> tuple[Metrics, list[dict]]:
    """Metrics of an adapter on the held-out rows of a data set, and a line for each row.

    Raises:
        InputError: The data does not fit the adapter.
    """
    return _learner(adapter.family).measure_adapter(adapter, data, report, cancel)


def main_metric(adapter: Adapter, metrics: Metrics) -> str:
    """The metric that the adapter was trained to better."""
    name = adapter.metrics.get("metric") or _learner(adapter.family).metric
    return name if name in metrics.examples else next(iter(metrics.examples))


def load_evaluation_data(
    adapter: Adapter,
    source: str,
    report: Reporter | None = None,
    cancel: threading.Event | None = None,
    *,
    untrusted: bool = False,
) -> LoadedData:
    """All rows of a data set, held out; columns and class names as in the adapter's recipe, where the data has them.

    Raises:
        InputError: The data cannot be used for the adapter's task.
    """
    plain = make_data_config(source=source, task=adapter.task, check_fraction=1)
    told = yaml.safe_load(adapter.recipe).get("data", {}) if adapter.recipe else {}
    told = {key: told[key] for key in ("columns", "label_names") if told.get(key)}
    if told:
        try:
            return load_data(make_data_config(**{**plain.model_dump(), **told}), report, cancel, untrusted=untrusted)
        except InputError as error:
            _log.warning("The columns of the adapter's recipe do not fit and are guessed: %s", error.problem)
    return load_data(plain, report, cancel, untrusted=untrusted)


def learner_class(task: str, roles: Sequence[str] = ()) -> type[Learner]:
    """The learner of a task; questions about pictures without a text are for the generator.

    Args:
        task: Of the recipe.
        roles: What the data has.

    Raises:
        InputError: There is none.
    """
    if task not in _FAMILIES:
        raise InputError(f"There is no training for the task {task!r}.", f"Choose one of: {', '.join(_FAMILIES)}.")
    shown = task == "answer" and "image" in roles and "context" not in roles
    return _learner("generator" if shown else _FAMILIES[task])


def _learner(family: Family) -> type[Learner]:
    return getattr(import_module(f"xmodal.training.learners.{family}"), _LEARNERS[family])


def compare(
    before: Metrics, after: Metrics, rows: Sequence[dict], metric: str = "accuracy", lower_is_better: bool = False
) -> dict:
    """Before and after on the same rows, with 95 % intervals, the gain in `metric`, and which rows changed."""
    first, second = before.examples[metric], after.examples[metric]
    changed = _changed(before, after, metric, lower_is_better)
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
        **{side: [rows[i]["id"] for i in changed[side][:MOST]] for side in SIDES},
    }


def _changed(before: Metrics, after: Metrics, metric: str, lower_is_better: bool) -> dict[str, list[int]]:
    return changed_examples(before.examples[metric], after.examples[metric], lower_is_better)


def _open_run(recipe: Recipe, resume: str, status: dict) -> str:
    """A new run, or the one to resume."""
    if not resume:
        return create_run(recipe, status)
    run = read_run(resume)
    if run.recipe != recipe:
        raise InputError(
            f"The run {resume} was started with another recipe.", "Resume it without a recipe, or start a new run."
        )
    if status and run.state != "finished":
        write_status(run.folder, run.status.get("state", "new"), **status)
    return resume


@contextmanager
def _status_kept(folder: Path) -> Iterator[None]:
    """`status.json` says how it ended, unless the process is killed; then it still says `running`, without its lock."""
    if not is_main():
        yield
        return
    write_status(folder, "running")
    try:
        yield
    except XmodalError as error:
        state = "stopped" if isinstance(error, CancelledError) else "failed"
        with suppress(OSError):  # on a full disk, what was wrong is more than that
            write_status(folder, state, problem=error.problem, advice=error.advice)
        raise
    except BaseException as error:
        with suppress(OSError):
            write_status(folder, "failed", problem=f"{type(error).__name__}: {error}")
        raise


def _finish(folder: Path, result: TrainResult) -> None:
    with disk_full_explained(folder, "the result"):
        replace_text(folder / RESULT, json.dumps(asdict(result), ensure_ascii=False, indent=2) + "\n")
        write_status(folder, "finished")
    clear_checkpoints(folder)
    with Tracker(folder) as tracker:
        tracker.summarise(result.metrics)


def _with_full_path(recipe: Recipe) -> Recipe:
    return recipe.with_sources(lambda source: str(Path(source).expanduser().absolute()) if _is_file(source) else source)


def _is_file(source: str) -> bool:
    return ":" not in source and Path(source).expanduser().exists()
