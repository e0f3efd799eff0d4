"""What can be done with the model that a run gave: use, download, measure on other data, push to the Hub."""

import threading
from collections.abc import Callable, Iterator
from functools import partial
from html import escape
from pathlib import Path
from typing import TYPE_CHECKING

import gradio as gr

from xmodal.errors import CancelledError, XmodalError
from xmodal.jobs.records import Job
from xmodal.progress import Progress
from xmodal.ui import tune_data_views, tune_result_views, views
from xmodal.ui.background import stream
from xmodal.ui.i18n import html
from xmodal.ui.notices import warn, warn_of
from xmodal.ui.sessions import Sessions, Visit
from xmodal.ui.theme import SAVE_FILE
from xmodal.ui.trained_models import list_answering, list_classifiers, list_describing
from xmodal.ui.tune_run import RunEvents
from xmodal.ui.warm_up import wait_until_warm

if TYPE_CHECKING:
    from xmodal.models.adapter_format import Adapter

EVALUATE_QUEUE = "evaluate"


class ResultEvents:
    """Handlers of one page.

    Args:
        runs: Knows which run is shown.
        tabs: The page's tabs, `classify`, `audio`, `answer` and `describe` among them.
        models: The choice of the model on each of these.
    """

    def __init__(self, runs: RunEvents, tabs: gr.Tabs, models: dict[str, gr.Dropdown]):
        self.runs, self.part, self.tabs, self.models = runs, runs.part.result, tabs, models
        self.sessions: Sessions[Visit] = Sessions(Visit)

    def connect(self, on_use: Callable | None = None, then: tuple = ()) -> None:
        """Tie the handlers to the components.

        Args:
            on_use: Called after the Classification tab was given a model, as `fn` of an event.
            then: Its inputs and outputs.
        """
        part, who = self.part, [self.runs.owner, self.runs.part.picked]
        private = {"api_visibility": "private", "show_progress": "hidden"}
        used = part.use.click(
            self.on_use, who, [part.said, self.tabs, *self.models.values()], concurrency_limit=4, **private
        )  # fmt: skip
        if on_use is not None:
            used.then(on_use, *then, concurrency_limit=4, **private)
        tab = self.runs.tab
        setup = [part.said, tab.steps, tab.data.task, tab.data.status]
        part.further.click(self.on_further, who, setup, queue=False, **private)
        packed = part.pack.click(self.on_pack, who, [part.packed, part.said], concurrency_limit=4, **private)
        packed.success(None, part.packed, js=SAVE_FILE)
        starts = part.evaluate.click(self.on_wait, None, [part.evaluated, part.evaluate, part.stop], **private)
        run = starts.then(
            self.on_evaluate, [*who, part.file], [part.evaluated, part.evaluate, part.stop], concurrency_limit=1,
            concurrency_id=EVALUATE_QUEUE, **private,
        )  # fmt: skip
        stop = part.stop.click(self.on_stop, None, None, cancels=[run], queue=False, **private)
        stop.then(self.on_stopped, None, [part.evaluated, part.evaluate, part.stop], concurrency_limit=None, **private)
        gr.on(
            [part.push.click, part.token.submit], self.on_push, [*who, part.repository, part.token, part.private],
            [part.pushed, part.token], concurrency_limit=2, **private,
        )  # fmt: skip

    def on_use(self, kept: str | None, picked: int | None, request: gr.Request) -> dict:
        """Go to the tab that uses such a model, with it chosen."""
        try:
            job = self.runs.find(kept, picked, request)
        except XmodalError as error:
            return {self.part.said: warn(error)}
        name = Path(job.adapter).name
        said = {self.part.said: f'<p class="xm-hint">{html("tune.use_name", name=name)}</p>'}
        tab, names = _users(job.task)
        if name not in names:
            return said
        return {**said, self.tabs: gr.update(selected=tab),
                self.models[tab]: gr.update(choices=names, value=name)}  # fmt: skip

    def on_further(self, kept: str | None, picked: int | None, request: gr.Request) -> dict:
        """Go back to the set-up, where the model is chosen to start from once there is data that it fits."""
        tab = self.runs.tab
        try:
            job = self.runs.find(kept, picked, request)
        except XmodalError as error:
            return {self.part.said: warn(error)}
        session = self.runs.setups.get(request)
        session.wanted, session.wanted_task = Path(job.adapter).name, job.task
        said = tune_data_views.wanted(session.wanted)
        return {tab.steps: gr.update(selected="setup"), tab.data.task: job.task, tab.data.status: said}

    def on_pack(self, kept: str | None, picked: int | None, request: gr.Request) -> dict:
        """Make the zip; a script then clicks the button that downloads it."""
        try:
            adapter = _read(self.runs.find(kept, picked, request))
            from xmodal.jobs.adapter_files import pack_adapter

            made = pack_adapter(adapter, self.sessions.get(request).make_folder())
        except XmodalError as error:
            warn(error)
            raise gr.Error(print_exception=False, visible=False) from None
        return {self.part.packed: gr.DownloadButton(value=str(made)), self.part.said: ""}

    def on_wait(self) -> dict:
        """Asked to measure."""
        return {self.part.evaluated: views.waiting(), **self._running(True)}

    def on_evaluate(
        self, kept: str | None, picked: int | None, file: str | None, request: gr.Request
    ) -> Iterator[dict]:
        """Measure the model on the rows of a file."""
        part = self.part
        if not file:
            yield {part.evaluated: warn_of("no_data"), **self._running(False)}
            return
        session = self.sessions.get(request)
        session.restart()
        shown = ""
        try:
            job = self.runs.find(kept, picked, request)
            for items in stream(partial(_evaluate, job, file, session.cancel), session.cancel):
                for item in items:
                    if isinstance(item, Progress):
                        yield {part.evaluated: views.progress(item)}
                    else:
                        shown = item
        except CancelledError:
            shown = views.finished(0, (), stopped=True)
        except Exception as error:  # noqa: BLE001 - `stream` has logged it; the page goes on
            shown = warn(error)
        yield {part.evaluated: shown, **self._running(False)}

    def on_stop(self, request: gr.Request) -> None:
        """Stop measuring."""
        self.sessions.get(request).cancel.set()

    def on_stopped(self) -> dict:
        """It was stopped."""
        return {self.part.evaluated: views.finished(0, (), stopped=True), **self._running(False)}

    def on_push(
        self, kept: str | None, picked: int | None, repository: str, token: str, private: bool, request: gr.Request
    ) -> Iterator[dict]:
        """Upload the model; the token leaves the page's field at once."""
        yield {self.part.pushed: views.waiting(), self.part.token: ""}
        try:
            adapter = _read(self.runs.find(kept, picked, request))
            from xmodal.models.hub_push import push_adapter

            address = push_adapter(adapter, repository or "", token or "", private)
            link = f'<a href="{escape(address)}" target="_blank" rel="noopener">{escape(address)}</a>'
            yield {self.part.pushed: f"<p>{html('tune.pushed')} {link}</p>"}
        except XmodalError as error:
            yield {self.part.pushed: warn(error)}

    def _running(self, busy: bool) -> dict:
        return {self.part.evaluate: gr.update(interactive=not busy), self.part.stop: gr.update(interactive=busy)}


