"""Progress on the terminal, on standard error so that standard output holds only results."""

import sys
import time
from datetime import timedelta
from typing import TextIO

from xmodal.progress import Progress

_BAR = 24
_EVERY_S = 5.0


class ProgressLine:
    """A `Reporter` that rewrites one line on a terminal, and writes a line now and then to a file or pipe.

    Use as a context manager: the line is ended on the way out.
    """

    def __init__(self, stream: TextIO | None = None):
        self._stream = stream or sys.stderr
        self._is_terminal = self._stream.isatty()
        self._width = 0
        self._last_time = float("-inf")
        self._last_stage = ("", "")

    def __enter__(self) -> "ProgressLine":
        return self

    def __exit__(self, *_exception) -> None:
        self.end()

    def end(self) -> None:
        """End the line, so that something else can be printed."""
        if self._width:
            self._stream.write("\n")
            self._stream.flush()
            self._width = 0

    def __call__(self, progress: Progress) -> None:
        """Show `progress`."""
        stage, now = (progress.stage, progress.what), time.monotonic()
        text = describe(progress)
        if self._is_terminal:
            if stage != self._last_stage:
                self.end()
            self._stream.write("\r" + text.ljust(self._width))
            self._width = len(text)
        elif stage != self._last_stage or now - self._last_time >= _EVERY_S:
            self._stream.write(text + "\n")
            self._last_time = now
        self._last_stage = stage
        self._stream.flush()


def describe(progress: Progress) -> str:
    """One line such as `download whisper-base [#####     ] 66/133 MB, 12.3 MB/s, 0:00:05 left`."""
    text = f"{progress.stage} {progress.what}"
    if progress.total:
        share = min(1.0, progress.done / progress.total)
        text += f" [{'#' * round(_BAR * share):{_BAR}}] {progress.done:.0f}/{progress.total:.0f} {progress.unit}"
    elif progress.done:
        text += f" {progress.done:.0f} {progress.unit}"
    if progress.rate:
        text += f", {progress.rate:.1f} {progress.unit}/s"
        if progress.total > progress.done:
            seconds = round((progress.total - progress.done) / progress.rate)
            text += f", {timedelta(seconds=seconds)} left"
    return text
