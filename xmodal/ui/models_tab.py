"""Layout of the Models and runs tab: an inner tab for each of its parts."""

from dataclasses import dataclass

import gradio as gr

from xmodal.ui.blind_tab import BlindPart, build_blind
from xmodal.ui.i18n import label
from xmodal.ui.models_keep_tab import KeepPart, build_disk, build_feedback
from xmodal.ui.models_list_tab import ModelsPart, build_models
from xmodal.ui.models_runs_tab import RunsPart, build_runs


@dataclass(frozen=True)
class ModelsTab:
    """The tab's parts, and the inner tabs that they are on."""

    models: ModelsPart
    runs: RunsPart
    keep: KeepPart
    blind: BlindPart
    models_opened: gr.Tab
    runs_opened: gr.Tab
    blind_opened: gr.Tab
    feedback_opened: gr.Tab
    disk_opened: gr.Tab


def build_models_tab() -> ModelsTab:
    """The layout: models, runs, ratings and the disk, each on a tab of its own."""
    with gr.Tabs():
        with gr.Tab(label("models.models_tab"), id="models-list") as models_opened:
            models = build_models()
        with gr.Tab(label("models.runs_tab"), id="models-runs") as runs_opened:
            runs = build_runs()
        with gr.Tab(label("blind.tab"), id="models-blind") as blind_opened:
            blind = build_blind()
        with gr.Tab(label("models.feedback_tab"), id="models-feedback") as feedback_opened:
            feedback = build_feedback()
        with gr.Tab(label("models.disk_tab"), id="models-disk") as disk_opened:
            disk = build_disk()
    keep = KeepPart(**feedback, **disk)
    return ModelsTab(models, runs, keep, blind, models_opened, runs_opened, blind_opened, feedback_opened, disk_opened)
