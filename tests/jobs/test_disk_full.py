"""A disk that runs full while a job trains: a small one, so that filling it takes a moment."""

import os
import subprocess

import pytest
import toy_runner
from job_helpers import make_recipe, processes_of, share_models, start, use_home, wait_for, wait_until, write_reviews
from safetensors import safe_open

from xmodal.errors import DiskFullError
from xmodal.jobs.places import checkpoint_step, run_dir
from xmodal.jobs.queue import cancel, resume, submit
from xmodal.jobs.records import list_jobs
from xmodal.jobs.runs import curve, delete
from xmodal.jobs.supervisor import ensure_worker
from xmodal.models.adapters import load_adapter
from xmodal.settings import settings
from xmodal.training.runs import last_checkpoint

pytestmark = [
    pytest.mark.skipif(os.geteuid() != 0, reason="mounting a small disk needs root"),
    pytest.mark.timeout(600),
]


@pytest.fixture
def disk(tmp_path, monkeypatch, home):
    """Mounts a home of so many MB."""
    small = tmp_path / "small"

    def mount(megabytes: int):
        small.mkdir()
        command = ["mount", "-t", "tmpfs", "-o", f"size={megabytes}m", "none", str(small)]
        if subprocess.run(command, capture_output=True).returncode:
            pytest.skip("a small disk cannot be mounted here")
        use_home(monkeypatch, small)
        return small

    yield mount
    for process in processes_of(small):
        process.kill()
        process.wait(10)
    settings.cache_clear()
    subprocess.run(["umount", "-l", str(small)], check=False)


def test_what_is_stored_can_be_read_and_writing_is_refused_with_advice(disk):
    home = disk(8)
    job = submit(make_recipe(), "ann")
    fill(home / "filler")
    assert [found.id for found in list_jobs()] == [job.id]
    for _ in range(2):
        with pytest.raises(DiskFullError, match="ran full"):
            cancel(job.id)
    assert [found.state for found in list_jobs()] == ["queued"]
    (home / "filler").unlink()
    assert cancel(job.id).state == "cancelled"


def test_the_job_fails_with_advice_and_the_last_checkpoint_stays(disk):
    disk(8)
    job = submit(make_recipe(), "ann")
    start("fill_disk")
    failed = wait_for(job.id, "failed")
    assert "ran full" in failed.problem
    assert "Free some space" in failed.advice
    assert failed.attempt == 1
    assert checkpoint_step(job.run) == 1
    assert toy_runner.read_checkpoint(run_dir(job.run)) == [1]
    assert delete(str(job.id)) > 0
    assert list_jobs() == []


@pytest.mark.slow
@pytest.mark.thorough
def test_real_training_goes_on_from_its_last_checkpoint_once_there_is_room(disk, tmp_path, monkeypatch):
    home = disk(64)
    share_models(monkeypatch, home)
    job = submit(make_recipe("full", str(write_reviews(tmp_path / "r.csv")), epochs=30, checkpoint_minutes=0), "ann")
    ensure_worker(nice=0)
    wait_until(lambda: checkpoint_step(job.run), bool, 300)
    fill(home / "filler")
    failed = wait_for(job.id, "failed", "finished", timeout=120)
    assert (failed.state, failed.attempt) == ("failed", 1), (failed.problem, failed.advice)
    assert "ran full" in failed.problem
    assert "Free some space" in failed.advice
    step = checkpoint_step(job.run)
    assert 0 < step < 60, "in the middle"
    for file in last_checkpoint(run_dir(job.run)).glob("*.safetensors"):
        with safe_open(file, "pt") as tensors:
            assert tensors.keys()
    (home / "filler").unlink()
    resume(job.id)
    ensure_worker(nice=0)
    done = wait_for(job.id, "finished", "failed", timeout=300)
    assert (done.state, done.attempt) == ("finished", 2), (done.problem, done.advice)
    assert [line["step"] for line in curve(job.run)] == list(range(1, 61)), "none lost, none twice"
    assert load_adapter(done.adapter).metrics["after"] == done.result["metrics"]["after"]


def fill(path) -> None:
    """Take all the room there is."""
    with open(path, "wb", buffering=0) as file:
        for size in (1 << 20, 1 << 12):
            try:
                while True:
                    file.write(bytes(size))
            except OSError:
                continue
