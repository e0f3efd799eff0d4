"""What happens on the Classification tab: the choice of the model, and one thing to classify.

A file of many is in `classify_batch_events.py`.
"""

import hashlib
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from functools import partial
from typing import TYPE_CHECKING

import gradio as gr

from xmodal.errors import XmodalError
from xmodal.jobs.feedback import Feedback, hash_file
from xmodal.progress import Progress, check_cancelled
from xmodal.tasks.results import ClassifyResult
from xmodal.ui import classify_views, views
from xmodal.ui.classify_batch_events import BatchEvents
from xmodal.ui.classify_tab import ClassifyTab, Example
from xmodal.ui.i18n import html
from xmodal.ui.notices import warn, warn_of
from xmodal.ui.rating import RatingEvents
from xmodal.ui.run_events import RunEvents
from xmodal.ui.sessions import Sessions, Visit
from xmodal.ui.trained_models import find_classifier, is_own, list_classifiers

if TYPE_CHECKING:
    from xmodal.models.adapter_format import Adapter

CLASSIFY_QUEUE = "classify"


@dataclass
class OneSession(Visit):
    """What a visitor gave and what was found."""

    given: dict[str, str] = field(default_factory=dict)
    found: ClassifyResult | None = None


class ClassifyEvents(RunEvents):
    """Handlers of one page's Classification tab."""

    def __init__(self, tab: ClassifyTab, sessions: Sessions[OneSession], batch: BatchEvents):
        super().__init__(tab.one, sessions)
        self.tab, self.one, self.batch = tab, tab.one, batch

    def connect(self, opened: gr.Tab) -> list:
        """Tie the handlers to the components; returns the events of runs, for what should follow them."""
        one, private = self.one, {"api_visibility": "private", "show_progress": "hidden"}
        at_once = {**private, "queue": False}
        drawn = [self.tab.model, self.tab.card, *one.boxes, *self.batch.boxes]
        opened.select(self.on_open, self.tab.model, drawn, concurrency_limit=4, **private)
        self.tab.model.input(self.on_model, self.tab.model, drawn, concurrency_limit=4, **private)
        one.image.change(classify_views.picture, one.image, one.preview, **at_once)
        starts = [gr.on([one.run.click, one.text.submit], self.on_wait, None, one.results, **at_once)]
        starts += [
            example.button.click(partial(self.on_example, example), None, [*one.inputs, *one.results], **at_once)
            for example in one.examples
        ]
        runs = [
            start.then(
                self.on_run, [self.tab.model, *one.inputs], one.results, concurrency_limit=1,
                concurrency_id=CLASSIFY_QUEUE, **private,
            )
            for start in starts
        ]  # fmt: skip
        stop = one.stop.click(self.on_stop, None, None, cancels=runs, **at_once)
        stop.then(self.on_stopped, None, one.results, concurrency_limit=None, **private)
        RatingEvents(one.rating, self.sessions, _judge).connect()
        return [*runs, *self.batch.connect()]

    def on_open(self, chosen: str | None, request: gr.Request) -> dict:
        """The tab was opened: look which models there are, one may just have been trained."""
        adapters = list_classifiers()
        if not adapters:
            return {self.tab.model: gr.update(choices=[], value=None), self.tab.card: classify_views.no_models()}
        adapter = next((adapter for adapter in adapters if adapter.name == chosen), adapters[0])
        # A choice that still holds is not sent back: the visitor may have made another one meanwhile.
        value = {} if adapter.name == chosen else {"value": adapter.name}
        choices = [adapter.name for adapter in adapters]
        return {**self._draw_model(adapter, request), self.tab.model: gr.update(choices=choices, **value)}

    def on_model(self, chosen: str | None, request: gr.Request) -> dict:
        """Another model was chosen."""
        try:
            return self._draw_model(find_classifier(chosen), request)
        except XmodalError as error:
            return {self.tab.card: warn(error)}

    def _draw_model(self, adapter: "Adapter", request: gr.Request) -> dict:
        """Its card, and the inputs and examples that it can use."""
        boxes = dict(zip(classify_views.MODALITIES, self.one.inputs, strict=True))
        updates = {box: gr.update(visible=modality in adapter.base) for modality, box in boxes.items()}
        for example in self.one.examples:
            updates[example.button] = gr.update(visible=_suits(example, adapter))
        return {
            **updates,
            self.tab.card: classify_views.card(adapter, is_own(adapter)),
            self.one.preview: gr.update(visible="image" in adapter.base),
            **self.batch.draw_columns(adapter, request),
        }

    def on_example(self, example: Example) -> dict:
        """An example was clicked; the run follows by itself."""
        boxes = dict(zip(classify_views.MODALITIES, self.one.inputs, strict=True))
        return {boxes[example.modality]: example.value, **self.on_wait()}

    def on_run(
        self, model: str | None, text: str | None, image: str | None, audio: str | None, request: gr.Request
    ) -> Iterator[dict]:
        """Classify what is given."""
        session = self.sessions.renew(request)
        given = {"text": (text or "").strip(), "image": image, "audio": audio}
        try:
            adapter = find_classifier(model) if model else None
        except XmodalError as error:
            yield self._draw_end(session, 0, warn(error))
            return
        session.given = {m: value for m, value in given.items() if value and adapter and m in adapter.base}
        if not session.given:
            yield self._draw_end(session, 0, warn_of("nothing_given" if adapter else "no_model"))
            return
        yield {self.one.status: views.progress(), **self._draw_empty()}

        def draw(items: Sequence[object]) -> dict:
            updates = {}
            for item in items:
                if isinstance(item, Progress):
                    updates = {self.one.status: views.progress(item)}
                else:
                    session.found = item
            return updates

        yield from self._follow(session, partial(_work, adapter.name, session), draw)

    def on_leave(self, request: gr.Request) -> None:
        """The visitor closed the page."""
        self.sessions.drop(request)
        self.batch.sessions.drop(request)

    def _draw_empty(self) -> dict:
        return {self.one.result: views.hint("classify.result_empty"), **self.one.rating.cleared()}

    def _draw_end(self, session: OneSession, seconds: float, problems: str = "", stopped: bool = False) -> dict:
        """The page after a run: complete, stopped or failed."""
        if session.found is None:
            end = views.finished(0, [], stopped=True) if stopped else problems
            return {**self._at_rest(end), **self._draw_empty()}
        facts = [html("status.model", model=session.found.model)]
        return {
            **self._at_rest(problems + views.finished(seconds, facts, stopped)),
            self.one.result: classify_views.result(session.found),
            **self.one.rating.shown(),
        }


