"""Layout of the Classification tab. What happens is in `classify_events.py` and `classify_batch_events.py`."""

from dataclasses import dataclass
from pathlib import Path

import gradio as gr

from xmodal.modalities import MODALITIES
from xmodal.ui.i18n import html, label
from xmodal.ui.rating import Rating, build_rating
from xmodal.ui.theme import panel
from xmodal.ui.views import hint

EXAMPLE_TEXTS = {
    "en_good": "The room was spotless and the staff could not have been kinder. We will come back.",
    "en_bad": "It broke after two days, and nobody answered my letters. A waste of money.",
    "zh_good": "房间很干净，服务员非常热情，早餐也很丰富，下次还会来。",
    "zh_bad": "用了两天就坏了，客服一直不回复，非常失望。",
}
HIDDEN = "hidden"
"""For what has to appear at once: Gradio adds a component with `visible=False` to the page only when it is first shown,
and when two updates follow each other quickly it may never come."""
_MEDIA = Path(gr.__file__).parent / "media_assets"
EXAMPLE_FILES = {
    "image": {"cat": _MEDIA / "images" / "cheetah1.jpg", "tower": _MEDIA / "images" / "tower.jpg"},
    "audio": {"music": _MEDIA / "audio" / "sax.wav", "speech": _MEDIA / "audio" / "heath_ledger.mp3"},
}


@dataclass(frozen=True)
class Example:
    """A button that fills in one input."""

    button: gr.Button
    modality: str
    value: str
    language: str = ""


@dataclass(frozen=True)
class OnePart:
    """Components for one thing to classify."""

    text: gr.Textbox
    image: gr.File
    preview: gr.HTML
    audio: gr.Audio
    examples: list[Example]
    run: gr.Button
    stop: gr.Button
    status: gr.HTML
    result: gr.HTML
    rating: Rating

    @property
    def inputs(self) -> list:
        """What is classified."""
        return [self.text, self.image, self.audio]

    @property
    def results(self) -> list:
        """Everything a run changes."""
        return [self.status, self.result, self.run, self.stop, *self.rating.parts]

    @property
    def boxes(self) -> list:
        """Everything that depends on the model."""
        return [*self.inputs, self.preview, *(example.button for example in self.examples)]


@dataclass(frozen=True)
class ManyPart:
    """Components for a file of many."""

    file: gr.File
    columns: dict[str, gr.Dropdown]
    run: gr.Button
    stop: gr.Button
    status: gr.HTML
    summary: gr.HTML
    preview: gr.HTML
    download: gr.DownloadButton

    @property
    def results(self) -> list:
        """Everything a run changes."""
        return [self.status, self.summary, self.preview, self.download, self.run, self.stop]


@dataclass(frozen=True)
class ClassifyTab:
    """The tab's components."""

    model: gr.Dropdown
    card: gr.HTML
    one: OnePart
    many: ManyPart


def build_classify_tab() -> ClassifyTab:
    """The layout: the model, then one thing or a file of many."""
    with gr.Row(elem_classes="xm-columns"):
        with gr.Column(scale=5, min_width=300):
            model = gr.Dropdown(
                [], label=label("classify.model"), info=label("classify.model_info"), elem_id="xm-classify-model"
            )
        with gr.Column(scale=7, min_width=300):
            card = panel(hint("classify.looking"), "xm-card", elem_id="xm-classify-card")
    with gr.Tabs():
        with gr.Tab(label("classify.one_tab"), id="one"):
            one = _build_one()
        with gr.Tab(label("classify.many_tab"), id="many"):
            many = _build_many()
    return ClassifyTab(model, card, one, many)


def _build_one() -> OnePart:
    with gr.Row(elem_classes="xm-columns"):
        with gr.Column(scale=5, min_width=300):
            # One line, so that Enter runs; it grows, and Shift+Enter makes a new line.
            text = gr.Textbox(
                label=label("classify.text"), info=label("classify.text_info"), lines=1, max_lines=12, visible=False,
                elem_id="xm-classify-text",
            )  # fmt: skip
            image = gr.File(
                label=label("classify.image"), height=120, visible=False, elem_id="xm-classify-image",
                elem_classes="xm-drop",
            )  # fmt: skip
            preview = panel(visible=False, elem_id="xm-classify-preview")
            audio = gr.Audio(
                label=label("classify.audio"), type="filepath", editable=False, buttons=[], visible=False,
                elem_id="xm-classify-audio", elem_classes="xm-drop",
            )  # fmt: skip
            examples = _build_examples()
            run, stop = _build_run("classify.run", "xm-classify")
            status = panel(elem_id="xm-classify-status")
        with gr.Column(scale=7, min_width=300):
            panel(f"<h2>{html('classify.result')}</h2>")
            result = panel(hint("classify.result_empty"), "xm-card", elem_id="xm-classify-result")
            rating = build_rating("classify.rate", "xm-classify")
    return OnePart(text, image, preview, audio, examples, run, stop, status, result, rating)


def _build_examples() -> list[Example]:
    values = [("text", name, text) for name, text in EXAMPLE_TEXTS.items()]
    values += [
        (modality, name, str(path))
        for modality, files in EXAMPLE_FILES.items()
        for name, path in files.items()
        if path.exists()
    ]
    with gr.Row(elem_classes="xm-examples"):
        panel(f"<p>{html('app.examples')}</p>")
        return [
            Example(
                gr.Button(
                    label(f"classify.example_{name}"), size="sm", min_width=80, visible=False,
                    elem_id=f"xm-classify-example-{name}",
                ),
                modality, value, name.partition("_")[0] if modality == "text" else "",
            )
            for modality, name, value in values
        ]  # fmt: skip


def _build_many() -> ManyPart:
    with gr.Row(elem_classes="xm-columns"):
        with gr.Column(scale=5, min_width=300):
            file = gr.File(label=label("classify.file"), height=150, elem_id="xm-batch-file", elem_classes="xm-drop")
            panel(hint("classify.file_info"))
            with gr.Row():
                columns = {
                    modality: gr.Dropdown(
                        [], label=label(f"classify.column_{modality}"), visible=HIDDEN, min_width=120,
                        elem_id=f"xm-batch-column-{modality}",
                    )
                    for modality in MODALITIES
                }  # fmt: skip
            run, stop = _build_run("classify.run_many", "xm-batch")
            status = panel(elem_id="xm-batch-status")
        with gr.Column(scale=7, min_width=300):
            panel(f"<h2>{html('classify.summary')}</h2>")
            summary = panel(hint("classify.summary_empty"), "xm-card", elem_id="xm-batch-summary")
            download = gr.DownloadButton(
                label("classify.download"), size="sm", visible=False, elem_id="xm-batch-download"
            )
            panel(f"<h2>{html('classify.preview')}</h2>")
            preview = panel(hint("classify.preview_empty"), "xm-card", elem_id="xm-batch-preview")
    return ManyPart(file, columns, run, stop, status, summary, preview, download)


def _build_run(text: str, prefix: str) -> tuple[gr.Button, gr.Button]:
    with gr.Row(elem_classes="xm-run"):
        run = gr.Button(label(text), variant="primary", elem_id=f"{prefix}-run", min_width=120)
        stop = gr.Button(label("app.stop"), variant="stop", interactive=False, elem_id=f"{prefix}-stop", min_width=80)
    return run, stop
