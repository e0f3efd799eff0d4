"""What each fusion makes of three modalities that only together tell the label, and of any one or two of them.

python -m tests.benchmarks.fusion_table RECIPE.yaml... [--folds N] [--subsets all|whole] [--set KEY=VALUE]...

With folds, settings are compared by cross-validation on the training rows; without, on the rows held out.
"""

import argparse
import tempfile
import time
from collections.abc import Iterator
from dataclasses import replace
from itertools import combinations
from pathlib import Path

import torch

from xmodal.data.sets import LoadedData, load_data
from xmodal.training.config import Recipe, load_recipe
from xmodal.training.cross_validation import select_fold, split_folds
from xmodal.training.intervals import bootstrap_interval
from xmodal.training.learners.classifier import ClassifierLearner

MODALITIES = ("text", "image", "audio")


def measure(recipe: Recipe, data: LoadedData, folds: int) -> tuple[list[tuple[float, float]], ClassifierLearner]:
    """Right answers of each row, over the folds or on the held-out rows, and the last learner."""
    parts = [data]
    if folds:
        wanted = recipe.model_copy(update={"cross_validation": folds})
        parts = [select_fold(data, held) for held in split_folds(data, wanted)]
    found = []
    for part in parts:
        torch.manual_seed(recipe.train.seed)
        learner = ClassifierLearner(recipe, part)
        with tempfile.TemporaryDirectory() as folder:
            learner.fit(Path(folder), None, None)
        found += learner.measure(list(part.check)).examples["accuracy"]
    return found, learner


def list_subsets(which: str) -> Iterator[tuple[str, ...]]:
    """All of one, two and three modalities, or only the three."""
    for size in (1, 2, 3) if which == "all" else (3,):
        yield from combinations(MODALITIES, size)


def measure_without(learner: ClassifierLearner, data: LoadedData) -> dict[str, float]:
    """Accuracy of a classifier of three modalities when one is missing at inference."""
    rows = list(data.check)
    return {gone: learner.measure([{**row, gone: None} for row in rows]).values["accuracy"] for gone in MODALITIES}


def main() -> None:
    """Print the table, a row when it is ready."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("recipes", nargs="+", type=Path)
    parser.add_argument("--folds", type=int, default=0)
    parser.add_argument("--subsets", choices=("all", "whole"), default="all")
    parser.add_argument("--set", action="append", default=[])
    args = parser.parse_args()
    print(f"{'recipe':24} {'trained on':18} accuracy  95 % interval   seconds")
    for path in args.recipes:
        recipe = load_recipe(path, args.set)
        data = load_data(recipe.data)
        for subset in list_subsets(args.subsets):
            started = time.perf_counter()
            part = replace(data, roles=(*subset, "label"))
            examples, learner = measure(recipe, part, args.folds)
            interval = bootstrap_interval(examples)
            name, seconds = "+".join(subset), time.perf_counter() - started
            span = f"{interval.low:.1%} to {interval.high:.1%}"
            print(f"{recipe.name:24} {name:18} {interval.value:8.1%}  {span}  {seconds:8.0f}", flush=True)
        if not args.folds:
            for gone, accuracy in measure_without(learner, data).items():
                print(f"{recipe.name:24} {'all, given no ' + gone:18} {accuracy:8.1%}", flush=True)


if __name__ == "__main__":
    main()
