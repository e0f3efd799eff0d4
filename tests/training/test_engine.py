"""Training on small real and generated data with the real towers; the numbers reported are those of the adapter."""

import json
from contextlib import redirect_stdout
from io import StringIO

import pytest
import yaml
from real_runs import own_home, write_reviews

from xmodal.cli import main
from xmodal.data.config import DataConfig
from xmodal.data.sets import load_data
from xmodal.models.adapters import load_adapter
from xmodal.tasks.classify import classify
from xmodal.training.config import load_recipe, parse_recipe
from xmodal.training.engine import evaluate, train
from xmodal.training.runs import read_run


@pytest.fixture(scope="module")
def home(tmp_path_factory):
    with own_home(tmp_path_factory.mktemp("engine") / "home") as folder:
        yield folder


@pytest.fixture(scope="module")
def reviews(home):
    return write_reviews(home / "reviews.csv")


@pytest.fixture(scope="module")
def trained(home, reviews):
    """What `train --json` prints, its adapter in `made`, with cross-validation in parts of a column."""
    (home / "r.yaml").write_text("name: reviews\ndata: {source: reviews.csv, check_fraction: 0.25}\n")
    arguments = ["--set", "train.epochs=12", "--set", "cross_validation=2", "--out", str(home / "made"), "--json"]
    with redirect_stdout(StringIO()) as printed:
        assert main(["train", str(home / "r.yaml"), *arguments]) == 0
    return json.loads(printed.getvalue())


def recipe_for(source, **settings_):
    data = {"source": str(source), "check_fraction": 0.25}
    return parse_recipe({"name": "reviews", "data": data, "train": {"epochs": 12, **settings_}})


@pytest.mark.slow
class TestHead:
    def test_what_is_reported_is_what_the_adapter_gives(self, trained, home):
        assert list(trained) == ["run", "adapter", "metrics", "seconds"]
        metrics = trained["metrics"]
        assert metrics["before"]["accuracy"] < 0.8
        assert metrics["after"]["accuracy"] > 0.9
        assert metrics["gain"]["better"]
        adapter = load_adapter(home / "made")
        again, rows = evaluate(adapter, load_data(read_run(trained["run"]).recipe.data))
        assert again.values == pytest.approx(metrics["after"])
        assert len(rows) == metrics["check_rows"]
        assert adapter.metrics["after"] == metrics["after"]

    def test_the_stored_recipe_repeats_the_run_and_names_no_path(self, trained, home, tmp_path):
        text = (home / "made" / "adapter.json").read_text("utf-8") + (home / "made" / "README.md").read_text("utf-8")
        assert str(home) not in text
        adapter = load_adapter(home / "made")
        stored = yaml.safe_load(adapter.recipe)
        assert stored["data"]["source"] == "reviews.csv"
        assert stored["towers"] == {"text": "multilingual-e5-small"}
        assert stored["train"]["learning_rate"] and stored["train"]["epochs"] == 12
        assert adapter.data["fingerprint"] and {"xmodal", "torch", "transformers"} <= set(adapter.versions)
        (home / "again.yaml").write_text(adapter.recipe)
        recipe = load_recipe(home / "again.yaml", ["cross_validation=0"])
        again = train(recipe, out=tmp_path / "again").metrics
        assert again["after"] == pytest.approx(trained["metrics"]["after"])
        assert again["before"] == pytest.approx(trained["metrics"]["before"])

    def test_cross_validation_is_told(self, trained, home, capsys):
        found = trained["metrics"]["cross_validation"]
        assert found["metric"] == "accuracy" and len(found["folds"]) == 2
        assert found["mean"] == pytest.approx(sum(found["folds"]) / 2) and found["mean"] > 0.8
        assert "Cross-validation on the training rows, 2 parts" in (home / "made" / "README.md").read_text("utf-8")
        assert main(["train", str(home / "r.yaml"), "--cross-validate-only"]) == 2
        assert "asks for no cross-validation" in capsys.readouterr().err

    @pytest.mark.thorough
    def test_cross_validation_alone_by_a_column(self, trained, home, capsys):
        only = ["--cross-validate-only", "--set", "cross_validation_column=thing", "--set", "train.max_steps=2"]
        nothing_held_out = ["--set", "data.check_fraction=0"]
        assert main(["train", str(home / "r.yaml"), *only, *nothing_held_out]) == 0
        out = capsys.readouterr().out
        assert "accuracy in cross-validation" in out and "adapter" not in out

    def test_the_run_is_kept_without_its_checkpoints(self, trained, home):
        run = read_run(trained["run"])
        assert run.state == "finished" and run.result["metrics"] == trained["metrics"]
        assert run.recipe.data.source == str(home / "reviews.csv")
        assert [line["step"] for line in run.curve] == list(range(1, 37))
        assert sum(path.stat().st_size for path in run.folder.rglob("*")) < 200_000

    def test_the_command_line_evaluates_and_classifies(self, trained, home, reviews, tmp_path, capsys):
        made = str(home / "made")
        assert main(["evaluate", made, "--data", str(reviews), "--out", str(tmp_path / "rows"), "--json"]) == 0
        found = json.loads(capsys.readouterr().out)
        assert found["metrics"]["accuracy"] > 0.9 and found["metric"] == "accuracy"
        assert found["metrics"]["interval"]["low"] <= found["metrics"]["accuracy"]
        lines = [json.loads(line) for line in (tmp_path / "rows").read_text("utf-8").splitlines()]
        assert len(lines) == found["rows"] and set(lines[0]) == {"id", "label", "prediction", "score"}
        assert main(["evaluate", made, "--data", str(reviews)]) == 0
        assert "too good" in capsys.readouterr().err
        assert main(["evaluate", made, "--data", str(reviews), "--task", "answer"]) == 2
        assert "for the task classify" in capsys.readouterr().err
        assert main(["classify", "--model", made, "--text", "The garden was lovely.", "--json"]) == 0
        found = json.loads(capsys.readouterr().out)
        assert list(found) == ["label", "scores", "missing", "contributions", "model", "seconds"]
        assert found["label"] == "good"
        assert main(["classify", "--model", made, "--image", "a.png"]) == 2
        assert "does not take image" in capsys.readouterr().err


@pytest.mark.slow
def test_lora_is_stored_and_loaded(reviews, tmp_path):
    result = train(recipe_for(reviews, trainable="lora", epochs=5), out=tmp_path / "lora")
    adapter = load_adapter(tmp_path / "lora")
    assert set(adapter.files) >= {"head.safetensors", "lora_text.safetensors"}
    assert sum(entry["bytes"] for entry in adapter.files.values()) < 10_000_000
    assert result.metrics["after"]["accuracy"] > 0.8


@pytest.mark.slow
@pytest.mark.thorough
def test_three_modalities_are_needed_and_a_missing_one_is_told(tmp_path):
    data = DataConfig(source="sample:chime-shapes", max_rows=80)
    row = next(iter(load_data(data).check))
    recipe = parse_recipe(
        {"name": "chimes", "data": data.model_dump(mode="json"), "train": {"epochs": 1, "fusion": "attention"}}
    )
    train(recipe, out=tmp_path / "chimes")
    given = {m: row[m] for m in ("text", "image", "audio")}
    whole = classify(str(tmp_path / "chimes"), **given)
    assert whole.missing == ()
    assert set(whole.contributions) == set(given)
    partly = classify(str(tmp_path / "chimes"), text=row["text"])
    assert partly.missing == ("image", "audio")
    assert sum(partly.scores.values()) == pytest.approx(1, abs=1e-2)
