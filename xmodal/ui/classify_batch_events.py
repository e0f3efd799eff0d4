"""What happens on the part of the Classification tab that takes a file of many."""

import shutil
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

import gradio as gr

from xmodal.errors import CancelledError, XmodalError
from xmodal.progress import Progress
from xmodal.ui import classify_views, views
from xmodal.ui.background import stream
from xmodal.ui.classify_tab import HIDDEN, ManyPart
from xmodal.ui.i18n import html
from xmodal.ui.notices import warn, warn_of
from xmodal.ui.run_events import RunEvents
from xmodal.ui.sessions import Sessions, Visit
from xmodal.ui.trained_models import find_classifier

if TYPE_CHECKING:
    from xmodal.data.tables import Table
    from xmodal.models.adapter_format import Adapter
    from xmodal.tasks.classify_batch import BatchResult

BATCH_QUEUE = "classify-batch"
"""Files wait in a line of their own, so that nobody's single text waits for thousands of rows."""


@dataclass
class BatchSession(Visit):
    """A visitor's file as it was read, and what was found for its rows."""

    table: "Table | None" = None
    found: "BatchResult | None" = None


class BatchEvents(RunEvents):
    """Handlers of the part for many."""

    def __init__(self, part: ManyPart, model: gr.Dropdown, sessions: Sessions[BatchSession]):
        super().__init__(part, sessions)
        self.model = model

    @property
    def boxes(self) -> list:
        """What depends on the model."""
        return [*self.part.columns.values(), self.part.status]

    def connect(self) -> list:
        """Tie the handlers to the components; returns the events of a run."""
        part, private = self.part, {"api_visibility": "private", "show_progress": "hidden"}
        at_once = {**private, "queue": False}
        drawn = [*part.columns.values(), *part.results]
        read = gr.on(
            [part.file.upload, part.file.clear], self.on_file, [part.file, self.model], drawn, concurrency_limit=2,
            **private,
        )  # fmt: skip
        read.then(self.on_columns, self.model, self.boxes, concurrency_limit=2, **private)
        run = part.run.click(self.on_wait, None, part.results, **at_once).then(
            self.on_run, [self.model, *part.columns.values()], part.results, concurrency_limit=1,
            concurrency_id=BATCH_QUEUE, **private,
        )  # fmt: skip
        stop = part.stop.click(self.on_stop, None, None, cancels=[run], **at_once)
        stop.then(self.on_stopped, None, part.results, concurrency_limit=None, **private)
        return [run]

    def on_file(self, file: str | None, model: str | None, request: gr.Request) -> Iterator[dict]:
        """Read another file, and guess its columns."""
        session = self.sessions.renew(request, Path(file) if file else None)
        hidden = {box: gr.update(visible=HIDDEN) for box in self.part.columns.values()}
        yield {**hidden, **self._draw_empty(), self.part.status: views.progress() if file else ""}
        if not file:
            return
        try:
            for items in stream(partial(_read, session), session.cancel):
                for item in items:
                    if isinstance(item, Progress):
                        yield {self.part.status: views.progress(item)}
                    else:
                        session.table = item
            if model:
                yield self.draw_columns(find_classifier(model), request)
        except CancelledError:
            return
        except Exception as error:  # noqa: BLE001 - `stream` has logged it; the page goes on
            yield {self.part.status: warn(error)}
            return
        inputs = _guess(session.table, find_classifier(model)) if model else {}
        yield {self.part.preview: classify_views.preview(session.table, inputs)}

    def on_columns(self, model: str | None, request: gr.Request) -> dict:
        """The columns once more: on a busy machine a box that has just come up may not have taken its value."""
        if not model or self.sessions.get(request).table is None:
            return {self.part.status: gr.skip()}
        return self.draw_columns(find_classifier(model), request)

    def draw_columns(self, adapter: "Adapter", request: gr.Request) -> dict:
        """Which column is what, for the inputs that the model takes; nothing before there is a file."""
        table = self.sessions.get(request).table
        if table is None:
            return {box: gr.update(visible=HIDDEN) for box in self.part.columns.values()}
        inputs = _guess(table, adapter)
        choices = [("–", ""), *((name, name) for name in table.columns)]
        updates = {
            box: gr.update(choices=choices, value=inputs.get(modality, ""), visible=modality in adapter.base or HIDDEN)
            for modality, box in self.part.columns.items()
        }
        problem = "" if inputs else views.notice(html("notice.no_column"), html("notice.no_column_advice"))
        return {**updates, self.part.status: problem + classify_views.warnings(table)}

    def on_run(self, model: str | None, text: str, image: str, audio: str, request: gr.Request) -> Iterator[dict]:
        """Classify the rows, and show how far it is and what was found so far."""
        session = self.sessions.get(request)
        session.restart()
        session.found = None
        missing = "no_model" if not model else "no_table" if session.table is None else ""
        if missing:
            yield self._draw_end(session, 0, warn_of(missing))
            return
        columns = dict(zip(self.part.columns, (text, image, audio), strict=True))
        yield {**self._draw_results(session), self.part.status: views.progress()}
        try:
            adapter = find_classifier(model)
        except XmodalError as error:
            yield self._draw_end(session, 0, warn(error))
            return
        # Who runs it at once may do so before the page has the columns.
        inputs = {m: columns[m] for m in adapter.base if columns.get(m)} or _guess(session.table, adapter)

        def draw(items: Sequence[object]) -> dict:
            updates = {}
            for item in items:
                if isinstance(item, Progress):
                    updates[self.part.status] = views.progress(item)
                else:
                    session.found = item
                    updates |= self._draw_results(session)
            return updates

        yield from self._follow(session, partial(_classify, session, adapter.name, inputs), draw)

    def _draw_empty(self) -> dict:
        return {
            self.part.summary: views.hint("classify.summary_empty"),
            self.part.preview: views.hint("classify.preview_empty"),
            self.part.download: gr.update(visible=False, value=None),
        }

    def _draw_results(self, session: BatchSession) -> dict:
        if session.found is None:
            return {
                self.part.summary: views.hint("classify.summary_empty"),
                self.part.download: gr.update(visible=False, value=None),
            }
        return {
            self.part.summary: classify_views.summary(session.found),
            self.part.preview: classify_views.preview(session.table, session.found.inputs, session.found),
        }

    def _draw_end(self, session: BatchSession, seconds: float, problems: str = "", stopped: bool = False) -> dict:
        """The page after a run: complete, stopped or failed; what was done can be downloaded."""
        if session.found is None:
            return self._at_rest(views.finished(0, [], stopped=True) if stopped else problems)
        facts = [html("status.model", model=session.found.model)]
        remarks = classify_views.warnings(session.found.table)
        return {
            **self._at_rest(problems + views.finished(seconds, facts, stopped) + remarks),
            **self._draw_results(session),
            self.part.download: gr.update(visible=True, value=_write(session)),
        }


def _read(session: BatchSession, emit: Callable[[object], None]) -> None:
    from xmodal.tasks.classify_batch import read_batch

    emit(Progress("read", session.path.name))
    unpacked = session.make_folder() / "unpacked"
    shutil.rmtree(unpacked, ignore_errors=True)
    unpacked.mkdir()
    emit(read_batch(session.path, unpacked, emit, session.cancel))


def _classify(session: BatchSession, model: str, inputs: dict[str, str], emit: Callable[[object], None]) -> None:
    from xmodal.tasks.classify_batch import iter_classify_batch

    emit(Progress("load", model))
    for found in iter_classify_batch(model, session.table, inputs, report=emit, cancel=session.cancel):
        emit(found)


def _guess(table: "Table", adapter: "Adapter") -> dict[str, str]:
    """Modality to column; empty where nothing fits."""
    from xmodal.tasks.classify_batch import guess_inputs

    try:
        return guess_inputs(table, tuple(adapter.base))
    except XmodalError:
        return {}


def _write(session: BatchSession) -> str:
    from xmodal.tasks.classify_batch import write_batch

    path = session.make_folder() / f"{session.path.stem}-{session.found.model}.csv"
    return str(write_batch(session.found, path))