def _read(job: Job) -> "Adapter":
    """The description of a job's adapter; imports torch."""
    wait_until_warm()
    from xmodal.models.adapters import read_adapter

    return read_adapter(Path(job.adapter))


def _evaluate(job: Job, file: str, cancel: threading.Event, emit: Callable[[object], None]) -> None:
    wait_until_warm()
    from xmodal.models.adapters import load_adapter
    from xmodal.training.engine import evaluate, load_evaluation_data, main_metric
    from xmodal.training.intervals import bootstrap_interval

    adapter = load_adapter(Path(job.adapter))
    data = load_evaluation_data(adapter, file, emit, cancel, untrusted=True)
    found, _ = evaluate(adapter, data, emit, cancel)
    name = main_metric(adapter, found)
    interval = bootstrap_interval(found.examples[name]).as_dict()
    seen = data.report.fingerprint == adapter.data.get("fingerprint")
    matrix = {"confusion": found.confusion, "names": found.names}
    emit(tune_result_views.evaluation(name, found.values, interval, len(data.check), matrix, seen))


def _users(task: str) -> tuple[str, list[str]]:
    """The tab that uses models of a task, and those it can choose from."""
    if task == "transcribe":
        from xmodal.models.adapters import list_adapters
        from xmodal.models.registry import list_models

        return "audio", [*(one.name for one in list_adapters(task=task)), *list_models(task)]
    found = {"classify": list_classifiers, "answer": list_answering, "describe": list_describing}
    return task, [adapter.name for adapter in found[task]()]
