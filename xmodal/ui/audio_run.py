"""One run of the Audio tab: the work in the background, and the page drawn from what is known so far."""

import mimetypes
import threading
from collections.abc import Callable
from dataclasses import dataclass
from html import escape
from pathlib import Path
from urllib.parse import quote

import gradio as gr

from xmodal.errors import CancelledError, XmodalError
from xmodal.progress import Progress
from xmodal.tasks.results import TagResult, TranscribeResult
from xmodal.ui import picture, views
from xmodal.ui.audio_tab import FORMATS, AudioTab
from xmodal.ui.i18n import html
from xmodal.ui.plots import Overview, draw_overview
from xmodal.ui.sessions import Session
from xmodal.ui.warm_up import wait_until_warm


@dataclass(frozen=True)
class Wish:
    """What a visitor asked for; the fields follow the options of the tab."""

    find: tuple[str, ...]
    model: str
    language: str
    translate: bool
    words: bool
    script: str
    vad: bool


def analyse(path: Path, wish: Wish, cancel: threading.Event, emit: Callable[[object], None]) -> None:
    """Shape, sounds, then speech: the quick ones first. Emits results, `Progress` and, for sounds, `XmodalError`.

    Raises:
        XmodalError: The file cannot be used, the transcript failed, or the visitor asked to stop.
    """
    emit(Progress("read", path.name))
    wait_until_warm()
    emit(draw_overview(path, report=emit, cancel=cancel))
    if "sounds" in wish.find:
        from xmodal.tasks.tag import tag

        try:
            emit(tag(path, report=emit, cancel=cancel))
        except CancelledError:
            raise
        except XmodalError as error:
            # Words can still be had without sounds.
            emit(error)
    if "speech" in wish.find:
        from xmodal.tasks.transcribe import TranscribeOptions, iter_transcribe

        options = TranscribeOptions(
            model=wish.model, language=wish.language, translate=wish.translate, words=wish.words, script=wish.script,
            vad=wish.vad,
        )  # fmt: skip
        emit(Progress("transcribe", path.name))
        for result in iter_transcribe(path, options, report=emit, cancel=cancel):
            emit(result)


def keep(session: Session, item: object) -> None:
    """Remember a result in the visitor's session."""
    if isinstance(item, Overview):
        session.overview = item
    elif isinstance(item, TagResult):
        session.tags = item
    elif isinstance(item, TranscribeResult):
        session.transcript = item


def draw_player(path: str | Path | None) -> str:
    """The browser's own player: it streams, so that hours of sound do not fill its memory, and works by keyboard."""
    if path is None:
        return views.hint("audio.player_empty")
    kind = mimetypes.guess_type(str(path))[0] or "audio/"
    element = "video" if kind.startswith("video/") else "audio"
    url = "gradio_api/file=" + quote(str(path).replace("\\", "/"))
    return f'<{element} controls playsinline preload="metadata" src="{escape(url)}"></{element}>'


def draw_results(tab: AudioTab, session: Session, items: list[object]) -> dict:
    """Updates for what is new; a new picture is drawn when its lanes change."""
    updates: dict = {}
    for item in items:
        if isinstance(item, TagResult):
            updates[tab.sounds] = views.sounds(item.labels)
        elif isinstance(item, TranscribeResult):
            updates[tab.transcript] = views.transcript(item, growing=True)
        elif isinstance(item, Progress):
            updates[tab.status] = views.progress(item)
    if session.overview and any(isinstance(item, (Overview, TagResult)) for item in items):
        updates[tab.picture] = _draw_picture(session)
    return updates


def draw_end(tab: AudioTab, session: Session, seconds: float, problems: str = "", stopped: bool = False) -> dict:
    """The page after a run: complete, stopped or failed; what was found is shown and can be downloaded."""
    result = session.transcript
    updates = {
        tab.status: problems if problems and not result and not session.tags else
        problems + views.finished(seconds, _facts(session), stopped),
        tab.run: gr.update(interactive=True),
        tab.stop: gr.update(interactive=False),
    }  # fmt: skip
    if session.overview is not None:
        updates[tab.picture] = _draw_picture(session)
    if result is None:
        return updates
    updates[tab.transcript] = views.transcript(result)
    if result.segments:
        updates[tab.tools] = gr.update(visible=True)
        updates |= tab.rating.shown()
        updates |= {tab.downloads[name]: gr.update(value=path) for name, path in _write_files(session).items()}
    return updates


def draw_empty(tab: AudioTab, path: str | Path | None) -> dict:
    """The page with a recording and no results yet."""
    return {
        tab.player: draw_player(path),
        tab.picture: views.hint("audio.picture_empty"),
        tab.transcript: views.hint("audio.transcript_empty"),
        tab.sounds: views.hint("audio.sounds_empty"),
        tab.tools: gr.update(visible=False),
        **tab.rating.cleared(),
    }


def _draw_picture(session: Session) -> str:
    return picture.draw_picture(
        session.overview,
        session.transcript.segments if session.transcript else (),
        session.tags.timeline if session.tags else (),
    )


def _facts(session: Session) -> list[str]:
    from xmodal.tasks.languages import LANGUAGES

    facts = []
    if session.transcript is not None:
        if session.transcript.segments:
            code = session.transcript.language
            facts.append(html("status.language", language=LANGUAGES.get(code, code).title()))
        facts.append(html("status.model", model=session.transcript.model))
    if session.overview is not None:
        facts.append(html("status.length", length=views.clock(session.overview.duration)))
    return facts


def _write_files(session: Session) -> dict[str, str]:
    """The transcript in every format, named after the recording; in a folder that goes with the session."""
    from xmodal.tasks.subtitles import format_transcript

    files = {}
    for name in FORMATS:
        path = session.make_folder() / f"{Path(session.transcript.file).stem or 'transcript'}.{name}"
        path.write_text(format_transcript(session.transcript, name), encoding="utf-8")
        files[name] = str(path)
    return files
