"""The rows alone: no process is started here."""

import threading
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
import yaml
from job_helpers import METRICS, checkpoint, make_recipe

from xmodal.errors import InputError, XmodalError
from xmodal.jobs import claims
from xmodal.jobs.places import LOG, job_lock, run_dir, uploads_dir, worker_lock
from xmodal.jobs.queue import cancel, resume, submit
from xmodal.jobs.records import find_job, get_job, list_jobs
from xmodal.jobs.runs import delete, poll
from xmodal.jobs.store import connect
from xmodal.progress import Progress
from xmodal.training.config import parse_recipe


def test_a_job_holds_its_exact_recipe_and_waits_in_line(home):
    recipe = make_recipe(epochs=2)
    first, second = submit(recipe, "ann"), submit(make_recipe("other"), "ben")
    assert (first.state, first.owner, first.position, second.position) == ("queued", "ann", 1, 2)
    assert parse_recipe(yaml.safe_load(first.recipe)) == recipe
    assert (run_dir(first.run) / "recipe.yaml").read_text() == first.recipe
    assert [job.id for job in list_jobs()] == [second.id, first.id]
    assert [job.id for job in list_jobs("ben")] == [second.id]
    assert find_job(first.run) == find_job(str(first.id)) == first
    cancel(first.id)
    assert get_job(second.id).position == 1


def test_names_of_adapters_are_never_shared(home):
    (home / "adapters" / "mine-2").mkdir(parents=True)
    names = [submit(make_recipe("mine"), owner).name for owner in ("ann", "ben")]
    assert names == ["mine", "mine-3"]
    shipped = sorted((Path(__file__).parents[2] / "assets" / "adapters").glob("*/adapter.json"))
    for path in shipped[:1]:
        assert submit(make_recipe(path.parent.name), "ann").name != path.parent.name


def test_each_job_is_claimed_once_and_in_order(home):
    numbers = [submit(make_recipe(), "ann").id for _ in range(24)]
    with ThreadPoolExecutor(8) as pool:
        claimed = [job.id for job in pool.map(lambda _: claims.claim("cpu"), range(30)) if job]
    assert sorted(claimed) == numbers
    assert claims.claim("cpu") is None


def test_an_attempt_that_was_given_up_can_write_nothing(home):
    job = submit(make_recipe(), "ann")
    first = claims.claim("cpu")
    claims.die(first, seen=True, status=-11)
    second = claims.claim("cpu")
    assert (first.attempt, second.attempt) == (1, 2)
    assert not claims.register(job.id, first.attempt)
    assert claims.register(job.id, second.attempt)
    assert claims.give_sign(job.id, first.attempt, Progress("train", "steps", 5, 10)), "told to stop"
    claims.finish(job.id, first.attempt, "a", METRICS, 1.0)
    assert get_job(job.id).state == "running"
    claims.finish(job.id, second.attempt, "b", METRICS, 1.0)
    done = get_job(job.id)
    assert (done.state, done.adapter, done.summary["before"], done.summary["after"]) == ("finished", "b", 0.25, 0.75)
    assert done.result["metrics"] == METRICS


def test_cancel_resume_and_their_refusals(home):
    job = submit(make_recipe(), "ann")
    other = submit(make_recipe(), "ben")
    for change in (cancel, resume):
        with pytest.raises(InputError, match="someone else"):
            change(job.id, "ben")
    assert cancel(job.id, "ann").state == "cancelled"
    again = resume(job.id, "ann")
    assert (again.state, again.position, get_job(other.id).position) == ("queued", 2, 1)

    running = claims.claim("cpu")
    assert running.id == other.id
    assert cancel(other.id).state == "running", "until its next step"
    assert claims.give_sign(other.id, 1, None), "told to stop"
    claims.stop(other.id, 1, "Stopped at step 3.", resumes=False)
    assert get_job(other.id).state == "cancelled"
    resume(other.id)
    claims.claim("cpu")
    running = claims.claim("cpu")
    assert not claims.give_sign(other.id, 2, None), "the old request is over"
    claims.finish(other.id, running.attempt, "x", METRICS, 1.0)
    assert cancel(other.id).state == "finished"
    with pytest.raises(InputError, match="start: "):
        resume(other.id)
    with pytest.raises(InputError, match="no job 99"):
        cancel(99)


