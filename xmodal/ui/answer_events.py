"""What happens on the Question answering tab. The work itself is in `answer_work.py`."""

import hashlib
import json
import time
from collections.abc import Callable, Iterator
from functools import partial

import gradio as gr

from xmodal.errors import CancelledError
from xmodal.jobs.feedback import Feedback
from xmodal.progress import Progress
from xmodal.tasks.results import LOOKED, AnswerResult, to_dict
from xmodal.ui import answer_views, views
from xmodal.ui.answer_tab import AnswerTab, Sample
from xmodal.ui.answer_work import KEPT, AnswerSession, Heard, Wish, work
from xmodal.ui.background import stream
from xmodal.ui.i18n import html
from xmodal.ui.notices import warn
from xmodal.ui.rating import RatingEvents
from xmodal.ui.sessions import Sessions
from xmodal.ui.trained_models import list_answering

ANSWER_QUEUE = "answer"
AT_ONCE = 2
"""Questions that are worked on at a time: one may be reading a long recording."""


class AnswerEvents:
    """Handlers of one page's Question answering tab."""

    def __init__(self, tab: AnswerTab, sessions: Sessions[AnswerSession]):
        self.tab = tab
        self.sessions = sessions

    def connect(self, page: gr.Blocks, opened: gr.Tab) -> list:
        """Tie the handlers to the components; returns the events of a run, for what should follow it."""
        tab, private = self.tab, {"api_visibility": "private", "show_progress": "hidden"}
        at_once = {**private, "queue": False}
        for look in (page.load, opened.select):
            look(self.on_open, tab.model, tab.model, concurrency_limit=4, **private)
        gr.on([tab.files.upload, tab.text.blur], self.on_own, [tab.files, tab.text], tab.health, **at_once)
        shown = [*tab.sources[:3], *tab.results]
        asked = [gr.on([tab.run.click, tab.question.submit], self.on_wait, None, tab.results, **at_once)]
        asked += [
            button.click(self.on_sample(sample), None, shown, **at_once) for button, sample in tab.samples.items()
        ]
        spoken = gr.on([tab.spoken.stop_recording, tab.spoken.upload], self.on_wait, None, tab.results, **at_once)
        turn = {"concurrency_limit": AT_ONCE, "concurrency_id": ANSWER_QUEUE, **private}
        runs = [start.then(self.on_ask, [tab.question, *tab.sources], tab.results, **turn) for start in asked]
        runs.append(spoken.then(self.on_spoken, [tab.spoken, *tab.sources], tab.results, **turn))
        stop = tab.stop.click(self.on_stop, None, None, cancels=runs, **at_once)
        stop.then(self.on_stopped, None, tab.results, concurrency_limit=None, **private)
        RatingEvents(tab.rating, self.sessions, _judge).connect()
        return runs

    def on_open(self, chosen: str | None) -> dict:
        """Look which models there are, one may just have been trained."""
        names = [adapter.name for adapter in list_answering()]
        # A choice that still holds is not sent back: the visitor may have made another one meanwhile.
        value = {} if chosen in names else {"value": names[0] if names else None}
        return {self.tab.model: gr.update(choices=names, **value)}

    def on_own(self, files: list[str] | None, text: str | None, request: gr.Request) -> dict:
        """At the first source of one's own, the health collection is no longer asked; it can be ticked again."""
        session = self.sessions.get(request)
        given = bool(files or (text or "").strip())
        if not given or session.own_sources:
            return {self.tab.health: gr.skip()}
        session.own_sources = True
        return {self.tab.health: False}

    def on_sample(self, sample: Sample) -> Callable[[gr.Request], dict]:
        """The handler of an example; the run follows by itself."""

        def on_click(request: gr.Request) -> dict:
            self.sessions.get(request).own_sources = not sample.health
            return {
                self.tab.health: sample.health,
                self.tab.files: [str(sample.file)] if sample.file else None,
                self.tab.text: sample.text,
                **self.on_wait(),
                self.tab.question: sample.question,
            }

        return on_click

    def on_wait(self) -> dict:
        """Asked: say so at once, there may be others before."""
        return {
            self.tab.status: views.waiting(),
            self.tab.run: gr.update(interactive=False),
            self.tab.stop: gr.update(interactive=True),
        }

    def on_ask(
        self, question: str | None, health: bool, files: list[str] | None, text: str | None, ocr: bool,
        model: str | None, request: gr.Request,
    ) -> Iterator[dict]:  # fmt: skip
        """Answer a typed question."""
        yield from self._run(
            Wish(question or "", "", health, tuple(files or ()), text or "", ocr, model or ""), request
        )

    def on_spoken(
        self, spoken: str | None, health: bool, files: list[str] | None, text: str | None, ocr: bool,
        model: str | None, request: gr.Request,
    ) -> Iterator[dict]:  # fmt: skip
        """Answer a spoken question; it is written into the box first."""
        yield from self._run(Wish("", spoken or "", health, tuple(files or ()), text or "", ocr, model or ""), request)

    def _run(self, wish: Wish, request: gr.Request) -> Iterator[dict]:
        """Answer; a question asked meanwhile takes the page over, and this one says no more."""
        session = self.sessions.get(request)
        session.restart()
        session.rated = 0
        cancel, began = session.cancel, time.monotonic()
        yield {self.tab.status: views.progress(), **self.tab.rating.cleared()}
        try:
            for items in stream(partial(work, wish, session, cancel), cancel):
                for item in items:
                    if session.cancel is not cancel:
                        return
                    yield self._draw(session, item, time.monotonic() - began)
        except CancelledError:
            if session.cancel is cancel:
                yield self._at_rest(views.finished(0, [], stopped=True))
        except Exception as error:  # noqa: BLE001 - `stream` has logged it; the page goes on
            if session.cancel is cancel:
                yield self._at_rest(warn(error))

    def _draw(self, session: AnswerSession, item: object, seconds: float) -> dict:
        """Updates for something new."""
        if isinstance(item, Progress):
            return {self.tab.status: views.progress(item)}
        if isinstance(item, Heard):
            return {self.tab.question: item.question}
        if not isinstance(item, AnswerResult):
            return {}
        session.results = [*session.results, item][-KEPT:]
        facts = [html("status.model", model=item.model), html("answer.passages", count=len(session.index.passages))]
        return {
            **self._at_rest(views.finished(seconds, facts)),
            self.tab.answer: answer_views.answer(item),
            self.tab.evidence: answer_views.evidence(item, session.files),
            self.tab.history: answer_views.history(session.results),
            self.tab.tools: gr.update(visible=True),
            self.tab.download: gr.update(value=_write(session)),
            **self.tab.rating.shown(),
        }

    def on_stop(self, request: gr.Request) -> None:
        """Stop the run."""
        self.sessions.get(request).cancel.set()

    def on_stopped(self) -> dict:
        """The run was stopped; the last answer stays."""
        return self._at_rest(views.finished(0, [], stopped=True))

    def on_leave(self, request: gr.Request) -> None:
        """The visitor closed the page."""
        self.sessions.drop(request)

    def _at_rest(self, status: str) -> dict:
        return {
            self.tab.status: status,
            self.tab.run: gr.update(interactive=True),
            self.tab.stop: gr.update(interactive=False),
        }


def _write(session: AnswerSession) -> str:
    """The answers of the visit with their evidence; in a folder that goes with the session."""
    path = session.make_folder() / "answers.json"
    results = [to_dict(one) for one in session.results]
    path.write_text(json.dumps(results, ensure_ascii=False, indent=2), encoding="utf-8", errors="replace")
    return str(path)


def _judge(session: AnswerSession, value: int) -> Feedback | None:
    """The rating of the last answer."""
    if not session.results:
        return None
    last = session.results[-1]
    best = last.evidence[0] if last.evidence else None
    passage = best.passage if best else ""
    given = {"question": last.question, "context": passage}
    if best and best.heading == LOOKED and best.file in session.files:  # what it says stands nowhere
        given = {"question": last.question, "image": str(session.files[best.file])}
    digest = hashlib.sha256(f"{last.question}\0{passage}".encode("utf-8", "replace")).hexdigest()
    return Feedback("answer", last.model, digest, last.answer, value, inputs=given)
