"""Runs as the tabs and the command line show them; no process is started here."""

import json
import os
import shutil
import threading
import time
from dataclasses import replace

import psutil
import pytest
from job_helpers import METRICS, checkpoint, make_recipe, write_reviews

from xmodal.errors import InputError
from xmodal.jobs import claims, runs
from xmodal.jobs.places import run_dir
from xmodal.jobs.process import train_job
from xmodal.jobs.queue import submit
from xmodal.jobs.records import get_job
from xmodal.jobs.runs import COMMAND_LINE, curve, delete, disk_bytes, resume_run, run_rows, show_run
from xmodal.progress import Progress
from xmodal.training.runs import LOG as CURVE
from xmodal.training.runs import create_run, hold, read_run


def test_delete_frees_the_disk_but_not_under_a_running_job(home):
    job = submit(make_recipe(), "ann")
    claims.claim("cpu")
    with pytest.raises(InputError, match="Cancel it first"):
        delete(str(job.id))
    adapter = home / "adapters" / job.name
    adapter.mkdir(parents=True)
    (adapter / "head.safetensors").write_bytes(bytes(1000))
    (run_dir(job.run) / "big").write_bytes(bytes(2_000_000))
    claims.finish(job.id, 1, str(adapter), METRICS, 1.0)
    with pytest.raises(InputError, match="someone else"):
        delete(str(job.id), owner="ben")
    assert run_rows()[0]["disk_mb"] == pytest.approx(2.0)
    assert delete(job.run, adapter=True, owner="ann") > 2_001_000
    assert not adapter.exists()
    assert not run_dir(job.run).exists()
    assert run_rows() == []


def test_disk_use_can_be_read_while_checkpoints_come_and_go(home):
    job = submit(make_recipe(), "ann")
    stop = threading.Event()

    def rotate():
        step = 0
        while not stop.is_set():
            step += 1
            checkpoint(job.run, step)
            shutil.rmtree(run_dir(job.run) / "checkpoints" / f"checkpoint-{step}")

    trainer = threading.Thread(target=rotate)
    trainer.start()
    try:
        for _ in range(300):
            assert disk_bytes(job.run) > 0
    finally:
        stop.set()
        trainer.join()


def test_runs_of_the_command_line_are_shown_and_can_be_queued(home):
    folder = run_dir("20260101-000000-old")
    folder.mkdir(parents=True)
    (folder / "recipe.yaml").write_text(make_recipe("old").to_yaml())
    job = submit(make_recipe(), "ann")
    rows = run_rows()
    assert [(row["id"], row["name"], row["owner"]) for row in rows] == [
        (job.id, "toy", "ann"),
        (None, "old", COMMAND_LINE),
    ]
    assert rows[0].keys() == rows[1].keys()
    resumed = resume_run(folder.name)
    assert (resumed.run, resumed.name, resumed.position) == (folder.name, "old", 2)
    assert len(run_rows()) == 2


@pytest.mark.slow
def test_a_run_of_the_command_line_goes_on_into_the_folder_it_was_given(models, tmp_path):
    recipe = make_recipe("old", str(write_reviews(tmp_path / "reviews.csv")), max_steps=1)
    other = models / "adapters" / "old" / "adapter.json"
    other.parent.mkdir(parents=True)
    other.write_text("{}")
    resume_run(create_run(recipe, {"out": str(tmp_path / "mine")}))
    made, metrics, _ = train_job(claims.claim("cpu"), None, threading.Event())
    assert made == str(tmp_path / "mine") and metrics["after"]
    assert other.read_text() == "{}"


def test_rows_of_runs_that_are_over_are_read_once_but_follow_what_changes(home, monkeypatch):
    folder = run_dir("20260101-000000-old")
    folder.mkdir(parents=True)
    (folder / "recipe.yaml").write_text(make_recipe("old").to_yaml())
    adapter = home / "adapters" / "old"
    adapter.mkdir(parents=True)
    (adapter / "head.safetensors").write_bytes(bytes(1_000_000))
    read = []
    monkeypatch.setattr(runs, "read_run", lambda name: read.append(name) or read_run(name))
    assert [run_rows()[0][key] for key in ("state", "after")] == ["new", None]
    (folder / "result.json").write_text(json.dumps({"adapter": str(adapter), "metrics": METRICS, "seconds": 2}))
    for _ in range(3):
        assert [run_rows()[0][key] for key in ("state", "after", "disk_mb")] == ["finished", 0.75, 1.0]
    assert len(read) == 2, "once before and once after the result came"
    shutil.rmtree(adapter)
    assert run_rows()[0]["disk_mb"] == 0


def test_a_process_that_died_without_a_word_is_not_shown_as_running(home):
    folder = home / "runs" / create_run(make_recipe("old"), {})
    with hold(folder):
        assert run_rows()[0]["state"] == "running"
    assert run_rows()[0]["state"] == "interrupted"


def test_the_curve_can_be_thinned_and_its_last_line_half_written(home):
    job = submit(make_recipe(), "ann")
    assert curve(job.run) == []
    lines = [f'{{"step": {i}, "epoch": 0.1, "loss": 0.5}}\n' for i in range(1, 101)]
    (run_dir(job.run) / CURVE).write_text("".join(lines) + '{"step": 101, "ep')
    assert [line["step"] for line in curve(job.run)] == list(range(1, 101))
    assert [line["step"] for line in curve(job.run, points=10)] == list(range(1, 101, 10))
    assert len(show_run(str(job.id))["curve"]) == 100


def test_time_left_follows_from_the_rate(home):
    submit(make_recipe(), "ann")
    job = claims.claim("cpu")
    before = time.time()
    claims.register(job.id, 1)
    assert get_job(job.id).started >= before, "what the launcher took does not count"
    assert get_job(job.id).pid == os.getpid()
    assert get_job(job.id).pid_started == pytest.approx(psutil.Process().create_time())
    claims.give_sign(job.id, 1, Progress("train", "steps", 20, 100, "steps", 4.0))
    assert get_job(job.id).seconds_left == 20
    claims.give_sign(job.id, 1, None)
    assert get_job(job.id).progress["done"] == 20
    assert replace(get_job(job.id), state="finished").seconds_left is None
