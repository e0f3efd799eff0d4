"""What happens to the runs of the Models and runs tab."""

from dataclasses import dataclass, field

import gradio as gr

from xmodal.errors import InputError, XmodalError
from xmodal.ui import models_runs_views, models_views, views
from xmodal.ui.i18n import html
from xmodal.ui.models_rights import owner_for
from xmodal.ui.models_runs_tab import RunsPart
from xmodal.ui.models_shared import in_order
from xmodal.ui.notices import warn
from xmodal.ui.sessions import Sessions, Visit

MOST = 6
"""Runs side by side."""
_POINTS = 200
_ALIVE = ("queued", "running", "interrupted")


@dataclass
class RunsSession(Visit):
    """The runs that a visitor chose, by name, and the list as it was drawn last."""

    chosen: list[str] = field(default_factory=list)
    drawn: str = ""


class RunsEvents:
    """Handlers of the part for runs.

    Args:
        part: Its components.
        sessions: The visitors.
        owner: What the visitor's browser keeps to know them by.
    """

    def __init__(self, part: RunsPart, sessions: Sessions[RunsSession], owner: gr.BrowserState):
        self.part = part
        self.sessions = sessions
        self.owner = owner

    def connect(self, opened: list[gr.Tab]) -> None:
        """Tie the handlers to the components; the list is read when a tab of `opened` is opened."""
        part = self.part
        private = {"api_visibility": "private", "show_progress": "hidden"}
        quick = {**private, "concurrency_limit": 4}
        opening = [*(tab.select for tab in opened), part.refresh.click]
        gr.on(opening, self.on_open, self.owner, part.drawn, **private, **in_order("runs"))
        part.timer.tick(self.on_tick, self.owner, [part.list, part.timer], **quick)
        changed = [one for one in part.drawn if one is not part.list]
        part.list.select(self.on_pick, self.owner, changed, **private, **in_order("runs"))
        part.buttons["cancel"].click(self.on_cancel, self.owner, part.drawn, **quick)
        part.buttons["resume"].click(self.on_resume, self.owner, part.drawn, **quick)
        part.buttons["delete"].click(self.on_ask, self.owner, part.confirm.parts, **quick)
        part.confirm.no.click(part.confirm.cleared, None, part.confirm.parts, **quick)
        part.confirm.yes.click(self.on_delete, [self.owner, part.confirm.extra], part.drawn, **quick)

    def on_open(self, kept: str, request: gr.Request) -> dict:
        """Show the runs as they stand; the whole list, as one sent while the tab is being drawn can get lost."""
        return {**self._draw(kept, request), self.part.status: ""}

    def on_tick(self, kept: str, request: gr.Request) -> dict:
        """Some run is alive: how far is it? The list is sent only if it changed, so that nobody loses their place."""
        session, rows = self.sessions.get(request), _rows(kept, request)
        drawn = models_runs_views.run_list(rows, session.chosen)
        news = {} if drawn == session.drawn else {self.part.list: drawn}
        session.drawn = drawn
        return {**news, self.part.timer: gr.Timer(active=_alive(rows))}

    def on_pick(self, kept: str, event: gr.EventData, request: gr.Request) -> dict:
        """Other runs were ticked."""
        session = self.sessions.get(request)
        session.chosen = [str(name) for name in event.pick][:MOST]
        too_many = len(event.pick) > MOST
        status = models_views.message("models.most", count=MOST) if too_many else ""
        return {**self._draw_details(_rows(kept, request), request), self.part.status: status}

    def on_cancel(self, kept: str, request: gr.Request) -> dict:
        """Stop what was chosen and is alive."""
        from xmodal.jobs.queue import cancel

        def stop(row: dict) -> None:
            if row["id"] is not None and row["state"] in _ALIVE:
                cancel(row["id"], owner_for(kept, request))

        return self._act(kept, request, stop, "models.cancelled")

    def on_resume(self, kept: str, request: gr.Request) -> dict:
        """Let what was chosen go on."""
        from xmodal.jobs.runs import resume_run
        from xmodal.ui.tune_owner import wake_supervisor

        def go_on(row: dict) -> None:
            if row["state"] in ("cancelled", "failed", "stopped", "interrupted"):
                resume_run(row["run"], owner_for(kept, request))
                wake_supervisor()

        return self._act(kept, request, go_on, "models.resumed")

    def on_ask(self, kept: str, request: gr.Request) -> dict:
        """Deleting was asked for: is it meant?"""
        rows = self._chosen(_rows(kept, request), request)
        names = ", ".join(row["name"] for row in rows)
        size = models_views.size(sum(row["disk_mb"] for row in rows))
        return self.part.confirm.asked(f"<p>{html('models.ask_runs', names=names, size=size)}</p>")

    def on_delete(self, kept: str, adapter: bool, request: gr.Request) -> dict:
        """It is meant."""
        from xmodal.jobs.runs import delete

        freed: list[int] = []

        def remove(row: dict) -> None:
            freed.append(delete(row["run"], adapter=adapter, owner=owner_for(kept, request)))

        updates = self._act(kept, request, remove)
        if freed:
            said = models_views.message("models.runs_deleted", size=models_views.size(sum(freed) / 1e6))
            updates[self.part.status] += said
        return updates

    def on_leave(self, request: gr.Request) -> None:
        """The visitor closed the page."""
        self.sessions.drop(request)

    def _act(self, kept: str, request: gr.Request, work, done: str = "") -> dict:
        """Do something to each chosen run; what goes wrong with one is said and does not keep others from it."""
        problems = ""
        for row in self._chosen(_rows(kept, request), request):
            try:
                work(row)
            except XmodalError as error:
                problems += warn(error)
        status = problems or (models_views.message(done) if done else "")
        return {**self._draw(kept, request), self.part.status: status}

    def _chosen(self, rows: list[dict], request: gr.Request) -> list[dict]:
        names = self.sessions.get(request).chosen
        return [row for row in rows if row["run"] in names]

    def _draw(self, kept: str, request: gr.Request) -> dict:
        session, rows = self.sessions.get(request), _rows(kept, request)
        session.chosen = [name for name in session.chosen if name in {row["run"] for row in rows}]
        session.drawn = models_runs_views.run_list(rows, session.chosen)
        return {self.part.list: session.drawn, **self._draw_details(rows, request)}

    def _draw_details(self, rows: list[dict], request: gr.Request) -> dict:
        """The chosen runs side by side, and what can be done with them."""
        part, chosen = self.part, self._chosen(rows, request)
        runs = [run for row in chosen if (run := _show(row))]
        states = {row["state"] for row in chosen}
        shown = {
            "cancel": any(row["id"] is not None and row["state"] in _ALIVE for row in chosen),
            "resume": bool(states & {"cancelled", "failed", "stopped"})
            or any(row["state"] == "interrupted" and row["id"] is None for row in chosen),
            "delete": bool(chosen) and "running" not in states,
        }
        recipe = runs[0]["recipe"] if len(runs) == 1 else ""
        return {
            **{part.buttons[name]: gr.update(visible=on) for name, on in shown.items()},
            **part.confirm.cleared(),
            part.table: models_runs_views.run_table(runs),
            part.curves: models_runs_views.curves(runs) if runs else views.hint("models.curve_empty"),
            part.recipe_box: gr.update(visible=bool(recipe)),
            part.recipe: recipe,
            part.timer: gr.Timer(active=_alive(rows)),
        }


def _rows(kept: str, request: gr.Request) -> list[dict]:
    """The runs a visitor may see."""
    from xmodal.jobs.runs import run_rows

    return run_rows(owner_for(kept, request))


def _show(row: dict) -> dict | None:
    """All that is known of a run; None if it was deleted meanwhile."""
    from xmodal.jobs.runs import show_run

    try:
        run = show_run(row["run"])
    except InputError:
        return None
    every = -(-len(run["curve"]) // _POINTS) or 1
    return {**row, "recipe": run["recipe"], "metrics": run["metrics"], "curve": run["curve"][::every]}


def _alive(rows: list[dict]) -> bool:
    return any(row["id"] is not None and row["state"] in _ALIVE for row in rows)
