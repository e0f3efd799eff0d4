"""Runs a downloading program, reports how far it is by the growth of a folder, and stops it when asked.

Downloads run in a child process because only a process can be stopped at any moment: pip offers no interface for
it, and the Hub client's native transfer code does not return to Python between chunks.
"""

import os
import signal
import subprocess
import threading
import time
from collections import deque
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from xmodal.disk import folder_bytes
from xmodal.progress import Progress, Reporter, check_cancelled

_POLL_S = 0.25
_RATE_WINDOW_S = 5.0


@dataclass(frozen=True)
class Finished:
    """How the program ended and what it printed."""

    returncode: int
    stdout: str
    stderr: str


def run_watched(
    command: Sequence[str],
    folder: Path,
    start: Progress,
    report: Reporter | None = None,
    cancel: threading.Event | None = None,
    env: dict[str, str] | None = None,
) -> Finished:
    """Run `command` to its end, reporting how `folder` grows.

    Args:
        command: Program and arguments.
        folder: The folder it downloads into; it may not exist yet.
        start: Stage, name and total (MB) of the reports; `done` is what was there before.
        report: Called about four times a second.
        cancel: Stops the program.
        env: Its environment variables; the parent's if not given.

    Raises:
        CancelledError: `cancel` was set; the program has been stopped.
    """
    meter = _Meter(folder, start, report)
    with subprocess.Popen(
        command,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        errors="replace",
        env=env,
        # A session of its own, so that Ctrl-C reaches only xmodal, which then ends the whole group.
        start_new_session=True,
    ) as process:
        try:
            while True:
                check_cancelled(cancel)
                try:
                    stdout, stderr = process.communicate(timeout=_POLL_S)
                except subprocess.TimeoutExpired:
                    meter.tell()
                    continue
                return Finished(process.returncode, stdout, stderr)
        finally:
            _end(process)


class _Meter:
    """Reports the growth of a folder and its rate over the last seconds."""

    def __init__(self, folder: Path, start: Progress, report: Reporter | None):
        self.folder, self.start, self.report = folder, start, report
        self.before = folder_bytes(folder)
        self.seen: deque[tuple[float, float]] = deque()

    def tell(self) -> None:
        if self.report is None:
            return
        now = time.monotonic()
        done = self.start.done + (folder_bytes(self.folder) - self.before) / 1e6
        self.seen.append((now, done))
        while now - self.seen[0][0] > _RATE_WINDOW_S:
            self.seen.popleft()
        then, done_then = self.seen[0]
        rate = max(0.0, (done - done_then) / (now - then)) if now > then else 0.0
        if self.start.total:
            done = min(done, self.start.total)
        self.report(replace(self.start, done=max(0.0, done), rate=rate))


def _end(process: subprocess.Popen) -> None:
    if process.poll() is not None:
        return
    if os.name == "posix":
        os.killpg(process.pid, signal.SIGKILL)
    else:
        process.kill()
    process.wait()
