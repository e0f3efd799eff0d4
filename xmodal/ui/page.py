"""The whole page."""

import gradio as gr

from xmodal.ui.answer_events import AnswerEvents
from xmodal.ui.answer_tab import build_answer_tab
from xmodal.ui.answer_work import AnswerSession
from xmodal.ui.api import build_api
from xmodal.ui.audio_events import AudioEvents
from xmodal.ui.audio_tab import build_audio_tab
from xmodal.ui.classify_batch_events import BatchEvents, BatchSession
from xmodal.ui.classify_events import ClassifyEvents, OneSession
from xmodal.ui.classify_tab import build_classify_tab
from xmodal.ui.describe_events import DescribeEvents
from xmodal.ui.describe_many_events import ManyEvents
from xmodal.ui.describe_tab import build_describe_tab
from xmodal.ui.describe_work import DescribeSession, ManySession
from xmodal.ui.header import build_header, on_load_header
from xmodal.ui.i18n import label
from xmodal.ui.models_page import connect_models
from xmodal.ui.models_tab import build_models_tab
from xmodal.ui.sessions import Sessions
from xmodal.ui.tune_page import Tune
from xmodal.ui.tune_tab import build_tune_tab

HOUR = 3600


def build_page() -> gr.Blocks:
    """Header, tabs and endpoints, ready for `launch`. Imports neither torch nor transformers."""
    with gr.Blocks(title="xmodal", analytics_enabled=False, delete_cache=(HOUR, 24 * HOUR)) as page:
        machine = build_header()
        with gr.Tabs() as tabs:
            with gr.Tab(label("answer.tab"), id="answer") as answer_opened:
                answer = AnswerEvents(build_answer_tab(), Sessions(AnswerSession))
            with gr.Tab(label("describe.tab"), id="describe") as describe_opened:
                describe_tab = build_describe_tab()
            with gr.Tab(label("audio.tab"), id="audio"):
                audio = AudioEvents(build_audio_tab(), Sessions())
            with gr.Tab(label("classify.tab"), id="classify") as opened:
                tab = build_classify_tab()
            with gr.Tab(label("tune.tab"), id="tune"):
                tune_tab = build_tune_tab()
            with gr.Tab(label("models.tab"), id="models") as models_opened:
                models_tab = build_models_tab()
        batch = BatchEvents(tab.many, tab.model, Sessions(BatchSession))
        classify = ClassifyEvents(tab, Sessions(OneSession), batch)
        described = ManyEvents(describe_tab.many, Sessions(ManySession))
        describe = DescribeEvents(describe_tab, Sessions(DescribeSession), described)
        models = {"classify": tab.model, "audio": audio.tab.model, "answer": answer.tab.model,
                  "describe": describe_tab.one.options.model}  # fmt: skip
        tune = Tune(tune_tab, tabs, classify, models)
        build_api()
        quiet = {"api_visibility": "private", "show_progress": "hidden", "concurrency_limit": 4}
        page.load(on_load_header, None, machine, **quiet)
        runs = [*answer.connect(page, answer_opened), *describe.connect(describe_opened), *audio.connect()]
        for run in [*runs, *classify.connect(opened)]:
            # A run may have fetched a model.
            run.then(on_load_header, None, machine, **quiet)
        tune.connect(page, models_tab.runs_opened)
        for change in connect_models(page, models_tab, models_opened, tune.runs.owner):
            change.then(on_load_header, None, machine, **quiet)
        for events in (answer, describe, audio, classify):
            page.unload(events.on_leave)
    return page
