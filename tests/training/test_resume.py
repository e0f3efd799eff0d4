"""Runs that go on are held to the data that they began with; with a learner that trains nothing."""

import json

import pytest
from real_runs import own_home, write_reviews

from xmodal.errors import CancelledError, InputError
from xmodal.training import engine
from xmodal.training.config import parse_recipe
from xmodal.training.engine import train
from xmodal.training.metrics import Metrics
from xmodal.training.runs import STATUS, list_runs


class Stops:
    """A learner that is measured, and stopped in its training."""

    metric = "accuracy"
    broken = False

    def __init__(self, recipe, data, report=None):
        if self.broken:
            raise InputError("The data cannot be learnt from.", "")
        self.data = data

    def measure(self, rows, report, cancel) -> Metrics:
        return Metrics({"accuracy": 0.0}, examples={"accuracy": [(0, 1)] * len(rows)})

    def fit(self, folder, report, cancel, *, resume):
        raise CancelledError("It was stopped.", "")


@pytest.fixture
def reviews(tmp_path, monkeypatch):
    monkeypatch.setattr(engine, "learner_class", lambda *_: Stops)
    with own_home(tmp_path / "home") as home:
        yield write_reviews(home / "reviews.csv")


def go(source, resume="", **more) -> str:
    """Trains until the learner stops it; the run's name."""
    recipe = parse_recipe({"name": "a", "data": {"source": str(source), "check_fraction": 0.25}, **more})
    with pytest.raises(CancelledError):
        train(recipe, resume=resume)
    return list_runs()[0].id


def change(source):
    source.write_text(source.read_text("utf-8") + "A new film.,good,film\n", "utf-8")


@pytest.mark.parametrize("more", [{}, {"cross_validation": 2}])
def test_a_run_does_not_go_on_with_other_data(reviews, more):
    run, old = go(reviews, **more), reviews.read_text("utf-8")
    assert go(reviews, run, **more) == run
    change(reviews)
    with pytest.raises(InputError, match="data has changed since the run began") as caught:
        go(reviews, run, **more)
    assert "new run" in caught.value.advice
    reviews.write_text(old, "utf-8")
    assert go(reviews, run, **more) == run


def test_a_run_of_an_older_version_goes_on_and_is_held_from_then(reviews):
    run = go(reviews)
    file = list_runs()[0].folder / STATUS
    status = json.loads(file.read_text("utf-8"))
    assert status.pop("fingerprint")
    file.write_text(json.dumps(status), "utf-8")
    change(reviews)
    assert go(reviews, run) == run
    change(reviews)
    with pytest.raises(InputError, match="data has changed"):
        go(reviews, run)


def test_data_may_be_mended_before_anything_was_made_of_it(reviews, monkeypatch):
    monkeypatch.setattr(Stops, "broken", True)
    with pytest.raises(InputError, match="learnt from"):
        go(reviews)
    monkeypatch.setattr(Stops, "broken", False)
    change(reviews)
    run = list_runs()[0].id
    assert go(reviews, run) == run
