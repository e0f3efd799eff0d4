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
_BROKEN = (zipfile.BadZipFile, zlib.error, lzma.LZMAError, EOFError, OSError, NotImplementedError)
_BROKEN += (LookupError, ValueError, SyntaxError, TypeError, AttributeError)
"""What zipfile, lxml and python-docx raise on damaged files."""


def read_docx(path: Path) -> list[tuple[str, str]]:
    """Heading and text of each paragraph and each row of a table, in order.

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
        return list(_blocks(main.document))
    except (PackageNotFoundError, *_BROKEN) as error:
        raise InputError(
            f"{path.name} is not a Word file that can be read.",
            "Open it, save it as .docx, and try again.",
            "docx_broken",
            name=path.name,
        ) from error


def _blocks(document) -> Iterator[tuple[str, str]]:
    _unwrap(document.element.body)
    heading = ""
    for block in document.iter_inner_content():
        if hasattr(block, "rows"):
            for row in block.rows:
                cells = dict.fromkeys(" ".join(cell.text.split()) for cell in row.cells)  # merged ones come twice
                yield heading, " | ".join(cell for cell in cells if cell)
            continue
        text = " ".join(block.text.split())
        if text and _HEADING.match(block.style.name or ""):
            heading = text
        elif text:
            yield heading, text


def _unwrap(body) -> None:
    """Put what is in a wrapper in the wrapper's place."""
    for inner in body.xpath(_AROUND):
        wrapper = inner.getparent() if inner.tag.endswith("}sdtContent") else inner
        for child in list(inner):
            wrapper.addprevious(child)
        wrapper.getparent().remove(wrapper)
