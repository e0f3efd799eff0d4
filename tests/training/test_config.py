import pytest

from xmodal.errors import InputError
from xmodal.training.config import load_recipe, parse_recipe


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
