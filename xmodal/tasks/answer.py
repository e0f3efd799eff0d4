"""Answers questions about documents: the passages that are nearest are read, and the best span is the answer."""

import re
import threading
import time
from bisect import bisect_right
from collections.abc import Sequence
from pathlib import Path

from xmodal.data.documents import Document, make_document, whole_text
from xmodal.device import pick_device
from xmodal.errors import InputError, UnknownModelError
from xmodal.models.adapters import Adapter, list_adapters, load_adapter
from xmodal.models.memory import model_memory
from xmodal.models.span_qa import load_span_model
from xmodal.progress import Reporter
from xmodal.tasks.adapters import load_of, pick_default
from xmodal.tasks.describe import find_describer
from xmodal.tasks.languages import language_of
from xmodal.tasks.passages import Passage
from xmodal.tasks.picture_answers import list_pictures, look_for_answers
from xmodal.tasks.results import AnswerResult, Evidence
from xmodal.tasks.retrieval import Index, build_index
from xmodal.tasks.sources import health_collection, is_health_collection, name_apart, read_source
from xmodal.tasks.spans import Span, find_spans, is_cut

DEFAULT_MODEL = "span-qa-en-zh"
READ_AT_MOST = 6
"""Passages that are read for a question; more take longer and bring more that only looks like an answer."""
_LATER = 0.5
"""Log odds that a passage loses for each one that the search found before it: of 90 questions about 39 texts, F1 rose
from 72.1 to 73.3 % (0.5 to 1 are alike)."""
MAX_QUESTION = 2_000
NO_ADVICE = "General information, not medical advice."
ENGLISH_ONLY = "What pictures show is looked for in questions in English only; here their labels and texts were read."
LONG_QUESTION = "The question is long: only its end was read."
_WORTH_NAMING = 0.01
_MARKS = re.compile(r"\W+")

Files = str | Path | Sequence[str | Path]


