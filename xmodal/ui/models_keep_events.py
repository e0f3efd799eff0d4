"""What happens to the ratings and the disk on the Models and runs tab."""

from dataclasses import dataclass

import gradio as gr

from xmodal.errors import XmodalError
from xmodal.ui import models_keep_views, models_views, views
from xmodal.ui.i18n import html
from xmodal.ui.models_keep_tab import KeepPart
from xmodal.ui.models_rights import may_manage, require_manager
from xmodal.ui.models_shared import in_order
from xmodal.ui.notices import warn
from xmodal.ui.sessions import Sessions, Visit
from xmodal.ui.theme import SAVE_FILE


@dataclass
class KeepSession(Visit):
    """The folder that a visitor was asked about."""

    chosen: str = ""


class KeepEvents:
    """Handlers of the parts for ratings and for the disk."""

    def __init__(self, part: KeepPart, sessions: Sessions[KeepSession]):
        self.part = part
        self.sessions = sessions

    def connect(self, feedback_opened: gr.Tab, disk_opened: gr.Tab) -> None:
        """Tie the handlers to the components."""
        part, private = self.part, {"api_visibility": "private", "show_progress": "hidden"}
        quick = {**private, "concurrency_limit": 4}
        feedback_opened.select(self.on_feedback, None, part.ratings, **quick)
        made = [part.packed, part.feedback_status]
        part.csv.click(self.on_csv, None, made, **quick).then(None, part.packed, js=SAVE_FILE)
        part.data_set.click(self.on_data_set, part.task, made, **quick).then(None, part.packed, js=SAVE_FILE)
        disk_opened.select(self.on_disk, None, part.folders, **quick)
        part.disk.select(self.on_ask, None, part.confirm.parts, **private, **in_order("disk"))
        part.confirm.no.click(part.confirm.cleared, None, part.confirm.parts, **quick)
        part.confirm.yes.click(self.on_free, None, part.folders, **quick)

    def on_feedback(self, request: gr.Request) -> dict:
        """Show the ratings; to strangers only how many."""
        from xmodal.jobs.feedback import list_feedback

        found = list_feedback()
        latest = models_keep_views.feedback_latest(found) if may_manage(request) else ""
        return {
            self.part.counts: models_keep_views.feedback_counts(found),
            self.part.latest: latest or views.hint("models.latest_empty"),
            self.part.feedback_status: "",
        }

    def on_csv(self, request: gr.Request) -> dict:
        """Make the table of all ratings; a script downloads it then."""
        from xmodal.jobs.feedback_export import write_ratings

        path = self.sessions.get(request).make_folder() / "xmodal-feedback.csv"
        try:
            require_manager(request)
            count = write_ratings(path)
        except XmodalError as error:
            return {self.part.packed: None, self.part.feedback_status: warn(error)}
        said = models_views.message("models.exported", count=count)
        return {self.part.packed: str(path), self.part.feedback_status: said}

    def on_data_set(self, task: str, request: gr.Request) -> dict:
        """Make a data set of what was judged right; a script downloads it then."""
        from xmodal.jobs.feedback_export import write_data_set

        try:
            require_manager(request)
            made = write_data_set(task, self.sessions.get(request).make_folder())
        except XmodalError as error:
            return {self.part.packed: None, self.part.feedback_status: warn(error)}
        said = models_views.message("models.exported", count=made.rows)
        if made.missing:
            said += models_views.message("models.missing", count=len(made.missing), names=", ".join(made.missing[:10]))
        return {self.part.packed: str(made.path), self.part.feedback_status: said}

    def on_disk(self, request: gr.Request) -> dict:
        """Show what takes how much."""
        return {**self._draw(request), self.part.disk_status: ""}

    def on_ask(self, event: gr.EventData, request: gr.Request) -> dict:
        """Freeing a folder was asked for: is it meant?"""
        from xmodal.jobs.disk_use import FREEABLE

        name = str(event.pick)
        if name not in FREEABLE:
            return self.part.confirm.cleared()
        self.sessions.get(request).chosen = name
        return self.part.confirm.asked(f"<p>{html(f'models.ask_free_{name}')}</p>")

    def on_free(self, request: gr.Request) -> dict:
        """It is meant."""
        from xmodal.jobs.disk_use import free_space

        try:
            require_manager(request)
            freed = free_space(self.sessions.get(request).chosen)
            status = models_views.message("models.freed", size=models_views.size(freed / 1e6))
        except XmodalError as error:
            status = warn(error)
        return {**self._draw(request), self.part.disk_status: status}

    def on_leave(self, request: gr.Request) -> None:
        """The visitor closed the page."""
        self.sessions.drop(request)

    def _draw(self, request: gr.Request) -> dict:
        from xmodal.jobs.disk_use import list_folders

        return {
            self.part.disk: models_keep_views.disk_table(list_folders(), may_manage(request)),
            **self.part.confirm.cleared(),
        }
