"""Going on from an adapter, and learning from one: which are offered, and what the recipe then says."""

from types import SimpleNamespace

import gradio as gr
import pytest
import yaml

from xmodal.data.report import DataReport
from xmodal.models.adapter_format import Adapter
from xmodal.training.config import load_recipe, parse_recipe
from xmodal.ui import tune_recipe_events
from xmodal.ui.sessions import Sessions
from xmodal.ui.tune_data import SetupSession
from xmodal.ui.tune_recipe import make_content, write_yaml
from xmodal.ui.tune_recipe_events import RecipeEvents
from xmodal.ui.tune_start import go_on_from, learn_from, list_starts, list_teachers, offered_trainables
from xmodal.ui.tune_tab import build_tune_tab

FOUND = DataReport(rows=9, train_rows=6, check_rows=3, class_counts={"train": {"bad": 3, "good": 3}})
VISITOR = gr.Request(session_hash="a", username=None)


def make(name: str = "old", labels=("bad", "good"), inputs=("text",), trainable="head", **more) -> Adapter:
    train = {"trainable": trainable, "fusion": "concat", "width": 256, "lora_rank": 4, "ngrams": False, **more}
    return Adapter(
        name, "classifier", "classify", {role: {"model": f"{role}-tower"} for role in inputs}, labels,
        {"train": train, "head": {"fill_missing": more.get("fill", False)}},
    )  # fmt: skip


def test_only_what_fits_the_data_is_offered():
    reordered, others = make("reordered", labels=("good", "bad")), make("others", labels=("bad", "good", "so-so"))
    fused, top = make("fused", inputs=("text", "audio")), make("top", trainable="top")
    untold = Adapter("untold", "classifier", "classify", {"text": {}}, ("bad", "good"))
    every = [make(), reordered, others, fused, top, untold]
    assert [one.name for one in list_starts(every, "classify", FOUND, ("text",))] == ["old"]
    assert [one.name for one in list_starts(every, "classify", FOUND, ("text", "audio"))] == ["fused"]
    assert [one.name for one in list_teachers(every, FOUND, ("text",))] == ["old", "reordered", "top", "untold"]
    assert list_starts(every, "classify", None, ()) == list_teachers(every, None, ()) == []


def test_for_other_tasks_those_of_the_task_are_offered_and_keep_their_shape():
    marks = Adapter(
        "marks", "span_qa", "answer", {"text": {"model": "text-tower"}}, (),
        {"train": {"trainable": "lora", "lora_rank": 4, "lora_layers": 2, "max_length": 128}, "head": {}},
    )  # fmt: skip
    hears = Adapter(
        "hears", "transcriber", "transcribe", {"audio": {"model": "whisper"}}, (),
        {"train": {"trainable": "lora", "lora_rank": 16, "encoder": True}},
    )  # fmt: skip
    tells = Adapter(
        "tells", "generator", "describe", {"image": {"model": "tower"}, "text": {"model": "writer"}}, (),
        {"train": {"trainable": "lora", "lora_rank": 2, "max_length": 64}, "grid": 6},
    )  # fmt: skip
    about = Adapter("about", "generator", "answer", tells.base, (), tells.settings)
    every = [make(), marks, hears, tells, about]
    for task, one in (("answer", marks), ("describe", tells), ("transcribe", hears)):
        assert list_starts(every, task, FOUND, ("text",)) == [one]
        recipe = parse_recipe(go_on_from(make_content(task, "sample:x", {}, "lora", {}, "new", {"epochs": 2}), one))
        train = one.settings["train"]
        assert (recipe.start, recipe.train.lora_rank) == (one.name, train["lora_rank"])
        assert recipe.train.max_length == train.get("max_length", recipe.train.max_length)
        usual = parse_recipe(make_content(task, "sample:x", {}, "lora", {}, "new", {})).train.rate
        assert recipe.train.learning_rate == pytest.approx(usual / 5)
    assert recipe.train.encoder
    assert list_teachers(every, FOUND, ("text",)) == [every[0]]