class TestDeath:
    def run_and_die(self, job, **how):
        claimed = claims.claim("cpu")
        assert claimed.id == job.id
        claims.die(claimed, **how)
        return get_job(job.id)

    def test_twice_at_the_same_step_is_the_end_with_advice(self, home):
        job = submit(make_recipe(), "ann")
        assert self.run_and_die(job, seen=True, status=-9).state == "interrupted"
        dead = self.run_and_die(job, seen=True, status=-9)
        assert dead.state == "failed"
        assert "lack of memory" in dead.problem
        assert "half of train.batch_size" in dead.advice
        assert resume(job.id).state == "queued"
        assert self.run_and_die(job, seen=True, status=-9).state == "interrupted", "counted anew"

    def test_a_new_checkpoint_between_them_counts_as_progress(self, home):
        job = submit(make_recipe(), "ann")
        for step in range(1, 8):
            checkpoint(job.run, step)
            assert self.run_and_die(job, seen=True, status=-9).state == "interrupted"
        assert self.run_and_die(job, seen=True, status=-9).state == "failed"

    def test_restarts_of_the_machine_are_forgiven_for_longer_but_not_for_ever(self, home):
        job = submit(make_recipe(), "ann")
        for _ in range(10):
            assert self.run_and_die(job, seen=False).state == "interrupted", "it had not begun"
        states = []
        for _ in range(5):
            claims.register(job.id, claims.claim("cpu").attempt)
            claims.die(get_job(job.id), seen=False)
            states.append(get_job(job.id).state)
        assert states == ["interrupted"] * 4 + ["failed"]

    def test_the_signal_is_found_in_the_words_of_the_launcher(self, home):
        job = submit(make_recipe(), "ann")
        log = run_dir(job.run) / LOG
        log.write_text("=== start 1, now ===\n['python', '-m', 'x'] died with <Signals.SIGKILL: 9>.\n")
        assert "SIGKILL" in self.run_and_die(job, seen=True, status=1).problem
        log.write_text(log.read_text() + "=== start 2, now ===\n  exitcode  : -11 (pid: 12)\n")
        dead = self.run_and_die(job, seen=True, status=1)
        assert "crashed (SIGSEGV)" in dead.problem
        assert LOG in dead.advice

    def test_one_that_was_to_stop_is_not_started_again(self, home):
        job = submit(make_recipe(), "ann")
        claimed = claims.claim("cpu")
        cancel(job.id)
        claims.die(claimed, seen=True, status=-9)
        assert get_job(job.id).state == "cancelled"

    def test_a_full_disk_in_the_log_is_told(self, home):
        job = submit(make_recipe(), "ann")
        (run_dir(job.run) / LOG).write_text("OSError: [Errno 28] No space left on device")
        dead = self.run_and_die(job, seen=True, status=1)
        assert (dead.state, dead.problem) == ("failed", "The disk ran full.")


class TestRecovery:
    def test_a_row_whose_processes_are_gone_is_made_true(self, home):
        job = submit(make_recipe(), "ann")
        claims.claim("cpu")
        assert poll()[0].state == "running", "it has just been started"
        with connect() as connection:
            connection.execute("UPDATE jobs SET started = started - 60")
        assert [job.state for job in poll()] == ["interrupted"]
        assert get_job(job.id).position == 1

    def test_not_while_its_worker_lives(self, home):
        submit(make_recipe(), "ann")
        claims.claim("cpu")
        with worker_lock("cpu"):
            in_thread(claims.recover)
            assert list_jobs()[0].state == "running"

    def test_not_while_the_job_lives_and_the_next_worker_watches_it(self, home):
        job = submit(make_recipe(), "ann")
        claims.claim("cpu")
        with job_lock(job.id):
            assert in_thread(claims.recover) == []
            assert [orphan.id for orphan in in_thread(lambda: claims.recover("cpu"))] == [job.id]
            assert list_jobs()[0].state == "running"


def in_thread(work):
    with ThreadPoolExecutor(1) as pool:
        return pool.submit(work).result()


class TestUploads:
    def test_a_job_owns_its_data_and_frees_it_last(self, home, tmp_path):
        upload = tmp_path / "my data.csv"
        upload.write_text("text,label\na,b\n")
        jobs = [submit(make_recipe(source=str(upload)), owner, uploaded=True) for owner in ("ann", "ben")]
        upload.unlink()
        kept = [Path(parse_recipe(yaml.safe_load(job.recipe)).data.source) for job in jobs]
        assert kept[0] == kept[1]
        assert (kept[0].name, kept[0].read_text()) == ("my data.csv", "text,label\na,b\n")
        delete(str(jobs[0].id))
        assert kept[0].exists()
        delete(str(jobs[1].id))
        assert list(uploads_dir().iterdir()) == []

    def test_so_does_one_that_goes_on_with_new_data(self, home, tmp_path):
        for name in ("old.csv", "new.csv"):
            (tmp_path / name).write_text(name)
        old = submit(make_recipe(source=str(tmp_path / "old.csv")), "ann", uploaded=True)
        first = parse_recipe(yaml.safe_load(old.recipe)).data.source
        both = {"source": first, "more_sources": [str(tmp_path / "new.csv"), "sample:chime-shapes"]}
        new = submit(parse_recipe({"name": "more", "data": both}), "ann", uploaded=True)
        delete(str(old.id))
        data = parse_recipe(yaml.safe_load(new.recipe)).data
        assert data.source == first
        assert [Path(path).read_text() for path in (first, data.more_sources[0])] == ["old.csv", "new.csv"]
        assert data.more_sources[1] == "sample:chime-shapes"

    def test_one_that_is_gone_is_told(self, home, tmp_path):
        with pytest.raises(InputError, match="is gone"):
            submit(make_recipe(source=str(tmp_path / "a.csv")), "ann", uploaded=True)
        assert list_jobs() == []


def test_readers_wait_for_no_writer(home):
    submit(make_recipe(), "ann")
    entered, leave = threading.Event(), threading.Event()

    def write():
        with connect() as connection:
            connection.execute("UPDATE jobs SET owner = 'eve'")
            entered.set()
            leave.wait(10)

    writer = threading.Thread(target=write)
    writer.start()
    try:
        assert entered.wait(10)
        started = time.monotonic()
        assert list_jobs()[0].owner == "ann"
        assert time.monotonic() - started < 5
    finally:
        leave.set()
        writer.join()


def test_failing_keeps_problem_and_advice(home):
    job = submit(make_recipe(), "ann")
    claims.claim("cpu")
    claims.fail(job.id, 1, XmodalError("It broke.", "Mend it."))
    failed = get_job(job.id)
    assert (failed.state, failed.problem, failed.advice) == ("failed", "It broke.", "Mend it.")
