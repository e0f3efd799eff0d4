"""k-fold cross-validation over the rows to train on: how good the settings are, without a look at the held-out rows."""

import json
import threading
import warnings
from collections import Counter
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

import numpy as np
import torch

from xmodal.data.sets import LoadedData
from xmodal.disk import replace_text
from xmodal.errors import InputError
from xmodal.progress import Progress, Reporter
from xmodal.training.config import Recipe
from xmodal.training.learners.base import Learner
from xmodal.training.metrics import Metrics
from xmodal.training.processes import by_main, main_first
from xmodal.training.runs import RESULT, clear_checkpoints


def cross_validate(
    kind: type[Learner],
    recipe: Recipe,
    data: LoadedData,
    folder: Path,
    report: Reporter | None = None,
    cancel: threading.Event | None = None,
) -> dict:
    """Train on all parts but one, in turn, and measure on that one; parts that are done are not done again.

    Args:
        kind: What is trained.
        recipe: See `Recipe`.
        data: Its `check` rows stay untouched.
        folder: Of the run; each part has a folder in `folds`.
        report: Told of every stage.
        cancel: Stops it; called again, it goes on.

    Returns:
        `metric`, its `mean` and `deviation` (of the sample) over the parts, and its values in `folds`.

    Raises:
        InputError: The rows cannot be parted so often.
    """
    parts = split_folds(data, recipe)
    results = []
    for number, held in enumerate(parts, 1):
        place = folder / "folds" / str(number)
        by_main(lambda place=place: place.mkdir(parents=True, exist_ok=True))
        if report:
            report(Progress("cross-validation", "parts", number - 1, len(parts), "parts"))
        done = place / RESULT
        if not done.exists():
            _train_fold(kind, recipe, select_fold(data, held), place, report, cancel)
        results.append(json.loads(done.read_text(encoding="utf-8")))
    values = [result["value"] for result in results]
    deviation = float(np.std(values, ddof=1))
    return {"metric": results[0]["metric"], "mean": float(np.mean(values)), "deviation": deviation, "folds": values}


def split_folds(data: LoadedData, recipe: Recipe) -> list[np.ndarray]:
    """The numbers of the rows held out in each part, by class where there are classes and with groups kept together.

    Rows of data sets that are not measured are held out in none.

    Raises:
        InputError: There are fewer rows or groups than parts, or a row is in no part of the column given.
    """
    own = np.array([i for i, name in enumerate(data.train["id"]) if name not in data.further], int)
    measured, count = data.train.select(own), recipe.cross_validation
    groups = list(measured["group"])
    if recipe.cross_validation_column:
        return [own[held] for held in _by_column(groups, recipe.cross_validation_column)]
    grouped = any(groups)
    labels = list(measured["label"]) if "label" in data.roles else [""] * len(own)
    # Rows without a group stand for themselves.
    groups = [group or f"\0{i}" for i, group in enumerate(groups)]
    if len(set(groups)) < count:
        what = "groups" if grouped else "rows"
        raise InputError(
            f"There are {len(set(groups))} {what} to train on, too few for {count} parts.",
            "Set cross_validation to fewer, or to 0.",
        )
    from sklearn.model_selection import GroupKFold, KFold, StratifiedGroupKFold, StratifiedKFold

    # Where no class has a row for each part, classes cannot be shared out.
    by_class = "label" in data.roles and max(Counter(labels).values()) >= count
    splitter = {
        (True, True): StratifiedGroupKFold, (True, False): StratifiedKFold,
        (False, True): GroupKFold, (False, False): KFold,
    }[by_class, grouped](count, shuffle=True, random_state=recipe.train.seed)  # fmt: skip
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", UserWarning)  # of rare classes, which the data's report tells of
        return [own[held] for _, held in splitter.split(np.zeros(len(own)), labels, groups)]


def select_fold(data: LoadedData, held: np.ndarray) -> LoadedData:
    """The training rows as a data set of its own, those numbered in `held` held out."""
    kept = np.setdiff1d(np.arange(len(data.train)), held)
    train, check = data.train.select(kept), data.train.select(held)
    counts = {}
    if "label" in data.roles:
        counts = {"train": dict(Counter(train["label"])), "check": dict(Counter(check["label"]))}
    found = replace(data.report, train_rows=len(train), check_rows=len(check), class_counts=counts)
    return replace(data, train=train, check=check, report=found)


def _by_column(values: Sequence[str | None], column: str) -> list[np.ndarray]:
    if not all(values):
        raise InputError(f"Some rows have no {column}.", "Fill in the column, or give another one.")
    names = sorted(set(values))
    if len(names) < 2:
        raise InputError(
            f"All rows to train on have the same {column} ({names[0]}).", "Give another cross_validation_column."
        )
    return [np.flatnonzero(np.asarray(values, object) == name) for name in names]


def _train_fold(
    kind: type[Learner],
    recipe: Recipe,
    data: LoadedData,
    folder: Path,
    report: Reporter | None,
    cancel: threading.Event | None,
) -> None:
    torch.manual_seed(recipe.train.seed)
    with main_first():
        learner = kind(recipe, data, report)
    learner.fit(folder, report, cancel, resume=True)

    def measure() -> None:
        found: Metrics = learner.measure(list(data.check), report, cancel)
        content = {"metric": learner.metric, "value": found.values[learner.metric], "rows": len(data.check)}
        replace_text(folder / RESULT, json.dumps({**content, "values": found.values}, indent=2) + "\n")
        clear_checkpoints(folder)

    by_main(measure)
