"""The text of PDF files, page by page, with the lines of a paragraph joined again."""

import logging
import re
import threading
from collections import Counter
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import TYPE_CHECKING

from xmodal.errors import InputError
from xmodal.progress import Progress, Reporter, check_cancelled

if TYPE_CHECKING:
    from PIL import Image

MAX_PAGES = 5_000
_SENTENCE_END = re.compile(r"[.!?:;。！？：；…][\"'”’」』)）\]]*$")
_CJK = re.compile("[\u2e80-\u9fff\uf900-\ufaff\uff00-\uffef]")
_LIST_MARK = re.compile(r"^([-•·▪*]|\(?\d{1,3}[.)、]|[（(]?[一二三四五六七八九十]+[、）)])\s*")
_NUMBER = re.compile(r"\d+")
_SHORT = 0.75


def read_pdf(
    path: Path,
    report: Reporter | None = None,
    cancel: threading.Event | None = None,
    read_page: Callable[["Image.Image"], list[str]] | None = None,
) -> tuple[list[list[str]], list[str]]:
    """Paragraphs of each page, and warnings. Pages without text are empty, or their pictures read with `read_page`.

    Raises:
        InputError: Damaged, encrypted with a password, without any text (scanned), or too long.
        CancelledError: `cancel` was set.
    """
    from pypdf import PdfReader
    from pypdf.errors import PyPdfError

    logging.getLogger("pypdf").setLevel(logging.ERROR)  # it warns of each oddity that it got over
    try:
        reader = PdfReader(path)
        if reader.is_encrypted and not reader.decrypt(""):
            raise InputError(
                f"{path.name} is protected by a password.",
                "Save it without one and try again.",
                "pdf_password",
                name=path.name,
            )
        count = len(reader.pages)
        if count > MAX_PAGES:
            raise InputError(
                f"{path.name} has {count:,} pages; {MAX_PAGES:,} are the most.",
                "Split it into several.",
                "pdf_pages",
                name=path.name,
                count=f"{count:,}",
                most=f"{MAX_PAGES:,}",
            )
        lines, damaged = [], []
        for number in range(count):
            check_cancelled(cancel)
            try:
                lines.append(_lines(reader.pages[number].extract_text()))
            except (PyPdfError, ValueError, KeyError, TypeError, AttributeError, IndexError, RecursionError):
                lines.append([])
                damaged.append(number + 1)
            if report:
                report(Progress("read", path.name, number + 1, count, "pages"))
    except (PyPdfError, OSError, ValueError, KeyError, TypeError, AttributeError, RecursionError) as error:
        raise InputError(
            f"{path.name} is not a PDF that can be read.",
            "Open it, save it anew, and try again.",
            "pdf_broken",
            name=path.name,
        ) from error
    pages = [list(_join(page)) for page in _without_margins(lines)]
    empty = [number for number, page in enumerate(pages, 1) if not page]
    if read_page:
        for done, number in enumerate(empty, 1):
            check_cancelled(cancel)
            pages[number - 1] = _read_scan(reader, number, read_page)
            if report:
                report(Progress("ocr", path.name, done, len(empty), "pages"))
        empty = [number for number in empty if not pages[number - 1]]
    if len(empty) == len(pages):
        raise InputError(
            f"{path.name} has no text in it: its pages are pictures.",
            "No text was recognised in them either." if read_page else "Switch on “Read scanned pages” (--ocr).",
            "pdf_scan_empty" if read_page else "pdf_scan",
            name=path.name,
        )
    warnings = [f"{_name(empty)} of {path.name} without text (pictures?)."] if empty else []
    if damaged:
        warnings.append(f"{_name(damaged)} of {path.name} damaged and left out.")
    return pages, warnings


def _read_scan(reader, number: int, read_page: Callable[["Image.Image"], list[str]]) -> list[str]:
    """The paragraphs of a page's pictures; those that cannot be decoded are passed over."""
    from xmodal.data.images import MAX_PIXELS, to_rgb

    found: list[str] = []
    try:
        for picture in reader.pages[number - 1].images:
            image = picture.image
            if image is not None and image.width * image.height <= MAX_PIXELS:
                found += read_page(to_rgb(image))
    except Exception as error:  # noqa: BLE001 - pypdf and Pillow raise nearly anything for damaged pictures
        logging.getLogger(__name__).warning("a picture on page %s could not be read: %s", number, error)
    return found


def _name(numbers: list[int]) -> str:
    shown = ", ".join(map(str, numbers[:5])) + (" ..." if len(numbers) > 5 else "")
    return f"Page {shown} is" if len(numbers) == 1 else f"Pages {shown} ({len(numbers)}) are"


def _lines(text: str) -> list[str]:
    return [" ".join(line.replace("\0", "").split()) for line in text.splitlines() if line.strip()]


def _without_margins(pages: list[list[str]]) -> list[list[str]]:
    """Without running heads and page numbers: first and last lines that most pages share but for their numbers."""
    if len(pages) < 4:
        return pages
    for place in (0, -1):
        counts = Counter(_NUMBER.sub("#", page[place]) for page in pages if page)
        shared = {line for line, count in counts.items() if count > len(pages) / 2}
        pages = [
            page[1:] if place == 0 else page[:-1] if page and _NUMBER.sub("#", page[place]) in shared else page
            for page in pages
        ] if shared else pages  # fmt: skip
    return pages


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
