"""Layout of the Image description tab. What happens is in `describe_events.py` and `describe_many_events.py`."""

from dataclasses import dataclass
from pathlib import Path

import gradio as gr

from xmodal.ui.i18n import html, label
from xmodal.ui.rating import Rating, build_rating
from xmodal.ui.theme import panel
from xmodal.ui.views import hint

_IMAGES = Path(gr.__file__).parent / "media_assets" / "images"
EXAMPLES = {"lion": "lion.jpg", "cheetah": "cheetah.jpg", "tower": "tower.jpg", "screen": "screenshot.gif"}
LENGTHS, LANGUAGES = ("short", "long"), ("en", "zh")


@dataclass(frozen=True)
class OptionsPart:
    """How to describe."""

    language: gr.Radio
    length: gr.Radio
    ocr: gr.Checkbox
    folded: gr.Accordion
    model: gr.Dropdown
    about: gr.HTML

    @property
    def wishes(self) -> list:
        """What a run takes."""
        return [self.language, self.length, self.ocr, self.model]


@dataclass(frozen=True)
class OnePart:
    """Components for one picture."""

    file: gr.File
    camera: gr.Image
    preview: gr.HTML
    examples: dict[gr.Button, Path]
    options: OptionsPart
    run: gr.Button
    stop: gr.Button
    status: gr.HTML
    text: gr.HTML
    alt: gr.HTML
    tools: gr.Row
    download: gr.DownloadButton
    rating: Rating
    picture: gr.HTML
    labels: gr.HTML
    colours: gr.HTML
    written: gr.HTML

    @property
    def inputs(self) -> list:
        """Where the picture comes from, and how it is shown."""
        return [self.file, self.camera, self.preview]

    @property
    def results(self) -> list:
        """Everything a run changes."""
        return [
            self.status, self.text, self.alt, self.tools, self.download, self.picture, self.labels, self.colours,
            self.written, self.run, self.stop, *self.rating.parts,
        ]  # fmt: skip


@dataclass(frozen=True)
class ManyPart:
    """Components for many pictures."""

    files: gr.File
    options: OptionsPart
    run: gr.Button
    stop: gr.Button
    status: gr.HTML
    tools: gr.Row
    csv: gr.DownloadButton
    jsonl: gr.DownloadButton
    rows: gr.HTML

    @property
    def results(self) -> list:
        """Everything a run changes."""
        return [self.status, self.rows, self.tools, self.csv, self.jsonl, self.run, self.stop]


@dataclass(frozen=True)
class DescribeTab:
    """The tab's components."""

    one: OnePart
    many: ManyPart


def build_describe_tab() -> DescribeTab:
    """The layout: one picture, or many."""
    with gr.Tabs():
        with gr.Tab(label("describe.one_tab"), id="one"):
            one = _build_one()
        with gr.Tab(label("describe.many_tab"), id="many"):
            many = _build_many()
    return DescribeTab(one, many)


def _build_one() -> OnePart:
    with gr.Row(elem_classes="xm-columns"):
        with gr.Column(scale=5, min_width=300):
            source = _build_source()
            options = _build_options("xm-describe")
            run, stop = _build_run("describe.run", "xm-describe")
            status = panel(elem_id="xm-describe-status")
        with gr.Column(scale=7, min_width=300):
            results = _build_results()
    return OnePart(options=options, run=run, stop=stop, status=status, **source, **results)


def _build_source() -> dict:
    with gr.Tabs():
        with gr.Tab(label("describe.file_tab")):
            # Not `gr.Image`: it opens the file itself, and what it cannot open is a bug to it; nor can browsers show
            # every format.
            file = gr.File(
                label=label("describe.file"), height=130, elem_id="xm-describe-file", elem_classes="xm-drop xm-paste"
            )
            panel(hint("describe.file_info"))
        with gr.Tab(label("describe.camera_tab")):
            camera = gr.Image(
                label=label("describe.camera"), sources=["webcam", "clipboard"], type="filepath", image_mode=None,
                webcam_options=gr.WebcamOptions(mirror=False), buttons=[], height=260, elem_id="xm-describe-camera",
            )  # fmt: skip
    preview = panel(elem_id="xm-describe-preview")
    with gr.Row(elem_classes="xm-examples"):
        panel(f"<p>{html('app.examples')}</p>")
        examples = {
            gr.Button(
                label(f"describe.example_{key}"), size="sm", min_width=80, elem_id=f"xm-describe-example-{key}"
            ): _IMAGES / name
            for key, name in EXAMPLES.items()
            if (_IMAGES / name).exists()
        }
    return {"file": file, "camera": camera, "preview": preview, "examples": examples}


