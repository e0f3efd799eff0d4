"""Training on small real and generated data with the real towers; the numbers reported are those of the adapter."""

import csv
import json
import threading

import pytest

from xmodal.cli import main
from xmodal.data.config import DataConfig
from xmodal.data.sets import load_data
from xmodal.errors import CancelledError, InputError
from xmodal.models.adapters import load_adapter
from xmodal.settings import settings
from xmodal.tasks.classify import classify
from xmodal.training.config import parse_recipe
from xmodal.training.engine import evaluate, train

GOOD = ["wonderful", "excellent", "lovely", "delightful", "很好", "非常满意"]
BAD = ["terrible", "awful", "dreadful", "horrible", "很差", "非常失望"]
THINGS = ["room", "film", "phone", "meal", "service", "book", "酒店", "手机", "电影", "书"]


@pytest.fixture
def reviews(tmp_path):
    """A table of generated reviews whose label is told by one word."""
    path = tmp_path / "reviews.csv"
    with open(path, "w", newline="", encoding="utf-8") as file:
        table = csv.writer(file)
        table.writerow(["text", "label"])
        for thing in THINGS:
            table.writerows((f"The {thing} was {word}.", "good") for word in GOOD)
            table.writerows((f"The {thing} was {word}.", "bad") for word in BAD)
    return path


def recipe_for(source, **settings_):
    data = {"source": str(source), "check_fraction": 0.25}
    return parse_recipe({"name": "reviews", "data": data, "train": {"epochs": 12, **settings_}})


def test_one_class_is_refused(tmp_path):
    (tmp_path / "a.csv").write_text("text,label\n" + "".join(f"row {i},x\n" for i in range(12)))
    with pytest.raises(InputError, match="nothing to tell apart"):
        train(recipe_for(tmp_path / "a.csv"))


@pytest.mark.slow
class TestHead:
    def test_what_is_reported_is_what_the_adapter_gives(self, reviews, tmp_path):
        recipe = recipe_for(reviews)
        result = train(recipe, out=tmp_path / "adapter")
        metrics = result.metrics
        assert metrics["before"]["accuracy"] < 0.8
        assert metrics["after"]["accuracy"] > 0.9
        assert metrics["gain"]["better"]
        adapter = load_adapter(tmp_path / "adapter")
        again, rows = evaluate(adapter, load_data(recipe.data))
        assert again.values == pytest.approx(metrics["after"])
        assert len(rows) == metrics["check_rows"]
        assert json.loads((tmp_path / "adapter" / "adapter.json").read_text())["metrics"]["after"] == metrics["after"]

    def test_the_same_seed_gives_the_same_numbers(self, reviews, tmp_path):
        first, second = (train(recipe_for(reviews), out=tmp_path / name).metrics for name in "ab")
        assert first == second

    def test_the_command_line_trains_evaluates_and_classifies(self, reviews, tmp_path, capsys):
        (tmp_path / "r.yaml").write_text("name: reviews\ndata: {source: reviews.csv, check_fraction: 0.25}\n")
        out = str(tmp_path / "made")
        assert main(["train", str(tmp_path / "r.yaml"), "--set", "train.epochs=12", "--out", out, "--json"]) == 0
        trained = json.loads(capsys.readouterr().out)
        assert list(trained) == ["run", "adapter", "metrics", "seconds"]
        assert main(["evaluate", out, "--data", str(reviews), "--json"]) == 0
        assert json.loads(capsys.readouterr().out)["metrics"]["accuracy"] > 0.9
        assert main(["classify", "--model", out, "--text", "The garden was lovely.", "--json"]) == 0
        found = json.loads(capsys.readouterr().out)
        assert list(found) == ["label", "scores", "missing", "contributions", "model", "seconds"]
        assert found["label"] == "good"
        assert main(["classify", "--model", out, "--image", "a.png"]) == 2
        assert "does not take image" in capsys.readouterr().err

    def test_stopped_and_resumed_gives_the_same_curve(self, reviews, tmp_path, monkeypatch):
        monkeypatch.setenv("XMODAL_HOME", str(tmp_path / "home"))
        shared = settings().home / "models"
        (tmp_path / "home").mkdir()
        (tmp_path / "home" / "models").symlink_to(shared)
        settings.cache_clear()
        try:
            recipe = recipe_for(reviews, epochs=4)
            whole = train(recipe, out=tmp_path / "whole")
            cancel = threading.Event()

            def stop_at_seven(progress):
                if progress.stage == "train" and progress.done == 7:
                    cancel.set()

            with pytest.raises(CancelledError, match="with a checkpoint"):
                train(recipe, stop_at_seven, cancel, resume="", out=tmp_path / "parts")
            runs = sorted((tmp_path / "home" / "runs").iterdir(), key=lambda p: p.stat().st_mtime)
            stopped = next(run for run in runs if run.name != whole.run)
            parts = train(recipe, resume=stopped.name, out=tmp_path / "parts")
            curves = [
                [json.loads(line)["loss"] for line in (tmp_path / "home" / "runs" / run / "log.jsonl").open()]
                for run in (whole.run, parts.run)
            ]
            assert curves[0] == pytest.approx(curves[1], rel=1e-4)
            assert parts.metrics["after"] == pytest.approx(whole.metrics["after"])
        finally:
            settings.cache_clear()


@pytest.mark.slow
def test_lora_is_stored_and_loaded(reviews, tmp_path):
    result = train(recipe_for(reviews, trainable="lora", epochs=2), out=tmp_path / "lora")
    adapter = load_adapter(tmp_path / "lora")
    assert set(adapter.files) >= {"head.safetensors", "lora_text.safetensors"}
    assert sum(entry["bytes"] for entry in adapter.files.values()) < 10_000_000
    assert result.metrics["after"]["accuracy"] > 0.8


@pytest.mark.slow
def test_three_modalities_are_needed_and_a_missing_one_is_told(tmp_path):
    data = DataConfig(source="sample:chime-shapes")
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
