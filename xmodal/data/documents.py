"""Documents that questions are asked about: paragraphs of text, each with its page or heading.

Plain text, Markdown, HTML, PDF, Word, and collections of questions with answers. What a file holds is text and nothing
else: no macro, script or link of it is followed.
"""

import re
import threading
from collections.abc import Callable, Iterable
from dataclasses import dataclass, replace
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING

from xmodal.data.tables import read_table
from xmodal.data.text_files import DAMAGED, read_text, tell_damaged
from xmodal.errors import InputError
from xmodal.progress import Reporter

if TYPE_CHECKING:
    from PIL import Image

DOCUMENT_SUFFIXES = (".txt", ".md", ".markdown", ".html", ".htm", ".pdf", ".docx", ".docm", ".csv", ".tsv", ".jsonl")
MAX_CHARACTERS = 20_000_000
_BETWEEN = "\n\n"
_BLANK_LINE = re.compile(r"\n[ \t\u3000]*\n+")
# Files are not trusted: none of these takes longer than in proportion to the line. Where they are ASCII, what is before
# and after a mark may be Chinese, which has no spaces.
_HEADING = re.compile(r"#{1,6}\s+")
_HEADING_END = re.compile(r"(?<=\s)#+$")
_FENCE = re.compile(r"`{3,}[^`]*$|~~~")  # not ```code``` in one line
_RULE = re.compile(r"[|\s:=-]+")  # between a table's head and rows, or sections
_THREE = re.compile(r"[-=]{3}")
_LINK = re.compile(r"(?<!\w)!?\[([^\[\]]*)\]\((?:[^()]|\([^()]*\))*\)", re.ASCII)
_STRONG = re.compile(r"(?<!\w)\*\*(?=\S)((?:[^*]|\*(?!\*))+)(?<=\S)\*\*(?!\w)", re.ASCII)
_STRONG_TOO = re.compile(r"(?<!\w)__(?=\S)([^_\s]+\s[^_]*)(?<=\S)__(?!\w)", re.ASCII)  # `__name__` is a name
_CODE = re.compile(r"`{1,3}([^`]+)`{1,3}")
_QUESTION_NAMES = ("question", "title", "问题", "标题")
_ANSWER_NAMES = ("answer", "text", "content", "context", "答案", "回答", "内容")
_ROW_NAMES = re.compile(
    r"(.*_)?(ids?|ur[il]s?|links?)|uuid|guid|href|idx|index|n|no|nr|unnamed_\d+|(document_)?sources?|src|dataset|split"
    r"|lang|(q|question_)type|focus_area|question_focus|answers|answers?_(start|end)|meta(data)?"
    r"|编号|序号|链接|网址|来源|出处"
)
"""Columns that say which row it is, where it is from or of what kind; they are no text."""


@dataclass(frozen=True)
class Part:
    """A paragraph.

    Attributes:
        text: Its text in one line, or in lines where they matter.
        page: Of a PDF, from 1; else 0.
        heading: What it stands under, or the question that it answers; may be empty.
        time: Of a recording, from when to when it was said, in seconds.
    """

    text: str
    page: int = 0
    heading: str = ""
    time: tuple[float, float] | None = None


@dataclass(frozen=True)
class Document:
    """A source of answers.

    Attributes:
        name: What it is called for people, such as the file's name.
        parts: Its paragraphs in order.
        warnings: What a person should know, such as pages without text.
        kind: What it was made from: `text`, `image` or `audio`.
        file: Of a picture, which can be looked at again with a question in mind.
        partial: Whether something is not there that another reading may bring, such as where a model was not fetched.
    """

    name: str
    parts: tuple[Part, ...]
    warnings: tuple[str, ...] = ()
    kind: str = "text"
    file: Path | None = None
    partial: bool = False

    @cached_property
    def text(self) -> str:
        """All paragraphs with an empty line between; positions in a document count in this."""
        return _BETWEEN.join(part.text for part in self.parts)

    @cached_property
    def starts(self) -> tuple[int, ...]:
        """Where each paragraph starts in `text`."""
        starts, at = [], 0
        for part in self.parts:
            starts.append(at)
            at += len(part.text) + len(_BETWEEN)
        return tuple(starts)


