"""Whether what a training goes on from may know the rows held out; the adapters have no weights worth the name."""

import pytest
import torch
from real_runs import own_home

from xmodal.data.config import bare_name
from xmodal.data.sets import load_data
from xmodal.models.adapters import Adapter, adapters_dir, read_adapter, save_adapter, save_metrics
from xmodal.training.config import parse_recipe
from xmodal.training.seen import find_seen

ROWS = "text,label\n" + "".join(f"fine {i},good\npoor {i},bad\n" for i in range(20))
NEW = "".join(f"splendid {i},good\n" for i in range(9))


@pytest.fixture
def home(tmp_path):
    with own_home(tmp_path / "home") as folder:
        (folder / "grown").mkdir()
        (folder / "reviews.csv").write_text(ROWS)
        (folder / "grown" / "reviews.csv").write_text(ROWS + NEW)
        (folder / "others.csv").write_text(ROWS.replace("fine", "nice"))
        yield folder


def make_recipe(home, source: str = "reviews.csv", more=(), start: str = "", **data):
    data |= {"source": str(home / source), "more_sources": [str(home / one) for one in more]}
    return parse_recipe({"name": "new", "start": start, "data": data})


def store(name: str, recipe, metrics: dict | None = None) -> None:
    """An adapter as `save_trained` describes it."""
    report = load_data(recipe.data).report
    told = {"fingerprint": report.fingerprint, "measured_fingerprint": report.measured_fingerprint}
    made = Adapter(name, "classifier", "classify", {"text": {"model": "multilingual-e5-small"}}, data=told,
                   recipe=recipe.with_sources(bare_name).to_yaml(), metrics=metrics or {})  # fmt: skip
    save_adapter(made, {"head": {"w": torch.zeros(1)}}, adapters_dir() / name)


@pytest.mark.parametrize(
    ("now", "seen"),
    [
        ({}, False),
        ({"columns": {"text": "text"}}, False),
        ({"seed": 1}, True),
        ({"check_fraction": 0.3}, True),
        ({"source": "grown/reviews.csv"}, True),
        ({"source": "others.csv"}, False),
        ({"source": "others.csv", "more": ["reviews.csv"]}, True),
        ({"source": "others.csv", "more": ["reviews.csv"], "measured": "first"}, False),
        ({"more": ["others.csv"]}, True),
        ({"more": ["others.csv"], "measured": 1}, False),
    ],
)
def test_data_of_the_same_name_may_have_been_seen_unless_it_is_split_alike(home, caplog, now, seen):
    store("old", make_recipe(home))
    recipe = make_recipe(home, **now, start="old")
    assert find_seen(recipe, load_data(recipe.data)) == ({"seen_by": ["old"]} if seen else {})
    assert ("old may have been trained on rows that are held out now" in caplog.text) == seen


def test_the_measured_data_is_known_whatever_else_there_is(home):
    store("old", make_recipe(home, more=["others.csv"], measured="first"))
    for source, more, seen in (("reviews.csv", [], {}), ("grown/reviews.csv", ["others.csv"], {"seen_by": ["old"]})):
        recipe = make_recipe(home, source, more, start="old", measured="first")
        assert find_seen(recipe, load_data(recipe.data)) == seen


def test_of_data_that_is_not_measured_there_may_be_more(home):
    store("old", make_recipe(home, measured="first"))
    for source, seen in (("reviews.csv", {}), ("grown/reviews.csv", {"seen_by": ["old"]})):
        more = ["others.csv"] if source == "reviews.csv" else []
        recipe = make_recipe(home, source, more, start="old", measured="first")
        assert find_seen(recipe, load_data(recipe.data)) == seen


def test_what_one_may_have_seen_those_that_go_on_from_it_may_have_too(home):
    store("old", make_recipe(home), {"seen_by": ["older"]})
    same, other = make_recipe(home, start="old"), make_recipe(home, "others.csv", start="old")
    assert find_seen(same, load_data(same.data)) == {"seen_by": ["old"]}
    assert find_seen(other, load_data(other.data)) == {}


def test_the_card_says_so(home):
    store("old", make_recipe(home))
    metrics = {"before": {"accuracy": 0.5}, "after": {"accuracy": 0.9}, "check_rows": 4}
    for seen in ({}, {"seen_by": ["older"]}):
        path = save_metrics(read_adapter(adapters_dir() / "old"), metrics | seen).path
        card = (path / "README.md").read_text(encoding="utf-8")
        assert ("from older, which may have been trained on some of these rows" in card) == bool(seen)
        assert ("none of them trained on;" in card) == (not seen)
