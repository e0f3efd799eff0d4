"""What happens on the Image description tab with one picture, and the choice of the model.

Many pictures are in `describe_many_events.py`.
"""

import json
from collections.abc import Iterator, Sequence
from functools import partial
from pathlib import Path

import gradio as gr

from xmodal.errors import XmodalError
from xmodal.jobs.feedback import Feedback, hash_file
from xmodal.progress import Progress
from xmodal.tasks.results import DescribeResult, to_dict
from xmodal.ui import describe_views, views
from xmodal.ui.describe_many_events import ManyEvents
from xmodal.ui.describe_pictures import draw_file
from xmodal.ui.describe_tab import DescribeTab, OptionsPart
from xmodal.ui.describe_work import DescribeSession, Seen, Told, Wish, describe_one
from xmodal.ui.i18n import html
from xmodal.ui.notices import warn, warn_of
from xmodal.ui.rating import RatingEvents
from xmodal.ui.run_events import RunEvents
from xmodal.ui.sessions import Sessions
from xmodal.ui.trained_models import list_describing

DESCRIBE_QUEUE = "describe"
PREVIEW_SIDE = 480


class DescribeEvents(RunEvents):
    """Handlers of one page's Image description tab."""

    def __init__(self, tab: DescribeTab, sessions: Sessions[DescribeSession], many: ManyEvents):
        super().__init__(tab.one, sessions)
        self.tab, self.one, self.many = tab, tab.one, many

    def connect(self, opened: gr.Tab) -> list:
        """Tie the handlers to the components; returns the events of runs, for what should follow them."""
        one, private = self.one, {"api_visibility": "private", "show_progress": "hidden"}
        at_once = {**private, "queue": False}
        both = (one.options, self.tab.many.options)
        chosen = [options.model for options in both]
        drawn = [part for options in both for part in (options.folded, options.model, options.about)]
        opened.select(self.on_open, chosen, drawn, concurrency_limit=4, **private)
        shown = [*one.inputs, *one.results]
        # Not one event for both: Gradio ignores the second while the first is under way.
        one.file.clear(self.on_other, None, [one.preview, *one.results], **at_once)
        one.file.upload(self.on_file, one.file, shown, concurrency_limit=4, **private)
        gr.on([one.camera.input, one.camera.clear], self.on_camera, None, shown, **at_once)
        starts = [one.run.click(self.on_wait, None, one.results, **at_once)]
        starts += [
            button.click(partial(self.on_example, path), None, shown, **at_once)
            for button, path in one.examples.items()
        ]
        runs = [
            start.then(
                self.on_run, [one.file, one.camera, *one.options.wishes], [one.preview, *one.results],
                concurrency_limit=1, concurrency_id=DESCRIBE_QUEUE, **private,
            )
            for start in starts
        ]  # fmt: skip
        stop = one.stop.click(self.on_stop, None, None, cancels=runs, **at_once)
        stop.then(self.on_stopped, None, one.results, concurrency_limit=None, **private)
        RatingEvents(one.rating, self.sessions, _judge).connect()
        return [*runs, *self.many.connect()]

    def on_open(self, chosen_one: str | None, chosen_many: str | None) -> dict:
        """The tab was opened: look which models there are, one may just have been trained."""
        names = [adapter.name for adapter in list_describing()]
        one, many = self.one.options, self.tab.many.options
        return {**_draw_models(one, names, chosen_one), **_draw_models(many, names, chosen_many)}

    def on_file(self, file: str, request: gr.Request) -> dict:
        """Another file was chosen; what cannot be read is said at once."""
        updates = {self.one.camera: None, **self.on_other(request)}
        try:
            updates[self.one.preview] = _preview(file)
        except XmodalError as error:
            updates[self.one.status] = warn(error)
        return updates

    def on_camera(self, request: gr.Request) -> dict:
        """A photo was taken or pasted, or thrown away."""
        return {self.one.file: None, **self.on_other(request)}

    def on_other(self, request: gr.Request) -> dict:
        """The picture is another one, or was taken away."""
        self.sessions.drop(request)
        return {self.one.preview: "", **self._draw_empty(), **self._at_rest("")}

    def on_example(self, path: Path) -> dict:
        """An example was clicked; the run follows by itself."""
        return {self.one.file: str(path), self.one.camera: None, **self.on_wait()}

    def on_run(
        self, file: str | None, photo: str | None, language: str, length: str, ocr: bool, model: str | None,
        request: gr.Request,
    ) -> Iterator[dict]:  # fmt: skip
        """Describe the picture, and show what is known as it comes."""
        source = file or photo
        if not source:
            yield self._at_rest(warn_of("no_picture"))
            return
        session = self.sessions.renew(request, Path(source))
        session.ocr = ocr
        yield {**self._draw_empty(), self.one.status: views.progress()}
        work = partial(describe_one, session.path, Wish(length, ocr, model or "", language), session.cancel)

        def draw(items: Sequence[object]) -> dict:
            updates = {}
            for item in items:
                updates |= self._draw(session, item)
            if file and session.seen and self.one.picture in updates:
                updates[self.one.preview] = describe_views.preview(session.seen.picture, session.path.name)
            return updates

        yield from self._follow(session, work, draw)

    def on_leave(self, request: gr.Request) -> None:
        """The visitor closed the page."""
        self.sessions.drop(request)
        self.many.sessions.drop(request)

    def _draw(self, session: DescribeSession, item: object) -> dict:
        """Keep something new in the session; the updates that show it."""
        if isinstance(item, Progress):
            return {self.one.status: views.progress(item)}
        if isinstance(item, Told):
            session.told = item.text
            return {self.one.text: describe_views.description(item.text, growing=True)}
        if isinstance(item, Seen):
            session.seen = item
            return {self.one.picture: describe_views.picture(item)}
        if isinstance(item, DescribeResult):
            session.result, session.told = item, item.description
            return self._draw_result(session, item)
        return {}

    def _draw_result(self, session: DescribeSession, result: DescribeResult) -> dict:
        return {
            self.one.text: describe_views.described(result),
            self.one.alt: describe_views.alt(result),
            self.one.labels: describe_views.labels(result),
            self.one.colours: describe_views.colours(result.colours),
            self.one.written: describe_views.written(result, session.ocr),
        }

    def _draw_empty(self) -> dict:
        names = ("text", "alt", "picture", "labels", "colours", "written")
        empty = {getattr(self.one, name): views.hint(f"describe.{name}_empty") for name in names}
        return {**empty, self.one.tools: gr.update(visible=False), **self.one.rating.cleared()}

    def _draw_end(self, session: DescribeSession, seconds: float, problems: str = "", stopped: bool = False) -> dict:
        if session.result is None:
            updates = self._at_rest(views.finished(0, [], stopped=True) if stopped else problems)
            if session.told:
                updates[self.one.text] = describe_views.description(session.told)
            return updates
        facts = [html("status.model", model=session.result.model)]
        return {
            **self._at_rest(problems + views.finished(seconds, facts, stopped)),
            **self._draw_result(session, session.result),
            self.one.tools: gr.update(visible=True),
            self.one.download: gr.update(value=_write(session)),
            **self.one.rating.shown(),
        }


