"""What happens to the models of the Models and runs tab."""

import threading
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

import gradio as gr

from xmodal.errors import CancelledError, XmodalError
from xmodal.progress import Progress
from xmodal.ui import models_views, views
from xmodal.ui.background import stream
from xmodal.ui.i18n import html
from xmodal.ui.models_list_tab import ModelsPart
from xmodal.ui.models_rights import may_manage, require_manager
from xmodal.ui.models_shared import in_order
from xmodal.ui.models_work import card_of, catalogue, delete_model, fetch_model, push_model, read_chosen, verify_model
from xmodal.ui.notices import warn
from xmodal.ui.sessions import Sessions, Visit
from xmodal.ui.theme import SAVE_FILE
from xmodal.ui.warm_up import wait_until_warm

if TYPE_CHECKING:
    from xmodal.models.catalogue import Entry

FETCH_QUEUE = "fetch"


@dataclass
class ModelsSession(Visit):
    """What a visitor chose: a model by its key."""

    chosen: str = ""


class ModelsEvents:
    """Handlers of the part for models."""

    def __init__(self, part: ModelsPart, sessions: Sessions[ModelsSession]):
        self.part = part
        self.sessions = sessions

    def connect(self, opened: list) -> list:
        """Tie the handlers to the components; returns the events after which other models may be at hand.

        Args:
            opened: Tabs whose opening shows the models.
        """
        part, filters = self.part, self.part.filters
        private = {"api_visibility": "private", "show_progress": "hidden"}
        quick = {**private, "concurrency_limit": 4}
        shown = gr.on([tab.select for tab in opened], self.on_open, filters, part.drawn, **quick)
        # Once more, as the filters may have been changed while the models were being looked up.
        shown.then(self.on_filter, filters, part.list, **quick)
        typed = {**quick, "trigger_mode": "always_last"}  # the last letter counts, not the first
        gr.on([part.task.change, part.kind.change, part.words.change], self.on_filter, filters, part.list, **typed)
        details = [one for one in part.drawn if one is not part.list]
        part.list.select(self.on_pick, None, details, **private, **in_order("models"))
        fetched = part.buttons["fetch"].click(
            self.on_fetch, filters, part.drawn, concurrency_limit=1, concurrency_id=FETCH_QUEUE, **private
        )
        part.stop.click(self.on_stop, None, None, queue=False, **private)
        part.buttons["verify"].click(self.on_verify, None, part.status, concurrency_limit=2, **private)
        packed = part.buttons["pack"].click(self.on_pack, None, [part.packed, part.status], **quick)
        packed.then(None, part.packed, js=SAVE_FILE)
        asked = [*part.confirm.parts, part.status]
        gr.on([part.buttons["remove"].click, part.buttons["delete"].click], self.on_ask, None, asked, **quick)
        part.confirm.no.click(part.confirm.cleared, None, part.confirm.parts, **quick)
        deleted = part.confirm.yes.click(self.on_delete, filters, part.drawn, **quick)
        gr.on([part.rename.click, part.name.submit], self.on_rename, [part.name, *filters], part.drawn, **quick)
        part.file.upload(self.on_import, [part.file, *filters], [*part.drawn, part.file], **quick)
        pushed = [part.status, part.token]
        part.push.click(self.on_push, [part.repo, part.token, part.private], pushed, concurrency_limit=2, **private)
        return [fetched, deleted]

    def on_open(self, task: str, kind: str, words: str, request: gr.Request) -> dict:
        """The tab was opened: look what there is."""
        return self._draw(task, kind, words, request)

    def on_filter(self, task: str, kind: str, words: str, request: gr.Request) -> str:
        """Other models were asked for."""
        entries = catalogue().choose_entries(catalogue().list_entries(), task, kind, words)
        return models_views.model_list(entries, self.sessions.get(request).chosen)

    def on_pick(self, event: gr.EventData, request: gr.Request) -> dict:
        """A model was chosen; the list marks it by itself."""
        self.sessions.get(request).chosen = str(event.pick)
        return {**self._draw_details(request), self.part.status: ""}

    def on_fetch(self, task: str, kind: str, words: str, request: gr.Request) -> Iterator[dict]:
        """Fetch the model, in the background of whatever else the visitor does."""
        session = self.sessions.get(request)
        session.restart()
        name = session.chosen.partition(":")[2]
        yield {self.part.buttons["fetch"]: gr.update(interactive=False), self.part.stop: gr.update(visible=True)}
        status = yield from self._follow(partial(fetch_model, name, session.cancel), session.cancel)
        yield {**self._draw(task, kind, words, request), self.part.status: status}

    def on_stop(self, request: gr.Request) -> None:
        """Stop fetching."""
        self.sessions.get(request).cancel.set()

    def on_verify(self, request: gr.Request) -> Iterator[dict]:
        """Compare the model's files with their digests."""
        yield {self.part.status: models_views.message("models.verifying")}
        entry = self._chosen(request)
        status = yield from self._follow(partial(verify_model, entry), threading.Event()) if entry else ""
        yield {self.part.status: status}

    def on_pack(self, request: gr.Request) -> dict:
        """Make a zip of an adapter; a script downloads it then."""
        from xmodal.jobs.adapter_files import pack_adapter

        try:
            path = pack_adapter(read_chosen(self._chosen(request)), self.sessions.get(request).make_folder())
        except XmodalError as error:
            return {self.part.packed: None, self.part.status: warn(error)}
        return {self.part.packed: str(path), self.part.status: ""}

    def on_ask(self, request: gr.Request) -> dict:
        """Deleting was asked for: is it meant?"""
        entry = self._chosen(request)
        if entry is None:
            return self.part.confirm.cleared()
        question = f"<p>{html(f'models.ask_{entry.kind}', name=entry.name, size=models_views.size(entry.disk_mb))}</p>"
        return {**self.part.confirm.asked(question), self.part.status: ""}

    def on_delete(self, task: str, kind: str, words: str, request: gr.Request) -> dict:
        """It is meant."""
        entry = self._chosen(request)
        try:
            require_manager(request)
            freed = delete_model(entry)
            status = models_views.message("models.deleted", name=entry.name, size=models_views.size(freed))
        except XmodalError as error:
            status = warn(error)
        return {**self._draw(task, kind, words, request), self.part.status: status}

    def on_rename(self, name: str, task: str, kind: str, words: str, request: gr.Request) -> dict:
        """Give an own model another name."""
        from xmodal.jobs.adapter_files import rename_adapter

        session = self.sessions.get(request)
        try:
            require_manager(request)
            adapter = rename_adapter(session.chosen.partition(":")[2], name)
            session.chosen = f"own:{adapter.name}"
            status = models_views.message("models.renamed", name=adapter.name)
        except XmodalError as error:
            status = warn(error)
        return {**self._draw(task, kind, words, request), self.part.status: status}

    def on_import(self, file: str, task: str, kind: str, words: str, request: gr.Request) -> dict:
        """Take in an adapter from a zip."""
        wait_until_warm()
        from xmodal.jobs.adapter_files import import_adapter

        try:
            require_manager(request)
            adapter = import_adapter(Path(file))
            self.sessions.get(request).chosen = f"own:{adapter.name}"
            status = models_views.message("models.imported", name=adapter.name)
        except XmodalError as error:
            status = warn(error)
        return {**self._draw(task, kind, words, request), self.part.file: None, self.part.status: status}

    def on_push(self, repo: str, token: str, private: bool, request: gr.Request) -> Iterator[dict]:
        """Put an adapter on the Hub; the token leaves the page's memory with this call."""
        yield {self.part.status: models_views.message("models.pushing")}
        entry = self._chosen(request)
        work = partial(push_model, entry, repo, token, private)
        status = yield from self._follow(work, threading.Event()) if entry else ""
        yield {self.part.status: status, self.part.token: ""}

    def on_leave(self, request: gr.Request) -> None:
        """The visitor closed the page."""
        self.sessions.drop(request)

    def _follow(self, work: Callable, cancel: threading.Event) -> Iterator[dict]:
        """Show the progress of a work; returns what to say at its end, as HTML."""
        said = ""
        try:
            for items in stream(work, cancel):
                for item in items:
                    if isinstance(item, Progress):
                        yield {self.part.status: views.progress(item)}
                    else:
                        said = item
        except CancelledError:
            return models_views.message("models.stopped")
        except Exception as error:  # noqa: BLE001 - `stream` has logged it; the page goes on
            return warn(error)
        return said

    def _chosen(self, request: gr.Request) -> "Entry | None":
        key = self.sessions.get(request).chosen
        return next((entry for entry in catalogue().list_entries() if entry.key == key), None)

    def _draw(self, task: str, kind: str, words: str, request: gr.Request) -> dict:
        entries = catalogue().list_entries()
        session = self.sessions.get(request)
        if session.chosen not in {entry.key for entry in entries}:
            session.chosen = ""
        shown = catalogue().choose_entries(entries, task, kind, words)
        return {self.part.list: models_views.model_list(shown, session.chosen), **self._draw_details(request)}

    def _draw_details(self, request: gr.Request) -> dict:
        """What is known of the chosen model, and what can be done with it."""
        part, entry = self.part, self._chosen(request)
        trained = entry is not None and entry.kind in ("own", "shipped")
        manages = may_manage(request)
        shown = {
            "fetch": entry is not None and entry.kind == "starter" and not entry.here,
            "verify": entry is not None and entry.here and entry.kind != "hub",
            "pack": trained,
            "remove": manages and entry is not None and entry.here and entry.kind in ("starter", "hub"),
            "delete": manages and entry is not None and entry.kind == "own",
        }
        return {
            part.details: models_views.model_details(entry) if entry else views.hint("models.details_empty"),
            **{part.buttons[name]: gr.update(visible=on, interactive=True) for name, on in shown.items()},
            part.stop: gr.update(visible=False),
            **part.confirm.cleared(),
            part.card_box: gr.update(visible=trained),
            part.card: models_views.card(card_of(entry)) if trained else "",
            part.rename_box: gr.update(visible=shown["delete"]),
            part.name: entry.name if shown["delete"] else "",
            part.push_box: gr.update(visible=trained),
            part.token: "",
        }
