"""What one visitor has on the page, kept apart from every other visitor's."""

import tempfile
import threading
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Generic, TypeVar

import gradio as gr

from xmodal.tasks.results import TagResult, TranscribeResult
from xmodal.ui.plots import Overview


@dataclass
class Visit:
    """What every tab keeps of a visitor.

    Attributes:
        path: The file that is worked on, if it is one.
        cancel: Set to stop the run under way.
        rated: Number of the stored rating, 0 if there is none yet.
        folder: Holds the files offered for download; removed with the session.
    """

    path: Path | None = None
    cancel: threading.Event = field(default_factory=threading.Event)
    rated: int = 0
    folder: tempfile.TemporaryDirectory | None = None

    def make_folder(self) -> Path:
        """A folder that goes with the session."""
        if self.folder is None:
            self.folder = tempfile.TemporaryDirectory(prefix="xmodal-", ignore_cleanup_errors=True)
        return Path(self.folder.name)

    def restart(self) -> None:
        """Stop what was running, so that the next run can be stopped by itself."""
        self.cancel.set()
        self.cancel = threading.Event()


@dataclass
class Session(Visit):
    """The recording a visitor works on and what is known of it so far.

    Attributes:
        overview: Its shape.
        tags: Its sounds.
        transcript: What is said, maybe still growing.
    """

    overview: Overview | None = None
    tags: TagResult | None = None
    transcript: TranscribeResult | None = None


AnyVisit = TypeVar("AnyVisit", bound=Visit)


class Sessions(Generic[AnyVisit]):
    """The visitors' sessions by Gradio's session hash; safe to use from several threads.

    Args:
        make: Makes an empty one.
    """

    def __init__(self, make: Callable[[], AnyVisit] = Session):
        self._make = make
        self._lock = threading.Lock()
        self._by_hash: dict[str, AnyVisit] = {}

    def get(self, request: gr.Request) -> AnyVisit:
        """The visitor's session, a new one at the first call."""
        with self._lock:
            key = request.session_hash or ""
            if key not in self._by_hash:
                self._by_hash[key] = self._make()
            return self._by_hash[key]

    def renew(self, request: gr.Request, path: Path | None = None) -> AnyVisit:
        """Stop what the visitor had running and start afresh, maybe with another file."""
        self.drop(request)
        session = self.get(request)
        session.path = path
        return session

    def drop(self, request: gr.Request) -> None:
        """Forget a visitor who left, and stop their run."""
        with self._lock:
            session = self._by_hash.pop(request.session_hash or "", None)
        if session is not None:
            session.cancel.set()
            if session.folder is not None:
                session.folder.cleanup()
