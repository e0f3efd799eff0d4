"""The text of PDF files, page by page, with the lines of a paragraph joined again."""

import logging
import re
import threading
from collections import Counter
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import TYPE_CHECKING

from pypdf import PageObject, PdfReader
from pypdf.errors import PyPdfError

from xmodal.errors import InputError
from xmodal.progress import Progress, Reporter, check_cancelled

if TYPE_CHECKING:
    from PIL import Image

MAX_PAGES = 5_000
_SENTENCE_END = re.compile(r"[.!?:;。！？：；…][\"'”’」』)）\]]*$")
_CJK = re.compile("[\u2e80-\u9fff\uf900-\ufaff\uff00-\uffef]")
_LIST_MARK = re.compile(r"^([-•·▪*]|\(?\d{1,3}[.)、]|[（(]?[一二三四五六七八九十]+[、）)])\s*")
# A line's only number, or one that follows or comes before what sets page numbers off.
_PAGE_NUMBER = re.compile(
    r"(?:^\W*|[|·•–—-]\s*|\b(?:page|p\.)\s*|第\s*)(\d{1,5})(?=\W*$|\s*(?:[|·•–—/-]|of\b|页))", re.IGNORECASE
)
_LONGEST_HEAD = 200
_SHORT = 0.75
_HARDLY = 80
"""Bytes, as a Chinese character says more than a letter."""
_COVERING = 0.7
_DRAWING = (b"Do", b"INLINE IMAGE")
_BROKEN = (PyPdfError, OSError, ValueError, LookupError, TypeError, AttributeError, RecursionError, NotImplementedError)
"""What pypdf raises on damaged files and on what it cannot decode."""


def read_pdf(
    path: Path,
    report: Reporter | None = None,
    cancel: threading.Event | None = None,
    read_page: Callable[["Image.Image"], list[str]] | None = None,
) -> tuple[list[list[str]], list[str]]:
    """Paragraphs of each page, and warnings. Of scanned pages the pictures are read with `read_page`, if given.

    Raises:
        InputError: Damaged, protected, without any text (scanned), or too long.
        CancelledError: `cancel` was set.
    """
    logging.getLogger("pypdf").setLevel(logging.ERROR)  # it warns of each oddity that it got over
    reader = _open(path)
    count = len(reader.pages)
    lines, damaged = [], []
    for number in range(count):
        check_cancelled(cancel)
        try:
            lines.append(_lines(reader.pages[number].extract_text()))
        except _BROKEN:
            lines.append([])
            damaged.append(number + 1)
        if report:
            report(Progress("read", path.name, number + 1, count, "pages"))
    if len(damaged) == count:
        raise _broken(path)
    pages = [list(_join(page)) for page in _without_margins(lines)]
    scanned = []
    for number, page in enumerate(pages, 1):
        check_cancelled(cancel)
        if not page or _is_scan(reader.pages[number - 1], page):
            scanned.append(number)
    empty = [] if read_page else scanned
    for done, number in enumerate(scanned if read_page else (), 1):
        check_cancelled(cancel)
        read = [text for image in _pictures(reader, number) for text in read_page(image)]
        pages[number - 1] += read
        if not read:
            empty.append(number)
        if report:
            report(Progress("ocr", path.name, done, len(scanned), "pages"))
    if len(empty) == len(pages) and not (read_page and any(pages)):
        raise InputError(
            f"{path.name} has no text in it: its pages are pictures.",
            "No text was recognised in them either." if read_page else "Switch on “Read scanned pages” (--ocr).",
            "pdf_scan_empty" if read_page else "pdf_scan",
            name=path.name,
        )
    return pages, _warnings(path.name, empty, damaged, bool(read_page))


def _open(path: Path) -> PdfReader:
    """A reader that has been through the list of pages."""
    try:
        reader = PdfReader(path)
        locked = reader.is_encrypted and not reader.decrypt("")
        count = 0 if locked else len(reader.pages)
    except NotImplementedError as error:  # of encryption, all but passwords
        raise InputError(
            f"{path.name} is protected in a way that cannot be read.",
            "Save or print it as a PDF without protection.",
            "pdf_protected",
            name=path.name,
        ) from error
    except _BROKEN as error:
        raise _broken(path) from error
    if locked:
        raise InputError(
            f"{path.name} is protected by a password.", "Save it without one and try again.", "pdf_password",
            name=path.name,
        )  # fmt: skip
    if count > MAX_PAGES:
        raise InputError(
            f"{path.name} has {count:,} pages; {MAX_PAGES:,} are the most.",
            "Split it into several.",
            "pdf_pages",
            name=path.name,
            count=f"{count:,}",
            most=f"{MAX_PAGES:,}",
        )
    return reader


