import csv
import random
import sqlite3

import pytest

from xmodal.jobs.ratings import (
    count_wins,
    export_comparisons,
    list_comparisons,
    pair_blindly,
    save_comparison,
    score,
    wilson_interval,
)

RESULTS = {"base": "a cat, maybe", "tuned": '一只 "cat"\non a mat'}


def test_sides_are_drawn_by_lot_and_results_stay_with_their_model():
    pairs = [pair_blindly("describe", "a.png", RESULTS, random.Random(seed)) for seed in range(40)]
    assert {pair.left_model for pair in pairs} == {"base", "tuned"}
    for pair in pairs:
        assert (RESULTS[pair.left_model], RESULTS[pair.right_model]) == (pair.left_output, pair.right_output)


def test_choices_are_counted_for_the_model_and_exported(tmp_path):
    path = tmp_path / "x.sqlite"
    for seed in range(8):
        pair = pair_blindly("describe", "a.png", RESULTS, random.Random(seed))
        save_comparison(pair, "left" if pair.left_model == "tuned" else "right", "ann", path)
    save_comparison(pair_blindly("describe", "b.png", RESULTS), "same", "ben", path)
    save_comparison(pair_blindly("describe", "b.png", {"other": "x", "base": "y"}), "left", "ben", path)
    assert count_wins(("base", "tuned"), path) == {"base": 0, "tuned": 8, "tie": 1}
    assert export_comparisons(tmp_path / "x.csv", path) == len(list_comparisons(path=path)) == 10
    with open(tmp_path / "x.csv", encoding="utf-8-sig", newline="") as file:
        rows = list(csv.DictReader(file))
    assert len(rows) == 10
    assert {row["preferred"] for row in rows[:8]} == {"tuned"}
    assert export_comparisons(tmp_path / "x.csv", path, "ann") == 8
    assert {rows[0]["left_output"], rows[0]["right_output"]} == set(RESULTS.values())
    assert rows[8]["choice"] == "same"


def test_a_choice_that_does_not_exist_is_refused(tmp_path):
    with pytest.raises(sqlite3.IntegrityError):
        save_comparison(pair_blindly("describe", "a.png", RESULTS), "maybe", "ann", tmp_path / "x.sqlite")


def test_wilsons_interval_is_the_one_of_the_books():
    # Newcombe 1998, table I: 81 of 263 and 0 of 20.
    assert wilson_interval(81, 263) == pytest.approx((0.2553, 0.3662), abs=1e-4)
    assert wilson_interval(0, 20) == pytest.approx((0, 0.1611), abs=1e-4)
    assert wilson_interval(20, 20)[1] == 1
    assert wilson_interval(0, 0) == (0, 1)


@pytest.mark.parametrize(
    ("wins", "losses", "better"), [(12, 3, 1), (3, 12, 2), (7, 5, 0), (3, 0, 0), (4, 0, 1), (0, 0, 0)]
)
def test_one_is_better_only_beyond_doubt(tmp_path, wins, losses, better):
    path = tmp_path / "x.sqlite"
    for i in range(wins + losses):
        pair = pair_blindly("classify", "a", RESULTS)
        winner = "tuned" if i < wins else "base"
        save_comparison(pair, "left" if pair.left_model == winner else "right", "ann", path)
    save_comparison(pair_blindly("classify", "a", RESULTS), "neither", "ann", path)
    found = score(("tuned", "base"), path)
    assert (found.first, found.second, found.ties, found.better) == (wins, losses, 1, better)
