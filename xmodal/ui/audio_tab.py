"""Layout of the Audio tab. What happens on a click is in `audio_events.py`."""

from dataclasses import dataclass
from pathlib import Path

import gradio as gr

from xmodal.models.registry import list_models
from xmodal.tasks.languages import LANGUAGES
from xmodal.ui.i18n import html, label
from xmodal.ui.rating import Rating, build_rating
from xmodal.ui.theme import panel
from xmodal.ui.views import hint

FORMATS = ("txt", "srt", "vtt", "json")
OWN_NAMES = {
    "zh": "中文", "es": "Español", "fr": "Français", "de": "Deutsch", "ja": "日本語", "ko": "한국어", "ru": "Русский",
    "pt": "Português", "it": "Italiano", "ar": "العربية", "hi": "हिन्दी", "tr": "Türkçe", "vi": "Tiếng Việt",
    "nl": "Nederlands", "pl": "Polski", "uk": "Українська", "th": "ไทย", "yue": "粵語",
}  # fmt: skip


@dataclass(frozen=True)
class AudioTab:
    """The tab's components, by what they are for."""

    file: gr.File
    microphone: gr.Audio
    player: gr.HTML
    examples: dict[gr.Button, Path]
    find: gr.CheckboxGroup
    model: gr.Dropdown
    language: gr.Dropdown
    translate: gr.Checkbox
    words: gr.Checkbox
    script: gr.Radio
    vad: gr.Checkbox
    run: gr.Button
    stop: gr.Button
    status: gr.HTML
    picture: gr.HTML
    transcript: gr.HTML
    tools: gr.Row
    downloads: dict[str, gr.DownloadButton]
    sounds: gr.HTML
    rating: Rating

    @property
    def options(self) -> list:
        """What a run takes, in the order of `AudioEvents.on_run`."""
        return [
            self.file, self.microphone, self.find, self.model, self.language, self.translate, self.words, self.script,
            self.vad,
        ]  # fmt: skip

    @property
    def results(self) -> list:
        """Everything a run changes."""
        return [
            self.status, self.player, self.picture, self.transcript, self.sounds, self.tools, self.run, self.stop,
            *self.rating.parts, *self.downloads.values(),
        ]  # fmt: skip


def build_audio_tab() -> AudioTab:
    """The layout: what goes in on the left, what comes out on the right; one below the other on a phone."""
    with gr.Row(elem_classes="xm-columns"):
        with gr.Column(scale=5, min_width=300):
            source = _build_source()
            options = _build_options()
            with gr.Row(elem_classes="xm-run"):
                run = gr.Button(label("audio.run"), variant="primary", elem_id="xm-run", min_width=120)
                stop = gr.Button(label("app.stop"), variant="stop", interactive=False, elem_id="xm-stop", min_width=80)
            status = panel(elem_id="xm-status")
            player = panel(hint("audio.player_empty"), elem_id="xm-player")
        with gr.Column(scale=7, min_width=300):
            results = _build_results()
    return AudioTab(run=run, stop=stop, status=status, player=player, **source, **options, **results)


def _build_source() -> dict:
    with gr.Tabs():
        with gr.Tab(label("audio.upload_tab")):
            file = gr.File(label=label("audio.upload"), height=150, elem_id="xm-file", elem_classes="xm-drop")
        with gr.Tab(label("audio.record_tab")):
            microphone = gr.Audio(
                label=label("audio.microphone"), sources=["microphone"], type="filepath", editable=False,
                buttons=[], elem_id="xm-microphone",
            )  # fmt: skip
    with gr.Row(elem_classes="xm-examples"):
        panel(f"<p>{html('app.examples')}</p>")
        buttons = {
            gr.Button(label(key), size="sm", min_width=90, elem_id=f"xm-{key.replace('.', '-')}"): path
            for key, path in list_examples().items()
        }
    return {"file": file, "microphone": microphone, "examples": buttons}


def list_examples() -> dict[str, Path]:
    """Recordings that come with Gradio, by the key of their name; those that are missing are left out."""
    folder = Path(gr.__file__).parent / "media_assets" / "audio"
    names = {
        "audio.example_speech": "cate_blanch.mp3",
        "audio.example_sentence": "heath_ledger.mp3",
        "audio.example_music": "sax.wav",
    }
    return {key: folder / name for key, name in names.items() if (folder / name).exists()}


def _build_options() -> dict:
    languages = sorted((name.title(), code) for code, name in LANGUAGES.items())
    named = [(f"{name} · {OWN_NAMES[code]}" if code in OWN_NAMES else name, code) for name, code in languages]
    with gr.Accordion(label("audio.options"), open=False, elem_id="xm-options"):
        language = gr.Dropdown(
            [(label("audio.language_auto"), "auto"), *named], value="auto", label=label("audio.language")
        )
        translate = gr.Checkbox(False, label=label("audio.translate"))
        find = gr.CheckboxGroup(
            [(label("audio.find_speech"), "speech"), (label("audio.find_sounds"), "sounds")],
            value=["speech", "sounds"], label=label("audio.find"),
        )  # fmt: skip
        models = list_models("transcribe")
        model = gr.Dropdown(models, value=models[0], label=label("audio.model"), info=label("audio.model_info"))
        script = gr.Radio(
            [(label(f"audio.script_{name}"), name) for name in ("simplified", "traditional", "original")],
            value="simplified", label=label("audio.script"),
        )  # fmt: skip
        words = gr.Checkbox(False, label=label("audio.words"), info=label("audio.words_info"))
        vad = gr.Checkbox(True, label=label("audio.vad"), info=label("audio.vad_info"))
    return {
        "find": find, "model": model, "language": language, "translate": translate, "words": words,
        "script": script, "vad": vad,
    }  # fmt: skip


def _build_results() -> dict:
    panel(f"<h2>{html('audio.transcript')}</h2>")
    transcript = panel(hint("audio.transcript_empty"), "xm-card", elem_id="xm-transcript")
    with gr.Row(visible=False, elem_classes="xm-tools") as tools:
        copy = gr.Button(label("audio.copy"), size="sm", min_width=80, elem_id="xm-copy")
        copy.click(None, js="() => { window.xmodal.copy(); }")
        downloads = {
            name: gr.DownloadButton(name.upper(), size="sm", min_width=56, elem_id=f"xm-download-{name}")
            for name in FORMATS
        }
    rating = build_rating("audio.rate", "xm")
    panel(f"<h2>{html('audio.picture')}</h2>")
    picture = panel(hint("audio.picture_empty"), "xm-card", elem_id="xm-picture")
    panel(f"<h2>{html('audio.sounds')}</h2>")
    sounds = panel(hint("audio.sounds_empty"), "xm-card", elem_id="xm-sounds")
    return {
        "transcript": transcript, "tools": tools, "downloads": downloads, "rating": rating,
        "picture": picture, "sounds": sounds,
    }  # fmt: skip
