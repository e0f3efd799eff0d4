"""What becomes of a table's columns: texts in pairs, texts that are asked about, pictures inside the table."""

import json

import pytest
from parquets import write_parquet
from PIL import Image

from xmodal.data.config import make_data_config
from xmodal.data.sets import load_data

PREMISES = [f"A dog runs in street {i}." for i in range(20)]


def load(path, **settings):
    return load_data(make_data_config(source=str(path), **settings), untrusted=True)


def rows_of(data):
    return [*data.train, *data.check]


def test_the_second_text_stands_below_the_first(tmp_path):
    lines = [f"{text},An animal moves.,{('yes', 'no')[i % 2]}" for i, text in enumerate(PREMISES)]
    (tmp_path / "a.csv").write_text("\n".join(["sentence1,sentence2,label", *lines, ",Alone.,no"]))
    data = load(tmp_path / "a.csv")
    assert data.roles == ("text", "label")
    texts = {row["id"]: row["text"] for row in rows_of(data)}
    assert texts["3"] == "A dog runs in street 3.\nAn animal moves." and texts["20"] == "Alone."
    (warning,) = [w for w in data.report.warnings if w.kind == "columns"]
    assert warning.values == {"first": "sentence1", "second": "sentence2"}


def test_pairs_with_another_second_text_are_no_duplicates(tmp_path):
    lines = [f"{text},Animal {j} moves.,{('yes', 'no')[j]}" for text in PREMISES for j in range(2)]
    (tmp_path / "a.csv").write_text("\n".join(["premise,hypothesis,label", *lines]))
    data = load(tmp_path / "a.csv", check_fraction=0.5)
    assert len(rows_of(data)) == 40
    assert not {"duplicates", "conflicts"} & {w.kind for w in data.report.warnings}


def test_a_second_text_alone_is_the_text(tmp_path):
    for i in range(12):
        Image.new("RGB", (8, 8), (i, 0, 0)).save(tmp_path / f"{i}.png")
    lines = [f"{i}.png,An animal {('runs', 'sits')[i % 2]}.,{('yes', 'no')[i % 3 % 2]}" for i in range(12)]
    (tmp_path / "a.csv").write_text("\n".join(["image,hypothesis,label", *lines]))
    data = load(tmp_path / "a.csv")
    assert data.roles == ("text", "image", "label") and data.report.columns["text"] == "hypothesis"


@pytest.mark.parametrize("suffix", ["csv", "jsonl"])
def test_questions_about_one_text_are_on_one_side(tmp_path, suffix):
    rows = [
        {"question": f"Who is {j}?", "context": f"Person {j % 5} lives in {j // 10}.", "answer": f"Person {j % 5}"}
        for j in range(60)
    ]
    text = "\n".join(map(json.dumps, rows))
    if suffix == "csv":
        text = "\n".join(["question,context,answer", *(",".join(row.values()) for row in rows)])
    (tmp_path / f"a.{suffix}").write_text(text)
    data = load(tmp_path / f"a.{suffix}", task="answer", check_fraction=0.3)
    assert len(rows_of(data)) == 60 and data.check.num_rows
    assert not set(data.train["context"]) & set(data.check["context"])


def test_questions_about_a_single_text_are_split_all_the_same(tmp_path):
    lines = [f"Who is {i}?,Ann lives here.,Ann" for i in range(20)]
    (tmp_path / "a.csv").write_text("\n".join(["question,context,answer", *lines]))
    assert load(tmp_path / "a.csv", task="answer").check.num_rows == 2


def test_a_stranger_may_give_pictures_inside_a_parquet_file(tmp_path):
    (tmp_path / "up").mkdir()
    write_parquet(tmp_path / "up" / "a.parquet")
    data = load(tmp_path / "up" / "a.parquet")
    assert data.roles == ("image", "label") and len(rows_of(data)) == 12
    assert Image.open(data.train[0]["image"]).size == (8, 8)
