"""Documents of all kinds, real and broken."""

import zipfile
from pathlib import Path

import pytest
from docx import Document as WordDocument
from fpdf import FPDF
from fpdf.enums import AccessPermission

from xmodal.data.documents import make_document, read_document
from xmodal.errors import InputError

CJK = Path("/usr/share/fonts/opentype/noto/NotoSansCJK-Regular.ttc")
LONG = "The lighthouse keeper climbed two hundred and twelve steps every evening to light the lamp. " * 6


def write_pdf(path: Path, pages: list[list[str]], font: Path | None = None, password: str = "") -> Path:
    pdf = FPDF()
    if font:
        pdf.add_font("cjk", fname=font, collection_font_number=2)
    pdf.set_font("cjk" if font else "Helvetica", size=12)
    if password:
        pdf.set_encryption(owner_password="owner", user_password=password, permissions=AccessPermission.none())
    for page in pages:
        pdf.add_page()
        for paragraph in page:
            pdf.multi_cell(0, text=paragraph, new_x="LMARGIN", new_y="NEXT")
    pdf.output(path)
    return path


def test_plain_text_in_paragraphs_or_lines(tmp_path):
    (tmp_path / "a.txt").write_bytes("第一段。\r\n还是第一段。\r\n\r\n第二段。".encode("gb18030"))
    found = read_document(tmp_path / "a.txt")
    assert [part.text for part in found.parts] == ["第一段。\n还是第一段。", "第二段。"]
    assert "gb18030" in found.warnings[0]
    assert [part.text for part in make_document("one\ntwo 🙂\n", "pasted").parts] == ["one", "two 🙂"]
    assert [found.text[at : at + 3] for at in found.starts] == ["第一段", "第二段"]


def test_markdown_has_headings_and_no_marks(tmp_path):
    text = "Top.\n\n# A **bold** title\n\nSee [here](http://x). It `works`.\n\n"
    text += "| a | b |\n|---|---|\n| 1 | 2 |\n\n```\n# code\n```\n"
    (tmp_path / "a.md").write_text(text)
    parts = read_document(tmp_path / "a.md").parts
    assert [(part.heading, part.text) for part in parts] == [
        ("", "Top."), ("A bold title", "See here. It works."), ("A bold title", "| a | b |\n| 1 | 2 |"),
        ("A bold title", "# code"),
    ]  # fmt: skip


def test_html_gives_what_is_seen(tmp_path):
    text = (
        "<head><title>t</title></head><style>p{}</style><h2>Opening <i>hours</i></h2>"
        "<div>Daily<p>9 to 5 &amp; later</p>"
        "<script>alert('no')</script></div><ul><li>one<li>two</ul><!-- no -->"
    )
    (tmp_path / "a.html").write_text(text)
    parts = read_document(tmp_path / "a.html").parts
    assert [(part.heading, part.text) for part in parts] == [
        ("Opening hours", "Daily"), ("Opening hours", "9 to 5 & later"), ("Opening hours", "- one\n- two"),
    ]  # fmt: skip


def test_collections_of_questions(tmp_path):
    (tmp_path / "a.csv").write_text("Question,Answer,n\nHow old?,Ten.,1\nWhere?,,2\n")
    assert [(p.heading, p.text) for p in read_document(tmp_path / "a.csv").parts] == [("How old?", "Ten.")]
    (tmp_path / "b.jsonl").write_text('{"问题": "多大？", "答案": "十岁。"}\n')
    assert [(p.heading, p.text) for p in read_document(tmp_path / "b.jsonl").parts] == [("多大？", "十岁。")]
    (tmp_path / "c.csv").write_text("town,people\nUlm,126000\n")
    assert [p.text for p in read_document(tmp_path / "c.csv").parts] == ["town: Ulm; people: 126000"]


def test_word_with_headings_tables_and_macros(tmp_path):
    document = WordDocument()
    document.add_heading("Rooms", 1)
    document.add_paragraph("Forty rooms.")
    row = document.add_table(1, 2).rows[0]
    row.cells[0].text, row.cells[1].text = "suite", "90"
    document.save(tmp_path / "a.docx")
    found = [(part.heading, part.text) for part in read_document(tmp_path / "a.docx").parts]
    assert found == [("Rooms", "Forty rooms."), ("Rooms", "suite | 90")]
    with zipfile.ZipFile(tmp_path / "a.docx") as old, zipfile.ZipFile(tmp_path / "b.docm", "w") as new:
        for name in old.namelist():
            content = old.read(name)
            if name == "[Content_Types].xml":
                plain = b"vnd.openxmlformats-officedocument.wordprocessingml.document.main+xml"
                assert plain in content
                content = content.replace(plain, b"vnd.ms-word.document.macroEnabled.main+xml")
            new.writestr(name, content)
        new.writestr("word/vbaProject.bin", b"Attribute VB_Name")
    assert [(part.heading, part.text) for part in read_document(tmp_path / "b.docm").parts] == found


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
    assert "Page 2 is" in found.warnings[0]


def test_what_cannot_be_read_is_explained(tmp_path):
    pdf = write_pdf(tmp_path / "scan.pdf", [[], []])
    cases = {
        "scan.pdf": "pages are pictures",
        write_pdf(tmp_path / "locked.pdf", [["x"]], password="secret").name: "password",
        "cut.pdf": "not a PDF",
        "text.pdf": "not a PDF",
        "no.docx": "not a Word file",
        "bomb.docx": "zip bomb",
        "empty.txt": "is empty",
        "binary.txt": "encoding",
        "a.exe": "not a kind",
        "gone.txt": "no file",
    }
    (tmp_path / "cut.pdf").write_bytes(pdf.read_bytes()[:300])
    (tmp_path / "text.pdf").write_text("I am no PDF. " * 50)
    (tmp_path / "no.docx").write_bytes(b"PK\x03\x04 no zip")
    with zipfile.ZipFile(tmp_path / "bomb.docx", "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("word/document.xml", b"0" * 30_000_000)
    (tmp_path / "empty.txt").write_text(" \n")
    (tmp_path / "binary.txt").write_bytes(bytes(range(256)) * 40)
    (tmp_path / "a.exe").write_text("MZ")
    for name, words in cases.items():
        with pytest.raises(InputError, match=words):
            read_document(tmp_path / name)
    with pytest.raises(InputError, match="no text"):
        make_document(" \n ", "pasted")
