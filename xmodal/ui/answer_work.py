"""One question of the Question answering tab: hear it, read the sources, index them, answer."""

import threading
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING

from xmodal.errors import InputError
from xmodal.progress import Progress, check_cancelled
from xmodal.tasks.results import AnswerResult
from xmodal.ui.sessions import Visit
from xmodal.ui.trained_models import find_answering
from xmodal.ui.warm_up import wait_until_warm

if TYPE_CHECKING:
    from xmodal.data.documents import Document
    from xmodal.tasks.retrieval import Index

KEPT = 50
"""Questions of a visit that are remembered."""


@dataclass(frozen=True)
class Wish:
    """What a visitor asks, and of what; the fields follow the tab's components."""

    question: str
    spoken: str
    health: bool
    files: tuple[str, ...]
    text: str
    ocr: bool
    model: str


@dataclass(frozen=True)
class Heard:
    """A spoken question, written down."""

    question: str


@dataclass
class AnswerSession(Visit):
    """A visitor's sources and questions.

    Attributes:
        sources: What the index was made of.
        index: Their passages.
        files: Pictures and recordings by the name of their source.
        results: The answers, oldest first.
        own_sources: Whether the visitor has given a source of their own.
    """

    sources: tuple = ()
    index: "Index | None" = None
    files: dict[str, Path] = field(default_factory=dict)
    results: list[AnswerResult] = field(default_factory=list)
    own_sources: bool = False


def work(wish: Wish, session: AnswerSession, cancel: threading.Event, emit: Callable[[object], None]) -> None:
    """Emits `Progress`, `Heard` for a spoken question, and an `AnswerResult`.

    Raises:
        XmodalError: A source, the question or the model cannot be used, or the visitor asked to stop.
    """
    emit(Progress("prepare", ""))
    wait_until_warm()
    from xmodal.tasks.answer import answer_from, check_question
    from xmodal.tasks.languages import language_of
    from xmodal.tasks.recordings import hear_question
    from xmodal.tasks.retrieval import build_index

    question = wish.question
    if wish.spoken:
        question = hear_question(Path(wish.spoken), emit, cancel)
        emit(Heard(question))
    question = check_question(question)
    if wish.model:  # the list of models may not be there yet
        find_answering(wish.model)
    key = (language_of(question) if wish.health else "", wish.files, wish.text, wish.ocr)
    if session.index is None or session.sources != key:
        documents, files = _read(wish, key[0], cancel, emit)
        index = build_index(documents, report=emit, cancel=cancel)
        session.index, session.sources, session.files = index, key, files
    check_cancelled(cancel)
    emit(answer_from(session.index, question, wish.model, emit, cancel))


def _read(wish: Wish, language: str, cancel: threading.Event, emit) -> "tuple[list[Document], dict[str, Path]]":
    """The sources as documents, each with a name of its own, and the files that can be shown."""
    from xmodal.data.documents import make_document
    from xmodal.tasks.sources import health_collection, name_apart, read_source

    documents, paths = [], [Path(file) for file in wish.files]
    if language:
        documents.append(health_collection(language))
    if wish.text.strip():
        documents.append(make_document(wish.text, "text"))
    given = len(documents)
    for path in paths:
        check_cancelled(cancel)
        documents.append(read_source(path, ocr=wish.ocr, report=emit, cancel=cancel))
    if not documents:
        raise InputError(
            "There is nothing to look for the answer in.",
            "Tick the health collection, choose a file, or paste a text.",
            "no_source",
        )
    documents = name_apart(documents)
    return documents, {one.name: path for one, path in zip(documents[given:], paths, strict=True)}