def _work(model: str, session: OneSession, emit: Callable[[object], None]) -> None:
    from xmodal.tasks.classify import classify

    cancel, given = session.cancel, session.given

    def report(step: Progress) -> None:
        check_cancelled(cancel)
        emit(step)

    report(Progress("load", model))
    found = classify(model, **given, report=report)
    check_cancelled(cancel)
    emit(found)


def _suits(example: Example, adapter: "Adapter") -> bool:
    """Whether a model takes it, and knows its language if it is a text."""
    languages = adapter.data.get("languages") or []
    known = example.modality != "text" or not languages or example.language in languages
    return example.modality in adapter.base and known


def _judge(session: OneSession, value: int) -> Feedback | None:
    """The rating of a label."""
    if session.found is None:
        return None
    digest, given = _digest(session.given), dict(session.given)
    return Feedback("classify", session.found.model, digest, session.found.label, value, inputs=given)


def _digest(given: dict[str, str]) -> str:
    """SHA-256 of the one input, or over those of several."""
    digests = {
        modality: hashlib.sha256(value.encode("utf-8", "replace")).hexdigest()
        if modality == "text"
        else hash_file(value)
        for modality, value in given.items()
    }
    if len(digests) == 1:
        return next(iter(digests.values()))
    return hashlib.sha256(repr(sorted(digests.items())).encode()).hexdigest()
