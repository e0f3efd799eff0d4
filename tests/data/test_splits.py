from collections import Counter

import numpy as np
import pytest

from xmodal.data.splits import split_rows
from xmodal.errors import InputError


def test_each_class_in_its_share():
    labels = ["a"] * 100 + ["b"] * 50 + ["c"] * 4 + ["d"]
    held = split_rows(155, 0.1, 0, labels)
    assert Counter(np.asarray(labels)[held]) == {"a": 10, "b": 5, "c": 1}


def test_the_seed_decides():
    first, again, other = (split_rows(100, 0.2, seed, ["a", "b"] * 50) for seed in (1, 1, 2))
    assert (first == again).all()
    assert (first != other).any()


def test_three_rows():
    assert split_rows(3, 0.1, 0, ["a", "a", "b"]).sum() == 1


@pytest.mark.parametrize(("fraction", "expected"), [(0, 0), (1, 9)])
def test_none_and_all(fraction, expected):
    assert split_rows(9, fraction, 0, ["a"] * 9).sum() == expected


def test_groups_stay_together_and_classes_keep_their_share():
    random = np.random.default_rng(0)
    groups = random.integers(0, 40, 1_000).astype(str)
    labels = np.where(random.random(1_000) < 0.3, "a", "b")
    held = split_rows(1_000, 0.2, 0, labels, groups)
    assert not set(groups[held]) & set(groups[~held])
    assert held.mean() == pytest.approx(0.2, abs=0.03)
    assert (labels[held] == "a").mean() == pytest.approx((labels == "a").mean(), abs=0.05)


def test_a_single_group_cannot_be_split():
    with pytest.raises(InputError, match="one group"):
        split_rows(5, 0.2, 0, None, ["x"] * 5)
    assert split_rows(4, 0.5, 0, None, ["x", "x", "y", "y"]).sum() == 2
