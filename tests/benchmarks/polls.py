"""What the page's polls cost with many runs on the disk, at rest and while two processes train beside them.

Half of the runs are jobs, half are of the command line; each has a curve, a result and an adapter. The training beside
is arithmetic at the niceness that jobs have. Times are the first, the median and the longest of some polls.

    python -m tests.benchmarks.polls [--runs 300] [--polls 30]
"""

import argparse
import json
import os
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path

from xmodal.jobs import runs as jobs_runs
from xmodal.jobs.claims import claim, finish
from xmodal.jobs.queue import submit
from xmodal.jobs.worker import NICE
from xmodal.settings import settings
from xmodal.training.config import parse_recipe
from xmodal.ui.models_runs_views import run_list

METRICS = {"metric": "accuracy", "before": {"accuracy": 0.5}, "after": {"accuracy": 0.9}, "check_rows": 40}
CURVE = "".join(json.dumps({"step": i, "epoch": i / 100, "loss": 1 / i}) + "\n" for i in range(1, 1001))
BUSY = "while True: sum(range(100000))"


def make_adapter(home: Path, name: str) -> str:
    folder = home / "adapters" / name
    folder.mkdir(parents=True)
    for file in ("adapter.json", "README.md", "head.safetensors"):
        (folder / file).write_bytes(bytes(2000))
    return str(folder)


def make_runs(home: Path, count: int) -> None:
    """Finished jobs, finished runs of the command line, and one job that waits."""
    for number in range(count // 2):
        recipe = parse_recipe({"name": f"run{number}", "data": {"source": "sample:chime-shapes"}})
        adapter = make_adapter(home, f"run{number}")
        job = submit(recipe, "ann")
        claim("cpu")
        finish(job.id, 1, adapter, METRICS, 10.0)
        fill(home / "runs" / job.run)
        folder = home / "runs" / f"20260101-000000-cli{number}"
        folder.mkdir()
        fill(folder)
        (folder / "recipe.yaml").write_text(recipe.to_yaml())
        (folder / "status.json").write_text('{"state": "finished"}')
        result = {"metrics": METRICS, "seconds": 1, "adapter": make_adapter(home, f"cli{number}")}
        (folder / "result.json").write_text(json.dumps(result))
    submit(recipe, "ann")


def fill(folder: Path) -> None:
    (folder / "log.jsonl").write_text(CURVE)
    (folder / "job.log").write_text("a line\n" * 1000)
    (folder / "features").mkdir()
    for i in range(5):
        (folder / "features" / f"{i}.json").write_text("{}")


def measure(what, polls: int) -> tuple[float, float, float]:
    """The first, the median of the others, and the longest of them."""
    times = []
    for _ in range(polls + 1):
        began = time.perf_counter()
        what()
        times.append(1000 * (time.perf_counter() - began))
        time.sleep(0.02)
    return times[0], statistics.median(times[1:]), max(times[1:])


def main() -> None:
    """Print the table."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--runs", type=int, default=300)
    parser.add_argument("--polls", type=int, default=15)
    args = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        os.environ["XMODAL_HOME"] = folder
        settings.cache_clear()
        make_runs(Path(folder), args.runs)
        began = time.perf_counter()
        rows = jobs_runs.run_rows()
        print(f"{len(rows)} runs, read for the first time: {1000 * (time.perf_counter() - began):.0f} ms")
        calls = {
            "poll": jobs_runs.poll,
            "run_rows": jobs_runs.run_rows,
            "run_rows of one person": lambda: jobs_runs.run_rows("ann"),
            "the list as HTML": lambda: run_list(rows, []),
            "show_run": lambda: jobs_runs.show_run("1"),
        }
        for load in ("at rest", "while two train"):
            busy = [
                subprocess.Popen([sys.executable, "-c", BUSY], preexec_fn=lambda: os.nice(NICE))
                for _ in range(2 * (load != "at rest"))
            ]
            for name, call in calls.items():
                first, median, longest = measure(call, args.polls)
                print(f"{load:16} {name:24} first {first:7.1f}  median {median:7.1f}  longest {longest:7.1f} ms")
            for process in busy:
                process.kill()


if __name__ == "__main__":
    main()
