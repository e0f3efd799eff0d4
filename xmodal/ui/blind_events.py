"""What happens on the inner tab for blind comparisons."""

from collections.abc import Callable, Iterator
from functools import partial

import gradio as gr

from xmodal.errors import CancelledError, XmodalError
from xmodal.jobs.ratings import INPUTS, export_comparisons, pair_blindly, save_comparison, score
from xmodal.progress import Progress
from xmodal.ui import blind_views, models_views, views
from xmodal.ui.audio_events import SPEECH_QUEUE
from xmodal.ui.background import stream
from xmodal.ui.blind_tab import CHOICES, BlindPart
from xmodal.ui.blind_work import BlindSession, answer_both, contestants, copy_files, find_row, row_name, shown_as
from xmodal.ui.models_rights import may_manage, owner_for
from xmodal.ui.notices import warn, warn_of
from xmodal.ui.sessions import Sessions
from xmodal.ui.theme import SAVE_FILE
from xmodal.ui.tune_owner import owner_of


class BlindEvents:
    """Handlers of the part for blind comparisons.

    Args:
        part: Its components.
        sessions: The visitors.
        owner: What the visitor's browser keeps to know them by.
    """

    def __init__(self, part: BlindPart, sessions: Sessions[BlindSession], owner: gr.BrowserState):
        self.part = part
        self.sessions = sessions
        self.owner = owner

    def connect(self, opened: gr.Tab) -> list:
        """Tie the handlers to the components; returns the events after which other models may be at hand."""
        part, private = self.part, {"api_visibility": "private", "show_progress": "hidden"}
        quick = {**private, "concurrency_limit": 4}
        at_once = {**private, "queue": False}
        turn = {**private, "concurrency_limit": 1, "concurrency_id": SPEECH_QUEUE}
        opened.select(self.on_models, part.models, part.drawn, **quick)
        part.task.input(self.on_task, part.task, part.drawn, trigger_mode="always_last", **quick)
        gr.on(
            [part.first.input, part.second.input], self.on_models, part.models, part.drawn, trigger_mode="always_last",
            **quick,
        )  # fmt: skip
        given = [*part.models, *part.inputs]
        started = gr.on(
            [part.run.click, part.text.submit, part.question.submit], self.on_wait, None, part.results, **at_once
        )
        run = started.then(self.on_run, given, part.results, **turn)
        asked = part.next.click(self.on_wait, None, part.results, **at_once)
        following = asked.then(self.on_next, [self.owner, *part.models], [*part.results, *part.inputs], **turn)
        stop = part.stop.click(self.on_stop, None, None, cancels=[run, following], **at_once)
        stop.then(self.on_stopped, None, part.results, **{**private, "concurrency_limit": None})
        for name, button in part.choices.items():
            button.click(self.choose(name), [self.owner, *part.models[1:]], [*part.pair, part.score], **quick)
        made = part.csv.click(self.on_csv, self.owner, [part.packed, part.csv_status], **quick)
        made.then(None, part.packed, js=SAVE_FILE)
        return [run, following]

    def on_task(self, task: str, request: gr.Request) -> dict:
        """Something else is to be compared."""
        return self.on_models(task, None, None, request)

    def on_models(self, task: str, first: str | None, second: str | None, request: gr.Request) -> dict:
        """The tab was opened or other models were chosen: the choices, what they take, and how they stand."""
        session, found = self.sessions.get(request), contestants().list_contestants(task)
        one = next((one for one in found if one.name == first), found[0] if found else None)
        rivals = [other for other in found if one and contestants().can_meet(one, other)]
        other = next((other for other in rivals if other.name == second), None)
        if one and other is None:
            other = contestants().find_opponent(one, found)
        takes = [one.takes for one in (one, other) if one]
        shown = {name for part in takes for name in part}
        session.restart()
        session.shown = None
        part = self.part
        return {
            part.first: gr.update(choices=[one.name for one in found], value=one.name if one else None),
            part.second: gr.update(choices=[one.name for one in rivals], value=other.name if other else None),
            **{
                box: gr.update(visible=True if name in shown else "hidden")
                for name, box in zip(INPUTS, part.inputs, strict=True)
            },
            part.next: gr.update(interactive=any(one.adapter for one in (one, other) if one)),
            part.status: "" if rivals else views.hint("blind.too_few"),
            **self._draw_empty(),
            part.score: _draw_score(one.name if one else None, other.name if other else None),
        }

    def on_wait(self) -> dict:
        """Asked to run: say so at once, there may be others before."""
        part = self.part
        off = {button: gr.update(interactive=False) for button in (part.run, part.next)}
        return {part.status: views.waiting(), **off, part.stop: gr.update(interactive=True), **self._draw_empty()}

    def on_run(
        self, task: str, first: str | None, second: str | None, question: str | None, text: str | None,
        image: str | None, audio: str | None, request: gr.Request,
    ) -> Iterator[dict]:  # fmt: skip
        """Let both models work on what is given."""
        session = self.sessions.get(request)
        values = ((question or "").strip(), (text or "").strip(), image, audio)
        given = {name: value for name, value in zip(INPUTS, values, strict=True) if value}
        if shown_as(given) != session.given:  # other than the row that was put there
            session.note(given)
        yield from self._compare(session, task, first, second, given)

    def on_next(
        self, kept: str, task: str, first: str | None, second: str | None, request: gr.Request
    ) -> Iterator[dict]:
        """Take the next of the rows that were held out, and let both models work on it."""
        session, boxes = self.sessions.get(request), dict(zip(INPUTS, self.part.inputs, strict=True))
        session.restart()
        session.given, found = {}, []
        work = partial(find_row, session, task, (first, second), owner_for(kept, request), owner_of(kept, request))
        problem = yield from self._follow(session, work, found)
        if problem is not None:
            yield {**self._at_rest(), self.part.status: problem}
            return
        given = copy_files(found[0].given, session.make_folder())
        session.note(given, row_name(found[0]), found[0].target)
        yield {box: given.get(modality) for modality, box in boxes.items()}
        yield from self._compare(session, task, first, second, given)

    def on_stop(self, request: gr.Request) -> None:
        """Stop the run."""
        self.sessions.get(request).cancel.set()

    def on_stopped(self) -> dict:
        """The run was stopped."""
        return {**self._at_rest(), self.part.status: models_views.message("models.stopped"), **self._draw_empty()}

    def choose(self, name: str) -> Callable:
        """The handler of one of the buttons for the choice."""

        def on_choice(kept: str, first: str | None, second: str | None, request: gr.Request) -> dict:
            return self._choose(name, kept, first, second, request)

        return on_choice

    def on_csv(self, kept: str, request: gr.Request) -> dict:
        """Make the table of all choices, for strangers of their own; a script downloads it then."""
        path = self.sessions.get(request).make_folder() / "xmodal-comparisons.csv"
        count = export_comparisons(path, owner=None if may_manage(request) else owner_of(kept, request))
        if not count:
            return {self.part.packed: None, self.part.csv_status: views.hint("blind.score_none")}
        said = models_views.message("models.exported", count=count)
        return {self.part.packed: str(path), self.part.csv_status: said}

    def on_leave(self, request: gr.Request) -> None:
        """The visitor closed the page."""
        self.sessions.drop(request)

    def _choose(self, name: str, kept: str, first: str | None, second: str | None, request: gr.Request) -> dict:
        """The person has chosen: store it, and say which was which."""
        session = self.sessions.get(request)
        shown, session.shown = session.shown, None
        buttons = {button: gr.update(interactive=False) for button in self.part.choices.values()}
        if shown is None:  # a second click
            return buttons
        try:
            stored = save_comparison(shown, CHOICES[name], owner_of(kept, request))
        except XmodalError as error:
            session.shown = shown
            return {self.part.reveal: warn(error)}
        return {
            **buttons,
            self.part.left: blind_views.side("A", stored.left_output, stored.left_model),
            self.part.right: blind_views.side("B", stored.right_output, stored.right_model),
            self.part.reveal: blind_views.reveal(stored, session.target),
            self.part.score: _draw_score(first, second),
        }

    def _compare(
        self, session: BlindSession, task: str, first: str | None, second: str | None, given: dict[str, str]
    ) -> Iterator[dict]:
        """Run both, and show their results on sides drawn by lot."""
        session.restart()
        session.shown = None
        if not given:
            yield {**self._at_rest(), self.part.status: warn_of("nothing_to_compare")}
            return
        found: list = []
        problem = yield from self._follow(session, partial(answer_both, session, task, first, second, given), found)
        if problem is not None:
            yield {**self._at_rest(), self.part.status: problem}
            return
        session.shown = shown = pair_blindly(task, session.name, found[0])
        alike = shown.left_output == shown.right_output
        yield {
            **self._at_rest(),
            self.part.status: "",
            self.part.left: blind_views.side("A", shown.left_output),
            self.part.right: blind_views.side("B", shown.right_output),
            self.part.reveal: blind_views.same() if alike else "",
            **{
                button: gr.update(interactive=not alike or name in ("same", "neither"))
                for name, button in self.part.choices.items()
            },
        }

    def _follow(self, session: BlindSession, work: Callable, found: list) -> Iterator[dict]:
        """Show the progress of a work and gather what else it emits; returns a problem as HTML, or None."""
        number = 0
        try:
            for items in stream(work, session.cancel):
                for item in items:
                    if isinstance(item, int):
                        number = item
                    elif not isinstance(item, Progress):
                        found.append(item)
                    last = item if isinstance(item, Progress) else None
                    yield {self.part.status: blind_views.turn(number, last) if number else views.progress(last)}
        except CancelledError:
            return models_views.message("models.stopped")
        except Exception as error:  # noqa: BLE001 - `stream` has logged it; the page goes on
            return warn(error)
        return None

    def _at_rest(self) -> dict:
        part = self.part
        on = {button: gr.update(interactive=True) for button in (part.run, part.next)}
        return {**on, part.stop: gr.update(interactive=False)}

    def _draw_empty(self) -> dict:
        part = self.part
        return {
            part.left: views.hint("blind.empty_a"),
            part.right: views.hint("blind.empty_b"),
            **{button: gr.update(interactive=False) for button in part.choices.values()},
            part.reveal: "",
        }


def _draw_score(first: str | None, second: str | None) -> str:
    if not (first and second) or first == second:
        return views.hint("blind.score_empty")
    return blind_views.standing((first, second), score((first, second)))
