"""Named endpoints for programs (`gradio_client`, HTTP, MCP); the signatures and docstrings here are their manual."""

from pathlib import Path

import gradio as gr

from xmodal.errors import XmodalError
from xmodal.tasks.results import to_dict
from xmodal.ui.audio_events import SPEECH_QUEUE
from xmodal.ui.warm_up import wait_until_warm

TAG_QUEUE = "tag"


def build_api() -> None:
    """Add the endpoints to the page under construction; nothing of them is visible."""
    audio = gr.File(visible=False, label="audio")
    language = gr.Textbox("auto", visible=False, label="language")
    translate = gr.Checkbox(False, visible=False, label="translate")
    words = gr.Checkbox(False, visible=False, label="words")
    model = gr.Textbox("whisper-base", visible=False, label="model")
    top = gr.Number(5, precision=0, visible=False, label="top")
    result = gr.JSON(visible=False, label="result")
    gr.on(
        [], transcribe, [audio, language, translate, words, model], result, api_name="transcribe",
        concurrency_limit=1, concurrency_id=SPEECH_QUEUE,
    )  # fmt: skip
    gr.on([], tag, [audio, top], result, api_name="tag", concurrency_limit=1, concurrency_id=TAG_QUEUE)


def transcribe(
    audio: str, language: str = "auto", translate: bool = False, words: bool = False, model: str = "whisper-base"
) -> dict:
    """Write down what is said in an audio or video file, with times.

    Args:
        audio: An audio or video file of any length.
        language: Code of the language spoken, such as "en" or "zh"; "auto" finds out.
        translate: Whether to translate to English.
        words: Whether to give the time of every word as well.
        model: Name of the speech model.

    Returns:
        file, text, language, duration (seconds), segments (start, end, text and maybe words), model, seconds.
    """
    from xmodal.tasks.transcribe import TranscribeOptions
    from xmodal.tasks.transcribe import transcribe as run

    options = TranscribeOptions(model=model, language=language, translate=translate, words=words)
    return _answer(run, audio, options)


def tag(audio: str, top: int = 5) -> dict:
    """Name the sounds in an audio or video file (music, dog, rain, speech and some 500 others) and when they occur.

    Args:
        audio: An audio or video file of any length.
        top: How many labels to give.

    Returns:
        file, labels (label, score), timeline (start, end, label, score), model, seconds.
    """
    from xmodal.tasks.tag import tag as run

    return _answer(run, audio, top=top)


def _answer(run, audio: str | None, *args, **options) -> dict:
    if not audio:
        raise gr.Error("No audio file was given. Send one as `audio`.", print_exception=False)
    wait_until_warm()
    try:
        return {**to_dict(run(audio, *args, **options)), "file": Path(audio).name}
    except XmodalError as error:
        raise gr.Error(f"{error.problem} {error.advice}", print_exception=False) from error
