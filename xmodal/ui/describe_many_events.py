"""What happens on the part of the Image description tab that takes many pictures."""

from collections.abc import Iterator, Sequence
from functools import partial
from typing import TYPE_CHECKING

import gradio as gr

from xmodal.progress import Progress
from xmodal.ui import describe_views, views
from xmodal.ui.describe_tab import ManyPart
from xmodal.ui.describe_work import ManySession, Wish, describe_many
from xmodal.ui.i18n import html
from xmodal.ui.notices import warn_of
from xmodal.ui.run_events import RunEvents
from xmodal.ui.sessions import Sessions

if TYPE_CHECKING:
    from xmodal.tasks.describe_batch import PictureRow

MANY_QUEUE = "describe-many"
"""Many pictures wait in a line of their own, so that nobody's single one waits for hundreds."""


class ManyEvents(RunEvents):
    """Handlers of the part for many pictures."""

    part: ManyPart
    sessions: Sessions[ManySession]

    def connect(self) -> list:
        """Tie the handlers to the components; returns the events of a run."""
        part, private = self.part, {"api_visibility": "private", "show_progress": "hidden"}
        at_once = {**private, "queue": False}
        gr.on([part.files.upload, part.files.clear], self.on_files, None, part.results, **at_once)
        run = part.run.click(self.on_wait, None, part.results, **at_once).then(
            self.on_run, [part.files, *part.options.wishes], part.results, concurrency_limit=1,
            concurrency_id=MANY_QUEUE, **private,
        )  # fmt: skip
        stop = part.stop.click(self.on_stop, None, None, cancels=[run], **at_once)
        stop.then(self.on_stopped, None, part.results, concurrency_limit=None, **private)
        return [run]

    def on_files(self, request: gr.Request) -> dict:
        """Other files were chosen, or they were taken away."""
        self.sessions.drop(request)
        return {**self._draw_empty(), **self._at_rest("")}

    def on_run(
        self, files: list[str] | None, language: str, length: str, ocr: bool, model: str | None, request: gr.Request
    ) -> Iterator[dict]:
        """Describe the pictures, and show each row as it is done."""
        if not files:
            yield self._at_rest(warn_of("no_pictures"))
            return
        session = self.sessions.renew(request)
        status = views.progress()
        yield {**self._draw_empty(), self.part.status: status}
        work = partial(describe_many, files, Wish(length, ocr, model or "", language), session)

        def draw(items: Sequence[object]) -> dict:
            nonlocal status
            for item in items:
                status = views.progress(item) if isinstance(item, Progress) else status
            # Both each time: Gradio then sends only what has grown.
            return {self.part.status: status, self.part.rows: describe_views.rows(session.drawn)}

        yield from self._follow(session, work, draw)

    def _draw_empty(self) -> dict:
        return {self.part.rows: views.hint("describe.rows_empty"), self.part.tools: gr.update(visible=False)}

    def _draw_end(self, session: ManySession, seconds: float, problems: str = "", stopped: bool = False) -> dict:
        """The page after a run: complete, stopped or failed; what was done can be downloaded."""
        rows = list(session.rows)  # a stopped run may still end with a row more: the page and the files agree
        if not rows:
            return self._at_rest(views.finished(0, [], stopped=True) if stopped else problems)
        csv, jsonl = _write(session, rows)
        return {
            **self._at_rest(problems + views.finished(seconds, _facts(session, rows), stopped)),
            self.part.rows: describe_views.rows(session.drawn[: len(rows)]),
            self.part.tools: gr.update(visible=True),
            self.part.csv: gr.update(value=csv),
            self.part.jsonl: gr.update(value=jsonl),
        }


def _facts(session: ManySession, rows: "Sequence[PictureRow]") -> list[str]:
    done = [row.result for row in rows if row.result]
    bad = len(rows) - len(done)
    facts = [html("describe.rows_done", done=len(done), count=len(session.pictures))]
    if bad:
        facts.append(html("describe.rows_bad", count=bad))
    if session.left_out:
        facts.append(html("describe.left_out", count=session.left_out))
    if done:
        facts.append(html("status.model", model=done[0].model))
    return facts


def _write(session: ManySession, rows: "Sequence[PictureRow]") -> tuple[str, str]:
    """The table and the lines of JSON; in a folder that goes with the session."""
    from xmodal.tasks.describe_batch import PictureRow, write_rows_csv, write_rows_jsonl

    rows = [*rows, *(PictureRow(picture) for picture in session.pictures[len(rows) :])]
    folder = session.make_folder()
    csv, jsonl = folder / "descriptions.csv", folder / "descriptions.jsonl"
    return str(write_rows_csv(rows, csv)), str(write_rows_jsonl(rows, jsonl))
