"""Named endpoints for programs (`gradio_client`, HTTP, MCP); the signatures and docstrings here are their manual."""

import tempfile
from pathlib import Path

import gradio as gr

from xmodal.errors import XmodalError
from xmodal.tasks.results import to_dict
from xmodal.ui.answer_events import ANSWER_QUEUE, AT_ONCE
from xmodal.ui.audio_events import SPEECH_QUEUE
from xmodal.ui.classify_events import CLASSIFY_QUEUE
from xmodal.ui.describe_many_events import MANY_QUEUE
from xmodal.ui.trained_models import find_classifier, find_describing
from xmodal.ui.warm_up import wait_until_warm

TAG_QUEUE = "tag"


def build_api() -> None:
    """Add the endpoints to the page under construction; nothing of them is visible.

    A text without a value, even an empty one, would have to be given by every program.
    """
    audio = gr.File(visible=False, label="audio")
    language = gr.Textbox("auto", visible=False, label="language")
    translate = gr.Checkbox(False, visible=False, label="translate")
    words = gr.Checkbox(False, visible=False, label="words")
    model = gr.Textbox("whisper-base", visible=False, label="model")
    top = gr.Number(5, precision=0, visible=False, label="top")
    name = gr.Textbox(visible=False, label="model")
    text = gr.Textbox("", visible=False, label="text")
    image = gr.File(visible=False, label="image")
    question = gr.Textbox("", visible=False, label="question")
    spoken = gr.File(visible=False, label="question_audio")
    passage = gr.Textbox("", visible=False, label="passage")
    files = gr.File(visible=False, label="files", file_count="multiple")
    ocr = gr.Checkbox(False, visible=False, label="ocr")
    answerer = gr.Textbox("", visible=False, label="model")
    images = gr.File(visible=False, label="images", file_count="multiple")
    length = gr.Textbox("short", visible=False, label="length")
    describer = gr.Textbox("", visible=False, label="model")
    writing = gr.Checkbox(True, visible=False, label="ocr")
    told_in = gr.Textbox("en", visible=False, label="language")
    script = gr.Textbox("simplified", visible=False, label="script")
    vad = gr.Checkbox(True, visible=False, label="vad")
    result = gr.JSON(visible=False, label="result")
    gr.on(
        [], answer, [question, spoken, passage, files, ocr, answerer], result, api_name="answer",
        concurrency_limit=AT_ONCE, concurrency_id=ANSWER_QUEUE,
    )  # fmt: skip
    gr.on(
        [], describe, [images, length, describer, writing, told_in], result, api_name="describe",
        concurrency_limit=1, concurrency_id=MANY_QUEUE,
    )  # fmt: skip
    gr.on(
        [], transcribe, [audio, language, translate, words, model, script, vad], result, api_name="transcribe",
        concurrency_limit=1, concurrency_id=SPEECH_QUEUE,
    )  # fmt: skip
    gr.on([], tag, [audio, top], result, api_name="tag", concurrency_limit=1, concurrency_id=TAG_QUEUE)
    gr.on(
        [], classify, [name, text, image, audio], result, api_name="classify",
        concurrency_limit=1, concurrency_id=CLASSIFY_QUEUE,
    )  # fmt: skip


def answer(
    question: str = "",
    question_audio: str | None = None,
    passage: str = "",
    files: list[str] | None = None,
    ocr: bool = False,
    model: str = "",
) -> dict:
    """Answer a question from texts, documents, pictures and recordings, and say where it is written, shown or said.

    The answer is a part of a source, or, for English questions, what a model sees in a picture; where the sources do
    not say, it is empty. Without sources the health collection that comes with xmodal is asked.

    Args:
        question: In English or Chinese; the sources may be in the other language.
        question_audio: A recording of the question, instead of the text.
        passage: A text to find the answer in.
        files: Text, Markdown, HTML, PDF or Word files, csv or jsonl of questions and answers, pictures, recordings.
        ocr: Whether to read the scanned pages of PDF files.
        model: Name of the model that marks answers; the default one if empty.

    Returns:
        question, answer, answerable, confidence, language, evidence (source, file, start, end, text, passage, heading,
        page, score, time), notes, model, seconds.
    """

    def run() -> object:
        from xmodal.tasks.answer import answer as run_on
        from xmodal.ui.trained_models import find_answering

        name = find_answering(model).name if model else ""
        return run_on(question, text=files or [], question_audio=question_audio, passage=passage, model=name, ocr=ocr)

    return _answer(run)


