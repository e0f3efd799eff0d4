"""Answers questions about documents: the passages that are nearest are read, and the best span is the answer."""

import re
import threading
import time
from collections.abc import Sequence
from pathlib import Path

from xmodal.data.documents import make_document, read_document
from xmodal.device import pick_device
from xmodal.errors import InputError, UnknownModelError
from xmodal.models.adapters import Adapter, list_adapters, load_adapter
from xmodal.models.memory import model_memory
from xmodal.models.span_qa import load_span_model
from xmodal.progress import Reporter
from xmodal.tasks.passages import Passage
from xmodal.tasks.results import AnswerResult, Evidence
from xmodal.tasks.retrieval import Index, build_index
from xmodal.tasks.spans import Span, find_spans

DEFAULT_MODEL = "span-qa-en-zh"
READ_AT_MOST = 6
"""Passages that are read for a question; more take longer and bring more that only looks like an answer."""
_WIDE = re.compile("[\u3400-\u9fff]")
_MAX_QUESTION = 2_000


def answer(
    question: str,
    *,
    text: Sequence[str | Path] = (),
    passage: str = "",
    model: str = "",
    report: Reporter | None = None,
    cancel: threading.Event | None = None,
) -> AnswerResult:
    """Answer a question about documents.

    Args:
        question: In English or Chinese; it need not be the documents' language.
        text: Files: text, Markdown, HTML, PDF, Word, or collections of questions with answers.
        passage: A text itself.
        model: Name or folder of an adapter that marks answers; the default one if not given.
        report: Told of downloads, pages and passages.
        cancel: Stops it.

    Raises:
        XmodalError: A source or the model cannot be used, or there is no question or no source.
    """
    documents = [read_document(Path(path), report, cancel) for path in text]
    if passage:
        documents.append(make_document(passage, "text"))
    if not documents:
        raise InputError("There is nothing to look for the answer in.", "Give a text or a file.")
    return answer_from(build_index(documents, report=report, cancel=cancel), question, model, report, cancel)


def answer_from(
    index: Index,
    question: str,
    model: str = "",
    report: Reporter | None = None,
    cancel: threading.Event | None = None,
    top: int = 5,
) -> AnswerResult:
    """As `answer`, of documents that are indexed already.

    Args:
        index: The documents.
        question: What is asked; of very long ones the beginning counts.
        model: Name or folder of an adapter.
        report: Told of the passages read.
        cancel: Stops it.
        top: Places to name at most.
    """
    started = time.perf_counter()
    question = question.strip()[:_MAX_QUESTION]
    adapter = find_answerer(model)
    found = index.search(question, READ_AT_MOST)
    key = (adapter.name, str(adapter.path), adapter.created, pick_device())
    leads = [f"{one.passage.heading}\n" if one.passage.heading else "" for one in found]
    passages = [lead + one.passage.text for lead, one in zip(leads, found, strict=True)]
    with model_memory().use(key, lambda: load_span_model(adapter, report)) as network:
        result = find_spans(
            network, question, passages, leads=[len(lead) for lead in leads], top=top, report=report, cancel=cancel
        )
    return AnswerResult(
        answer=result.text,
        answerable=result.answerable,
        confidence=round(result.confidence, 4),
        language="zh" if _WIDE.search(question) else "en",
        evidence=tuple(
            _evidence(index, found[span.passage].passage, span, len(leads[span.passage])) for span in result.spans
        ),
        model=adapter.name,
        seconds=round(time.perf_counter() - started, 3),
    )


def find_answerer(name: str = "") -> Adapter:
    """The adapter that marks answers: the one named, else the default, else the newest that was trained.

    Raises:
        UnknownModelError: It does something else, or there is none.
    """
    known = list_adapters(task="answer", family="span_qa")
    if name:
        adapter = load_adapter(name)
        if adapter.family != "span_qa":
            names = ", ".join(one.name for one in known) or "none yet"
            raise UnknownModelError(f"The adapter {name} does not answer questions.", f"Those that do: {names}.")
        return adapter
    if not known:
        raise UnknownModelError("There is no model that answers questions yet.", "Train one on the Fine-tune tab.")
    default = next((one for one in known if one.name == DEFAULT_MODEL), None)
    return default or max(known, key=lambda one: one.created)


def _evidence(index: Index, passage: Passage, span: Span, lead: int) -> Evidence:
    """The place in the document; what is read of a passage has its heading before it."""
    start = passage.start + span.start - lead
    return Evidence(
        source="audio" if passage.time else "text",
        file=index.documents[passage.document].name,
        start=start,
        end=start + span.end - span.start,
        text=span.text,
        passage=passage.text,
        heading=passage.heading,
        page=passage.page,
        score=round(span.confidence, 4),
        time=passage.time,
    )
