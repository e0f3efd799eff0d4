import json

import pytest

from xmodal.data.tables import read_table
from xmodal.errors import InputError

CHINESE = "内容,标签\n房间很大，早餐也不错，下次还会再来,好\n服务态度太差了,坏\n"


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "gbk", "gb18030", "utf-16", "utf-16-le", "utf-16-be"])
def test_encodings(tmp_path, encoding):
    path = tmp_path / "a.csv"
    path.write_bytes(CHINESE.encode(encoding))
    table = read_table(path)
    assert table.columns == {"内容": ["房间很大，早餐也不错，下次还会再来", "服务态度太差了"], "标签": ["好", "坏"]}
    assert [w.kind for w in table.warnings] == ([] if encoding.startswith("utf-8") else ["encoding"])


def test_western_text_is_not_taken_for_chinese(tmp_path):
    path = tmp_path / "a.csv"
    line = (
        "Ça va très bien à l'hôtel, déjà réservé naïvement pour l'été;gut\nüber größere Fußgängerwege schön;schlecht\n"
    )
    path.write_bytes(("text;label\n" + line * 5).encode("cp1252"))
    assert read_table(path).columns["text"][0].startswith("Ça va très bien")


@pytest.mark.parametrize("delimiter", [",", ";", "\t", "|"])
def test_delimiters_quotes_and_line_ends(tmp_path, delimiter):
    path = tmp_path / "a.csv"
    path.write_bytes(f'text{delimiter}label\r\n"a, b; ""c""\nd|\t"{delimiter}x\r\ne{delimiter}y\r\n\r\n'.encode())
    assert read_table(path).columns == {"text": ['a, b; "c"\nd|\t', "e"], "label": ["x", "y"]}


def test_values_stay_as_they_are(tmp_path):
    path = tmp_path / "a.csv"
    path.write_text("id,label\n01,NA\n1e5,null\n")
    assert read_table(path).columns == {"id": ["01", "1e5"], "label": ["NA", "null"]}


def test_a_huge_cell(tmp_path):
    path = tmp_path / "a.csv"
    path.write_text(f'text,label\n"{"x" * 1_000_000}",a\n')
    assert len(read_table(path).columns["text"][0]) == 1_000_000


def test_damaged_lines_are_named_and_left_out(tmp_path):
    path = tmp_path / "a.csv"
    path.write_text("text,label\ngood,a\nbad, unquoted, comma,b\nshort\n")
    table = read_table(path)
    assert table.columns == {"text": ["good", "short"], "label": ["a", None]}
    assert table.warnings[0].examples == ("line 3",)


def test_columns_without_a_name_or_named_twice(tmp_path):
    path = tmp_path / "a.csv"
    path.write_text("text,,text\na,b,c\n")
    table = read_table(path)
    assert list(table.columns) == ["text", "column 2", "text (again)"]
    assert table.warnings[0].kind == "columns"


@pytest.mark.parametrize(
    ("content", "message"),
    [(b"", "is empty"), (b"\n \n", "is empty"), (b"text,label\n", "no rows"), (b"PK\x03\x04...", "Excel"),
     (bytes(range(256)) * 9, "encoding")],
)  # fmt: skip
def test_files_that_are_no_tables(tmp_path, content, message):
    path = tmp_path / "a.csv"
    path.write_bytes(content)
    with pytest.raises(InputError, match=message):
        read_table(path)


def test_jsonl_with_a_bad_line(tmp_path):
    path = tmp_path / "a.jsonl"
    path.write_text('{"text": "a", "label": 1}\n{"text": "b"\n\n[1]\n{"text": "c", "more": true}\n')
    table = read_table(path)
    assert table.columns == {"text": ["a", "c"], "label": [1, None], "more": [None, True]}
    assert table.warnings[0].examples == ("line 2", "line 4")


@pytest.mark.parametrize(
    "content",
    [[{"a": 1}, {"a": 2}], {"a": [1, 2]}, {"data": [{"a": 1}, {"a": 2}]}],
)
def test_json_in_its_usual_forms(tmp_path, content):
    path = tmp_path / "a.json"
    path.write_text(json.dumps(content))
    assert read_table(path).columns == {"a": [1, 2]}


@pytest.mark.parametrize("content", ["{", "3", '{"a": [1], "b": []}', '["a"]'])
def test_json_that_is_no_table(tmp_path, content):
    path = tmp_path / "a.json"
    path.write_text(content)
    with pytest.raises(InputError):
        read_table(path)


def test_parquet(tmp_path):
    import pyarrow
    import pyarrow.parquet

    path = tmp_path / "a.parquet"
    pyarrow.parquet.write_table(pyarrow.table({"text": ["a", None], "label": [1, 2]}), path)
    assert read_table(path).columns == {"text": ["a", None], "label": [1, 2]}
    path.write_bytes(b"PAR1 no")
    with pytest.raises(InputError, match="parquet"):
        read_table(path)
