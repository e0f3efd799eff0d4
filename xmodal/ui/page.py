"""The whole page."""

import gradio as gr

from xmodal.ui.api import build_api
from xmodal.ui.audio_events import AudioEvents
from xmodal.ui.audio_tab import build_audio_tab
from xmodal.ui.header import build_header, on_load_header
from xmodal.ui.i18n import label
from xmodal.ui.sessions import Sessions

HOUR = 3600


def build_page() -> gr.Blocks:
    """Header, tabs and endpoints, ready for `launch`. Imports neither torch nor transformers."""
    with gr.Blocks(title="xmodal", analytics_enabled=False, delete_cache=(HOUR, 24 * HOUR)) as page:
        machine = build_header()
        with gr.Tabs(), gr.Tab(label("audio.tab"), id="audio"):
            tab = build_audio_tab()
        events = AudioEvents(tab, Sessions())
        build_api()
        quiet = {"api_visibility": "private", "show_progress": "hidden", "concurrency_limit": 4}
        page.load(on_load_header, None, machine, **quiet)
        for run in events.connect():
            # A run may have fetched a model.
            run.then(on_load_header, None, machine, **quiet)
        page.unload(events.on_leave)
    return page
