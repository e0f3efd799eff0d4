"""The Trainer on a toy model: checkpoints, resuming, limits, and what goes wrong. No pretrained weights."""

import json
import math
import os
import shutil
import signal
import subprocess
import sys
import threading
import time

import pytest
import torch
from toy_training import ROWS, Toy, collate

from xmodal.errors import CancelledError, DiskFullError, XmodalError
from xmodal.training.config import TrainConfig
from xmodal.training.runs import last_checkpoint, read_curve
from xmodal.training.trainer import _rate_factor, fit

STEPS = 18  # 48 rows, batches of 8, 3 epochs


def config(**settings) -> TrainConfig:
    return TrainConfig(**{"batch_size": 8, "epochs": 3, "learning_rate": 0.05, "checkpoint_minutes": 0, **settings})


def run(folder, model=None, report=None, cancel=None, resume=False, **settings) -> Toy:
    folder.mkdir(exist_ok=True)
    torch.manual_seed(0)
    model = model or Toy()
    fit(model, ROWS, collate, config(**settings), folder, report, cancel, resume=resume)
    return model


def curve(folder) -> list[float]:
    lines = read_curve(folder / "log.jsonl")
    assert [line["step"] for line in lines] == list(range(1, len(lines) + 1))
    return [line["loss"] for line in lines]


def stop_at(step) -> tuple:
    cancel = threading.Event()

    def report(progress):
        if progress.done == step:
            cancel.set()

    return report, cancel


def test_the_loss_falls_and_only_the_last_checkpoint_stays(tmp_path):
    run(tmp_path)
    losses = curve(tmp_path)
    assert len(losses) == STEPS
    assert losses[-1] < losses[0] / 2
    assert [path.name for path in (tmp_path / "checkpoints").iterdir()] == [f"checkpoint-{STEPS}"]


def test_a_checkpoint_holds_what_is_trained_and_not_the_frozen_part(tmp_path):
    run(tmp_path)
    from safetensors.torch import load_file

    stored = load_file(last_checkpoint(tmp_path) / "model.safetensors")
    assert set(stored) == {"head.weight", "head.bias", "seen"}
    assert sum(path.stat().st_size for path in last_checkpoint(tmp_path).iterdir()) < 200_000


@pytest.mark.parametrize("at", [3, 6, 10])
def test_stopped_and_resumed_gives_the_same_curve_and_weights(tmp_path, at):
    whole = run(tmp_path / "whole")
    report, cancel = stop_at(at)
    with pytest.raises(CancelledError, match=r"with a checkpoint.*--resume parts"):
        run(tmp_path / "parts", report=report, cancel=cancel)
    assert len(curve(tmp_path / "parts")) == at + 1
    parts = run(tmp_path / "parts", resume=True)
    assert curve(tmp_path / "parts") == pytest.approx(curve(tmp_path / "whole"), rel=1e-5)
    for name, value in whole.state_dict().items():
        assert torch.allclose(value, parts.state_dict()[name], atol=1e-6), name


def test_resuming_a_finished_training_does_no_step(tmp_path):
    whole = run(tmp_path)
    before = (tmp_path / "log.jsonl").read_text()
    again = run(tmp_path, resume=True)
    assert (tmp_path / "log.jsonl").read_text() == before
    assert torch.equal(whole.head.weight, again.head.weight)


@pytest.mark.slow
@pytest.mark.thorough
def test_killed_it_loses_no_more_than_the_steps_since_the_checkpoint(tmp_path):
    code = (
        "import sys; from pathlib import Path; from test_trainer import run;"
        "run(Path(sys.argv[1]), report=lambda p: __import__('time').sleep(0.05))"
    )
    folder = tmp_path / "killed"
    environment = {**os.environ, "PYTHONPATH": os.pathsep.join(sys.path)}
    process = subprocess.Popen([sys.executable, "-c", code, str(folder)], env=environment)
    wait_for(lambda: len(read_curve(folder / "log.jsonl")) >= 8, process)
    process.send_signal(signal.SIGKILL)
    process.wait()
    steps, checkpoint = len(curve(folder)), last_checkpoint(folder)
    assert checkpoint.name == f"checkpoint-{steps // 6 * 6}"
    with open(folder / "log.jsonl", "a") as file:
        file.write('{"step": 99, "lo')  # as a process killed while it writes leaves it
    run(folder, resume=True)
    run(tmp_path / "whole")
    assert curve(folder) == pytest.approx(curve(tmp_path / "whole"), rel=1e-5)


def wait_for(condition, process, seconds=120) -> None:
    end = time.monotonic() + seconds
    while not condition():
        assert process.poll() is None, "it ended too early"
        assert time.monotonic() < end
        time.sleep(0.02)


def test_a_half_written_checkpoint_is_not_gone_on_from(tmp_path):
    report, cancel = stop_at(10)
    with pytest.raises(CancelledError):
        run(tmp_path / "parts", report=report, cancel=cancel)
    under_way = tmp_path / "parts" / "checkpoints" / "under-way" / "checkpoint-12"
    under_way.mkdir(parents=True)
    (under_way / "model.safetensors").write_bytes(b"half")
    run(tmp_path / "parts", resume=True)
    run(tmp_path / "whole")
    assert curve(tmp_path / "parts") == pytest.approx(curve(tmp_path / "whole"), rel=1e-5)
    assert not under_way.exists()


