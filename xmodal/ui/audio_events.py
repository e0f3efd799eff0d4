"""What happens on the Audio tab. Results are drawn from the visitor's `Session`, so a stopped run shows what it has."""

import time
from collections.abc import Iterator
from functools import partial
from pathlib import Path

import gradio as gr

from xmodal.errors import CancelledError, XmodalError
from xmodal.jobs.feedback import Feedback, add_comment, hash_file, save_feedback
from xmodal.ui import views
from xmodal.ui.audio_run import Wish, analyse, draw_empty, draw_end, draw_results, keep
from xmodal.ui.audio_tab import AudioTab
from xmodal.ui.background import stream
from xmodal.ui.i18n import html
from xmodal.ui.sessions import Sessions

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
        rated = [tab.comment, tab.send, tab.thanks]
        tab.good.click(self.on_good, None, rated, **private)
        tab.bad.click(self.on_bad, None, rated, **private)
        gr.on([tab.send.click, tab.comment.submit], self.on_comment, tab.comment, rated, **private)
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
            what, advice = html(f"notice.{missing}"), html(f"notice.{missing}_advice")
            gr.Warning(f"{what} {advice}", title="xmodal")
            yield {**self._at_rest(), self.tab.status: views.notice(what, advice)}
            return
        session = self.sessions.renew(request, Path(source))
        yield {**draw_empty(self.tab, source), self.tab.status: views.progress()}
        wish = Wish(tuple(find), model, language, translate, words, script, vad)
        began, problems = time.monotonic(), []
        try:
            for items in stream(partial(analyse, session.path, wish, session.cancel), session.cancel):
                for item in items:
                    keep(session, item)
                problems += [self._warn(item) for item in items if isinstance(item, XmodalError)]
                if not session.cancel.is_set():
                    yield draw_results(self.tab, session, items)
        except CancelledError:
            yield draw_end(self.tab, session, 0, stopped=True)
            return
        except Exception as error:  # noqa: BLE001 - `stream` has logged it; the page goes on
            problems.append(self._warn(error))
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

    def on_good(self, request: gr.Request) -> dict:
        """Thumbs up."""
        return self._rate(1, request)

    def on_bad(self, request: gr.Request) -> dict:
        """Thumbs down."""
        return self._rate(-1, request)

    def _rate(self, rating: int, request: gr.Request) -> dict:
        """Store the judgement, and ask for words."""
        session = self.sessions.get(request)
        result = session.transcript
        if result is None or session.path is None:
            return {self.tab.thanks: ""}
        session.rated = save_feedback(
            Feedback("transcribe", result.model, hash_file(session.path), result.text, rating)
        )
        return {
            self.tab.comment: gr.update(visible=True),
            self.tab.send: gr.update(visible=True),
            self.tab.thanks: f"<p>{html('audio.rated')}</p>",
        }

    def on_comment(self, comment: str, request: gr.Request) -> dict:
        """Add words to the rating just given."""
        session = self.sessions.get(request)
        if session.rated and comment.strip():
            add_comment(session.rated, comment.strip())
        return {self.tab.comment: gr.update(visible=False, value=""), self.tab.send: gr.update(visible=False)}

    def _at_rest(self) -> dict:
        return {self.tab.run: gr.update(interactive=True), self.tab.stop: gr.update(interactive=False)}

    def _warn(self, error: Exception) -> str:
        """A toast now, and the same as a notice that stays."""
        what, advice = views.words_of(error)
        gr.Warning(f"{what} {advice}", title="xmodal")
        return views.notice(what, advice)
