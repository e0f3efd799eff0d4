"""How long work reports how far it is, and how it is asked to stop.

A function that takes longer than a second takes `report: Reporter | None` and `cancel: threading.Event | None`.
"""

import threading
from collections.abc import Callable
from dataclasses import dataclass

from xmodal.errors import CancelledError


@dataclass(frozen=True)
class Progress:
    """A step of something long.

    Attributes:
        stage: `download`, `convert`, `load`, `transcribe` or `tag`.
        what: What is worked on: a model's name or a file's.
        done: How much is done, in `unit`.
        total: How much there is; 0 if it is not known.
        unit: `MB` or `s` (seconds of the recording).
        rate: Units per second of time passed; 0 if it is not known yet.
    """

    stage: str
    what: str
    done: float = 0.0
    total: float = 0.0
    unit: str = "s"
    rate: float = 0.0


Reporter = Callable[[Progress], None]


def check_cancelled(cancel: threading.Event | None) -> None:
    """Raise `CancelledError` if the person asked to stop."""
    if cancel is not None and cancel.is_set():
        raise CancelledError("Stopped as asked.", "What was done before is kept; start again to do the rest.")