def _draw_models(options: OptionsPart, names: list[str], chosen: str | None) -> dict:
    """The choice of the model, or that there is none."""
    # A choice that still holds is not sent back: the visitor may have made another one meanwhile.
    value = {} if chosen in names else {"value": names[0] if names else None}
    return {
        options.folded: gr.update(visible=bool(names)),
        options.model: gr.update(choices=names, **value),
        options.about: "" if names else f'<p class="xm-hint">{html("describe.none")}</p>',
    }


def _preview(file: str) -> str:
    return describe_views.preview(draw_file(Path(file), PREVIEW_SIDE), Path(file).name)


def _write(session: DescribeSession) -> str:
    """All that was found as JSON, named after the picture; in a folder that goes with the session."""
    path = session.make_folder() / f"{session.path.stem or 'picture'}.json"
    text = json.dumps(to_dict(session.result), ensure_ascii=False, indent=2)
    path.write_text(text, encoding="utf-8", errors="replace")
    return str(path)


def _judge(session: DescribeSession, value: int) -> Feedback | None:
    """The rating of a description."""
    result = session.result
    if result is None or session.path is None:
        return None
    digest, given = hash_file(session.path), {"image": str(session.path)}
    return Feedback("describe", result.model, digest, result.description, value, inputs=given)
