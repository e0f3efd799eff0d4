"""The text of Word files. Macros in them are neither read nor run."""

import lzma
import re
import zipfile
import zlib
from collections.abc import Iterator
from pathlib import Path

from xmodal.data.archives import check_zip
from xmodal.errors import InputError

_HEADING = re.compile(r"^(heading|title|标题)", re.IGNORECASE)
_MACRO_TYPE = "application/vnd.ms-word.document.macroEnabled.main+xml"
_NOT_CONTENT = "w:sdtPr/w:showingPlcHdr or w:sdtPr/w:docPartObj/w:docPartGallery[@w:val='Table of Contents']"
_AROUND = f".//w:sdt[not({_NOT_CONTENT})]/w:sdtContent | .//w:ins | .//w:moveTo | .//w:smartTag | .//w:fldSimple"
"""What stands around text that python-docx then passes over: content controls, tracked changes, fields."""
_BOXES = ".//w:txbxContent[ancestor::w:p][not(ancestor::*[local-name()='Fallback'] or ancestor::w:del)]"
"""Text boxes; what stands in a fallback is there a second time."""
_BROKEN = (zipfile.BadZipFile, zlib.error, lzma.LZMAError, EOFError, OSError, NotImplementedError)
_BROKEN += (LookupError, ValueError, SyntaxError, TypeError, AttributeError, RecursionError)
"""What zipfile, lxml and python-docx raise on damaged files."""


def read_docx(path: Path) -> tuple[list[tuple[str, bool]], list[str]]:
    """Each paragraph and each row of a table in order, and whether it is a heading; and warnings.

    What stands beside the text on its pages comes last: headers, footers, footnotes and endnotes.

    Raises:
        InputError: Not a Word file that can be read, or a zip bomb.
    """
    from docx.opc.constants import CONTENT_TYPE
    from docx.opc.exceptions import PackageNotFoundError
    from docx.opc.part import PartFactory
    from docx.package import Package
    from docx.parts.document import DocumentPart

    PartFactory.part_type_for[_MACRO_TYPE] = DocumentPart
    try:
        check_zip(path)
        main = Package.open(str(path)).main_document_part
        if main.content_type not in (CONTENT_TYPE.WML_DOCUMENT_MAIN, _MACRO_TYPE):
            raise InputError(
                f"{path.name} is not a Word document.", "Choose a .docx file.", "docx_broken", name=path.name
            )
        blocks = list(_blocks(main.element.body, main.document))
    except (PackageNotFoundError, *_BROKEN) as error:
        raise InputError(
            f"{path.name} is not a Word file that can be read.",
            "Open it, save it as .docx, and try again.",
            "docx_broken",
            name=path.name,
        ) from error
    if not blocks:  # a page number is no text
        return [], []
    try:
        beside = dict.fromkeys(text for element in _beside(main) for text, _ in _blocks(element, main.document))
    except _BROKEN:  # `xmodal.ui.locales.zh_answer` has the same sentence
        return blocks, [f"Left out as damaged: headers, footers and footnotes of {path.name}."]
    return [*blocks, ("", True), *((text, False) for text in beside)], []


def _beside(main) -> Iterator:
    """Headers and footers that are shown, once for each section that has its own, and notes."""
    from docx.opc.constants import RELATIONSHIP_TYPE
    from docx.oxml import parse_xml

    document = main.document
    for section in document.sections:
        shown = [section.header, section.footer]
        if section.different_first_page_header_footer:
            shown += [section.first_page_header, section.first_page_footer]
        if document.settings.odd_and_even_pages_header_footer:
            shown += [section.even_page_header, section.even_page_footer]
        yield from (one.part.element for one in shown if not one.is_linked_to_previous)
    for relation in main.rels.values():
        if relation.reltype in (RELATIONSHIP_TYPE.FOOTNOTES, RELATIONSHIP_TYPE.ENDNOTES):
            yield from parse_xml(relation.target_part.blob)


def _blocks(element, document) -> Iterator[tuple[str, bool]]:
    """Paragraphs and rows of a part of the document, and whether each is a heading."""
    from docx.oxml.ns import qn
    from docx.text.paragraph import Paragraph

    _unwrap(element)
    for block in element.iterchildren(qn("w:p"), qn("w:tbl")):
        if block.tag == qn("w:tbl"):
            yield from ((row, False) for row in _rows(block))
        elif text := " ".join(block.text.split()):
            style = Paragraph(block, document).style
            yield text, _HEADING.match(style.name or "") is not None


def _rows(table) -> Iterator[str]:
    """Rows that are not empty; cells merged with the one above say the same. Tables in cells follow their row."""
    above = {}
    for row in table.tr_lst:
        cells, place = {}, row.grid_before
        for cell in row.tc_lst:
            text = " ".join(" ".join(paragraph.text for paragraph in cell.p_lst).split())
            cells[place] = above.get(place, text) if cell.vMerge == "continue" else text
            place += max(1, cell.grid_span)
        if any(cells.values()):
            yield " | ".join(cells.values()).strip()
        for inner in row.xpath("./w:tc/w:tbl"):
            yield from _rows(inner)
        above = cells


def _unwrap(element) -> None:
    """Put what is in a wrapper in the wrapper's place, and what is in a text box after its paragraph."""
    from docx.oxml.ns import nsmap, qn
    from lxml.etree import XPath

    for inner in XPath(_AROUND, namespaces=nsmap)(element):
        wrapper = inner.getparent() if inner.tag.endswith("}sdtContent") else inner
        for child in list(inner):
            wrapper.addprevious(child)
        wrapper.getparent().remove(wrapper)
    for box in XPath(_BOXES, namespaces=nsmap)(element):
        paragraph = next(box.iterancestors(qn("w:p")))
        for child in reversed(list(box)):
            paragraph.addnext(child)
