import numpy as np
import pytest

from xmodal.training.calibrate import choose_threshold, fit_odds, reliability
from xmodal.training.metrics import answer_metrics


def test_the_threshold_parts_what_can_be_parted():
    nulls = np.concatenate([np.linspace(-5, 1, 30), np.linspace(3, 9, 30)])
    assert 1 < choose_threshold(nulls, np.arange(60) >= 30) < 3


@pytest.mark.parametrize("seed", range(5))
def test_the_threshold_of_few_rows_tells_others_of_their_kind_as_well_as_can_be_told(seed):
    random = np.random.default_rng(seed)

    def draw(count):
        empty = random.random(count) < 0.2  # few of one kind count as much as many of the other
        return random.normal(np.where(empty, 1.0, -1.0), 1.5), empty

    chosen = choose_threshold(*draw(300))
    nulls, empty = draw(5_000)

    def answerability_at(threshold):
        given = ["" if null > threshold else "x" for null in nulls]
        return answer_metrics([[] if none else ["x"] for none in empty], given).values["answerability"]

    assert answerability_at(chosen) >= answerability_at(0) - 0.01
    assert answerability_at(chosen) > max(answerability_at(-3), answerability_at(5)) + 0.1


@pytest.mark.parametrize("empty", [np.zeros(40, bool), np.ones(40, bool)])
def test_rows_of_one_kind_choose_nothing(empty):
    assert choose_threshold(np.linspace(-1, 1, 40), empty) == 0


def test_few_rows_choose_nothing():
    assert choose_threshold(np.array([-1.0, 1.0]), np.array([False, True])) == 0
    assert fit_odds(np.zeros(3), np.ones(3), (1.0, 0.0)) == (1.0, 0.0)


def test_overconfident_odds_are_drawn_in():
    random = np.random.default_rng(0)
    true_odds = random.normal(0.5, 1.5, 2000)
    happened = (random.random(2000) < 1 / (1 + np.exp(-true_odds))).astype(float)
    factor, summand = fit_odds(4 * true_odds + 2, happened, (1.0, 0.0))
    assert factor == pytest.approx(0.25, abs=0.04)
    assert summand == pytest.approx(-0.5, abs=0.2)


def test_balanced_odds_are_even_where_the_threshold_is():
    random = np.random.default_rng(0)
    empty = np.arange(400) < 40
    nulls = np.where(empty, random.normal(3, 1.5, 400), random.normal(-1, 1.5, 400))
    threshold, target = choose_threshold(nulls, empty), (~empty).astype(float)
    factor, summand = fit_odds(-nulls, target, (0.5, 0.0), balanced=True)
    assert -factor * threshold + summand == pytest.approx(0, abs=0.05)
    assert fit_odds(-nulls, target, (0.5, 0.0))[1] > summand + 1


def test_odds_that_say_the_contrary_are_not_believed():
    odds = np.linspace(-3, 3, 100)
    assert fit_odds(odds, (odds < 0).astype(float), (1.0, 0.0)) == (1.0, 0.0)


def test_reliability_is_the_distance_of_what_was_said_from_what_was():
    found = reliability([0.95, 0.95, 0.05, 1.0], [1, 0, 0, 1])
    assert [(one["low"], one["rows"]) for one in found["bins"]] == [(0.0, 1), (0.9, 3)]
    assert found["bins"][1]["right"] == pytest.approx(2 / 3, abs=1e-3)
    assert found["ece"] == pytest.approx((0.05 + 3 * (2.9 / 3 - 2 / 3)) / 4, abs=1e-3)


def test_confidence_that_holds_has_no_error():
    random = np.random.default_rng(0)
    said = random.random(20_000)
    assert reliability(said, random.random(20_000) < said)["ece"] < 0.02
    assert reliability([], [])["ece"] is None