def answer(
    question: str = "",
    *,
    text: Files = (),
    image: Files = (),
    audio: Files = (),
    question_audio: str | Path | None = None,
    passage: str = "",
    model: str = "",
    ocr: bool = False,
    report: Reporter | None = None,
    cancel: threading.Event | None = None,
) -> AnswerResult:
    """Answer a question from texts, documents, pictures and recordings, or from the health collection if none is given.

    Args:
        question: In English or Chinese; it need not be the sources' language.
        text: Files: text, Markdown, HTML, PDF, Word, or collections of questions with answers.
        image: Pictures: what is written in them and what they show.
        audio: Recordings: what is said and heard in them.
        question_audio: A recording of the question, instead of `question`.
        passage: A text itself.
        model: Name or folder of an adapter that marks answers, or of one that answers about pictures, beside which the
            default one marks answers; both default ones if not given.
        ocr: Read the scanned pages of PDF files.
        report: Told of downloads, pages and passages.
        cancel: Stops it.

    Raises:
        XmodalError: A source or the model cannot be used, or there is no question.
    """
    if question_audio:
        from xmodal.tasks.recordings import hear_question

        question = hear_question(Path(question_audio), report, cancel)
    question = check_question(question)
    find_answerers(model)
    given = [(Path(path), kind) for files, kind in ((text, ""), (image, "image"), (audio, "audio"))
             for path in ([files] if isinstance(files, str | Path) else files)]  # fmt: skip
    documents = [read_source(path, kind, ocr=ocr, report=report, cancel=cancel) for path, kind in given]
    if passage.strip():
        documents.append(make_document(passage, "text"))
    if not documents:
        documents = [health_collection(language_of(question))]
    index = build_index(name_apart(documents), report=report, cancel=cancel)
    return answer_from(index, question, model, report, cancel)


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
        question: What is asked.
        model: Name or folder of an adapter.
        report: Told of the passages read.
        cancel: Stops it.
        top: Places to name at most.
    """
    started = time.perf_counter()
    question = check_question(question)
    adapter, looker = find_answerers(model)
    found = index.search(question, READ_AT_MOST)
    key = (adapter.name, str(adapter.path), adapter.created, pick_device())
    leads = [f"{one.passage.heading}\n" if one.passage.heading else "" for one in found]
    passages = [lead + one.passage.text for lead, one in zip(leads, found, strict=True)]
    with model_memory().use(key, lambda: load_span_model(adapter, report)) as network:
        result = find_spans(
            network, question, passages, leads=[len(lead) for lead in leads], later=_LATER, top=2 * top,
            report=report, cancel=cancel,
        )  # fmt: skip
        notes = [LONG_QUESTION] if is_cut(network, question) else []
    spans = _distinct(result.spans)[:top]
    evidence = [_evidence(index, found[span.passage].passage, span, len(leads[span.passage])) for span in spans]
    text, answerable, confidence = result.text, result.answerable, result.confidence
    pictures, name, english = list_pictures(index.documents), adapter.name, language_of(question) == "en"
    looker = looker or (find_describer() if pictures else None)
    seen, unseen = look_for_answers(pictures, question, looker, report, cancel) if looker and english else ([], ())
    notes += [*unseen, *([ENGLISH_ONLY] if pictures and looker and not english else [])]
    if seen and (not answerable or seen[0].score > confidence):
        text, answerable, confidence, name = seen[0].text, True, seen[0].score, looker.name
        evidence = [*seen, *evidence]
    else:
        evidence = [*evidence, *seen]
    rest = sorted(evidence[1:], key=lambda one: -one.score)
    return AnswerResult(
        question=question,
        answer=text,
        answerable=answerable,
        confidence=round(confidence, 4),
        language=language_of(question),
        evidence=(*evidence[:1], *rest)[:top],
        notes=(*_notes(index.documents), *notes),
        model=name,
        seconds=round(time.perf_counter() - started, 3),
    )


def check_question(question: str) -> str:
    """The question without spaces around it, and without halves of characters.

    Raises:
        InputError: It is empty or too long.
    """
    question = whole_text(question.strip())
    if not question:
        raise InputError("There is no question.", "Ask something.", "no_question")
    if len(question) > MAX_QUESTION:
        raise InputError(
            f"The question has {len(question):,} characters; {MAX_QUESTION:,} are the most.",
            "Ask in a sentence or two; long texts belong to the sources.",
            "long_question",
            count=f"{len(question):,}",
            most=f"{MAX_QUESTION:,}",
        )
    return question


def _distinct(spans: Sequence[Span]) -> list[Span]:
    """Each answer once, in order, without those that are as good as ruled out but for the first."""
    found: dict[str, Span] = {}
    for span in spans:
        key = _MARKS.sub("", span.text.casefold()) or span.text
        if not found or (key not in found and span.confidence >= _WORTH_NAMING):
            found[key] = span
    return list(found.values())


def _notes(documents: Sequence[Document]) -> tuple[str, ...]:
    advice = (NO_ADVICE,) if any(map(is_health_collection, documents)) else ()
    return advice + tuple(warning for document in documents for warning in document.warnings)


def find_answerers(name: str = "") -> tuple[Adapter, Adapter | None]:
    """The adapter that marks answers in texts, and the one that looks at pictures where that is the one named.

    Raises:
        UnknownModelError: It does something else, or there is none.
    """
    named = load_adapter(name) if name else None
    if named and named.family == "generator":
        return find_answerer(), named
    return find_answerer(name), None


def find_answerer(name: str = "") -> Adapter:
    """The adapter that marks answers: the one named, else the default, else the newest that was trained.

    Raises:
        UnknownModelError: It does something else, or there is none.
    """
    if name:
        return load_of("span_qa", name, "answer questions")
    adapter = pick_default(list_adapters(task="answer", family="span_qa"), DEFAULT_MODEL)
    if adapter is None:
        raise UnknownModelError(
            "There is no model that answers questions yet.", "Train one on the Fine-tune tab.", "no_answerer"
        )
    return adapter


def _evidence(index: Index, passage: Passage, span: Span, lead: int) -> Evidence:
    """The place in the document; what is read of a passage has its heading before it."""
    document = index.documents[passage.document]
    start = passage.start + span.start - lead
    end = start + span.end - span.start
    first, last = (document.parts[bisect_right(document.starts, place) - 1] for place in (start, end - 1))
    return Evidence(
        source=document.kind,
        file=document.name,
        start=start,
        end=end,
        text=span.text,
        passage=passage.text,
        at=start - passage.start,
        heading=passage.heading,
        page=first.page,
        score=round(span.confidence, 4),
        time=(first.time[0], last.time[1]) if first.time and last.time else None,
    )
