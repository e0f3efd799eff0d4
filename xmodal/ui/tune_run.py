"""The second step of the Fine-tune tab: a job in the queue, followed while it goes on, stopped and gone on with."""

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import gradio as gr

from xmodal.errors import XmodalError
from xmodal.jobs.places import run_dir
from xmodal.jobs.queue import cancel, resume, submit
from xmodal.jobs.records import Job, get_job, own_job
from xmodal.jobs.runs import curve, job_log, poll
from xmodal.training.changed import read_changed
from xmodal.training.config import parse_recipe
from xmodal.training.runs import runs_dir
from xmodal.ui import tune_result_views, tune_views, views
from xmodal.ui.i18n import html
from xmodal.ui.notices import warn
from xmodal.ui.sessions import Sessions, Visit
from xmodal.ui.tune_data import SetupSession
from xmodal.ui.tune_owner import owner_of, wake_supervisor
from xmodal.ui.tune_recipe_events import RecipeEvents
from xmodal.ui.tune_tab import TuneTab

_ACTIVE = ("queued", "interrupted", "running")
_STOPPED = ("cancelled", "failed")
_POINTS = 400
_SIGNS = {"queued": "⋯", "interrupted": "⋯", "running": "▶", "finished": "✓", "failed": "✗", "cancelled": "■"}


@dataclass
class RunSession(Visit):
    """What a visitor's page shows, so that only what changed is sent again.

    Attributes:
        drawn: Number and state of the job shown.
        listed: The jobs to choose from, as shown.
    """

    drawn: tuple = ()
    listed: tuple = ()


