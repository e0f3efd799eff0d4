"""PDF files: their paragraphs, their margins, and what is wrong with some."""

from pathlib import Path

import pytest
from fpdf import FPDF
from pdfs import write_pdf
from PIL import Image
from pypdf import PageObject
from pypdf.generic import NameObject, NullObject

from xmodal.data.documents import read_document
from xmodal.data.pdf import _is_scan, read_pdf
from xmodal.errors import InputError

CJK = Path("/usr/share/fonts/opentype/noto/NotoSansCJK-Regular.ttc")
LONG = "The lighthouse keeper climbed two hundred and twelve steps every evening to light the lamp. " * 6


def test_pdf_paragraphs_are_whole_and_running_heads_gone(tmp_path):
    pages = [["Annual report 2024", LONG + "Then he slept.", f"Fact {n}: it is so.", f"page {n}"] for n in range(1, 6)]
    found = read_document(write_pdf(tmp_path / "a.pdf", pages))
    assert [part.page for part in found.parts] == [n for n in range(1, 6) for _ in range(2)]
    assert found.parts[0].text == LONG + "Then he slept."
    assert found.parts[1].text == "Fact 1: it is so."


@pytest.mark.skipif(not CJK.exists(), reason="needs Noto Sans CJK")
def test_a_chinese_pdf_has_no_spaces_where_lines_were_broken(tmp_path):
    text = "灯塔看守人每天傍晚登上两百一十二级台阶去点亮灯火。" * 4
    assert read_document(write_pdf(tmp_path / "a.pdf", [[text]], CJK)).text == text


def test_a_page_without_text_is_named(tmp_path):
    found = read_document(write_pdf(tmp_path / "a.pdf", [["One."], [], ["Three."]]))
    assert [(part.page, part.text) for part in found.parts] == [(1, "One."), (3, "Three.")]
    assert found.warnings == (
        "There is no text on page 2 of a.pdf; “Read scanned pages” (--ocr) reads those that are pictures.",
    )


@pytest.mark.parametrize(
    ("head", "foot", "kept"),
    [
        ("Annual report 2024", "Page {n} of 9", False),
        ("ACME | {n}", "- {n} -", False),
        ("Invoice for month {n}", "Total: {n}.00 EUR", True),
        ("{square} rooms", "{square}", True),
    ],
)
def test_margins_are_what_pages_share_but_for_the_page_number(tmp_path, head, foot, kept):
    values = [{"n": n, "square": n * n} for n in range(3, 8)]
    heads, feet = [head.format(**one) for one in values], [foot.format(**one) for one in values]
    pages = [[first, f"Coffee {first}.", last] for first, last in zip(heads, feet, strict=True)]
    pages[2] = ["A page without a head.", "Tea.", "And without a foot."]
    read, _ = read_pdf(write_pdf(tmp_path / "a.pdf", pages))
    found = [" ".join(page) for page in read]
    assert found[2] == "A page without a head. Tea. And without a foot."
    assert found[0] == (f"{heads[0]} Coffee {heads[0]}. {feet[0]}" if kept else f"Coffee {heads[0]}.")


def test_a_page_that_cannot_be_decoded_is_left_out(tmp_path):
    path = write_pdf(tmp_path / "a.pdf", [["One."], ["Two."]])
    path.write_bytes(path.read_bytes().replace(b"/FlateDecode", b"/WeirdDecode", 1))
    pages, warnings = read_pdf(path)
    assert pages == [[], ["Two."]]
    assert warnings == ["Left out as damaged: page 1 of a.pdf."]


def test_protection_other_than_by_a_password_is_named(tmp_path):
    path = write_pdf(tmp_path / "a.pdf", [["One."]], password="secret")
    path.write_bytes(path.read_bytes().replace(b"/Standard", b"/Personal"))
    with pytest.raises(InputError, match="is protected in a way"):
        read_pdf(path)