def _broken(path: Path) -> InputError:
    return InputError(
        f"{path.name} is not a PDF that can be read.", "Open it, save it anew, and try again.", "pdf_broken",
        name=path.name,
    )  # fmt: skip


def _is_scan(page: PageObject, texts: list[str]) -> bool:
    """Whether a picture covers the page and there is hardly any text, such as a stamp or a page number."""
    if sum(len(text.encode("utf-8", "surrogatepass")) for text in texts) >= _HARDLY:
        return False
    covered = 0.0

    def measure(operator, _operands, matrix, _text_matrix) -> None:
        nonlocal covered
        if operator in _DRAWING:  # a picture is a square of 1 before the matrix, other drawings mostly have their size
            covered += abs(matrix[0] * matrix[3] - matrix[1] * matrix[2])

    try:
        page.extract_text(visitor_operand_before=measure)
        return 0 < _COVERING * page.cropbox.width * page.cropbox.height <= covered
    except _BROKEN:
        return False


def _pictures(reader: PdfReader, number: int) -> Iterator["Image.Image"]:
    """The pictures on a page; those that are too large or cannot be decoded are passed over."""
    from xmodal.data.images import MAX_PIXELS, to_rgb

    log = logging.getLogger(__name__)
    try:
        images = reader.pages[number - 1].images
        names = images.keys()
    except _BROKEN as error:
        log.warning("the pictures on page %s could not be found: %s", number, error)
        return
    for name in names:
        try:
            image = images[name].image
            if image is None or image.width * image.height > MAX_PIXELS:
                continue
            image = to_rgb(image)
        except Exception as error:  # noqa: BLE001 - pypdf and Pillow raise nearly anything for damaged pictures
            log.warning("a picture on page %s could not be read: %s", number, error)
            continue
        yield image


def _warnings(name: str, empty: list[int], damaged: list[int], was_read: bool) -> list[str]:
    """What to know of pages by their numbers; `xmodal.ui.locales.zh_answer` has the same sentences."""
    blank, lost = (sorted(numbers) for numbers in (set(empty) - set(damaged), set(empty) & set(damaged)))
    found = []
    if blank:
        hint = "" if was_read else "; “Read scanned pages” (--ocr) reads those that are pictures"
        found.append(f"There is no text on {_name(blank)} of {name}{hint}.")
    if lost:
        found.append(f"Left out as damaged: {_name(lost)} of {name}.")
    return found


def _name(numbers: list[int]) -> str:
    shown = ", ".join(map(str, numbers[:5]))
    if len(numbers) > 5:
        shown += f" … ({len(numbers)})"
    return f"page {shown}" if len(numbers) == 1 else f"pages {shown}"


def _lines(text: str) -> list[str]:
    return [" ".join(line.replace("\0", "").split()) for line in text.splitlines() if line.strip()]


def _without_margins(pages: list[list[str]]) -> list[list[str]]:
    """Without running heads and page numbers: first and last lines that most pages share."""
    if len(pages) < 4:
        return pages
    for place in (0, -1):
        known = [set(_known_by(page[place], number)) if page else set() for number, page in enumerate(pages)]
        counts = Counter(what for one in known for what in one)
        shared = {what for what, count in counts.items() if count > len(pages) / 2}
        pages = [
            (page[1:] if place == 0 else page[:-1]) if shared & one else page
            for page, one in zip(pages, known, strict=True)
        ]
    return pages


def _known_by(line: str, number: int) -> Iterator[str]:
    """What a running head may share with those of other pages: the line, or all but a number that counts up."""
    yield line
    for found in _PAGE_NUMBER.finditer(line) if len(line) <= _LONGEST_HEAD else ():
        yield f"{line[: found.start(1)]}\0{int(found[1]) - number}\0{line[found.end(1) :]}"


def _join(lines: list[str]) -> Iterator[str]:
    """Paragraphs: a line that is short and ends a sentence is the last of its one; a list's lines begin one each."""
    if not lines:
        return
    usual = sorted(map(len, lines))[len(lines) * 3 // 4]
    paragraph = ""
    for line in lines:
        if paragraph and _LIST_MARK.match(line):
            yield paragraph
            paragraph = ""
        paragraph = _append(paragraph, line)
        if len(line) < _SHORT * usual and _SENTENCE_END.search(line):
            yield paragraph
            paragraph = ""
    if paragraph:
        yield paragraph


def _append(paragraph: str, line: str) -> str:
    if not paragraph:
        return line
    if paragraph.endswith("-") and paragraph[-2:-1].isalpha() and line[:1].islower():
        return paragraph[:-1] + line
    between = "" if _CJK.match(paragraph[-1]) and _CJK.match(line[0]) else " "
    return paragraph + between + line
