"""Layout of the inner tabs for ratings and for the disk. What happens is in `models_keep_events.py`."""

from dataclasses import dataclass

import gradio as gr

from xmodal.jobs.feedback_export import TARGETS
from xmodal.ui.i18n import html, label
from xmodal.ui.models_shared import PICK_ONE, Confirm, build_confirm, build_packed
from xmodal.ui.theme import panel
from xmodal.ui.views import hint


@dataclass(frozen=True)
class KeepPart:
    """Components for the ratings and the disk."""

    counts: gr.HTML
    latest: gr.HTML
    csv: gr.Button
    task: gr.Radio
    data_set: gr.Button
    packed: gr.DownloadButton
    feedback_status: gr.HTML
    disk: gr.HTML
    confirm: Confirm
    disk_status: gr.HTML

    @property
    def ratings(self) -> list:
        """What shows the ratings."""
        return [self.counts, self.latest, self.feedback_status]

    @property
    def folders(self) -> list:
        """What shows the disk."""
        return [self.disk, *self.confirm.parts, self.disk_status]


def build_feedback() -> dict:
    """The layout of the ratings."""
    panel(hint("models.feedback_info"))
    with gr.Row(elem_classes="xm-columns"):
        with gr.Column(scale=5, min_width=300):
            panel(f"<h2>{html('models.ratings')}</h2>")
            counts = panel(hint("models.looking"), "xm-card", elem_id="xm-feedback-counts")
            csv = gr.Button(label("models.csv"), size="sm", elem_id="xm-feedback-csv")
            panel(f"<h2>{html('models.data_set')}</h2>")
            panel(hint("models.data_set_info"))
            tasks = [(label(f"models.does_{name}"), name) for name in TARGETS]
            task = gr.Radio(tasks, value=tasks[0][1], label=label("models.task"), elem_id="xm-feedback-task")
            data_set = gr.Button(label("models.data_set_run"), size="sm", elem_id="xm-feedback-data-set")
            packed = build_packed("xm-feedback-packed")
            status = panel(elem_id="xm-feedback-status")
        with gr.Column(scale=7, min_width=300):
            panel(f"<h2>{html('models.latest')}</h2>")
            latest = panel(hint("models.latest_empty"), "xm-card", elem_id="xm-feedback-latest")
    return {
        "counts": counts, "latest": latest, "csv": csv, "task": task, "data_set": data_set, "packed": packed,
        "feedback_status": status,
    }  # fmt: skip


def build_disk() -> dict:
    """The layout of the disk use."""
    panel(hint("models.disk_info"))
    status = panel(elem_id="xm-disk-status")
    confirm = build_confirm("xm-disk")
    disk = panel(hint("models.looking"), "xm-card", elem_id="xm-disk-list", js_on_load=PICK_ONE)
    return {"disk": disk, "confirm": confirm, "disk_status": status}
