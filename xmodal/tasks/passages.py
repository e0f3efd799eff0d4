"""Documents cut into passages that are searched and read: whole sentences, a few of them, of one heading."""

import re
from bisect import bisect_right
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from xmodal.data.documents import Document

TARGET_UNITS = 120
"""About how much a passage holds: words of an alphabet, or so many Chinese characters and a half."""
_MOST_UNITS = 200
_UNITS = re.compile("[\u2e80-\u9fff\uf900-\ufaff\uac00-\ud7af]|[^\\W_]+")
_WIDE = re.compile("[\u2e80-\u9fff\uf900-\ufaff\uac00-\ud7af]")
_SENTENCE = re.compile("(?<=[.!?])[\"'”’)]*\\s+|(?<=[。！？；…])[”’」』）]*|\n+")


@dataclass(frozen=True)
class Passage:
    """A part of a document.

    Attributes:
        document: Number of the document.
        start: Where it starts in the document's text.
        end: The character after the last.
        text: `document.text[start:end]`.
        heading: What it stands under; may be empty.
        page: Of a PDF, from 1; else 0.
        time: Of a recording, from when to when, in seconds.
    """

    document: int
    start: int
    end: int
    text: str
    heading: str = ""
    page: int = 0
    time: tuple[float, float] | None = None


def split_passages(documents: Sequence[Document]) -> list[Passage]:
    """Passages of all documents, in order; each character that is no space is in one of them."""
    return [passage for number, document in enumerate(documents) for passage in _split(number, document)]


def count_units(text: str) -> float:
    """How long a text is to read: words, and Chinese, Japanese and Korean characters at two thirds of one."""
    found = _UNITS.findall(text)
    wide = sum(bool(_WIDE.match(unit)) for unit in found)
    return len(found) - wide + wide * 2 / 3


def _split(number: int, document: Document) -> Iterator[Passage]:
    """Join short paragraphs of one heading; cut long ones between sentences."""
    start, end, size = 0, 0, 0.0
    for first, last in _pieces(document):
        length = count_units(document.text[first:last])
        if size and (size + length > TARGET_UNITS or not _belongs(document, start, first)):
            yield _passage(number, document, start, end)
            size = 0.0
        if not size:
            start = first
        end, size = last, size + max(length, 1.0)
    if size:
        yield _passage(number, document, start, end)


def _belongs(document: Document, first: int, second: int) -> bool:
    """Whether two places are under one heading, and on one page or on the next."""
    one, other = _part(document, first), _part(document, second)
    return one.heading == other.heading and other.page - one.page <= 1


def _pieces(document: Document) -> Iterator[tuple[int, int]]:
    """Whole paragraphs, and the sentences of those that are too long for one passage."""
    for part, start in zip(document.parts, document.starts, strict=True):
        if count_units(part.text) <= TARGET_UNITS:
            if part.text.strip():
                yield start, start + len(part.text)
            continue
        at = 0
        for cut in [*(found.end() for found in _SENTENCE.finditer(part.text)), len(part.text)]:
            if part.text[at:cut].strip():
                for first, last in _cut_evenly(part.text[at:cut]):
                    yield start + at + first, start + at + last
                at = cut


def _cut_evenly(sentence: str) -> Iterator[tuple[int, int]]:
    """A sentence as it is, or one without an end, such as a table, in parts."""
    size = count_units(sentence)
    if size <= _MOST_UNITS:
        yield 0, len(sentence.rstrip())
        return
    units = [found.end() for found in _UNITS.finditer(sentence)]
    step = max(1, int(len(units) * TARGET_UNITS / size))
    ends = [*units[step - 1 : -1 : step], len(sentence.rstrip())]
    yield from zip([0, *ends], ends, strict=False)


def _passage(number: int, document: Document, start: int, end: int) -> Passage:
    first, last = _part(document, start), _part(document, end - 1)
    time = (first.time[0], last.time[1]) if first.time and last.time else None
    return Passage(number, start, end, document.text[start:end], first.heading, first.page, time)


def _part(document: Document, place: int):
    return document.parts[bisect_right(document.starts, place) - 1]
