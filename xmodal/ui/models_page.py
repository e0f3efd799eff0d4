"""The Models and runs tab: its parts with what happens on each."""

import gradio as gr

from xmodal.ui.blind_events import BlindEvents, BlindSession
from xmodal.ui.models_events import ModelsEvents, ModelsSession
from xmodal.ui.models_keep_events import KeepEvents, KeepSession
from xmodal.ui.models_runs_events import RunsEvents, RunsSession
from xmodal.ui.models_tab import ModelsTab
from xmodal.ui.sessions import Sessions


def connect_models(page: gr.Blocks, tab: ModelsTab, opened: gr.Tab, owner: gr.BrowserState) -> list:
    """Tie all handlers to the components; returns the events after which other models may be at hand.

    Args:
        page: The page under construction.
        tab: The layout.
        opened: The tab that it is on.
        owner: What the visitor's browser keeps to know their runs by.
    """
    models = ModelsEvents(tab.models, Sessions(ModelsSession))
    runs = RunsEvents(tab.runs, Sessions(RunsSession), owner)
    keep = KeepEvents(tab.keep, Sessions(KeepSession))
    blind = BlindEvents(tab.blind, Sessions(BlindSession), owner)
    changed = models.connect([opened, tab.models_opened]) + blind.connect(tab.blind_opened)
    runs.connect([opened, tab.runs_opened])
    keep.connect(tab.feedback_opened, tab.disk_opened)
    for part in (models, runs, keep, blind):
        page.unload(part.on_leave)
    return changed
