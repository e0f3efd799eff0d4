"""Two processes that share the batches give what one gives."""

import pytest
from real_runs import losses, own_home, read_json, start_cli, write_reviews

from xmodal.errors import InputError
from xmodal.models.adapters import load_adapter
from xmodal.training import processes
from xmodal.training.config import TrainConfig, load_recipe
from xmodal.training.engine import train
from xmodal.training.runs import read_run


def test_one_process_is_the_main_one():
    assert processes.is_main()
    assert processes.count() == 1
    assert processes.by_main(lambda: 5) == 5
    with processes.main_first():
        processes.wait()


def test_batches_that_cannot_be_shared(tmp_path, monkeypatch):
    from xmodal.training import trainer

    monkeypatch.setattr(trainer, "count", lambda: 2)
    with pytest.raises(InputError, match="33 rows cannot be shared by 2 processes"):
        trainer._arguments(TrainConfig(batch_size=33), tmp_path)


@pytest.mark.slow
@pytest.mark.thorough
def test_two_processes_give_what_one_gives(tmp_path):
    with own_home(tmp_path / "home") as home:
        write_reviews(home / "reviews.csv")
        recipe = home / "r.yaml"
        recipe.write_text(
            "name: reviews\ndata: {source: reviews.csv, check_fraction: 0.2}\n"
            "train: {epochs: 10, dropout: 0, learning_rate: 0.0005}\n"
        )
        launcher = ("-m", "accelerate.commands.launch", "--multi_gpu", "--num_processes", "2")
        process = start_cli("train", str(recipe), "--out", str(home / "two"), "--json", launcher=launcher)
        out, errors = process.communicate(timeout=500)
        assert process.returncode == 0, errors
        two = read_json(out)
        assert [run.name for run in (home / "runs").iterdir()] == [two["run"]]
        assert len(list((home / "features").iterdir())) == 2, "held-out rows and training rows, each once"
        assert errors.count("1/30 steps") == 1
        assert load_adapter(home / "two").settings["processes"] == 2
        assert read_run(two["run"]).state == "finished"
        one = train(load_recipe(recipe), out=home / "one")
        assert losses(two["run"]) == pytest.approx(losses(one.run), rel=0.02, abs=1e-3)
        for name, value in one.metrics["after"].items():
            assert two["metrics"]["after"][name] == pytest.approx(value, abs=0.05)
        assert two["metrics"]["before"] == pytest.approx(one.metrics["before"])
