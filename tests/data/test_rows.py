"""What becomes of a table's columns: texts in pairs, texts that are asked about, pictures inside the table, splits."""

import json

import pytest
from parquets import write_parquet
from PIL import Image

from xmodal.data.config import make_data_config
from xmodal.data.sets import load_data
from xmodal.errors import InputError

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


def write_sides(folder, name="labels", **sides):
    """A table for each split, whose rows have the given label, or two by turns, or none."""
    folder.mkdir()
    for split, label in sides.items():
        labels = ("yes", "no") if label == "both" else (label, label)
        lines = [f"{name} {split} {i},{labels[i % 2]}" for i in range(20)]
        (folder / f"{split}.csv").write_text("\n".join(["text,label", *lines]))
    return folder


def told(data):
    return {warning.code: warning.values for warning in data.report.warnings}


def test_rows_to_hold_out_that_have_no_label_are_replaced(tmp_path):
    folder = write_sides(tmp_path / "set", train="both", test="")
    (folder / "test.csv").write_text("text\n" + "".join(f"what is {i}\n" for i in range(9)))
    data = load(folder, check_fraction=0.2)
    assert (len(data.train), len(data.check)) == (16, 4)
    assert all("train" in row["text"] for row in rows_of(data))
    assert told(data)["unlabelled_side"] == told(data)["no_target"] == {"count": 9, "role": "label"}


def test_rows_to_hold_out_of_which_some_have_a_label_are_kept(tmp_path):
    folder = write_sides(tmp_path / "set", train="both", test="")
    (folder / "test.csv").write_text("text,label\nwhat is it,yes\nwhat is that,\n")
    data = load(folder, check_fraction=0.2)
    assert data.check["text"] == ["what is it"]
    assert len(data.train) == 20 and "unlabelled_side" not in told(data)


def test_what_the_settings_hold_out_is_not_replaced(tmp_path):
    lines = [f"text {i},{('yes', 'no', '')[min(i % 5, 2)]},{i % 5}" for i in range(50)]
    (tmp_path / "a.csv").write_text("\n".join(["text,label,fold", *lines]))
    with pytest.raises(InputError, match="no rows to hold out"):
        load(tmp_path / "a.csv", split_column="fold", check_values=("2",))


def write_split_column(path, values, header="split"):
    lines = [f"text {i},{('yes', 'no')[i % 2]},{value}" for i, value in enumerate(values)]
    path.write_text("\n".join([f"text,label,{header}", *lines]))
    return path


@pytest.mark.parametrize("odd", ["", "?"])
@pytest.mark.parametrize(("header", "columns"), [("split", {}), ("subset", {}), ("part", {"split": "part"})])
def test_a_row_whose_split_is_not_known_is_set_aside(tmp_path, odd, header, columns):
    path = write_split_column(tmp_path / "a.csv", [*["train"] * 20, *["test"] * 9, odd], header)
    data = load(path, columns=columns)
    assert (len(data.train), data.check["id"]) == (20, [str(i) for i in range(20, 29)])
    assert told(data)["aside"] == {"count": 1}


@pytest.mark.parametrize("values", [["train", "test", *["?"] * 28], ["train"] * 30, ["?"] * 30])
@pytest.mark.parametrize("chosen", [True, False])
def test_a_column_that_is_no_split_is_not_used(tmp_path, values, chosen):
    path = write_split_column(tmp_path / "a.csv", values)
    data = load(path, check_fraction=0.2, columns={"split": "split"} if chosen else {})
    assert (len(data.train), len(data.check)) == (24, 6)
    assert told(data).get("no_split") == ({"column": "split"} if chosen else None)


def test_the_splits_of_the_files_count_where_a_column_is_none(tmp_path):
    folder = tmp_path / "set"
    folder.mkdir()
    write_split_column(folder / "train.csv", ["books"] * 20, "subset")
    (folder / "test.csv").write_text("text,label,subset\n" + "".join(f"other {i},yes,films\n" for i in range(3)))
    assert load(folder).check["text"] == ["other 0", "other 1", "other 2"]


def test_all_held_out_is_for_the_sets_that_are_measured(tmp_path):
    first = write_sides(tmp_path / "first", "first", train="both", test="both")
    second = write_sides(tmp_path / "second", "second", train="both", test="both")
    data = load(first, more_sources=(str(second),), measured="first", check_fraction=1)
    assert len(data.check) == 40 and {text.split()[0] for text in data.check["text"]} == {"first"}
    assert {text.rpartition(" ")[0] for text in data.train["text"]} == {"second train"}
    assert told(data)["aside"] == {"count": 20}


def test_further_sets_are_not_split_anew(tmp_path):
    first = write_sides(tmp_path / "first", "first", train="both", test="both")
    second = write_sides(tmp_path / "second", "second", train="both", test="")
    data = load(first, more_sources=(str(second),), measured="first")
    assert (len(data.train), len(data.check)) == (40, 20)
    assert told(data)["aside"] == {"count": 20} and "unlabelled_side" not in told(data)
