import csv
import random
import sqlite3

import pytest

from xmodal.jobs.ratings import count_wins, export_comparisons, list_comparisons, pair_blindly, save_comparison

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
    with open(export_comparisons(tmp_path / "x.csv", path), encoding="utf-8-sig", newline="") as file:
        rows = list(csv.DictReader(file))
    assert len(rows) == len(list_comparisons(path=path)) == 10
    assert {rows[0]["left_output"], rows[0]["right_output"]} == set(RESULTS.values())
    assert rows[8]["choice"] == "same"


def test_a_choice_that_does_not_exist_is_refused(tmp_path):
    with pytest.raises(sqlite3.IntegrityError):
        save_comparison(pair_blindly("describe", "a.png", RESULTS), "maybe", "ann", tmp_path / "x.sqlite")
