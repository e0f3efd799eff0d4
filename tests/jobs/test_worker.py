"""Real worker and job processes, but toy jobs (`toy_runner`) in the place of training."""

import os
import time
from itertools import pairwise

import psutil
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
)

from xmodal.cli import main
from xmodal.jobs.places import checkpoint_step
from xmodal.jobs.queue import cancel, resume, submit
from xmodal.jobs.records import get_job, list_jobs
from xmodal.jobs.runs import curve, job_log
from xmodal.jobs.supervisor import Supervisor, ensure_worker, supervise

pytestmark = pytest.mark.timeout(240)


def test_two_people_share_one_queue_and_one_worker(home):
    jobs = [submit(make_recipe(), owner) for owner in ("ann", "ben", "ann")]
    assert start()
    assert not start(), "it has one"
    assert len(processes_of(home, "xmodal.jobs.worker")) == 1
    done = wait_for_all()
    assert {job.state for job in done} == {"finished"}
    assert [job.owner for job in reversed(done)] == ["ann", "ben", "ann"]
    assert len({job.adapter for job in done}) == 3
    spans = [(job.started, job.ended) for job in reversed(done)]
    assert all(end <= begin for (_, end), (begin, _) in pairwise(spans)), "one after the other"
    assert [line["step"] for line in curve(jobs[0].run)] == list(range(1, toy_runner.STEPS + 1))
    assert get_job(jobs[0].id).progress["done"] == toy_runner.STEPS


def test_a_worker_without_work_leaves_and_the_supervisor_brings_another(home):
    submit(make_recipe(), "ann")
    start(idle_s=0.5)
    wait_for_all()
    wait_until(lambda: processes_of(home), lambda found: not [p for p in found if p.status() != "zombie"])
    supervisor = Supervisor(runner="toy_runner:train", idle_s=0.5, nice=0)
    supervisor.start()
    try:
        submit(make_recipe(), "ann")
        supervisor.wake()
        assert {job.state for job in wait_for_all()} == {"finished"}
    finally:
        supervisor.end()
        supervisor.join()


def test_cancel_stops_at_a_step_and_resume_goes_on_from_there(home, monkeypatch):
    job = submit(make_recipe(), "ann")
    monkeypatch.setenv("TOY_STEP_S", "0.5")
    start()
    wait_until(lambda: checkpoint_step(job.run), lambda step: step >= 2)
    asked = time.monotonic()
    cancel(job.id, "ann")
    stopped = wait_for(job.id, "cancelled")
    assert time.monotonic() - asked < 5
    assert "with a checkpoint" in stopped.problem
    step = checkpoint_step(job.run)
    assert 2 <= step < toy_runner.STEPS
    resume(job.id)
    wait_for(job.id, "finished", timeout=90)
    steps = [line["step"] for line in curve(job.run)]
    assert steps == list(range(1, toy_runner.STEPS + 1)), "none lost, none done twice"


def test_a_job_that_the_system_kills_twice_ends_with_advice(home):
    job = submit(make_recipe(), "ann")
    start("fill_memory")
    dead = wait_for(job.id, "failed")
    assert dead.attempt == 2
    assert "lack of memory" in dead.problem
    assert "half of train.batch_size" in dead.advice
    assert processes_of(home, "xmodal.jobs.worker"), "the worker lives on"


def test_a_bug_is_told_and_its_traceback_kept(home):
    job = submit(make_recipe(), "ann")
    start("break_down")
    failed = wait_for(job.id, "failed")
    assert "KeyError: 'no such thing'" in failed.problem
    assert "Traceback" in job_log(job.run)
    assert failed.attempt == 1


def test_when_the_machine_goes_down_the_job_goes_on_later(home):
    job = submit(make_recipe(), "ann")
    start("train_slowly")
    wait_until(lambda: get_job(job.id), lambda job: job.progress)
    kill_worker(home)
    for process in processes_of(home, "xmodal.jobs.process"):
        process.terminate()
    wait_for(job.id, "interrupted")
    assert get_job(job.id).deaths == 0
    start()
    assert wait_for(job.id, "finished").attempt == 2


def test_a_killed_worker_leaves_its_job_running_to_the_end(home):
    job = submit(make_recipe(), "ann")
    start("train_slowly")
    running = wait_until(lambda: get_job(job.id), lambda job: job.progress)
    kill_worker(home)
    supervise(runner="toy_runner:train", nice=0)
    beat = get_job(job.id).beat
    wait_until(lambda: get_job(job.id).beat, lambda now: now > beat)
    assert get_job(job.id).state == "running"
    assert (get_job(job.id).attempt, get_job(job.id).pid) == (1, running.pid)
    kill_job(home)
    assert wait_for(job.id, "finished").attempt == 2, "the new worker had watched it"


def test_jobs_step_back_behind_the_page(home):
    submit(make_recipe(), "ann")
    ensure_worker(runner="toy_runner:train_slowly")
    job = wait_until(lambda: list_jobs()[0], lambda job: job.pid)
    process = psutil.Process(job.pid)
    assert process.nice() >= min(os.nice(0) + 10, 19)
    assert os.getpgid(process.pid) != os.getpgid(0)
    cancel(job.id)
    wait_for(job.id, "cancelled")


def test_the_command_line(home, capsys):
    job = submit(make_recipe(), "ann")
    assert main(["runs"]) == 0
    assert "queued" in capsys.readouterr().out
    assert main(["runs", "cancel", str(job.id)]) == 0
    assert "is cancelled" in capsys.readouterr().out
    assert main(["runs", "show", job.run]) == 0
    assert "cancelled" in capsys.readouterr().out
    start("train_slowly")
    assert main(["runs", "resume", str(job.id), "--json"]) == 0
    wait_until(lambda: get_job(job.id), lambda job: job.progress)
    assert main(["runs", "delete", str(job.id)]) == 2
    assert "Cancel it first" in capsys.readouterr().err
    assert main(["runs", "show", str(job.id)]) == 0
    assert "progress  train steps" in capsys.readouterr().out
    assert main(["runs", "cancel", str(job.id)]) == 0
    wait_for(job.id, "cancelled")
    assert main(["runs", "delete", str(job.id), "--json"]) == 0
    capsys.readouterr()
    assert main(["runs", "list", "--json"]) == 0
    assert capsys.readouterr().out.strip() == "[]"
    assert main(["runs", "show", "7"]) == 2
