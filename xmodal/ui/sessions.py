"""What one visitor has on the page, kept apart from every other visitor's."""

import tempfile
import threading
from dataclasses import dataclass, field
from pathlib import Path

import gradio as gr

from xmodal.tasks.results import TagResult, TranscribeResult
from xmodal.ui.plots import Overview


@dataclass
class Session:
    """The recording a visitor works on and what is known of it so far.

    Attributes:
        path: The recording.
        overview: Its shape.
        tags: Its sounds.
        transcript: What is said, maybe still growing.
        cancel: Set to stop the run under way.
        rated: Number of the stored rating, 0 if there is none yet.
        folder: Holds the files offered for download; removed with the session.
    """

    path: Path | None = None
    overview: Overview | None = None
    tags: TagResult | None = None
    transcript: TranscribeResult | None = None
    cancel: threading.Event = field(default_factory=threading.Event)
    rated: int = 0
    folder: tempfile.TemporaryDirectory | None = None


class Sessions:
    """The visitors' sessions by Gradio's session hash; safe to use from several threads."""

    def __init__(self):
        self._lock = threading.Lock()
        self._by_hash: dict[str, Session] = {}

    def get(self, request: gr.Request) -> Session:
        """The visitor's session, a new one at the first call."""
        with self._lock:
            return self._by_hash.setdefault(request.session_hash or "", Session())

    def renew(self, request: gr.Request, path: Path | None = None) -> Session:
        """Stop what the visitor had running and start afresh with another recording."""
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
