"""The encoding of text is told, also where a few bytes of it are damaged."""

import pytest

from xmodal.data.documents import read_document
from xmodal.data.tables import read_table
from xmodal.data.text_files import read_text
from xmodal.errors import InputError

CHINESE = "灯塔看守人每天傍晚登上两百一十二级台阶去点亮灯火。"


@pytest.mark.parametrize(
    ("data", "shown"),
    [
        (CHINESE.encode() + b"\xff", CHINESE + "\ufffd"),
        (CHINESE.encode()[1:], "\ufffd\ufffd" + CHINESE[1:]),
        ("“Come to the caf".encode() + b"\xe9" + ",” he said.".encode(), "“Come to the caf\ufffd,” he said."),
    ],
    ids=["stray", "cut", "latin"],
)
def test_a_few_damaged_characters_are_shown_and_told(tmp_path, data, shown):
    (tmp_path / "a.txt").write_bytes(data)
    found = read_document(tmp_path / "a.txt")
    assert found.text == shown
    assert found.warnings[0].startswith("Characters of a.txt that could not be read")
    (tmp_path / "a.csv").write_bytes(b"text,label\n" + data.replace(b",", b"") + b",1\n")
    table = read_table(tmp_path / "a.csv")
    assert table.columns["text"] == [shown.replace(",", "")]
    assert table.warnings[0].values == {"name": "a.csv", "count": shown.count("\ufffd")}


def test_western_text_is_not_taken_for_damaged(tmp_path):
    (tmp_path / "a.txt").write_bytes(("Où est l'hôtel ? Ça va très bien, déjà réservé. " * 9).encode("cp1252"))
    text, encoding = read_text(tmp_path / "a.txt")
    assert (encoding, text[:14]) == ("cp1252", "Où est l'hôtel")


@pytest.mark.parametrize("start", ["<p>", "<p>灯a", "<p>\n<p>\n<p>"])
def test_chinese_on_one_long_line(tmp_path, start):
    text = start + CHINESE * 4_000
    (tmp_path / "a.txt").write_bytes(text.encode("gb18030"))
    assert read_text(tmp_path / "a.txt") == (text, "gb18030")


@pytest.mark.parametrize("content", [b" \n", b"PK\x03\x04...", bytes(range(256)) * 9], ids=["empty", "zip", "binary"])
def test_documents_are_not_told_of_tables(tmp_path, content):
    (tmp_path / "a.txt").write_bytes(content)
    with pytest.raises(InputError) as caught:
        read_document(tmp_path / "a.txt")
    assert "CSV" not in caught.value.advice
    assert "rows" not in caught.value.advice
