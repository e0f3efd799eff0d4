"""Layout of the inner tab for blind comparisons. What happens is in `blind_events.py`."""

from dataclasses import dataclass

import gradio as gr

from xmodal.jobs.ratings import TASKS, Choice
from xmodal.ui.i18n import html, label
from xmodal.ui.models_shared import build_packed
from xmodal.ui.theme import panel
from xmodal.ui.views import hint

CHOICES: dict[str, Choice] = {"a": "left", "b": "right", "same": "same", "neither": "neither"}
"""Names of the buttons to what is stored."""


@dataclass(frozen=True)
class BlindPart:
    """Components for blind comparisons."""

    task: gr.Radio
    first: gr.Dropdown
    second: gr.Dropdown
    question: gr.Textbox
    text: gr.Textbox
    image: gr.File
    audio: gr.Audio
    run: gr.Button
    stop: gr.Button
    next: gr.Button
    status: gr.HTML
    left: gr.HTML
    right: gr.HTML
    choices: dict[str, gr.Button]
    reveal: gr.HTML
    score: gr.HTML
    csv: gr.Button
    packed: gr.DownloadButton
    csv_status: gr.HTML

    @property
    def models(self) -> list:
        """What is compared."""
        return [self.task, self.first, self.second]

    @property
    def inputs(self) -> list:
        """What both are given, in the order of `ratings.INPUTS`."""
        return [self.question, self.text, self.image, self.audio]

    @property
    def pair(self) -> list:
        """Everything that depends on the two results."""
        return [self.left, self.right, *self.choices.values(), self.reveal]

    @property
    def drawn(self) -> list:
        """Everything that depends on the models chosen."""
        return [*self.models, *self.inputs, self.next, self.status, *self.pair, self.score]

    @property
    def results(self) -> list:
        """Everything a run changes."""
        return [self.status, self.run, self.stop, self.next, *self.pair]


def build_blind() -> BlindPart:
    """The layout: two models and an input on the left, two results and the choice on the right."""
    panel(hint("blind.info"))
    with gr.Row(elem_classes="xm-columns"):
        with gr.Column(scale=5, min_width=300):
            given = _build_given()
        with gr.Column(scale=7, min_width=300):
            shown = _build_results()
    return BlindPart(**given, **shown)


def _build_given() -> dict:
    tasks = [(label(f"models.does_{task}"), task) for task in TASKS]
    task = gr.Radio(tasks, value=TASKS[0], label=label("models.task"), elem_id="xm-blind-task")
    first = gr.Dropdown([], label=label("blind.first"), elem_id="xm-blind-first")
    second = gr.Dropdown([], label=label("blind.second"), elem_id="xm-blind-second")
    question = gr.Textbox(label=label("answer.question"), lines=1, visible="hidden", elem_id="xm-blind-question")
    text = gr.Textbox(label=label("classify.text"), lines=1, max_lines=12, visible="hidden", elem_id="xm-blind-text")
    image = gr.File(
        label=label("classify.image"), height=120, visible="hidden", elem_id="xm-blind-image", elem_classes="xm-drop"
    )
    audio = gr.Audio(
        label=label("classify.audio"), sources=["upload", "microphone"], type="filepath", editable=False, buttons=[],
        elem_id="xm-blind-audio", elem_classes="xm-drop",
    )  # fmt: skip
    with gr.Row(elem_classes="xm-run"):
        run = gr.Button(label("blind.run"), variant="primary", elem_id="xm-blind-run", min_width=100)
        stop = gr.Button(label("app.stop"), variant="stop", interactive=False, elem_id="xm-blind-stop", min_width=80)
    return {
        "task": task, "first": first, "second": second, "question": question, "text": text, "image": image,
        "audio": audio, "run": run, "stop": stop,
    }  # fmt: skip


def _build_results() -> dict:
    panel(f"<h2>{html('blind.which')}</h2>")
    status = panel(elem_id="xm-blind-status")
    with gr.Row(equal_height=True):
        left, right = (
            panel(hint(f"blind.empty_{side}"), "xm-card", elem_id=f"xm-blind-{side}", min_width=200)
            for side in ("a", "b")
        )
    with gr.Row(elem_classes="xm-run"):
        choices = {
            name: gr.Button(
                label(f"blind.choice_{name}"), min_width=120, interactive=False,
                elem_id=f"xm-blind-choice-{name}",
            )
            for name in CHOICES
        }  # fmt: skip
    reveal = panel(elem_id="xm-blind-reveal")
    panel(hint("blind.next_info"))
    with gr.Row(elem_classes="xm-tools"):
        following = gr.Button(label("blind.next"), elem_id="xm-blind-next", min_width=120)
    panel(f"<h2>{html('blind.score')}</h2>")
    score = panel(hint("blind.score_empty"), "xm-card", elem_id="xm-blind-score")
    with gr.Row(elem_classes="xm-tools"):
        csv = gr.Button(label("blind.csv"), size="sm", elem_id="xm-blind-csv")
    packed = build_packed("xm-blind-packed")
    csv_status = panel(elem_id="xm-blind-csv-status")
    return {
        "status": status, "left": left, "right": right, "choices": choices, "reveal": reveal, "next": following,
        "score": score, "csv": csv, "packed": packed, "csv_status": csv_status,
    }  # fmt: skip