def read_document(
    path: Path,
    report: Reporter | None = None,
    cancel: threading.Event | None = None,
    read_page: Callable[["Image.Image"], list[str]] | None = None,
) -> Document:
    """Read a file by its suffix.

    Args:
        path: The file.
        report: Told of the pages read.
        cancel: Stops it.
        read_page: Gives the paragraphs of a scanned page; without it such pages stay empty.

    Raises:
        InputError: It is not of a kind that can be read, damaged, encrypted, empty or too long.
        CancelledError: `cancel` was set.
    """
    suffix = path.suffix.lower()
    if not path.is_file():
        raise InputError(f"There is no file {path}.", "Check the name and the folder.")
    if suffix not in DOCUMENT_SUFFIXES:
        raise InputError(
            f"{path.name} is not a kind of document that can be read.", f"Use one of {', '.join(DOCUMENT_SUFFIXES)}."
        )
    if suffix == ".pdf":
        from xmodal.data.pdf import read_pdf

        pages, warnings = read_pdf(path, report, cancel, read_page)
        parts = [Part(text, number) for number, page in enumerate(pages, 1) for text in page]
        return _checked(Document(path.name, tuple(parts), tuple(warnings)))
    if suffix in (".docx", ".docm"):
        from xmodal.data.word import read_docx

        blocks, warnings = read_docx(path)
        return _checked(Document(path.name, tuple(_under_headings(blocks)), tuple(warnings)))
    if suffix in (".csv", ".tsv", ".jsonl"):
        return _checked(_read_collection(path))
    text, encoding = read_text(path, document=True)
    split: Callable[[str], Iterable[Part]] = _split_plain
    if suffix in (".md", ".markdown"):
        split = _split_markdown
    elif suffix in (".html", ".htm"):
        split = _split_html
    warnings = [] if encoding.startswith("utf-8") else [f"{path.name} was read as {encoding}."]
    if damaged := text.count(DAMAGED):
        warnings.append(tell_damaged(path.name, damaged))
    return _checked(Document(path.name, tuple(split(text)), tuple(warnings)))


def make_document(text: str, name: str) -> Document:
    """Text that was pasted or typed.

    Raises:
        InputError: It is empty or too long.
    """
    return _checked(Document(name, tuple(_split_plain(text))))


def _checked(document: Document) -> Document:
    """The document with text that can be written and tokenised; halves of characters from JSON and PDF files cannot."""
    parts = (replace(part, text=whole_text(part.text), heading=whole_text(part.heading)) for part in document.parts)
    document = replace(document, parts=tuple(parts))
    if not any(part.text.strip() for part in document.parts):
        raise InputError(
            f"There is no text in {document.name}.", "Choose a document with text in it.", "no_text", name=document.name
        )
    if len(document.text) > MAX_CHARACTERS:
        raise InputError(
            f"{document.name} has more than {MAX_CHARACTERS // 1_000_000} million characters.",
            "Split it into several.",
            "long_document",
            name=document.name,
            most=MAX_CHARACTERS // 1_000_000,
        )
    return document


def whole_text(text: str) -> str:
    """The text with U+FFFD for halves of characters; two that belong together are joined."""
    return text.encode("utf-16", "surrogatepass").decode("utf-16", "replace")


def _split_plain(text: str) -> Iterable[Part]:
    """A paragraph between empty lines; without any, a line each."""
    text = text.replace("\r\n", "\n").replace("\r", "\n").replace("\0", "").replace("\f", "\n\n")
    pieces = _BLANK_LINE.split(text)
    if len(pieces) == 1:
        pieces = text.split("\n")
    return (Part(piece.strip()) for piece in pieces if piece.strip())


