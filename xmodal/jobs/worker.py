"""The worker of a device: `python -m xmodal.jobs.worker DEVICE`. Takes jobs one by one, and leaves when there are none.

It loads nothing heavy and outlives what it starts: each job is a process group of its own, started through
`accelerate launch`, so that a job that is killed for lack of memory leaves someone behind to say so. A worker that is
killed leaves its job running; the next worker watches it to its end.
"""

import argparse
import contextlib
import logging
import os
import subprocess
import sys
import time
from datetime import datetime
from pathlib import Path

import psutil
from filelock import Timeout

from xmodal.disk import disk_full_explained
from xmodal.errors import DiskFullError, XmodalError
from xmodal.jobs import claims
from xmodal.jobs.places import LOG, is_held, job_lock, run_dir, worker_lock
from xmodal.jobs.records import WAITING, Job, get_job, list_jobs
from xmodal.settings import settings

_log = logging.getLogger(__name__)

IDLE_S = 60.0
_POLL_S = 0.25
_FULL_S = 5.0
_STOP_S = 90.0  # a job that was asked to stop and has not by then is ended
NICE = 10
_ROOT = Path(__file__).resolve().parents[2]


def work(device: str, runner: str = "", idle_s: float = IDLE_S) -> None:
    """Run jobs until none has waited for `idle_s`; returns at once if the device has a worker.

    Args:
        device: As `XMODAL_DEVICE` names it.
        runner: For tests; see `process`.
        idle_s: Seconds without work after which to leave.
    """
    lock, last = worker_lock(device), time.monotonic()
    try:
        lock.acquire(timeout=2)
        while True:
            if _run_next(device, runner):
                last = time.monotonic()
            elif time.monotonic() - last > idle_s:
                lock.release()
                # Whoever submitted a job before the lock was free counted on this worker.
                if not list_jobs(states=WAITING):
                    return
                lock.acquire(timeout=2)
            else:
                time.sleep(_POLL_S)
    except Timeout:
        _log.info("The device %s has a worker.", device)
    finally:
        lock.release()


def _run_next(device: str, runner: str) -> bool:
    """See a job to its end: one that still runs, else the next one; returns whether there was any."""
    try:
        job, process = next(iter(claims.recover(device)), None), None
        if job is None and (job := claims.claim(device)):
            process = _start(job, runner)
        if job:
            _watch(job, process)
    except DiskFullError as error:
        # The job, if it lives, goes on; once there is room, it is found again.
        _log.warning("%s", error)
        time.sleep(_FULL_S)
        return False
    return job is not None


def launch_command(job: Job, runner: str = "", processes: int = 1) -> list[str]:
    """How the process of a job is started; a runner for tests needs no device, so it goes without accelerate."""
    body = ["-m", "xmodal.jobs.process", str(job.id), str(job.attempt)]
    if runner:
        return [sys.executable, *body, "--runner", runner]
    options = {
        "num_processes": processes,
        "num_machines": 1,
        "mixed_precision": "no",
        "dynamo_backend": "no",
        "num_cpu_threads_per_process": _threads(processes),
    }
    flags = [part for name, value in options.items() for part in (f"--{name}", str(value))]
    return [sys.executable, "-m", "accelerate.commands.launch", *flags, *body]


def _start(job: Job, runner: str) -> subprocess.Popen | None:
    folder = run_dir(job.run)
    path = os.pathsep.join(filter(None, (str(_ROOT), os.environ.get("PYTHONPATH"))))
    try:
        with disk_full_explained(folder, "the run"):
            folder.mkdir(parents=True, exist_ok=True)
            with open(folder / LOG, "ab") as log:
                log.write(f"{claims.START_MARK}{job.attempt}, {datetime.now():%Y-%m-%d %H:%M:%S} ===\n".encode())
                log.flush()
                process = subprocess.Popen(
                    launch_command(job, runner),
                    stdin=subprocess.DEVNULL,
                    stdout=log,
                    stderr=subprocess.STDOUT,
                    env={**os.environ, "PYTHONPATH": path, "PYTHONUNBUFFERED": "1"},
                    start_new_session=True,
                )
    except XmodalError as error:
        claims.fail(job.id, job.attempt, error)
        return None
    # Linux may weigh whole sessions against each other, and then only this file's number counts between them.
    with contextlib.suppress(OSError):
        Path(f"/proc/{process.pid}/autogroup").write_text(str(psutil.Process().nice()))
    return process


def _watch(job: Job, process: subprocess.Popen | None) -> None:
    """Until the job's process is gone; then the row is made true if it left without a word."""
    while (process and process.poll() is None) or is_held(job_lock(job.id)):
        time.sleep(_POLL_S)
        now = get_job(job.id)
        if now.state == "running" and now.cancel_at and time.time() - now.cancel_at > _STOP_S:
            _log.warning("Job %d did not stop by itself.", job.id)
            _kill(now, process)
    now = get_job(job.id)
    if now.state == "running" and now.attempt == job.attempt:
        claims.die(now, seen=True, status=process.returncode if process else 0)


def _kill(job: Job, process: subprocess.Popen | None) -> None:
    """End the processes of a job, whatever they do."""
    found = []
    with contextlib.suppress(psutil.NoSuchProcess):
        own = psutil.Process(process.pid if process else job.pid)
        # A number alone may belong to someone else by now.
        if process or abs(own.create_time() - job.pid_started) < 2:
            found = [own, *own.children(recursive=True)]
    for one in found:
        with contextlib.suppress(psutil.NoSuchProcess):
            one.kill()


def _threads(processes: int) -> int:
    """One core is left to the page where there are more than two; being nice has to do where there are not."""
    cores = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1
    return settings().threads or max(1, (cores - (cores > 2)) // processes)


def main(arguments: list[str] | None = None) -> int:
    """Work for one device."""
    parser = argparse.ArgumentParser()
    parser.add_argument("device")
    parser.add_argument("--runner", default="")
    parser.add_argument("--idle-s", type=float, default=IDLE_S)
    parser.add_argument("--nice", type=int, default=NICE, help="how far jobs step back behind the page, 0 to 19")
    args = parser.parse_args(arguments)
    logging.basicConfig(level=logging.INFO, format="%(asctime)s %(levelname)s %(message)s")
    if hasattr(os, "nice"):
        os.nice(args.nice)
    work(args.device, args.runner, args.idle_s)
    return 0


if __name__ == "__main__":
    sys.exit(main())
