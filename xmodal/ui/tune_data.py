"""The first step of the Fine-tune tab: the task, the data, and a look at it in the background."""

import threading
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

import gradio as gr

from xmodal.data.archives import unzip
from xmodal.data.config import make_data_config
from xmodal.data.folders import read_folder
from xmodal.data.report import DataReport
from xmodal.data.samples import find_sample, list_samples, read_sample
from xmodal.data.sets import load_data
from xmodal.data.storage import build_once, datasets_dir, file_digest
from xmodal.data.tables import read_table
from xmodal.errors import CancelledError
from xmodal.modalities import MODALITIES
from xmodal.progress import Progress, Reporter
from xmodal.ui import tune_data_views, views
from xmodal.ui.background import stream
from xmodal.ui.i18n import label
from xmodal.ui.notices import warn, warn_of
from xmodal.ui.sessions import Sessions, Visit
from xmodal.ui.trained_models import list_trained
from xmodal.ui.tune_estimate import measured_factor
from xmodal.ui.tune_tab import ROLES, DataPart
from xmodal.ui.warm_up import wait_until_warm

if TYPE_CHECKING:
    from xmodal.models.adapter_format import Adapter

LOOK_QUEUE = "look"


@dataclass
class SetupSession(Visit):
    """What a visitor has chosen to train on.

    Attributes:
        source: As `DataConfig.source` has it; empty until something was chosen.
        name: The same for people: a file's own name.
        uploaded: It is a file of the page's.
        columns: Those chosen by hand.
        found: What was found in it; None until it was looked at.
        inputs: Modalities it has.
        factor: How long things take on this machine; see `tune_estimate`.
        suggested: The name that was last suggested for the adapter.
        adapters: Those there are, to go on from or to learn from.
        wanted: The one to go on from as soon as there is data that it fits.
        wanted_task: Its task.
    """

    source: str = ""
    name: str = ""
    uploaded: bool = False
    columns: dict[str, str] = field(default_factory=dict)
    found: DataReport | None = None
    inputs: tuple[str, ...] = ()
    factor: float = 1.0
    suggested: str = ""
    adapters: "list[Adapter]" = field(default_factory=list)
    wanted: str = ""
    wanted_task: str = ""


@dataclass(frozen=True)
class _Seen:
    """What a look at the data gave."""

    found: DataReport
    card: str


@dataclass(frozen=True)
class _Columns:
    """The columns there are."""

    names: tuple[str, ...]


