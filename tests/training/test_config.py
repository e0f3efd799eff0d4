from pathlib import Path

import pytest

from xmodal.errors import InputError
from xmodal.training.config import TrainConfig, load_recipe, parse_recipe
from xmodal.training.runs import Run
from xmodal.ui.tune_recipe import SETTINGS, TASKS, make_content

RECIPES = Path(__file__).parents[2] / "assets" / "recipes"


def write(tmp_path, text: str):
    path = tmp_path / "recipe.yaml"
    path.write_text(text, encoding="utf-8")
    return path


def test_a_recipe_reads_back_what_it_writes(tmp_path):
    recipe = parse_recipe({"name": "a", "data": {"source": "sample:tone-sounds"}, "train": {"trainable": "lora"}})
    assert load_recipe(write(tmp_path, recipe.to_yaml())) == recipe
    assert recipe.train.rate == 5e-4


def test_values_are_set_from_outside(tmp_path):
    path = write(tmp_path, "name: a\ndata: {source: 'sample:tone-sounds'}\n")
    recipe = load_recipe(path, ["train.epochs=2", "data.check_values=['4']", "data.split_column=fold", "name=b"])
    assert (recipe.train.passes, recipe.data.check_values, recipe.name) == (2, ("4",), "b")


def test_data_beside_the_recipe_is_found(tmp_path):
    (tmp_path / "rows.csv").write_text("text,label\n")
    recipe = load_recipe(write(tmp_path, "name: a\ndata: {source: rows.csv}\n"))
    assert recipe.data.source == str(tmp_path / "rows.csv")


@pytest.mark.parametrize(
    ("text", "overrides", "words"),
    [
        ("name: a\ndata: {source: x}\nepochs: 3\n", [], "epochs"),
        ("name: a\ndata: {source: x}\n", ["train.epoch=3"], r"train\.epoch"),
        ("name: a\ndata: {source: x}\n", ["train.learning_rate=1e38"], "learning_rate"),
        ("name: ../a\ndata: {source: x}\n", [], "name"),
        ("name: a\n", [], "data"),
        ("- a\n", [], "empty"),
        ("name: [\n", [], "cannot be read"),
        ("name: a\ndata: {source: x}\n", ["train.epochs"], "KEY=VALUE"),
        ("name: a\ndata: {source: x}\n", ["name.b=1"], "is a value"),
    ],
)
def test_what_cannot_be_used_is_named(tmp_path, text, overrides, words):
    with pytest.raises(InputError, match=words):
        load_recipe(write(tmp_path, text), overrides)


def test_a_missing_file(tmp_path):
    with pytest.raises(InputError, match="cannot be read"):
        load_recipe(tmp_path / "none.yaml")


@pytest.mark.parametrize(
    ("task", "train", "rate"),
    [
        ("classify", {}, 4e-4),
        ("transcribe", {}, 1e-4),
        ("describe", {}, 1e-4),
        ("describe", {"trainable": "head"}, 4e-4),
        ("describe", {"learning_rate": 0.5}, 0.5),
    ],
)
def test_going_on_takes_a_fifth_of_the_usual_rate_of_the_task(tmp_path, task, train, rate):
    recipe = parse_recipe({"name": "a", "task": task, "start": "old", "data": {"source": "x"}, "train": train})
    assert recipe.train.rate == pytest.approx(rate)
    assert load_recipe(write(tmp_path, recipe.to_yaml())) == recipe


OTHERS = [
    ("transcribe", "class_balance", "oversample"),
    ("describe", "class_balance", "oversample"),
    ("classify", "unanswerable", 0.2),
    ("describe", "encoder", True),
    ("answer", "joined", 0.5),
    ("answer", "token_dropout", 0.1),
    ("classify", "lora_layers", 2),
]


@pytest.mark.parametrize(("task", "name", "value"), OTHERS)
def test_settings_of_other_tasks_are_refused(tmp_path, task, name, value):
    content = {"name": "a", "task": task, "data": {"source": "x"}, "train": {name: value}}
    with pytest.raises(InputError, match=rf"train\.{name} is only for the task"):
        parse_recipe(content)
    assert parse_recipe({**content, "train": {name: TrainConfig.model_fields[name].default}})


def test_runs_that_older_versions_let_have_them_can_still_be_listed(tmp_path):
    write(tmp_path, "name: a\ntask: describe\ndata: {source: x}\ntrain: {class_balance: oversample}\n")
    assert Run("a", tmp_path, "failed", {}, None).recipe.train.class_balance == "oversample"


@pytest.mark.parametrize("path", sorted(RECIPES.glob("*.yaml")), ids=lambda path: path.stem)
def test_the_recipes_that_come_along_can_be_used(path):
    assert load_recipe(path).name == path.stem


@pytest.mark.parametrize("task", TASKS)
def test_the_page_writes_no_setting_of_another_task(task):
    other = {bool: True, int: 8, float: 0.5}
    values = {one.name: one.kind[-1] if isinstance(one.kind, tuple) else other[one.kind] for one in SETTINGS}
    assert parse_recipe(make_content(task, "sample:x", {}, "lora", {}, "n", values)).train.learning_rate == 0.5
