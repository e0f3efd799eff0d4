"""Real runs for tests: generated reviews, a home of their own that shares the models already fetched, subprocesses."""

import csv
import json
import os
import subprocess
import sys
import time
from contextlib import contextmanager
from pathlib import Path

import pytest
import torch

from xmodal.settings import settings
from xmodal.training.runs import list_runs, read_curve

GOOD = ["wonderful", "excellent", "lovely", "delightful", "很好", "非常满意"]
BAD = ["terrible", "awful", "dreadful", "horrible", "很差", "非常失望"]
THINGS = ["room", "film", "phone", "meal", "service", "book", "酒店", "手机", "电影", "书"]
ROOT = Path(__file__).parents[2]


def write_reviews(path: Path) -> Path:
    """A table of 120 generated reviews whose label is told by one word."""
    with open(path, "w", newline="", encoding="utf-8") as file:
        table = csv.writer(file)
        table.writerow(["text", "label", "thing"])
        for thing in THINGS:
            table.writerows((f"The {thing} was {word}.", "good", thing) for word in GOOD)
            table.writerows((f"The {thing} was {word}.", "bad", thing) for word in BAD)
    return path


@contextmanager
def own_home(folder: Path):
    """`XMODAL_HOME` is `folder`; models are those of the home before, trackio is off.

    One thread, here and in the processes started: sums come out the same, whatever ran before in this process.
    """
    shared = settings().home.expanduser().absolute()
    folder.mkdir()
    (shared / "models").mkdir(parents=True, exist_ok=True)
    (folder / "models").symlink_to(shared / "models")
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("XMODAL_HOME", str(folder))
        patch.setenv("XMODAL_TRACKIO", "0")
        patch.setenv("XMODAL_DEVICE", "cpu")
        patch.setenv("OMP_NUM_THREADS", "1")
        threads = torch.get_num_threads()
        torch.set_num_threads(1)
        settings.cache_clear()
        yield folder
    torch.set_num_threads(threads)
    settings.cache_clear()


def losses(run: str) -> list[float]:
    """The curve of a run, which has each step once."""
    found = read_curve(settings().home / "runs" / run / "log.jsonl")
    assert [line["step"] for line in found] == list(range(1, len(found) + 1))
    return [line["loss"] for line in found]


def start_cli(*arguments: str, launcher: tuple[str, ...] = ()) -> subprocess.Popen:
    """`python -m xmodal ...` as a process of its own."""
    environment = {**os.environ, "PYTHONPATH": str(ROOT)}
    command = [sys.executable, *launcher, "-m", "xmodal", *arguments]
    pipe = subprocess.PIPE
    return subprocess.Popen(command, env=environment, stdout=pipe, stderr=pipe, text=True, start_new_session=True)


def wait_for_steps(process: subprocess.Popen, steps: int, seconds: float = 300) -> str:
    """Until the newest run has so many steps; gives its name."""
    known = {run.id for run in list_runs()}
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        for run in list_runs():
            if run.id not in known and len(read_curve(run.folder / "log.jsonl")) >= steps:
                return run.id
        assert process.poll() is None, process.communicate()
        time.sleep(0.02)
    raise AssertionError("it did not get so far")


def read_json(text: str) -> dict:
    """Standard output of a command with `--json` is JSON and nothing else."""
    return json.loads(text)
