"""Sees to it that jobs that wait have a worker, whoever died: run by the page, which may itself die at any time."""

import logging
import os
import sqlite3
import subprocess
import sys
import threading
import time
from pathlib import Path

from filelock import Timeout

from xmodal.errors import XmodalError
from xmodal.jobs.claims import recover
from xmodal.jobs.places import is_held, lock, worker_lock
from xmodal.jobs.records import WAITING, list_jobs
from xmodal.jobs.worker import IDLE_S, NICE
from xmodal.paths import home
from xmodal.settings import settings

_log = logging.getLogger(__name__)
_START_S = 20.0
_LOG_BYTES = 1 << 20
_ROOT = Path(__file__).resolve().parents[2]
_started: list[subprocess.Popen] = []


def ensure_worker(device: str = "", *, runner: str = "", idle_s: float = IDLE_S, nice: int = NICE) -> bool:
    """Start the worker of a device if it has none; returns whether one was started.

    The worker is detached: it outlives this process. Takes about a second where one is started.

    Args:
        device: As `XMODAL_DEVICE`, the default.
        runner: For tests; see `process`.
        idle_s: Seconds without work after which the worker leaves.
        nice: How far jobs step back behind the page, 0 to 19.
    """
    device = device or settings().device
    try:
        # So that two pages do not start one each.
        with lock(f"start-{device}").acquire(timeout=0):
            if is_held(worker_lock(device)):
                return False
            process = _spawn(device, {"--runner": runner, "--idle-s": idle_s, "--nice": nice})
            until = time.monotonic() + _START_S
            while process.poll() is None and not is_held(worker_lock(device)) and time.monotonic() < until:
                time.sleep(0.05)
    except Timeout:
        return False
    _started[:] = [one for one in [*_started, process] if one.poll() is None]
    return True


class Supervisor(threading.Thread):
    """Looks every `every_s` seconds, and when woken after a submit, whether jobs wait without a worker."""

    def __init__(self, every_s: float = 2.0, **worker: str | float):
        super().__init__(daemon=True, name="supervisor of jobs")
        self.every_s, self.worker = every_s, worker
        self._wake, self._end = threading.Event(), threading.Event()

    def wake(self) -> None:
        """Look now."""
        self._wake.set()

    def end(self) -> None:
        """Stop looking; workers and jobs go on."""
        self._end.set()
        self._wake.set()

    def run(self) -> None:
        """Until `end`."""
        while not self._end.is_set():
            try:
                supervise(**self.worker)
            except (OSError, sqlite3.Error, XmodalError):
                _log.exception("Jobs could not be looked after; trying again.")
            self._wake.wait(self.every_s)
            self._wake.clear()


def supervise(**worker: str | float) -> None:
    """Make the rows true, reap what ended, and start a worker if jobs wait for one or run without one."""
    _started[:] = [one for one in _started if one.poll() is None]
    if list_jobs(states=("running",)):
        recover()
    if list_jobs(states=("running", *WAITING)):
        ensure_worker(**worker)


def _spawn(device: str, options: dict[str, str | float]) -> subprocess.Popen:
    path = os.pathsep.join(filter(None, (str(_ROOT), os.environ.get("PYTHONPATH"))))
    log = home() / "worker.log"
    mode = "ab" if log.exists() and log.stat().st_size < _LOG_BYTES else "wb"
    flags = [f"{name}={value}" for name, value in options.items()]
    with open(log, mode) as out:
        return subprocess.Popen(
            [sys.executable, "-m", "xmodal.jobs.worker", device, *flags],
            stdin=subprocess.DEVNULL,
            stdout=out,
            stderr=subprocess.STDOUT,
            env={**os.environ, "PYTHONPATH": path},
            start_new_session=True,
        )
