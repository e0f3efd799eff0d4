"""Processes that are killed or interrupted while they train lose little, and go on to the same result."""

import os
import signal

import pytest
from real_runs import losses, own_home, start_cli, wait_for_steps, write_reviews

from xmodal.cli import main
from xmodal.errors import InputError
from xmodal.training.config import load_recipe
from xmodal.training.engine import train
from xmodal.training.learners.classifier import ClassifierLearner
from xmodal.training.runs import create_run, hold, last_checkpoint, list_runs, read_run

pytestmark = pytest.mark.slow
EPOCH = 45  # 90 rows to train on, 2 a batch


@pytest.fixture(scope="module")
def home(tmp_path_factory):
    with own_home(tmp_path_factory.mktemp("kills") / "home") as folder:
        yield folder


@pytest.fixture(scope="module")
def recipe(home):
    write_reviews(home / "reviews.csv")
    path = home / "r.yaml"
    path.write_text(
        "name: reviews\ndata: {source: reviews.csv, check_fraction: 0.25}\n"
        "train: {epochs: 6, batch_size: 2, checkpoint_minutes: 0, learning_rate: 0.0003}\n"
    )
    return path


@pytest.fixture(scope="module")
def whole(recipe, home):
    """The same training, never interrupted."""
    return train(load_recipe(recipe), out=home / "whole")


@pytest.mark.thorough
def test_killed_it_loses_at_most_the_steps_since_the_checkpoint(recipe, whole, capsys):
    process = start_cli("train", str(recipe))
    run = wait_for_steps(process, EPOCH + 20)
    os.killpg(process.pid, signal.SIGKILL)
    process.communicate()
    assert read_run(run).state == "interrupted"
    assert not (read_run(run).folder.parents[1] / "adapters" / "reviews").exists()
    saved = int(last_checkpoint(read_run(run).folder).name.removeprefix("checkpoint-"))
    assert saved >= len(losses(run)) // EPOCH * EPOCH - EPOCH
    assert main(["train", "--resume", run, "--json"]) == 0
    assert f'"run": "{run}"' in capsys.readouterr().out
    assert losses(run) == pytest.approx(losses(whole.run), rel=1e-4, abs=1e-6)
    assert read_run(run).result["metrics"]["after"] == pytest.approx(whole.metrics["after"])
    assert list((read_run(run).folder).rglob("*.pt")) == [], "checkpoints are deleted"


def test_interrupted_it_stores_a_checkpoint_and_goes_on(recipe, whole, home, monkeypatch):
    process = start_cli("train", str(recipe), "--out", str(home / "made"))
    run = wait_for_steps(process, 20)
    os.kill(process.pid, signal.SIGINT)
    _, errors = process.communicate(timeout=120)
    assert process.returncode == 2
    assert f"--resume {run}" in errors
    assert "Traceback" not in errors
    found = read_run(run)
    assert found.state == "stopped"
    monkeypatch.setattr(ClassifierLearner, "measure", lambda *_: pytest.fail("what was before is known"))
    assert last_checkpoint(found.folder).name == f"checkpoint-{len(losses(run))}"
    parts = train(found.recipe, resume=run)
    assert parts.adapter == str(home / "made"), "where it was to go at first"
    assert losses(run) == pytest.approx(losses(whole.run), rel=1e-4, abs=1e-6)
    assert parts.metrics["after"] == pytest.approx(whole.metrics["after"])
    assert parts.metrics["before"] == pytest.approx(whole.metrics["before"])


def test_a_run_without_a_checkpoint_starts_again(recipe, whole, home):
    run = create_run(load_recipe(recipe), {"out": str(home / "again")})
    (home / "runs" / run / "log.jsonl").write_text('{"step": 1, "loss": 9.0, "seconds": 1.0}\n')
    assert read_run(run).state == "interrupted"
    train(load_recipe(recipe), resume=run)
    assert losses(run) == pytest.approx(losses(whole.run), rel=1e-4, abs=1e-6)


def test_a_finished_run_gives_its_result_again(recipe, whole):
    again = train(load_recipe(recipe), resume=whole.run)
    assert again == whole
    assert read_run(whole.run).state == "finished"


def test_runs_that_cannot_be_resumed(recipe, whole, capsys):
    with pytest.raises(InputError, match="no run 'nope'"):
        train(load_recipe(recipe), resume="nope")
    with pytest.raises(InputError, match="There is no run"):
        train(load_recipe(recipe), resume="../runs")
    with pytest.raises(InputError, match="another recipe"):
        train(load_recipe(recipe, ["train.seed=7"]), resume=whole.run)
    run = create_run(load_recipe(recipe), {})
    with hold(read_run(run).folder), pytest.raises(InputError, match="in progress"):
        train(load_recipe(recipe), resume=run)
    assert main(["train"]) == 2
    assert "No recipe" in capsys.readouterr().err
    assert main(["train", "--resume", run, "--set", "train.seed=1"]) == 2
    assert "settings it has" in capsys.readouterr().err
    assert whole.run in [found.id for found in list_runs()]
