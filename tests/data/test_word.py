"""What stands in tables, boxes and margins of Word files."""

import re
import zipfile
from pathlib import Path

from docx import Document as WordDocument
from docx.oxml import parse_xml
from docx.oxml.ns import nsdecls

from xmodal.data.documents import read_document
from xmodal.ui.locales.zh_answer import NOTES

NOTE = f"<w:footnotes {nsdecls('w')}><w:footnote w:id='2'><w:p><w:r><w:t>Without tax.</w:t></w:r></w:p></w:footnote>"
RELATION = (
    '<Relationship Id="rId99" Target="footnotes.xml" '
    'Type="http://schemas.openxmlformats.org/officeDocument/2006/relationships/footnotes"/></Relationships>'
)


def read(document, path: Path) -> list[tuple[str, str]]:
    document.save(path)
    return [(part.heading, part.text) for part in read_document(path).parts]


def add_table(place, rows: list[list[str]]):
    table = place.add_table(len(rows), len(rows[0]))
    for row, texts in zip(table.rows, rows, strict=True):
        for cell, text in zip(row.cells, texts, strict=True):
            cell.text = text
    return table


def add_footnotes(path: Path, xml: str) -> None:
    with zipfile.ZipFile(path) as archive:
        files = {name: archive.read(name).decode("latin-1") for name in archive.namelist()}
    relations = "word/_rels/document.xml.rels"
    files[relations] = files[relations].replace("</Relationships>", RELATION)
    files["word/footnotes.xml"] = xml
    with zipfile.ZipFile(path, "w") as archive:
        for name, content in files.items():
            archive.writestr(name, content.encode("latin-1"))


def test_headings_without_text_are_text(tmp_path):
    document = WordDocument()
    for text in ("Menu", "Soup 4 euro", "Fish 12 euro"):
        document.add_heading(text, 1)
    document.add_paragraph("With rice.")
    document.add_heading("Closed on Mondays", 1)
    assert read(document, tmp_path / "a.docx") == [
        ("", "Menu"), ("", "Soup 4 euro"), ("Fish 12 euro", "With rice."), ("", "Closed on Mondays"),
    ]  # fmt: skip


def test_cells_keep_their_columns_and_merged_ones_come_once(tmp_path):
    document = WordDocument()
    rows = [["", "Q1", "Q2", "Q3"], ["North", "5", "5", "7"], [""] * 4, ["South", "", "6", "6"], ["", "1", "both", ""]]
    table = add_table(document, rows)
    table.cell(3, 0).merge(table.cell(4, 0))
    table.cell(4, 2).merge(table.cell(4, 3))
    assert [text for _, text in read(document, tmp_path / "a.docx")] == [
        "| Q1 | Q2 | Q3", "North | 5 | 5 | 7", "South |  | 6 | 6", "South | 1 | both",
    ]  # fmt: skip


def test_a_cell_may_be_merged_over_thousands_of_rows(tmp_path):
    document = WordDocument()
    table = document.add_table(1, 1)
    cell = "<w:tc><w:tcPr><w:vMerge/></w:tcPr><w:p><w:r><w:t>all</w:t></w:r></w:p></w:tc>"
    for _ in range(1_500):
        table._tbl.append(parse_xml(f"<w:tr {nsdecls('w')}>{cell}</w:tr>"))
    table.rows[0].cells[0].text = "Year"
    assert len(read(document, tmp_path / "a.docx")) == 1_501


def test_tables_in_cells_follow_their_row(tmp_path):
    document = WordDocument()
    cell = add_table(document, [["Rooms", "Prices"]]).cell(0, 1)
    add_table(cell, [["suite", "90"], ["single", "40"]])
    found = [text for _, text in read(document, tmp_path / "a.docx")]
    assert found == ["Rooms | Prices", "suite | 90", "single | 40"]


def test_text_boxes_follow_their_paragraph_once(tmp_path):
    document = WordDocument()
    box = "<w:txbxContent><w:p><w:r><w:t>{}</w:t></w:r></w:p><w:p><w:r><w:t>Second.</w:t></w:r></w:p></w:txbxContent>"
    old = f"<mc:Fallback><w:pict>{box.format('In the box.')}</w:pict></mc:Fallback>"
    spaces = nsdecls("w") + ' xmlns:mc="http://schemas.openxmlformats.org/markup-compatibility/2006"'
    document.add_paragraph("Before.")._p.append(parse_xml(
        f"<w:r {spaces}><mc:AlternateContent><mc:Choice Requires='wps'><w:drawing>{box.format('In the box.')}"
        f"</w:drawing></mc:Choice>{old}</mc:AlternateContent></w:r>"
    ))  # fmt: skip
    document.add_paragraph("After.")
    found = [text for _, text in read(document, tmp_path / "a.docx")]
    assert found == ["Before.", "In the box.", "Second.", "After."]


def test_headers_footers_and_notes_come_last_and_once(tmp_path):
    document = WordDocument()
    document.add_heading("Rooms", 1)
    document.add_paragraph("Forty rooms.")
    document.sections[0].header.paragraphs[0].text = "The Golden Lion"
    document.sections[0].first_page_header.paragraphs[0].text = "Not shown."
    document.add_section().header.is_linked_to_previous = True
    document.add_section().footer.paragraphs[0].text = "Telephone 12345"
    document.sections[2].header.paragraphs[0].text = "The Golden Lion"
    expected = [("Rooms", "Forty rooms."), ("", "The Golden Lion"), ("", "Telephone 12345")]
    assert read(document, tmp_path / "a.docx") == expected
    add_footnotes(tmp_path / "a.docx", f"{NOTE}</w:footnotes>")
    found = read_document(tmp_path / "a.docx")
    assert [(part.heading, part.text) for part in found.parts] == [*expected, ("", "Without tax.")]
    assert found.warnings == ()


def test_damaged_notes_are_told_and_left_out(tmp_path):
    document = WordDocument()
    document.add_paragraph("Forty rooms.")
    document.save(tmp_path / "a.docx")
    add_footnotes(tmp_path / "a.docx", NOTE)
    found = read_document(tmp_path / "a.docx")
    assert [part.text for part in found.parts] == ["Forty rooms."]
    (warning,) = found.warnings
    assert warning == "Left out as damaged: headers, footers and footnotes of a.docx."
    assert any(re.fullmatch(pattern, warning) for pattern, _ in NOTES)
