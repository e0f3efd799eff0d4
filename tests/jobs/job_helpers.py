"""Starts, watches and kills workers and jobs."""

import os
import signal
import time
from pathlib import Path

import psutil

from xmodal.jobs.places import run_dir
from xmodal.jobs.records import ENDED, Job, get_job, list_jobs
from xmodal.jobs.supervisor import ensure_worker
from xmodal.paths import models_dir
from xmodal.settings import settings
from xmodal.training.config import parse_recipe

METRICS = {"metric": "f1", "before": {"f1": 0.25}, "after": {"f1": 0.75}, "check_rows": 8}
THINGS = ("room", "film", "phone", "meal", "book")
WORDS = [(word, "good") for word in ("wonderful", "lovely", "excellent", "fine")]
WORDS += [(word, "bad") for word in ("awful", "terrible", "horrible", "poor")]


def use_home(monkeypatch, folder: Path) -> None:
    monkeypatch.setenv("XMODAL_HOME", str(folder))
    here = Path(__file__).parent
    monkeypatch.setenv("PYTHONPATH", os.pathsep.join((str(here), str(here.parents[1]))))
    settings.cache_clear()


def share_models(monkeypatch, folder: Path) -> None:
    """Make `folder` the home, with the models of the usual one and settings by which real training starts soon."""
    monkeypatch.delenv("XMODAL_HOME", raising=False)
    settings.cache_clear()
    usual = models_dir()
    monkeypatch.setenv("XMODAL_THREADS", "1")
    monkeypatch.setenv("XMODAL_TRACKIO", "0")
    monkeypatch.setenv("XMODAL_DEVICE", "cpu")
    use_home(monkeypatch, folder)
    folder.mkdir(exist_ok=True)
    (folder / "models").symlink_to(usual)


def processes_of(home: Path, module: str = "xmodal.jobs") -> list[psutil.Process]:
    """Processes whose XMODAL_HOME this is, and no others."""
    found = []
    for process in psutil.process_iter():
        try:
            mine = process.environ().get("XMODAL_HOME") == str(home) and process.pid != os.getpid()
            if mine and any(module in word for word in process.cmdline()):
                found.append(process)
        except psutil.Error:
            continue
    return found


def kill_worker(home: Path) -> bool:
    workers = processes_of(home, "xmodal.jobs.worker")
    for process in workers:
        process.send_signal(signal.SIGKILL)
        process.wait(10)
    return bool(workers)


def kill_job(home: Path) -> None:
    for process in processes_of(home, "xmodal.jobs.process"):
        process.send_signal(signal.SIGKILL)


def start(runner: str = "train", idle_s: float = 20) -> bool:
    return ensure_worker(runner=f"toy_runner:{runner}", idle_s=idle_s, nice=0)


def make_recipe(name: str = "toy", source: str = "sample:chime-shapes", **train):
    return parse_recipe({"name": name, "data": {"source": source}, "train": train})


def write_reviews(path: Path) -> Path:
    """A table of 40 generated reviews."""
    rows = [f"The {thing} was {word}.,{label}" for thing in THINGS for word, label in WORDS]
    path.write_text("\n".join(["text,label", *rows]))
    return path


def wait_for(number: int, *states: str, timeout: float = 60) -> Job:
    return wait_until(lambda: get_job(number), lambda job: job.state in states, timeout)


def wait_for_all(timeout: float = 120) -> list[Job]:
    return wait_until(list_jobs, lambda jobs: all(job.state in ENDED for job in jobs), timeout)


def wait_until(read, accept, timeout: float = 60):
    until = time.monotonic() + timeout
    while not accept(value := read()):
        assert time.monotonic() < until, value
        time.sleep(0.05)
    return value


def checkpoint(run: str, step: int) -> None:
    """A checkpoint of a run, as small as can be."""
    folder = run_dir(run) / "checkpoints" / f"checkpoint-{step}"
    folder.mkdir(parents=True)
    (folder / "trainer_state.json").write_text("{}")
