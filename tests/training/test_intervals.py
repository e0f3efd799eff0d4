import json

import numpy as np
import pytest

from xmodal.training.intervals import bootstrap_interval, changed_examples, paired_gain


def test_the_interval_of_a_share_is_near_the_normal_one():
    values = [1.0] * 80 + [0.0] * 20
    found = bootstrap_interval(values)
    half = 1.96 * (0.8 * 0.2 / 100) ** 0.5
    assert found.value == 0.8
    assert (found.low, found.high) == pytest.approx((0.8 - half, 0.8 + half), abs=0.015)
    assert bootstrap_interval(values) == found
    assert bootstrap_interval(values, level=0.5).low > found.low
    json.dumps(found.as_dict())


@pytest.mark.parametrize(("value", "low", "high"), [(1.0, 0.8842966, 1), (0.0, 0, 0.1157034)])
def test_all_right_is_not_certain(value, low, high):
    found = bootstrap_interval([value] * 30)
    assert (found.value, found.low, found.high) == pytest.approx((value, low, high))


def test_error_rates_are_drawn_by_utterance():
    """A long utterance weighs by its length: the value is the rate, not the mean of rates."""
    found = bootstrap_interval([(1, 2), (0, 98)] * 20)
    assert found.value == pytest.approx(0.01)
    assert 0 < found.low < 0.01 < found.high < 0.03


def test_a_clear_gain_and_one_within_the_noise():
    before = np.tile([1.0, 0.0], 100)
    after = before.copy()
    after[1:60:2] = 1
    clear = paired_gain(before, after)
    assert clear.difference == pytest.approx(0.15)
    assert not clear.within_noise
    assert clear.better
    after = before.copy()
    after[[1, 3, 5]] = 1
    after[[0, 2]] = 0
    assert paired_gain(before, after).within_noise
    assert not paired_gain(before, after).better


@pytest.mark.parametrize("rows", [1, 2, 3, 5, 6, 30])
def test_a_gain_on_a_few_rows_is_noise_unless_a_sign_test_allows_it(rows):
    up, down = paired_gain([0.0] * rows, [1.0] * rows), paired_gain([1.0] * rows, [0.0] * rows)
    assert up.within_noise == down.within_noise == (2 * 0.5**rows > 0.05)
    assert up.better == (not up.within_noise) and not down.better
    assert -1 < up.low < 1 == up.high
    assert (down.low, down.high) == pytest.approx((-up.high, -up.low))


def test_a_few_changes_are_noise_also_where_they_differ_or_most_rows_stay():
    assert paired_gain([0.0, 0.1, 0.0], [0.5, 0.9, 1.0]).within_noise
    assert paired_gain([(5, 10), (4, 8)], [(1, 10), (2, 8)], lower_is_better=True).within_noise
    assert paired_gain([0.0] * 100, [1.0] * 4 + [0.0] * 96).within_noise
    assert paired_gain([0.0] * 100, [1.0] * 10 + [0.0] * 90).better
    same = paired_gain([1.0] * 3, [1.0] * 3)
    assert (same.low, same.high, same.within_noise) == (0, 0, True)


def test_pairing_takes_out_what_both_share():
    random = np.random.default_rng(0)
    before = random.normal(0, 10, 200)
    gain = paired_gain(before, before + random.normal(0.5, 0.1, 200))
    assert not gain.within_noise


def test_error_rates_get_better_by_falling():
    before, after = [(5, 10)] * 30, [(1, 10), (2, 10)] * 15
    assert paired_gain(before, after, lower_is_better=True).better
    assert not paired_gain(before, after).better
    assert not paired_gain(before, before, lower_is_better=True).better


def test_changed_examples():
    assert changed_examples([0, 1, 1, 0.5], [1, 0, 1, 0.7]) == {"better": [0, 3], "worse": [1]}
    assert changed_examples([(1, 4), (0, 0)], [(0, 4), (2, 0)], lower_is_better=True) == {"better": [0], "worse": [1]}


@pytest.mark.parametrize(("before", "after"), [([], []), ([1], [1, 2])])
def test_what_cannot_be_compared(before, after):
    with pytest.raises(ValueError, match="examples"):
        paired_gain(before, after)
    with pytest.raises(ValueError, match="examples"):
        changed_examples(before, after)
