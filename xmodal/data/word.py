"""The text of Word files. Macros in them are neither read nor run."""

import re
import zipfile
from collections.abc import Iterator
from pathlib import Path

from xmodal.data.archives import check_zip
from xmodal.errors import InputError

_HEADING = re.compile(r"^(heading|title|标题)", re.IGNORECASE)
_MACRO_TYPE = "application/vnd.ms-word.document.macroEnabled.main+xml"


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
    except (PackageNotFoundError, zipfile.BadZipFile, KeyError, ValueError, SyntaxError) as error:
        raise InputError(
            f"{path.name} is not a Word file that can be read.",
            "Open it, save it as .docx, and try again.",
            "docx_broken",
            name=path.name,
        ) from error


def _blocks(document) -> Iterator[tuple[str, str]]:
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
