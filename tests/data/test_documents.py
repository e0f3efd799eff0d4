"""Documents of all kinds, real and broken."""

import time
import zipfile

import pytest
from docx import Document as WordDocument
from docx.oxml import parse_xml
from docx.oxml.ns import nsdecls
from pdfs import write_pdf

from xmodal.data.documents import make_document, read_document
from xmodal.errors import InputError


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


@pytest.mark.parametrize(
    ("line", "plain"),
    [
        ("2**10, f(**kwargs) and **more", "2**10, f(**kwargs) and **more"),
        ("`__init__` or __init__ and `2**10`", "__init__ or __init__ and 2**10"),
        ("arr[i](x) is [a link](http://a/b_(c))", "arr[i](x) is a link"),
        ("a **word *or* two** and __three more__", "a word *or* two and three more"),
        ("这是**重点**，见[这里](x)。", "这是重点，见这里。"),
    ],
)
def test_only_pairs_of_marks_are_taken_from_markdown(tmp_path, line, plain):
    (tmp_path / "a.md").write_text(line)
    assert read_document(tmp_path / "a.md").text == plain


@pytest.mark.parametrize(
    "line",
    [
        "-" * 9_000 + "x",
        "[" * 99_000,
        "[a](" * 30_000,
        "# a" + " " * 99_000 + "b",
        "**a " * 30_000,
        "__" + "a " * 40_000,
        "`" * 99_000 + "a`",
    ],
    ids=lambda line: line[:6],
)
def test_no_line_takes_long(tmp_path, line):
    (tmp_path / "a.md").write_text(f"Text.\n\n{line}")
    start = time.process_time()
    read_document(tmp_path / "a.md")
    assert time.process_time() - start < 2


def test_html_is_no_markdown_and_may_be_deep(tmp_path):
    (tmp_path / "a.html").write_text("<h2>The __init__</h2><p>2**10 is **big**, arr[i](x)</p>")
    assert [(part.heading, part.text) for part in read_document(tmp_path / "a.html").parts] == [
        ("The __init__", "2**10 is **big**, arr[i](x)")
    ]
    (tmp_path / "a.html").write_text("<div>" * 900 + "deep" + "</div>" * 900 + "<p>shallow</p>")
    assert [part.text for part in read_document(tmp_path / "a.html").parts] == ["deep", "shallow"]


def test_half_characters_are_replaced(tmp_path):
    (tmp_path / "a.jsonl").write_text('{"question": "a \\udc00", "answer": "hi \\ud83d there \\ud83d\\ude00"}\n')
    (part,) = read_document(tmp_path / "a.jsonl").parts
    assert (part.heading, part.text) == ("a \ufffd", "hi \ufffd there 😀")
    assert make_document("\udcff.", "pasted").text == "\ufffd."


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


HEADINGS = "<h1>Menu of the Golden Lion</h1><h2>Soup 4 euro</h2><h2>Fish 12 euro</h2><p>With rice.</p><h2>Closed</h2>"


def test_headings_without_text_are_text(tmp_path):
    (tmp_path / "a.html").write_text(HEADINGS)
    (tmp_path / "a.md").write_text("# Menu of the Golden Lion\n## Soup 4 euro\n\n## Fish 12 euro\nWith rice.\n# Closed")
    for name in ("a.html", "a.md"):
        assert [(part.heading, part.text) for part in read_document(tmp_path / name).parts] == [
            ("", "Menu of the Golden Lion"), ("", "Soup 4 euro"), ("Fish 12 euro", "With rice."), ("", "Closed"),
        ]  # fmt: skip


def test_a_fence_in_one_line_opens_none(tmp_path):
    (tmp_path / "a.md").write_text("```one = 1```\n\n# Two\n\n````py\n# three\n```four```\n````\n\n**Five.**")
    assert [(part.heading, part.text) for part in read_document(tmp_path / "a.md").parts] == [
        ("", "one = 1"), ("Two", "# three\n```four```"), ("Two", "Five."),
    ]  # fmt: skip


def test_other_columns_of_collections_are_text_but_those_of_the_row(tmp_path):
    (tmp_path / "a.csv").write_text(
        "Document ID,title,price,content,imageUrl,source,power source\n"
        "7,Lamp,20 euro,A lamp for the desk.,http://a/b.png,shop,mains\n"
        "8,Torch,,A small torch.,,shop,\n9,Bulb,1 euro,,,,\n"
    )
    assert [(part.heading, part.text) for part in read_document(tmp_path / "a.csv").parts] == [
        ("Lamp", "A lamp for the desk.\nprice: 20 euro\npower source: mains"),
        ("Torch", "A small torch."),
        ("Bulb", "price: 1 euro"),
    ]
    (tmp_path / "b.jsonl").write_text(
        '{"id": "a1", "title": "Ulm", "context": "Ulm is a town.", "question": "What is Ulm?", '
        '"answers": {"text": ["a town"], "answer_start": [7]}}\n'
    )
    assert [part.text for part in read_document(tmp_path / "b.jsonl").parts] == ["Ulm is a town.\ntitle: Ulm"]


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


def test_word_with_tracked_changes_and_content_controls(tmp_path):
    def wrapped(what: str):
        return parse_xml(what.replace(">", f" {nsdecls('w')}>", 1))

    document = WordDocument()
    line = document.add_paragraph("Costs ")._p
    line.append(wrapped('<w:ins w:id="1"><w:r><w:t>42</w:t></w:r></w:ins>'))
    line.append(wrapped('<w:del w:id="2"><w:r><w:delText>41</w:delText></w:r></w:del>'))
    line.append(wrapped("<w:sdt><w:sdtContent><w:r><w:tab/><w:t>euros</w:t></w:r></w:sdtContent></w:sdt>"))
    line.append(wrapped(
        "<w:sdt><w:sdtPr><w:showingPlcHdr/></w:sdtPr><w:sdtContent><w:r><w:t>Click</w:t></w:r></w:sdtContent></w:sdt>"
    ))  # fmt: skip
    inner = "<w:sdt><w:sdtContent><w:p><w:r><w:t>Paid daily.</w:t></w:r></w:p></w:sdtContent></w:sdt>"
    line.addnext(wrapped(f"<w:sdt><w:sdtContent>{inner}</w:sdtContent></w:sdt>"))
    document.save(tmp_path / "a.docx")
    assert [part.text for part in read_document(tmp_path / "a.docx").parts] == ["Costs 42 euros", "Paid daily."]


def test_a_word_file_with_flipped_bits_is_said_to_be_broken(tmp_path):
    WordDocument().save(tmp_path / "a.docx")
    whole = (tmp_path / "a.docx").read_bytes()
    places = range(0, len(whole), 997)
    for place in places:
        (tmp_path / "a.docx").write_bytes(whole[:place] + bytes([whole[place] ^ 0x55]) * 9 + whole[place + 9 :])
        with pytest.raises(InputError):
            read_document(tmp_path / "a.docx")


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
