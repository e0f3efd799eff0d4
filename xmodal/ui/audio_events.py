"""What happens on the Audio tab. Results are drawn from the visitor's `Session`, so a stopped run shows what it has."""

import time
from collections.abc import Iterator
from functools import partial
from pathlib import Path

import gradio as gr

from xmodal.errors import CancelledError, XmodalError
from xmodal.jobs.feedback import Feedback, hash_file
from xmodal.ui import views
from xmodal.ui.audio_run import Wish, analyse, draw_empty, draw_end, draw_results, keep
from xmodal.ui.audio_tab import AudioTab
from xmodal.ui.background import stream
from xmodal.ui.notices import warn, warn_of
from xmodal.ui.rating import RatingEvents
from xmodal.ui.sessions import Session, Sessions

SPEECH_QUEUE = "transcribe"
"""Everything that transcribes waits in one line: two at once on one processor are slower than one after the other."""


class AudioEvents:
    """Handlers of one page's Audio tab; who the visitor is comes with each request."""

    def __init__(self, tab: AudioTab, sessions: Sessions):
        self.tab = tab
        self.sessions = sessions

    def connect(self) -> list:
        """Tie the handlers to the components; returns the events of a run, for what should follow it."""
        tab = self.tab
        private = {"api_visibility": "private", "show_progress": "hidden"}
        at_once = {**private, "queue": False}
        inputs = [tab.file, tab.microphone, *tab.results]
        gr.on([tab.file.upload, tab.file.clear], self.on_file, tab.file, inputs, **at_once)
        gr.on(
            [tab.microphone.stop_recording, tab.microphone.clear], self.on_microphone, tab.microphone, inputs, **at_once
        )
        starts = [tab.run.click(self.on_wait, None, tab.results, **at_once)]
        starts += [
            button.click(partial(self.on_example, path), None, inputs, **at_once)
            for button, path in tab.examples.items()
        ]
        runs = [
            start.then(
                self.on_run, tab.options, tab.results, concurrency_limit=1, concurrency_id=SPEECH_QUEUE, **private
            )
            for start in starts
        ]
        # The second step goes through the queue, so that it comes after whatever the run had sent before.
        stop = tab.stop.click(self.on_stop, None, None, cancels=runs, **at_once)
        stop.then(self.on_stopped, None, tab.results, concurrency_limit=None, **private)
        RatingEvents(tab.rating, self.sessions, _judge).connect()
        return runs

    def on_file(self, file: str | None, request: gr.Request) -> dict:
        """Another file was chosen, or it was taken away."""
        self.sessions.drop(request)
        return {self.tab.microphone: None, self.tab.status: "", **draw_empty(self.tab, file)}

    def on_microphone(self, recording: str | None, request: gr.Request) -> dict:
        """Something was recorded, or thrown away."""
        self.sessions.drop(request)
        return {self.tab.file: None, self.tab.status: "", **draw_empty(self.tab, recording)}

    def on_example(self, path: Path) -> dict:
        """An example was clicked; the run follows by itself."""
        return {self.tab.file: str(path), self.tab.microphone: None, **self.on_wait()}

    def on_wait(self) -> dict:
        """Asked to run: say so at once, there may be others before."""
        return {
            self.tab.status: views.waiting(),
            self.tab.run: gr.update(interactive=False),
            self.tab.stop: gr.update(interactive=True),
        }

    def on_run(
        self, file: str | None, microphone: str | None, find: list[str], model: str, language: str, translate: bool,
        words: bool, script: str, vad: bool, request: gr.Request,
    ) -> Iterator[dict]:  # fmt: skip
        """Work on the recording and show results as they come."""
        source = file or microphone
        missing = "no_file" if not source else "nothing_wanted" if not find else ""
        if missing:
            yield {**self._at_rest(), self.tab.status: warn_of(missing)}
            return
        session = self.sessions.renew(request, Path(source))
        yield {**draw_empty(self.tab, source), self.tab.status: views.progress()}
        wish = Wish(tuple(find), model, language, translate, words, script, vad)
        began, problems = time.monotonic(), []
        try:
            for items in stream(partial(analyse, session.path, wish, session.cancel), session.cancel):
                for item in items:
                    keep(session, item)
                problems += [warn(item) for item in items if isinstance(item, XmodalError)]
                if not session.cancel.is_set():
                    yield draw_results(self.tab, session, items)
        except CancelledError:
            yield draw_end(self.tab, session, 0, stopped=True)
            return
        except Exception as error:  # noqa: BLE001 - `stream` has logged it; the page goes on
            problems.append(warn(error))
        yield draw_end(self.tab, session, time.monotonic() - began, "".join(problems))

    def on_stop(self, request: gr.Request) -> None:
        """Stop the run."""
        self.sessions.get(request).cancel.set()

    def on_stopped(self, request: gr.Request) -> dict:
        """Show what the run found before it was stopped."""
        return draw_end(self.tab, self.sessions.get(request), 0, stopped=True)

    def on_leave(self, request: gr.Request) -> None:
        """The visitor closed the page."""
        self.sessions.drop(request)

    def _at_rest(self) -> dict:
        return {self.tab.run: gr.update(interactive=True), self.tab.stop: gr.update(interactive=False)}


def _judge(session: Session, value: int) -> Feedback | None:
    """The rating of a transcript."""
    result = session.transcript
    if result is None or session.path is None:
        return None
    return Feedback(
        "transcribe", result.model, hash_file(session.path), result.text, value, inputs={"audio": str(session.path)}
    )