def _plain(line: str) -> str:
    """Markdown without its marks of links, strong words and code; those that stand alone are left."""
    for mark in (_LINK, _STRONG, _STRONG_TOO, _CODE):
        line = mark.sub(r"\1", line)
    return line


def _under_headings(blocks: Iterable[tuple[str, bool]]) -> Iterable[Part]:
    """Paragraphs under the headings among them; a heading with none under it is one itself.

    Args:
        blocks: Text, and whether it is a heading; an empty one ends what stands under the last.
    """
    heading, bare = "", False
    for text, is_heading in blocks:
        if not is_heading:
            yield Part(text, heading=heading)
            bare = False
            continue
        if bare:
            yield Part(heading)
        heading, bare = text, bool(text)
    if bare:
        yield Part(heading)


def _split_markdown(text: str, clean: Callable[[str], str] = _plain) -> Iterable[Part]:
    """Paragraphs under their headings, each line cleaned."""
    return _under_headings(_markdown_blocks(text, clean))


def _markdown_blocks(text: str, clean: Callable[[str], str]) -> Iterable[tuple[str, bool]]:
    """Paragraphs and headings, and which of the two each is."""
    block, fenced = [], False

    def flush() -> Iterable[tuple[str, bool]]:
        joined = "\n".join(block).strip()
        block.clear()
        if joined:
            yield joined, False

    for line in text.replace("\r\n", "\n").split("\n"):
        if not fenced and _RULE.fullmatch(line) and _THREE.search(line):
            continue
        if _FENCE.match(line):
            fenced = not fenced
            continue
        found = None if fenced else _HEADING.match(line.rstrip())
        if found or (not line.strip() and not fenced):
            yield from flush()
            if found:
                yield clean(_HEADING_END.sub("", line[found.end() :].rstrip()).rstrip()), True
        else:
            block.append(line if fenced else clean(line))
    yield from flush()


def _split_html(text: str) -> Iterable[Part]:
    """What a browser would show, under the headings."""
    from bs4 import BeautifulSoup
    from markdownify import MarkdownConverter

    soup = BeautifulSoup(text, "lxml")
    for hidden in soup(["script", "style", "noscript", "template", "head", "nav", "svg"]):
        hidden.decompose()
    plain = {f"escape_{what}": False for what in ("asterisks", "underscores", "misc")}
    converter = MarkdownConverter(
        heading_style="ATX", strip=["a", "img", "em", "strong", "b", "i", "code"], bullets="-", **plain
    )
    try:
        return _split_markdown(converter.convert_soup(soup), str)
    except RecursionError:  # elements in elements, hundreds deep
        return _split_plain(soup.get_text("\n\n"))


def _read_collection(path: Path) -> Document:
    """Questions with answers, or titles with texts; other tables give a paragraph a row."""
    table = read_table(path)
    names = {name.strip().lower(): name for name in table.columns}
    question = next((names[name] for name in _QUESTION_NAMES if name in names), None)
    answer = next((names[name] for name in _ANSWER_NAMES if name in names), None)
    others = [name for name in table.columns if name not in (question, answer) and not _is_of_row(name)]
    warnings = tuple(warning.message for warning in table.warnings)
    parts = []
    for number in range(len(table)):
        row = {name: _cell(column[number]) for name, column in table.columns.items()}
        if answer:
            texts = [row[answer], *(f"{name}: {row[name]}" for name in others if row[name])]
            parts.append(Part("\n".join(filter(None, texts)), heading=row[question] if question else ""))
        else:
            parts.append(Part("; ".join(f"{name}: {value}" for name, value in row.items() if value)))
    return Document(path.name, tuple(part for part in parts if part.text), warnings)


def _is_of_row(name: str) -> bool:
    """Whether a column such as `document_id` or `imageUrl` is no text."""
    words = re.sub(r"(?<=[a-z])(?=[A-Z])|[\W_]+", "_", name).strip("_").lower()
    return _ROW_NAMES.fullmatch(words) is not None


def _cell(value: object) -> str:
    return "" if value is None else str(value).strip()
