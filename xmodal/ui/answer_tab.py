"""Layout of the Question answering tab. What happens is in `answer_events.py`."""

from dataclasses import dataclass
from pathlib import Path

import gradio as gr

from xmodal.ui.i18n import html, label
from xmodal.ui.rating import Rating, build_rating
from xmodal.ui.theme import panel
from xmodal.ui.views import hint

_MEDIA = Path(gr.__file__).parent / "media_assets"


@dataclass(frozen=True)
class Sample:
    """A question that can be asked with one click.

    Attributes:
        question: What is asked.
        health: Whether the health collection is a source.
        text: A text that is the source.
        file: A file that is the source.
    """

    question: str
    health: bool = False
    text: str = ""
    file: Path | None = None


SAMPLES = {
    "health_en": Sample("How do I lower high blood pressure?", health=True),
    "health_zh": Sample("你如何缓解高血压？", health=True),
    "across": Sample(
        "What should people with high blood pressure eat less of?",
        text="高血压的人应当少吃盐，每天不超过五克；每周至少五天，每天快走三十分钟。"
        "家里最好有一台血压计，早晚各量一次，并把数值记下来。",
    ),
    "picture": Sample("Which animal does the picture show?", file=_MEDIA / "images" / "cheetah1.jpg"),
    "recording": Sample("What is heard in the recording?", file=_MEDIA / "audio" / "sax.wav"),
}


@dataclass(frozen=True)
class AnswerTab:
    """The tab's components, by what they are for."""

    health: gr.Checkbox
    files: gr.File
    text: gr.Textbox
    model: gr.Dropdown
    ocr: gr.Checkbox
    question: gr.Textbox
    spoken: gr.Audio
    run: gr.Button
    stop: gr.Button
    samples: dict[gr.Button, Sample]
    status: gr.HTML
    answer: gr.HTML
    tools: gr.Row
    download: gr.DownloadButton
    rating: Rating
    evidence: gr.HTML
    history: gr.HTML

    @property
    def sources(self) -> list:
        """Where answers are looked for, and how."""
        return [self.health, self.files, self.text, self.ocr, self.model]

    @property
    def results(self) -> list:
        """Everything a run changes."""
        return [
            self.question, self.status, self.answer, self.tools, self.download, self.evidence, self.history, self.run,
            self.stop, *self.rating.parts,
        ]  # fmt: skip


def build_answer_tab() -> AnswerTab:
    """The layout: sources on the left, question and answer on the right; one below the other on a phone."""
    with gr.Row(elem_classes="xm-columns"):
        with gr.Column(scale=5, min_width=300):
            sources = _build_sources()
        with gr.Column(scale=7, min_width=300):
            asking = _build_asking()
            results = _build_results()
    return AnswerTab(**sources, **asking, **results)


def _build_sources() -> dict:
    panel(f"<h2>{html('answer.sources')}</h2>")
    health = gr.Checkbox(
        True, label=label("answer.health"), info=label("answer.health_info"), elem_id="xm-answer-health"
    )
    files = gr.File(
        label=label("answer.files"), file_count="multiple", height=170, elem_id="xm-answer-files",
        elem_classes="xm-drop xm-drop-many",
    )  # fmt: skip
    text = gr.Textbox(
        label=label("answer.text"), lines=4, max_lines=14, elem_id="xm-answer-text", placeholder=label("answer.paste")
    )
    with gr.Accordion(label("answer.options"), open=False, elem_id="xm-answer-options"):
        ocr = gr.Checkbox(False, label=label("answer.ocr"), info=label("answer.ocr_info"), elem_id="xm-answer-ocr")
        model = gr.Dropdown([], label=label("answer.model"), info=label("answer.model_info"), elem_id="xm-answer-model")
    return {"health": health, "files": files, "text": text, "ocr": ocr, "model": model}


def _build_asking() -> dict:
    question = gr.Textbox(
        label=label("answer.question"), info=label("answer.question_info"), lines=1, max_lines=4,
        elem_id="xm-answer-question",
    )  # fmt: skip
    with gr.Row(elem_classes="xm-run"):
        run = gr.Button(label("answer.run"), variant="primary", elem_id="xm-answer-run", min_width=120)
        stop = gr.Button(label("app.stop"), variant="stop", interactive=False, elem_id="xm-answer-stop", min_width=80)
    with gr.Accordion(label("answer.speak"), open=False, elem_id="xm-answer-speak"):
        spoken = gr.Audio(
            label=label("answer.spoken"), sources=["microphone", "upload"], type="filepath", editable=False, buttons=[],
            elem_id="xm-answer-spoken",
        )  # fmt: skip
    with gr.Row(elem_classes="xm-examples"):
        panel(f"<p>{html('app.examples')}</p>")
        samples = {
            gr.Button(label(f"answer.sample_{key}"), size="sm", min_width=90, elem_id=f"xm-answer-sample-{key}"): sample
            for key, sample in SAMPLES.items()
            if sample.file is None or sample.file.exists()
        }
    status = panel(elem_id="xm-answer-status")
    return {"question": question, "run": run, "stop": stop, "spoken": spoken, "samples": samples, "status": status}


def _build_results() -> dict:
    answer = panel(hint("answer.empty"), "xm-card", elem_id="xm-answer-result")
    with gr.Row(visible=False, elem_classes="xm-tools") as tools:
        copy = gr.Button(label("answer.copy"), size="sm", min_width=80, elem_id="xm-answer-copy")
        copy.click(None, js="() => { window.xmodal.copy('#xm-answer-result', '#xm-answer-copy'); }")
        download = gr.DownloadButton(label("answer.download"), size="sm", min_width=80, elem_id="xm-answer-download")
    rating = build_rating("answer.rate", "xm-answer")
    panel(f"<h2>{html('answer.evidence')}</h2>")
    evidence = panel(hint("answer.evidence_empty"), "xm-card", elem_id="xm-answer-evidence")
    panel(f"<h2>{html('answer.history')}</h2>")
    history = panel(hint("answer.history_empty"), "xm-card", elem_id="xm-answer-history")
    return {
        "answer": answer, "tools": tools, "download": download, "rating": rating, "evidence": evidence,
        "history": history,
    }  # fmt: skip