def _build_options(prefix: str) -> OptionsPart:
    language = gr.Radio(
        [(label(f"describe.language_{code}"), code) for code in LANGUAGES], value=LANGUAGES[0],
        label=label("describe.language"), elem_id=f"{prefix}-language",
    )  # fmt: skip
    length = gr.Radio(
        [(label(f"describe.length_{name}"), name) for name in LENGTHS], value=LENGTHS[0],
        label=label("describe.length"), info=label("describe.length_info"), elem_id=f"{prefix}-length",
    )  # fmt: skip
    ocr = gr.Checkbox(True, label=label("describe.ocr"), elem_id=f"{prefix}-ocr")
    with gr.Accordion(label("describe.options"), open=False, visible=False, elem_id=f"{prefix}-options") as folded:
        model = gr.Dropdown(
            [], label=label("describe.model"), info=label("describe.model_info"), elem_id=f"{prefix}-model"
        )
    about = panel(elem_id=f"{prefix}-about")
    return OptionsPart(language, length, ocr, folded, model, about)


def _build_results() -> dict:
    panel(f"<h2>{html('describe.text')}</h2>")
    text = panel(hint("describe.text_empty"), "xm-card", elem_id="xm-describe-text")
    panel(f"<h2>{html('describe.alt')}</h2>")
    alt = panel(hint("describe.alt_empty"), "xm-card", elem_id="xm-describe-alt")
    with gr.Row(visible=False, elem_classes="xm-tools") as tools:
        _build_copy("text")
        _build_copy("alt")
        download = gr.DownloadButton(label("describe.json"), size="sm", min_width=80, elem_id="xm-describe-json")
    rating = build_rating("describe.rate", "xm-describe")
    with gr.Row(elem_classes="xm-columns"):
        with gr.Column(scale=6, min_width=280):
            panel(f"<h2>{html('describe.picture')}</h2>")
            picture = panel(hint("describe.picture_empty"), "xm-card", elem_id="xm-describe-picture")
        with gr.Column(scale=5, min_width=240):
            panel(f"<h2>{html('describe.labels')}</h2>")
            labels = panel(hint("describe.labels_empty"), "xm-card", elem_id="xm-describe-labels")
    panel(f"<h2>{html('describe.colours')}</h2>")
    colours = panel(hint("describe.colours_empty"), "xm-card", elem_id="xm-describe-colours")
    panel(f"<h2>{html('describe.written')}</h2>")
    written = panel(hint("describe.written_empty"), "xm-card", elem_id="xm-describe-written")
    return {
        "text": text, "alt": alt, "tools": tools, "download": download, "rating": rating, "picture": picture,
        "labels": labels, "colours": colours, "written": written,
    }  # fmt: skip


def _build_copy(part: str) -> None:
    button = f"xm-describe-copy-{part}"
    copy = gr.Button(label(f"describe.copy_{part}"), size="sm", min_width=80, elem_id=button)
    copy.click(None, js=f"() => {{ window.xmodal.copy('#xm-describe-{part}', '#{button}'); }}")


def _build_many() -> ManyPart:
    with gr.Row(elem_classes="xm-columns"):
        with gr.Column(scale=5, min_width=300):
            files = gr.File(
                label=label("describe.files"), file_count="multiple", height=170, elem_id="xm-pictures-files",
                elem_classes="xm-drop xm-drop-many",
            )  # fmt: skip
            panel(hint("describe.files_info"))
            options = _build_options("xm-pictures")
            run, stop = _build_run("describe.run_many", "xm-pictures")
            status = panel(elem_id="xm-pictures-status")
        with gr.Column(scale=7, min_width=300):
            panel(f"<h2>{html('describe.rows')}</h2>")
            with gr.Row(visible=False, elem_classes="xm-tools") as tools:
                csv = gr.DownloadButton(label("describe.csv"), size="sm", min_width=80, elem_id="xm-pictures-csv")
                jsonl = gr.DownloadButton(label("describe.jsonl"), size="sm", min_width=80, elem_id="xm-pictures-jsonl")
            rows = panel(hint("describe.rows_empty"), "xm-card", elem_id="xm-pictures-rows")
    return ManyPart(files, options, run, stop, status, tools, csv, jsonl, rows)


def _build_run(text: str, prefix: str) -> tuple[gr.Button, gr.Button]:
    with gr.Row(elem_classes="xm-run"):
        run = gr.Button(label(text), variant="primary", elem_id=f"{prefix}-run", min_width=120)
        stop = gr.Button(label("app.stop"), variant="stop", interactive=False, elem_id=f"{prefix}-stop", min_width=80)
    return run, stop
