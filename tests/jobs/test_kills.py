"""SIGKILL at random moments: of the app, of the worker, of worker and job together.

The first two tests kill 20 times each, with toy jobs in the place of training (`toy_runner`), which checkpoint at each
step; queue, worker and processes are the real ones. The last kills the real training.
"""

import json
import random
import subprocess
import sys
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
import toy_runner
from job_helpers import (
    kill_job,
    kill_worker,
    make_recipe,
    processes_of,
    start,
    wait_for,
    wait_for_all,
    wait_until,
    write_reviews,
)

from xmodal.jobs.places import checkpoint_step, is_held, job_lock, run_dir
from xmodal.jobs.queue import submit
from xmodal.jobs.records import Job, list_jobs
from xmodal.jobs.runs import curve
from xmodal.jobs.supervisor import ensure_worker, supervise
from xmodal.models.adapters import load_adapter

KILLS = 20
TOTAL = sum(range(1, toy_runner.STEPS + 1))
pytestmark = [pytest.mark.slow, pytest.mark.timeout(1200)]


def test_the_app_is_killed_20_times(home, tmp_path):
    notes, moments, pace = tmp_path / "notes", random.Random(1), 1.0
    for _ in range(KILLS):
        app = subprocess.Popen([sys.executable, Path(__file__).with_name("toy_app.py"), notes])
        time.sleep(pace * moments.uniform(0.3, 1.6))
        if not notes.exists():
            pace *= 1.3  # on a busy machine the app needs longer until it has submitted a job
        app.kill()
        app.wait()
        check_rows_are_true()
    assert not unfinished() or processes_of(home), "the worker outlives the app"
    supervise(runner="toy_runner:train", nice=0)
    jobs = wait_for_all(400)
    told = {int(line) for line in notes.read_text().split()}
    assert told <= {job.id for job in jobs}, "a job that was accepted is lost"
    assert len(jobs) >= len(told) > 0
    for job in jobs:
        check_done_once(job)
        assert job.attempt == 1, "the app's end is nothing to the job"


def test_the_worker_is_killed_20_times_every_other_time_with_its_job(home):
    moments = random.Random(2)
    kills = 0
    while kills < KILLS:
        if unfinished() < 2:
            submit(make_recipe(), "ann")
        start()
        time.sleep(moments.uniform(0, 1))
        if kill_worker(home):
            kills += 1
            if kills % 2:
                kill_job(home)
        check_rows_are_true()
    supervise(runner="toy_runner:train", nice=0)
    jobs = wait_for_all(400)
    assert max(job.attempt for job in jobs) > 1, "some were ended and went on"
    for job in jobs:
        check_done_once(job)


@pytest.mark.thorough
def test_real_training_that_was_killed_gives_the_curve_of_an_undisturbed_run(models, tmp_path):
    """Not a toy: a head on the real text tower, through `accelerate launch`."""
    options = {"epochs": 30, "checkpoint_minutes": 0}
    uploaded = write_reviews(tmp_path / "uploaded.csv")
    parts = submit(make_recipe("parts", str(uploaded), **options), "ben", uploaded=True)
    ensure_worker(nice=0)
    uploaded.unlink()
    with ThreadPoolExecutor(1) as aside:
        # The undisturbed run, in this process while the other one starts.
        recipe = make_recipe("whole", str(write_reviews(tmp_path / "reviews.csv")), **options)
        whole = aside.submit(train_here, recipe, tmp_path / "whole")
        wait_until(lambda: checkpoint_step(parts.run), bool, 300)
        kill_worker(models)
        kill_job(models)
        assert 0 < checkpoint_step(parts.run) < 60, "in the middle"
        ensure_worker(nice=0)
        done = wait_for(parts.id, "finished", "failed", timeout=300)
        whole = whole.result(300)
    assert (done.state, done.attempt) == ("finished", 2), (done.problem, done.advice)
    first, second = ([(line["step"], line["loss"]) for line in curve(run)] for run in (whole.run, parts.run))
    assert [step for step, _ in first] == [step for step, _ in second] == list(range(1, 61))
    assert [loss for _, loss in second] == pytest.approx([loss for _, loss in first], rel=1e-4)
    assert done.result["metrics"]["after"] == pytest.approx(whole.metrics["after"])
    assert load_adapter(done.adapter).metrics["after"] == done.result["metrics"]["after"]


def train_here(recipe, folder: Path):
    """With one thread, as the job has it, so that sums are rounded alike."""
    import torch

    from xmodal.training.engine import train

    threads = torch.get_num_threads()
    torch.set_num_threads(1)
    try:
        return train(recipe, out=folder)
    finally:
        torch.set_num_threads(threads)


def unfinished() -> int:
    return sum(job.state in ("queued", "running", "interrupted") for job in list_jobs())


def check_rows_are_true() -> None:
    for job in list_jobs():
        if is_held(job_lock(job.id)):
            wait_until(list_jobs, lambda jobs, number=job.id: state_of(jobs, number) != "queued", 5)
    assert sum(job.state == "running" for job in list_jobs()) <= 1


def state_of(jobs: list[Job], number: int) -> str:
    return next(job.state for job in jobs if job.id == number)


def check_done_once(job: Job) -> None:
    folder = run_dir(job.run)
    assert job.state == "finished", (job.problem, job.advice)
    assert json.loads((Path(job.adapter) / "adapter.json").read_text()) == {"total": TOTAL}, "each step counted once"
    assert not (folder / "twice").exists(), "two processes ran it at the same time"
    attempts = [json.loads(line)["attempt"] for line in (folder / "starts.jsonl").read_text().splitlines()]
    assert len(attempts) == len(set(attempts)) <= job.attempt
    done = [line["step"] for line in curve(job.run)]
    assert len(done) - toy_runner.STEPS < len(attempts), "more than a step was done again for a kill"