def write_pictures(tmp_path: Path) -> Path:
    """A page of two pictures, the first of which is damaged."""
    path = tmp_path / "a.pdf"
    Image.effect_noise((60, 40), 90).save(tmp_path / "1.png")
    Image.new("L", (80, 40), 200).save(tmp_path / "2.png")
    pdf = FPDF()
    pdf.add_page()
    for name in ("1.png", "2.png"):
        pdf.image(tmp_path / name)
    pdf.output(path)
    data = path.read_bytes()
    place = data.index(b"/ColorSpace")  # comes before /Filter
    path.write_bytes(data[:place] + data[place:].replace(b"/FlateDecode", b"/WeirdDecode", 1))
    return path


def test_of_damaged_pictures_only_those_are_passed_over(tmp_path):
    seen = []
    pages, _ = read_pdf(write_pictures(tmp_path), read_page=lambda image: seen.append(image.size) or ["Read."])
    assert (seen, pages) == ([(80, 40)], [["Read."]])


def write_scans(path: Path, pages: list[tuple[str, int]]) -> Path:
    """Pages with a text and a picture that is so many percent as wide and high as they are."""
    Image.new("L", (30, 40), 200).save(path.with_suffix(".png"))
    pdf = FPDF()
    pdf.set_font("Helvetica", size=12)
    for text, percent in pages:
        pdf.add_page()
        if percent:
            pdf.image(path.with_suffix(".png"), 0, 0, pdf.w * percent / 100, pdf.h * percent / 100)
        pdf.multi_cell(0, text=text)
    pdf.output(path)
    return path


STAMP = "Scanned with CamScanner"
PAGES = [(STAMP, 100), ("The Lighthouse", 0), ("The Keeper", 50), (LONG, 100), ("", 100)]


def test_a_scanned_page_with_a_stamp_is_said_to_have_no_text(tmp_path):
    pages, warnings = read_pdf(write_scans(tmp_path / "a.pdf", PAGES))
    assert [page[:1] for page in pages] == [[STAMP], ["The Lighthouse"], ["The Keeper"], [LONG.strip()], []]
    assert [warning.split(" of")[0] for warning in warnings] == ["There is no text on pages 1, 5"]
    with pytest.raises(InputError, match="pages are pictures"):
        read_pdf(write_scans(tmp_path / "b.pdf", [(STAMP, 100), ("Page 2", 95)]))


def test_what_is_read_in_a_scanned_page_is_added_to_its_stamp(tmp_path):
    path = write_scans(tmp_path / "a.pdf", PAGES)
    pages, warnings = read_pdf(path, read_page=lambda image: ["Read."])
    assert [page[1:] if page[0] != "Read." else page for page in pages] == [["Read."], [], [], [], ["Read."]]
    assert warnings == []
    pages, warnings = read_pdf(path, read_page=lambda image: [])
    assert pages[0] == [STAMP]
    assert warnings == ["There is no text on pages 1, 5 of a.pdf."]
    path = write_scans(tmp_path / "b.pdf", [("Concert at eight", 100)])  # a poster
    assert read_pdf(path, read_page=lambda image: [])[0] == [["Concert at eight"]]


def test_a_chinese_page_says_much_in_a_few_characters(tmp_path):
    page = PageObject.create_blank_page(width=100, height=100)
    page.extract_text = lambda visitor_operand_before: visitor_operand_before(b"Do", [], [100, 0, 0, 100, 0, 0], [])
    assert _is_scan(page, ["扫描全能王创建"])
    assert not _is_scan(page, ["灯塔看守人每天傍晚登上两百一十二级台阶去点亮灯火，然后睡觉。"])


def test_a_page_whose_pictures_cannot_be_found_is_no_scan():
    page = PageObject.create_blank_page(width=100, height=100)
    page[NameObject("/Contents")] = NullObject()
    page[NameObject("/CropBox")] = NullObject()
    page[NameObject("/MediaBox")] = NullObject()
    assert not _is_scan(page, ["Page 1"])


def test_an_error_of_the_reader_is_not_taken_for_a_damaged_picture(tmp_path):
    def read_page(image):
        raise OSError("no such model")

    with pytest.raises(OSError, match="no such model"):
        read_pdf(write_pictures(tmp_path), read_page=read_page)
