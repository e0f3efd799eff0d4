"""The process of one job: `python -m xmodal.jobs.process JOB ATTEMPT`, started by the worker through accelerate.

It is the only one that writes how the job ended; where it dies without a word, the worker does.
"""

import argparse
import logging
import os
import signal
import sqlite3
import sys
import threading
import traceback
from collections.abc import Callable
from importlib import import_module
from pathlib import Path

from filelock import Timeout

from xmodal.disk import disk_full_explained
from xmodal.errors import CancelledError, XmodalError
from xmodal.jobs import claims
from xmodal.jobs.places import LOG, job_lock, run_dir
from xmodal.jobs.records import Job, get_job
from xmodal.jobs.uploads import is_upload
from xmodal.paths import home
from xmodal.progress import Progress, Reporter

_log = logging.getLogger(__name__)

Runner = Callable[[Job, Reporter | None, threading.Event], tuple[str, dict, float]]
"""Does the work of a job: gives the adapter's folder, the metrics, the seconds."""

_SIGN_S = 0.5
_LOCK_S = 30.0
_RESERVE_BYTES = 1 << 20


class Signs(threading.Thread):
    """Stores progress and hears of cancellation twice a second, so that the training never waits for the database."""

    def __init__(self, job: Job):
        super().__init__(daemon=True, name="signs of life")
        self.job, self.progress = job, None
        self.cancel, self.done = threading.Event(), threading.Event()
        self.ended_by_system = False

    def report(self, progress: Progress) -> None:
        """A `Reporter`."""
        self.progress = progress

    def end_by_system(self, *_signal) -> None:
        """The machine goes down: stop with a checkpoint, and go on by itself later."""
        self.ended_by_system = True
        self.cancel.set()

    def run(self) -> None:
        """Until `done` is set, and once more then."""
        shown, last = None, False
        while not last:
            last = self.done.wait(_SIGN_S)
            progress = self.progress
            try:
                if claims.give_sign(self.job.id, self.job.attempt, None if progress is shown else progress):
                    self.cancel.set()
                shown = progress
            except (sqlite3.OperationalError, XmodalError) as error:
                _log.warning("No sign of life could be stored: %s", error)


class Reserve:
    """A megabyte that is given back when the disk is full, so that the row can still say so."""

    def __init__(self, job: Job):
        self.path = run_dir(job.run) / "reserve"
        with disk_full_explained(self.path, "the run"):
            self.path.write_bytes(os.urandom(_RESERVE_BYTES))

    def free(self) -> None:
        """Give it back."""
        self.path.unlink(missing_ok=True)


def train_job(job: Job, report: Reporter | None, cancel: threading.Event) -> tuple[str, dict, float]:
    """The `Runner` of real jobs."""
    import yaml

    from xmodal.training.config import parse_recipe
    from xmodal.training.engine import train

    recipe = parse_recipe(yaml.safe_load(job.recipe))
    result = train(recipe, report, cancel, resume=job.run, untrusted=is_upload(recipe.data.source))
    return result.adapter, result.metrics, result.seconds


def run_job(job: Job, runner: Runner) -> None:
    """Run it and store how it ended."""
    signs = Signs(job)
    signal.signal(signal.SIGTERM, signs.end_by_system)
    signs.start()
    reserve = None
    try:
        reserve = Reserve(job)
        with disk_full_explained(home(), "the run"):
            result = runner(job, signs.report, signs.cancel)
        outcome = (claims.finish, result)
    except CancelledError as error:
        outcome = (claims.stop, (error.problem,))
    except XmodalError as error:
        outcome = (claims.fail, (error,))
    except MemoryError:
        traceback.print_exc()
        advice = "Halve train.batch_size, or train the head only."
        outcome = (claims.fail, (XmodalError("There was not enough memory.", advice),))
    except Exception as error:  # noqa: BLE001 - a bug is told to the person like any other failure
        traceback.print_exc()
        outcome = (claims.fail, (_explain_bug(job, error),))
    finally:
        if reserve:
            reserve.free()
        signs.done.set()
        signs.join()
    store, values = outcome
    extra = {"resumes": signs.ended_by_system} if store is claims.stop else {}
    store(job.id, job.attempt, *values, **extra)


def main(arguments: list[str] | None = None) -> int:
    """Run one attempt of a job, unless it is no longer this process's to run."""
    parser = argparse.ArgumentParser()
    parser.add_argument("job", type=int)
    parser.add_argument("attempt", type=int)
    parser.add_argument("--runner", default="", help="MODULE:FUNCTION that tests put in the place of training")
    args = parser.parse_args(arguments)
    logging.basicConfig(level=logging.INFO, format="%(levelname)s %(name)s: %(message)s")
    runner = train_job
    if args.runner:
        module, name = args.runner.split(":")
        runner = getattr(import_module(module), name)
    job = get_job(args.job)
    if int(os.environ.get("RANK", "0")):
        # Only the first of several processes keeps the record.
        if job.attempt == args.attempt:
            runner(job, None, threading.Event())
        return 0
    try:
        with job_lock(job.id).acquire(timeout=_LOCK_S):
            if not claims.register(args.job, args.attempt):
                _log.warning("Attempt %d of job %d was given up.", args.attempt, args.job)
                return 0
            run_job(get_job(args.job), runner)
    except Timeout:
        _log.warning("Another process runs job %d.", args.job)
    return 0


def _explain_bug(job: Job, error: Exception) -> XmodalError:
    log = Path("runs") / job.run / LOG
    text = (str(error).splitlines() or [""])[0][:200]
    return XmodalError(
        f"Training stopped at an error in xmodal ({type(error).__name__}: {text}).",
        f"Please report it with the log {log} of the folder XMODAL_HOME.",
    )


if __name__ == "__main__":
    sys.exit(main())