class RunEvents:
    """Handlers of one page.

    Args:
        tab: The components.
        owner: What the browser keeps.
        timer: Ticks while something runs.
        setups: The visitors' choices.
        recipes: Makes the recipe of them.
    """

    def __init__(
        self, tab: TuneTab, owner: gr.BrowserState, timer: gr.Timer, setups: Sessions[SetupSession],
        recipes: RecipeEvents,
    ):  # fmt: skip
        self.tab, self.part, self.owner, self.timer = tab, tab.run, owner, timer
        self.setups, self.recipes = setups, recipes
        self.sessions: Sessions[RunSession] = Sessions(RunSession)

    def connect(self, page: gr.Blocks) -> None:
        """Tie the handlers to the components."""
        part, recipe = self.part, self.tab.recipe
        at_once = {"api_visibility": "private", "show_progress": "hidden", "queue": False}
        shown = [
            part.picked,
            part.state,
            part.curve,
            part.log,
            part.cancel,
            part.resume,
            part.compare,
            *part.result.shown,
            self.timer,
        ]
        who = [self.owner, part.picked]
        page.load(self.on_arrive, self.owner, [self.owner, self.tab.steps, *shown], **at_once)
        self.tab.run_tab.select(self.on_open, who, shown, **at_once)
        self.timer.tick(self.on_tick, who, shown, **at_once)
        part.picked.input(self.on_open, who, shown, **at_once)
        recipe.train.click(
            self.on_train, [self.owner, self.tab.data.task, *recipe.values],
            [self.tab.steps, recipe.status, recipe.train, *shown], **at_once,
        )  # fmt: skip
        part.cancel.click(self.on_cancel, who, shown, **at_once)
        part.resume.click(self.on_resume, who, shown, **at_once)

    def on_arrive(self, kept: str | None, request: gr.Request) -> dict:
        """The page was opened or loaded again: who it is, and what they have running."""
        owner = owner_of(kept, request)
        drawn = self._draw(owner, None, request, anew=True)
        step = {self.tab.steps: gr.update(selected="run")} if drawn[self.timer].active else {}
        return {self.owner: owner, **step, **drawn}

    def on_open(self, kept: str | None, picked: int | None, request: gr.Request) -> dict:
        """A run was chosen, or the tab was opened."""
        return self._draw(owner_of(kept, request), picked, request, anew=True)

    def on_tick(self, kept: str | None, picked: int | None, request: gr.Request) -> dict:
        """A second has passed."""
        return self._draw(owner_of(kept, request), picked, request)

    def on_train(self, request: gr.Request, kept: str | None, task: str, *values) -> dict:
        """Put the recipe in the queue."""
        setup, recipe = self.setups.get(request), self.tab.recipe
        owner = owner_of(kept, request)
        try:
            if setup.found is None:
                return {recipe.train: gr.update(interactive=False)}
            made = parse_recipe(self.recipes.make_recipe(setup, self.recipes.read(task, values)))
            job = submit(made, owner, uploaded=setup.uploaded)
        except XmodalError as error:
            return {recipe.status: warn(error)}
        wake_supervisor()
        return {self.tab.steps: gr.update(selected="run"), **self._draw(owner, job.id, request, anew=True)}

    def on_cancel(self, kept: str | None, picked: int | None, request: gr.Request) -> dict:
        """Stop the run."""
        return self._change(cancel, kept, picked, request)

    def on_resume(self, kept: str | None, picked: int | None, request: gr.Request) -> dict:
        """Go on with the run."""
        updates = self._change(resume, kept, picked, request)
        wake_supervisor()
        return updates

    def _change(self, change: Callable[[int, str], Job], kept: str | None, picked: int | None, request) -> dict:
        owner = owner_of(kept, request)
        try:
            change(int(picked or 0), owner)
        except XmodalError as error:
            warn(error)
        return self._draw(owner, picked, request, anew=True)

    def find(self, kept: str | None, picked: int | None, request: gr.Request) -> Job:
        """The job that is shown.

        Raises:
            InputError: There is none, or it is someone else's.
        """
        return own_job(int(picked or 0), owner_of(kept, request))

    def _draw(self, owner: str, picked: int | None, request: gr.Request, anew: bool = False) -> dict:
        """What changed since the last time, or all of it."""
        part, session, jobs = self.part, self.sessions.get(request), poll(owner)
        if not jobs:
            return {self.timer: gr.Timer(active=False)}
        job = next((job for job in jobs if job.id == picked), jobs[0])
        active = any(one.state in _ACTIVE for one in jobs)
        updates = {part.state: tune_views.state(job)}
        listed = tuple((f"{_SIGNS[one.state]} {one.name}", one.id) for one in jobs)
        if anew or listed != session.listed:
            session.listed = listed
            updates[part.picked] = gr.update(choices=list(listed), value=job.id, visible=True)
        fresh = anew or session.drawn != (job.id, job.state)
        if fresh or job.state == "running":
            updates[part.curve] = tune_views.curve(_curve(job.run))
            updates[part.log] = tune_views.log(job_log(job.run))
        if fresh:
            session.drawn = (job.id, job.state)
            updates |= self._draw_end(job)
            updates[self.timer] = gr.Timer(active=active)
        elif not active:
            updates[self.timer] = gr.Timer(active=False)
        return updates

    def _draw_end(self, job: Job) -> dict:
        """The buttons, and the result if there is one."""
        part, result = self.part, self.part.result
        metrics = (get_job(job.id).result or {}).get("metrics") if job.state == "finished" else None
        usable = bool(metrics) and Path(job.adapter).is_dir()
        card = views.hint("tune.result_empty")
        if metrics:
            card = tune_result_views.card(metrics, read_changed(run_dir(job.run)))
        if metrics and not usable:
            card += f'<p class="xm-problems">{html("tune.deleted")}</p>'
        return {
            part.cancel: gr.update(visible=job.state in _ACTIVE),
            part.resume: gr.update(visible=job.state in _STOPPED),
            part.compare: gr.update(visible=True),
            result.card: card,
            result.tools: gr.update(visible=usable),
            result.further: gr.update(visible=usable),
            result.more: gr.update(visible=usable),
            **dict.fromkeys((result.said, result.evaluated, result.pushed), ""),
            result.file: None,  # it was for another run
        }


def _curve(run: str) -> list[dict]:
    """The losses so far; of a run in stages one after the other, and before the training itself those of a part."""
    if lines := curve(run, _POINTS):
        return lines
    for places in ("stage-*", "folds/*"):
        found = sorted(run_dir(run).glob(f"{places}/log.jsonl"), key=lambda path: (len(path.parent.name), path))
        parts = [curve(path.parent.relative_to(runs_dir()).as_posix(), _POINTS) for path in found]
        if places == "folds/*":
            return parts[-1] if parts else []
        for part in parts:
            before = lines[-1]["step"] if lines else 0
            lines += [{**line, "step": line["step"] + before} for line in part]
        if lines:
            return lines
    return []