def test_checkpoints_by_time(tmp_path):
    made = []

    def report(_):
        time.sleep(0.03)
        made.extend(path.name for path in (tmp_path / "checkpoints").glob("checkpoint-*") if path.name not in made)

    run(tmp_path, report=report, checkpoint_minutes=0.2 / 60)
    seconds = [line["seconds"] for line in read_curve(tmp_path / "log.jsonl")]
    times = [seconds[int(name.removeprefix("checkpoint-")) - 1] for name in made]
    assert len(times) >= 2
    assert all(later - earlier >= 0.19 for earlier, later in zip([0, *times], times, strict=False))


def test_a_loss_that_is_no_number_fails_and_the_checkpoint_before_stays(tmp_path):
    report, cancel = stop_at(7)
    with pytest.raises(CancelledError):
        run(tmp_path, report=report, cancel=cancel)
    before = last_checkpoint(tmp_path)
    lost = Toy()
    lost.poison = True
    with pytest.raises(XmodalError, match="no longer a number") as caught:
        run(tmp_path, model=lost, resume=True)
    assert "learning_rate" in caught.value.advice
    assert last_checkpoint(tmp_path) == before
    json.loads((tmp_path / "log.jsonl").read_text().splitlines()[-1], parse_constant=pytest.fail)


@pytest.mark.parametrize("optimizer", ["sgd", "adamw_torch"])
def test_a_huge_learning_rate_fails(tmp_path, optimizer):
    with pytest.raises(XmodalError, match="no longer a number"):
        run(tmp_path, learning_rate=1e30, optimizer=optimizer, warmup=0.0, max_steps=6)
    assert all(math.isfinite(value) for value in stored_values(tmp_path))


def stored_values(folder) -> list[float]:
    from safetensors.torch import load_file

    place = last_checkpoint(folder)
    return [] if place is None else [v for t in load_file(place / "model.safetensors").values() for v in t.flatten()]


def test_too_little_memory_gives_advice(tmp_path):
    greedy = Toy()
    greedy.wanted = 10**15
    with pytest.raises(XmodalError, match="not enough memory") as caught:
        run(tmp_path, model=greedy)
    assert "train.batch_size to 4" in caught.value.advice
    assert "head" not in caught.value.advice
    with pytest.raises(XmodalError, match="Train the head only"):
        run(tmp_path, model=greedy, trainable="lora", batch_size=1)


@pytest.fixture
def small_disk(tmp_path):
    """A file system of 8 MB."""
    place = tmp_path / "disk"
    place.mkdir()
    command = ["mount", "-t", "tmpfs", "-o", "size=8m", "tmpfs", str(place)]
    if os.geteuid() or shutil.which("mount") is None or subprocess.run(command, capture_output=True).returncode:
        pytest.skip("a small file system can only be mounted by root")
    yield place
    subprocess.run(["umount", "-l", str(place)], check=True)


def test_a_full_disk_leaves_the_checkpoint_before(small_disk, tmp_path):
    folder = small_disk / "run"
    report, cancel = stop_at(8)
    with pytest.raises(CancelledError):
        run(folder, report=report, cancel=cancel)
    before = last_checkpoint(folder)
    free = shutil.disk_usage(folder).free
    (small_disk / "ballast").write_bytes(b"x" * (free - 20_000))
    with pytest.raises(DiskFullError, match="ran full while a checkpoint"):
        run(folder, resume=True)
    assert [path for path in (folder / "checkpoints").iterdir() if path.name != "under-way"] == [before]
    (small_disk / "ballast").unlink()
    run(folder, resume=True)
    run(tmp_path / "whole")
    assert curve(folder) == pytest.approx(curve(tmp_path / "whole"), rel=1e-5)


def test_the_schedule_comes_to_its_end_in_time(tmp_path):
    totals = []

    def report(progress):
        totals.append(progress.total)
        time.sleep(0.02)

    started = time.monotonic()
    run(tmp_path, report=report, epochs=1000, max_minutes=1 / 60)
    assert time.monotonic() - started < 10
    lines = read_curve(tmp_path / "log.jsonl")
    assert 5 < len(lines) < 100
    for line, known in zip(lines[2:], lines, strict=False):  # the rate of a step follows from the time two steps before
        expected = 0.05 * _rate_factor(TrainConfig(), known["seconds"] / 1.0)
        assert line["learning_rate"] == pytest.approx(expected, abs=0.003)
    assert totals[-1] == len(lines), "the number of steps expected"


def test_steps_are_limited(tmp_path):
    run(tmp_path, max_steps=5)
    assert len(curve(tmp_path)) == 5
    assert last_checkpoint(tmp_path).name == "checkpoint-5"


@pytest.mark.parametrize("kind", ["linear", "cosine"])
def test_the_rate_in_time_is_as_transformers(kind):
    from transformers import get_scheduler

    settings, total = TrainConfig(lr_schedule=kind, warmup=0.1), 200
    optimizer = torch.optim.SGD([torch.nn.Parameter(torch.zeros(1))], lr=1.0)
    theirs = get_scheduler(kind, optimizer, num_warmup_steps=20, num_training_steps=total)
    for step in range(total):
        assert theirs.get_last_lr()[0] == pytest.approx(_rate_factor(settings, step / total), abs=1e-6)
        optimizer.step()
        theirs.step()
