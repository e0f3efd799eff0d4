"""Runs logged to trackio, on this machine only; the run goes on whatever happens to the log.

`XMODAL_TRACKIO=0` turns it off. `TRACKIO_DIR=$XMODAL_HOME/trackio trackio show` draws the curves.
"""

import contextlib
import io
import logging
import math
import os
from pathlib import Path

from xmodal.paths import home
from xmodal.settings import settings
from xmodal.training.processes import is_main
from xmodal.training.runs import path_in_run

PROJECT = "xmodal"
_REMOTE = ("TRACKIO_SPACE_ID", "TRACKIO_SERVER_URL", "TRACKIO_BUCKET_ID", "TRACKIO_DATASET_ID")
_log = logging.getLogger(__name__)


class Tracker:
    """Use as a context manager around what is logged. Where trackio fails, it is told once and left alone.

    Args:
        folder: Of the run; what is not in the folder of all runs is not logged.
        after: Steps up to this one are there already, from before a resumption.
    """

    def __init__(self, folder: Path, after: int = 0):
        self.after, self._run = after, None
        self.name = "-".join(path_in_run(folder))

    def __enter__(self) -> "Tracker":
        if self.name and settings().trackio and is_main():
            self._guard(self._start)
        return self

    def __exit__(self, *_exception) -> None:
        if self._run is not None:
            import trackio

            self._guard(trackio.finish)

    def log(self, step: int, values: dict[str, float | None]) -> None:
        """Numbers of a step; what is no number is left out."""
        finite = _finite(values)
        if self._run is not None and step > self.after:
            self._guard(lambda: self._run.log(finite, step=step))

    def summarise(self, metrics: dict) -> None:
        """The numbers that came out: before, after and, if there was one, the cross-validation's mean."""
        found = {
            f"{side}/{name}": value for side in ("before", "after") for name, value in metrics.get(side, {}).items()
        }
        if "cross_validation" in metrics:
            found["cross_validation/mean"] = metrics["cross_validation"]["mean"]
        if self._run is not None:
            finite = _finite(found)
            self._guard(lambda: self._run.log(finite))

    def _start(self) -> None:
        os.environ.setdefault("TRACKIO_DIR", str(home() / "trackio"))
        # Nothing leaves the machine, even where the person's environment names a Space for other projects.
        hidden = {name: os.environ.pop(name) for name in _REMOTE if name in os.environ}
        try:
            import trackio

            self._run = trackio.init(
                project=PROJECT, name=self.name, resume="allow", embed=False, auto_log_gpu=False, auto_log_cpu=False
            )
        finally:
            os.environ |= hidden

    def _guard(self, work) -> None:
        """Whatever it raises or prints is kept from the run."""
        try:
            with contextlib.redirect_stdout(io.StringIO()):
                work()
        except Exception as error:  # noqa: BLE001 - any failure of an optional log
            self._run = None
            _log.warning("The run is not logged to trackio: %s", error)


def _finite(values: dict) -> dict[str, float]:
    return {k: v for k, v in values.items() if isinstance(v, int | float) and math.isfinite(v)}
