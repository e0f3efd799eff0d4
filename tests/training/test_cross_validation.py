"""Folds of data sets in memory; the end-to-end one trains on cached features."""

from dataclasses import replace

import numpy as np
import pytest

from xmodal.data.report import DataReport
from xmodal.data.sets import LoadedData, to_dataset
from xmodal.errors import InputError
from xmodal.training.config import parse_recipe
from xmodal.training.cross_validation import select_fold, split_folds


def make_data(labels, groups=None) -> LoadedData:
    rows = [
        {"id": str(i), "group": groups[i] if groups else None, "text": f"t{i}", "label": label}
        for i, label in enumerate(labels)
    ]
    roles = ("text", "label")
    report = DataReport(
        rows=len(rows), train_rows=len(rows), check_rows=0, class_counts={}, columns={}, guessed=(), preview=(),
        warnings=(), fingerprint="", licence="",
    )  # fmt: skip
    return LoadedData(to_dataset(rows, roles), to_dataset([], roles), roles, tuple(sorted(set(labels))), report)


def make_recipe(**settings):
    return parse_recipe({"name": "a", "data": {"source": "x.csv"}, **settings})


def test_each_row_is_held_out_once_and_classes_are_shared_out():
    data = make_data(["a"] * 40 + ["b"] * 10)
    parts = split_folds(data, make_recipe(cross_validation=5))
    assert sorted(np.concatenate(parts)) == list(range(50))
    for held in parts:
        assert sum(data.train[int(i)]["label"] == "b" for i in held) == 2
    again = split_folds(data, make_recipe(cross_validation=5))
    assert all((first == second).all() for first, second in zip(parts, again, strict=True))


@pytest.mark.parametrize("roles", [("text", "label"), ("text", "transcription")])
def test_groups_are_kept_together(roles):
    data = make_data(["a", "b"] * 20, [f"speaker {i // 4}" for i in range(40)])
    if "label" not in roles:
        data = replace(data, roles=roles, labels=())
    for held in split_folds(data, make_recipe(cross_validation=3)):
        fold = select_fold(data, held)
        assert not set(fold.train["group"]) & set(fold.check["group"])


def test_rows_that_are_not_measured_are_trained_on_in_every_part():
    data = replace(make_data(["a", "b"] * 20), further=frozenset(map(str, range(30))))
    parts = split_folds(data, make_recipe(cross_validation=5))
    assert sorted(np.concatenate(parts)) == list(range(30, 40))


def test_a_fixed_split_by_a_column():
    data = make_data(["a", "b"] * 6, ["1", "2", "3"] * 4)
    recipe = make_recipe(cross_validation_column="fold")
    assert recipe.data.group_column == "fold"
    parts = split_folds(data, recipe)
    assert [set(data.train.select(held)["group"]) for held in parts] == [{"1"}, {"2"}, {"3"}]


def test_a_fold_counts_its_own_classes():
    fold = select_fold(make_data(["a", "a", "b", "b"]), np.array([0]))
    assert fold.report.class_counts == {"train": {"a": 1, "b": 2}, "check": {"a": 1}}
    assert (fold.report.train_rows, fold.report.check_rows, fold.labels) == (3, 1, ("a", "b"))


def test_rare_classes_do_not_stop_it():
    parts = split_folds(make_data(["a"] * 10 + ["b"]), make_recipe(cross_validation=5))
    assert len(parts) == 5
    assert len(split_folds(make_data(list("abcdefgh")), make_recipe(cross_validation=4))) == 4


@pytest.mark.parametrize(
    ("data", "settings", "words"),
    [
        (make_data(["a", "b"]), {"cross_validation": 5}, "2 rows to train on, too few for 5"),
        (make_data(["a", "b"] * 4, list("xxxxyyyy")), {"cross_validation": 5}, "2 groups"),
        (make_data(["a", "b"], ["1", "1"]), {"cross_validation_column": "fold"}, "the same fold"),
        (make_data(["a", "b"], ["1", None]), {"cross_validation_column": "fold"}, "have no fold"),
    ],
)
def test_what_cannot_be_parted(data, settings, words):
    with pytest.raises(InputError, match=words):
        split_folds(data, make_recipe(**settings))


@pytest.mark.parametrize(
    "settings",
    [
        {"cross_validation": 1},
        {"cross_validation_column": "fold", "data": {"source": "x", "group_column": "speaker"}},
        {"cross_validation": 3, "start": "old"},
        {"cross_validation_column": "fold", "start": "old"},
        {"cross_validation": 3, "task": "answer", "train": {"mean_with": ["old"]}},
    ],
)
def test_settings_that_cannot_be(settings):
    with pytest.raises(InputError, match="cross_validation"):
        make_recipe(**settings)