class DataEvents:
    """Handlers of the task and the data.

    Args:
        part: The components.
        sessions: The visitors.
    """

    def __init__(self, part: DataPart, sessions: Sessions[SetupSession]):
        self.part, self.sessions = part, sessions

    def connect(self, follow: Callable) -> None:
        """Tie the handlers to the components.

        Args:
            follow: Given an event after which the recipe is to be made anew.
        """
        part = self.part
        at_once = {"api_visibility": "private", "show_progress": "hidden", "queue": False}
        chosen = [*part.drawn, part.file, part.hub]
        tasks = [*chosen, *part.samples.values(), part.no_samples]
        follow(part.task.change(self.on_task, part.task, tasks, **at_once))
        starts = [button.click(self._on_sample(name), None, chosen, **at_once) for name, button in part.samples.items()]
        starts.append(part.file.upload(self.on_file, part.file, chosen, **at_once))
        starts.append(gr.on([part.look.click, part.hub.submit], self.on_hub, part.hub, chosen, **at_once))
        starts += [box.input(self._on_column(role), box, part.drawn, **at_once) for role, box in part.columns.items()]
        looks = [
            start.then(
                self.on_look, part.task, part.drawn, concurrency_limit=2, concurrency_id=LOOK_QUEUE,
                api_visibility="private", show_progress="hidden",
            )
            for start in starts
        ]  # fmt: skip
        for look in looks:
            follow(look)
        follow(part.file.clear(self.on_clear, None, part.drawn, **at_once))
        part.stop.click(self.on_stop, None, None, **at_once)

    def on_task(self, task: str, request: gr.Request) -> dict:
        """Another task: other samples, other columns; what was chosen fits no longer."""
        session = self._renew(request)
        if session.wanted_task != task:
            session.wanted = ""
        here = {sample.name for sample in list_samples(task)}
        samples = {button: gr.update(visible=name in here) for name, button in self.part.samples.items()}
        none = {self.part.no_samples: gr.update(visible=not here)}
        status = tune_data_views.wanted(session.wanted)
        return {**self._empty(), **samples, **none, self.part.status: status, self.part.file: None, self.part.hub: ""}

    def on_sample(self, name: str, request: gr.Request) -> dict:
        """A sample set was chosen."""
        self._choose(request, f"sample:{name}", name)
        return {**self._waiting(), self.part.file: None, self.part.hub: ""}

    def on_file(self, file: str | None, request: gr.Request) -> dict:
        """A file was uploaded."""
        self._choose(request, file or "", Path(file).name if file else "", uploaded=True)
        return {**self._waiting(), self.part.hub: ""}

    def on_hub(self, name: str, request: gr.Request) -> dict:
        """A data set of the Hub was named."""
        name = (name or "").strip().removeprefix("https://huggingface.co/datasets/").removeprefix("hub:").strip("/")
        self._choose(request, f"hub:{name}" if name else "", name)
        return {**self._waiting(), self.part.file: None}

    def on_column(self, role: str, column: str | None, request: gr.Request) -> dict:
        """A column was chosen by hand; the data is looked at again."""
        session = self.sessions.get(request)
        session.columns = {key: value for key, value in session.columns.items() if key != role}
        if column:
            session.columns[role] = column
        return self._waiting()

    def on_clear(self, request: gr.Request) -> dict:
        """The file was taken away."""
        self._renew(request)
        return self._empty()

    def on_look(self, task: str, request: gr.Request) -> Iterator[dict]:
        """Read the data and show what was found."""
        session = self.sessions.get(request)
        if not session.source:
            yield {**self._empty(), self.part.status: warn_of("no_data")}
            return
        session.restart()
        session.found = None
        problem, names = "", ()
        try:
            for items in stream(partial(_look, session, task), session.cancel):
                for item in items:
                    if isinstance(item, Progress):
                        yield {self.part.status: views.progress(item)}
                    elif isinstance(item, _Columns):
                        names = item.names
                    else:
                        session.found = item.found
                        session.inputs = _inputs(task, item.found)
                        yield {self.part.report: item.card}
        except CancelledError:
            problem = views.finished(0, (), stopped=True)
        except Exception as error:  # noqa: BLE001 - `stream` has logged it; the page goes on
            problem = warn(error)
            if names:
                problem += views.hint("tune.choose_columns")
        yield {
            self.part.status: problem,
            self.part.stop: gr.update(visible=False),
            **self._draw_columns(session, task, names),
        }

    def on_stop(self, request: gr.Request) -> None:
        """Stop looking."""
        self.sessions.get(request).cancel.set()

    # Functions of their own: Gradio does not see that a `partial` wants the request.
    def _on_sample(self, name: str) -> Callable:
        def on_sample(request: gr.Request) -> dict:
            return self.on_sample(name, request)

        return on_sample

    def _on_column(self, role: str) -> Callable:
        def on_column(column: str | None, request: gr.Request) -> dict:
            return self.on_column(role, column, request)

        return on_column

    def _choose(self, request: gr.Request, source: str, name: str, uploaded: bool = False) -> None:
        session = self._renew(request)
        session.source, session.name, session.uploaded = source, name, uploaded

    def _renew(self, request: gr.Request) -> SetupSession:
        """Start afresh, but know what is wanted, and the name that was suggested: it is not the person's own."""
        old, session = self.sessions.get(request), self.sessions.renew(request)
        session.suggested, session.wanted, session.wanted_task = old.suggested, old.wanted, old.wanted_task
        return session

    def _draw_columns(self, session: SetupSession, task: str, names: tuple[str, ...]) -> dict:
        """A choice for each role of the task, showing what was guessed."""
        used = session.found.columns if session.found else session.columns
        names = names or tuple(dict.fromkeys(used.values()))
        choices = [(label("tune.column_guess"), ""), *((name, name) for name in names)]
        return {
            box: gr.update(visible=role in ROLES[task] and bool(names), choices=choices, value=used.get(role, ""))
            for role, box in self.part.columns.items()
        }

    def _waiting(self) -> dict:
        return {
            self.part.status: views.waiting(),
            self.part.stop: gr.update(visible=True),
            self.part.report: views.hint("tune.found_empty"),
        }

    def _empty(self) -> dict:
        return {
            self.part.status: "",
            self.part.stop: gr.update(visible=False),
            self.part.report: views.hint("tune.found_empty"),
            **{box: gr.update(visible=False, choices=[], value=None) for box in self.part.columns.values()},
        }


def _look(session: SetupSession, task: str, emit: Callable[[object], None]) -> None:
    """Columns first, so that they can be corrected where the rest fails."""
    wait_until_warm()  # `datasets` looks into transformers
    session.factor, session.adapters = measured_factor(), list_trained()
    names = _read_columns(session.source, emit, session.cancel)
    emit(_Columns(names))
    config = make_data_config(source=session.source, task=task, columns=session.columns)
    found = load_data(config, emit, session.cancel, untrusted=session.uploaded).report
    emit(_Seen(found, tune_data_views.report(found)))


def _read_columns(source: str, report: Reporter, cancel: threading.Event) -> tuple[str, ...]:
    """The columns of a data set; none of the Hub's, which are known only once all is read."""
    if source.startswith("hub:"):
        return ()
    if source.startswith("sample:"):
        return tuple(read_sample(find_sample(source.removeprefix("sample:")), report, cancel).columns)
    path = Path(source)
    if path.suffix.lower() == ".zip":
        target = datasets_dir() / file_digest(path, cancel)[:32]
        return tuple(read_folder(build_once(target, lambda folder: unzip(path, folder, None, report, cancel))).columns)
    return tuple(read_table(path).columns)


def _inputs(task: str, found: DataReport) -> tuple[str, ...]:
    """The modalities that towers are needed for."""
    if task in ("answer", "describe"):
        return ("text",) if task == "answer" else ("text", "image")
    return tuple(role for role in MODALITIES if role in found.columns)