def describe(
    images: list[str], length: str = "short", model: str = "", ocr: bool = True, language: str = "en"
) -> list[dict]:
    """Describe pictures in words, with labels, colours and what is written in them.

    Args:
        images: Picture files, at most 200.
        length: "short" for a sentence, "long" for several.
        model: Name of the model that describes; the default one if empty.
        ocr: Whether to look for writing in the pictures.
        language: "en", or "zh" for the labels in Chinese.

    Returns:
        For each picture: file, description, labels (label, score), alt (a text to stand for it), colours (name, hex,
        share), written (paragraphs), model, seconds, notes. One that cannot be read has file and problem only.
    """
    if not images:
        raise gr.Error("No picture was given. Send some as `images`.", print_exception=False)

    def run() -> list[dict]:
        from xmodal.tasks.describe_batch import describe_rows, find_pictures

        name = find_describing(model).name if model else ""
        with tempfile.TemporaryDirectory(prefix="xmodal-") as folder:
            pictures, _ = find_pictures(images, Path(folder))
            rows = describe_rows(pictures, length=length, language=language, model=name, ocr=ocr)
            return [
                {**(to_dict(row.result) if row.result else {"problem": str(row.error)}), "file": row.picture.name}
                for row in rows
            ]

    return _answer(run)


def transcribe(
    audio: str, language: str = "auto", translate: bool = False, words: bool = False, model: str = "whisper-base",
    script: str = "simplified", vad: bool = True,
) -> dict:  # fmt: skip
    """Write down what is said in an audio or video file, with times.

    Args:
        audio: An audio or video file of any length.
        language: Code of the language spoken, such as "en" or "zh"; "auto" finds out.
        translate: Whether to translate to English.
        words: Whether to give the time of every word as well.
        model: Name of the speech model.
        script: Chinese in "simplified" or "traditional" characters, or "original" as the model wrote it.
        vad: Whether to write down only what is in stretches of speech.

    Returns:
        file, text, language, duration (seconds), segments (start, end, text and maybe words), model, seconds.
    """
    from xmodal.tasks.transcribe import TranscribeOptions
    from xmodal.tasks.transcribe import transcribe as run

    options = TranscribeOptions(
        model=model, language=language, translate=translate, words=words, script=script, vad=vad
    )
    return {**_answer(run, _require(audio), options), "file": Path(audio).name}


def tag(audio: str, top: int = 5) -> dict:
    """Name the sounds in an audio or video file (music, dog, rain, speech and some 500 others) and when they occur.

    Args:
        audio: An audio or video file of any length.
        top: How many labels to give.

    Returns:
        file, labels (label, score), timeline (start, end, label, score), model, seconds.
    """
    from xmodal.tasks.tag import tag as run

    return {**_answer(run, _require(audio), top=top), "file": Path(audio).name}


def classify(model: str, text: str = "", image: str | None = None, audio: str | None = None) -> dict:
    """Name the class of a text, a picture, a recording, or of several of them together, by a trained classifier.

    Args:
        model: Name of the classifier.
        text: A text; may be left out, as the others.
        image: A picture file.
        audio: An audio or video file; its first 29 seconds count.

    Returns:
        label, scores, missing (what the model knows and was not given), contributions, model, seconds.
    """

    def run() -> object:
        from xmodal.tasks.classify import classify as run_on

        return run_on(find_classifier(model).name, text=text, image=image, audio=audio)

    return _answer(run)


def _require(audio: str | None) -> str:
    if not audio:
        raise gr.Error("No audio file was given. Send one as `audio`.", print_exception=False)
    return audio


def _answer(run, *args, **options) -> dict:
    wait_until_warm()
    try:
        found = run(*args, **options)
        return found if isinstance(found, list) else to_dict(found)
    except XmodalError as error:
        raise gr.Error(f"{error.problem} {error.advice}", print_exception=False) from error