def test_a_trained_tower_is_trained_further_in_the_same_way():
    assert offered_trainables(None, "classify") == ("head", "lora", "full")
    assert offered_trainables(make(), "classify") == ("head", "lora", "full")
    assert offered_trainables(make(trainable="lora"), "classify") == ("lora",)


def test_the_recipe_has_the_shape_of_what_it_goes_on_from(tmp_path):
    values = {"fusion": "late", "missing": "drop", "lora_rank": 16, "epochs": 2, "seed": 3}
    content = make_content("classify", "sample:x", {}, "lora", {"text": "other"}, "new", values)
    old = make(trainable="lora", fusion="attention", width=64, ngrams=True, fill=True)
    content = learn_from(go_on_from(content, old), "wise", 0.3, None)
    (tmp_path / "recipe.yaml").write_text(write_yaml(content), encoding="utf-8")
    recipe = load_recipe(tmp_path / "recipe.yaml")
    assert (recipe.start, recipe.towers, recipe.data.missing) == ("old", {"text": "text-tower"}, "fill")
    train = recipe.train
    assert (train.trainable, train.lora_rank, train.fusion, train.width, train.ngrams) == (
        "lora", 4, "attention", 64, True,
    )  # fmt: skip
    assert (train.epochs, train.seed) == (2, 3)
    assert (train.distill.teacher, train.distill.weight, train.distill.temperature) == ("wise", 0.3, 2)


@pytest.fixture
def events(monkeypatch):
    """Handlers with data in sight and two adapters that fit it."""
    monkeypatch.setattr(tune_recipe_events, "is_own", lambda adapter: adapter.name == "tuned")
    monkeypatch.setattr(tune_recipe_events, "list_models", lambda task: [f"{task}-model"])
    with gr.Blocks():
        built = build_tune_tab()
    sessions = Sessions(SetupSession)
    session = sessions.get(VISITOR)
    session.source, session.name, session.found, session.inputs = "sample:x", "x", FOUND, ("text",)
    session.adapters = [make("tuned", trainable="lora"), make("shipped")]
    return RecipeEvents(built.recipe, built.data.task, sessions)


def choose(events: RecipeEvents, task: str = "classify", **given) -> SimpleNamespace:
    """What the page shows after a choice, by name of the component."""
    values = [given.get(name) for name in events.part.boxes]
    shown = events.on_reshape(VISITOR, task, *values)
    boxes = {name: shown.get(box) for name, box in events.part.boxes.items()}
    return SimpleNamespace(**boxes, recipe=yaml.safe_load(shown[events.part.recipe]))


def test_what_follows_from_the_start_can_no_longer_be_chosen(events):
    plain = choose(events, trainable="head")
    assert [value for _, value in plain.start["choices"]] == ["", "tuned", "shipped"]
    assert plain.start["choices"][1][0] == "★ tuned"
    assert plain.fusion["visible"] and plain.tower_text["visible"] and not plain.weight["visible"]
    further = choose(events, trainable="head", start="tuned", teacher="shipped", weight=0.5, temperature=4)
    assert further.trainable["value"] == "lora" and len(further.trainable["choices"]) == 1
    assert not further.fusion["visible"] and not further.tower_text["visible"] and further.weight["visible"]
    assert further.recipe["start"] == "tuned" and further.recipe["train"]["distill"]["temperature"] == 4


def test_other_tasks_and_other_data_let_go_of_the_start(events):
    shown = choose(events, task="answer", trainable="lora", start="tuned", teacher="shipped")
    assert not shown.start["visible"] and shown.start["value"] == "" and "start" not in shown.recipe
    events.sessions.get(VISITOR).adapters.pop(0)
    shown = choose(events, trainable="lora", start="tuned", teacher="tuned")
    assert shown.start["value"] == shown.teacher["value"] == "" and "start" not in shown.recipe


def test_a_run_that_is_to_be_trained_further_is_chosen_once_the_data_fits(events):
    session = events.sessions.get(VISITOR)
    session.wanted, session.found = "shipped", None
    assert choose(events).start["value"] == "" and session.wanted
    session.found = FOUND
    shown = choose(events)
    assert shown.start["value"] == "shipped" == shown.recipe["start"] and not session.wanted
    assert choose(events, start="").start["value"] == ""
