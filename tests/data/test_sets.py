import json
import shutil
import threading
import zipfile
from collections import Counter

import numpy as np
import pytest
import soundfile
from parquets import write_parquet
from PIL import Image
from recordings import tone

from xmodal.data.config import DataConfig, make_data_config
from xmodal.data.sets import load_data
from xmodal.errors import CancelledError, InputError

WORDS = ["good", "bad", "fine", "poor", "great", "awful"]


def write_reviews(path, rows=60, encoding="utf-8", header="text,label"):
    lines = [f"这本书的第{i}章写得{'很好' if i % 2 else '不行'},{'pos' if i % 2 else 'neg'}" for i in range(rows)]
    path.write_bytes("\n".join([header, *lines]).encode(encoding))
    return path


def write_pictures(folder, classes=("cat", "dog"), each=10):
    random = np.random.default_rng(0)
    for name in classes:
        (folder / name).mkdir(parents=True)
        for i in range(each):
            Image.fromarray(random.integers(0, 255, (16, 16, 3), np.uint8)).save(folder / name / f"{i}.png")
    return folder


def load(path, **settings):
    return load_data(make_data_config(source=str(path), **settings))


def kinds(data):
    return [warning.kind for warning in data.report.warnings]


def test_a_csv(tmp_path):
    data = load(write_reviews(tmp_path / "a.csv"))
    assert data.roles == ("text", "label")
    assert data.labels == ("neg", "pos")
    assert data.report.class_counts == {"train": {"neg": 27, "pos": 27}, "check": {"neg": 3, "pos": 3}}
    assert data.train[0] == {"id": "0", "group": None, "text": "这本书的第0章写得不行", "label": "neg"}
    assert data.report.guessed == ("label", "text")
    assert len(data.report.preview) == 5
    json.dumps(data.report.as_dict())


def test_a_csv_in_gbk_is_read_and_said(tmp_path):
    data = load(write_reviews(tmp_path / "a.csv", encoding="gbk", header="内容,情感"))
    assert data.report.columns == {"label": "情感", "text": "内容"}
    assert "encoding" in kinds(data)


def test_a_missing_column_lists_those_there_are(tmp_path):
    path = write_reviews(tmp_path / "a.csv", header="essay,verdict")
    assert load(path).report.columns == {"label": "verdict", "text": "essay"}
    for settings in ({"columns": {"text": "body"}}, {"group_column": "who"}, {"task": "transcribe"},
                     {"split_column": "fold", "check_values": ("1",)}):  # fmt: skip
        with pytest.raises(InputError, match="essay, verdict"):
            load(path, **settings)


def test_the_mapping_overrides_the_guess(tmp_path):
    path = tmp_path / "a.csv"
    path.write_text("text,label,mood\n" + "".join(f"text {i},{i % 2},{i % 3}\n" for i in range(30)))
    data = load(path, columns={"label": "mood"})
    assert data.labels == ("0", "1", "2")
    assert data.report.guessed == ("text",)


def test_one_class_only(tmp_path):
    path = tmp_path / "a.csv"
    path.write_text("text,label\n" + "".join(f"text {i},x\n" for i in range(30)))
    with pytest.raises(InputError, match="the label 'x', so there is nothing to tell apart"):
        load(path)


def test_three_rows(tmp_path):
    path = tmp_path / "a.csv"
    path.write_text("text,label\none,a\ntwo,a\nthree,b\n")
    data = load(path)
    assert (data.train.num_rows, data.check.num_rows) == (2, 1)
    assert {"few_rows", "tiny_classes", "one_sided_classes"} <= set(kinds(data))
    path.write_text("text,label\none,a\n")
    with pytest.raises(InputError, match="no rows to hold out"):
        load(path)


def test_missing_values(tmp_path):
    path = tmp_path / "a.csv"
    Image.new("RGB", (8, 8)).save(tmp_path / "a.png")
    rows = [f"text {i},{i % 2},a.png" for i in range(30)] + [",0,a.png", "no label,,a.png", " ,1,"]
    path.write_text("text,label,image\n" + "\n".join(rows))
    data = load(path)
    assert data.train.num_rows + data.check.num_rows == 31
    assert None in data.train["text"] or None in data.check["text"]
    dropped = load(path, missing="drop")
    assert dropped.train.num_rows + dropped.check.num_rows == 30
    assert kinds(dropped).count("missing_values") == 3


def test_duplicates_leave_the_held_out_side(tmp_path):
    path = tmp_path / "a.csv"
    path.write_text("text,label\n" + "".join(f"text  {i % 50},{i % 2}\n" for i in range(60)))
    data = load(path, check_fraction=0.3)
    assert not set(data.train["text"]) & set(data.check["text"])
    assert "duplicates" in kinds(data)


def test_imbalance_and_numbers_as_labels(tmp_path):
    path = tmp_path / "a.csv"
    path.write_text("text,label\n" + "".join(f"text {i},{10 if i > 3 else 9}\n" for i in range(100)))
    data = load(path)
    assert data.labels == ("9", "10")
    assert {"imbalance", "tiny_classes"} <= set(kinds(data))


def test_split_column_and_groups(tmp_path):
    path = tmp_path / "a.csv"
    path.write_text("text,label,fold,who\n" + "".join(f"text {i},{i % 2},{i % 5},{i % 7}\n" for i in range(70)))
    data = load(path, split_column="fold", check_values=("4",), train_values=("0", "1", "2"))
    assert (data.train.num_rows, data.check.num_rows) == (42, 14)
    assert kinds(data)[0] == "split"
    grouped = load(path, group_column="who", check_fraction=0.3)
    assert not set(grouped.train["group"]) & set(grouped.check["group"])
    assert len(set(grouped.check["group"])) == 2
    with pytest.raises(InputError, match="no rows to hold out"):  # every group is on both sides
        load(path, group_column="who", split_column="fold", train_values=("0", "1"))


def test_all_and_none_held_out(tmp_path):
    path = write_reviews(tmp_path / "a.csv")
    assert load(path, check_fraction=1).check.num_rows == 60
    assert load(path, check_fraction=0).train.num_rows == 60
    assert load(path, max_rows=20).report.train_rows == 18


def test_class_folders_with_a_damaged_picture(tmp_path):
    folder = write_pictures(tmp_path / "pets")
    (folder / "cat" / "bad.jpg").write_bytes((folder / "cat" / "0.png").read_bytes()[:150])
    (folder / "dog" / "text.png").write_text("hello")
    data = load(folder)
    assert data.roles == ("image", "label")
    assert data.train.num_rows + data.check.num_rows == 20
    (warning,) = [w for w in data.report.warnings if w.kind == "unreadable_files"]
    assert "bad.jpg" in " ".join(warning.examples)
    assert "text.png" in " ".join(warning.examples)


def test_folders_with_given_splits(tmp_path):
    for split, each in (("train", 6), ("val", 3), ("test", 2)):
        write_pictures(tmp_path / "set" / split, each=each)
        for path in (tmp_path / "set" / split).rglob("*.png"):  # else those of the three splits would be the same
            image = Image.open(path).copy()
            image.putpixel((0, 0), {"train": 1, "val": 2, "test": 3}[split])
            image.save(path)
    data = load(tmp_path / "set")
    assert (data.train.num_rows, data.check.num_rows) == (12, 6)
    assert "4 rows are neither" in data.report.warnings[0].message


def write_sounds(folder):
    folder.mkdir()
    lines = ["file_name,transcription,speaker"]
    for i in range(12):
        soundfile.write(folder / f"{i}.wav", tone(0.2, 8_000, 200 + 20 * i), 8_000)
        lines.append(f"{i}.wav,{WORDS[i % 6]},s{i % 3}")
    (folder / "metadata.csv").write_text("\n".join(lines))
    return folder


def test_audiofolder_split_by_speaker(tmp_path):
    data = load(write_sounds(tmp_path / "set"), task="transcribe", group_column="speaker", check_fraction=0.34)
    assert data.roles == ("audio", "transcription")
    assert Counter(data.check["group"]).total() == 4
    assert data.train[0]["audio"].startswith(str(tmp_path))


def test_a_zip_of_a_folder_gives_the_same_as_the_folder(tmp_path):
    folder = write_sounds(tmp_path / "set")
    archive = shutil.make_archive(str(tmp_path / "packed"), "zip", tmp_path, "set")
    zipped, plain = (load(path, task="transcribe") for path in (archive, folder))
    assert zipped.report.fingerprint == plain.report.fingerprint
    assert zipped.check["transcription"] == plain.check["transcription"]
    assert load(archive, task="transcribe").train[0] == zipped.train[0]


def test_the_fingerprint_follows_the_content_only(tmp_path):
    folder = write_pictures(tmp_path / "one")
    shutil.copytree(folder, tmp_path / "two")
    first = load(folder).report.fingerprint
    assert load(tmp_path / "two", seed=5).report.fingerprint == first
    Image.new("RGB", (16, 16)).save(tmp_path / "two" / "cat" / "3.png")
    assert load(tmp_path / "two").report.fingerprint != first


def test_a_strangers_table_may_not_name_files_elsewhere(tmp_path):
    Image.new("RGB", (8, 8)).save(tmp_path / "secret.png")
    table = "file_name,label\n../secret.png,a\n" + f"{tmp_path / 'secret.png'},b\n"
    with zipfile.ZipFile(tmp_path / "a.zip", "w") as archive:
        archive.writestr("metadata.csv", table)
    with pytest.raises(InputError, match="outside of its folder"):
        load(tmp_path / "a.zip")
    (tmp_path / "up").mkdir()
    (tmp_path / "up" / "metadata.csv").write_text(table)
    with pytest.raises(InputError, match="outside of its folder"):
        load_data(DataConfig(source=str(tmp_path / "up")), untrusted=True)


def test_squad_and_its_groups(tmp_path):
    def ask(number, impossible=False):
        answers = [] if impossible else [{"text": "Paris", "answer_start": 0}]  # where it is not: found all the same
        return {"id": str(number), "question": f"Where {number}?", "answers": answers, "is_impossible": impossible}

    lost = {"id": "lost", "question": "?", "answers": [{"text": "Rome", "answer_start": 3}]}
    articles = [
        {"title": f"t{i}", "paragraphs": [{"context": f"I live in Paris {i}.", "qas": [ask(i), ask(-i - 1, True)]}]}
        for i in range(10)
    ]
    articles[0]["paragraphs"][0]["qas"].append(lost)
    (tmp_path / "a.json").write_text(json.dumps({"data": articles}))
    data = load(tmp_path / "a.json", task="answer", check_fraction=0.2)
    assert data.roles == ("question", "context", "answers")
    rows = [*data.train, *data.check]
    assert len(rows) == 20
    assert not set(data.train["group"]) & set(data.check["group"])
    assert {str(row["answers"]) for row in rows} == {
        str({"text": ["Paris"], "answer_start": [10]}),
        str({"text": [], "answer_start": []}),
    }
    assert data.report.warnings[0].examples == ("lost",)


def test_questions_in_a_csv(tmp_path):
    path = tmp_path / "a.csv"
    rows = [f"Where {i}?,I live in Paris {i}.,{('Paris', 'Rome', '')[i % 3]}" for i in range(30)]
    path.write_text("问题,上下文,答案\n" + "\n".join(rows))
    data = load(path, task="answer")
    answers = {row["id"]: row["answers"] for row in [*data.train, *data.check]}
    assert answers["0"] == {"text": ["Paris"], "answer_start": [10]}
    assert answers["1"] == {"text": ["Rome"], "answer_start": [-1]}
    assert answers["2"] == {"text": [], "answer_start": []}
    assert "answers" in kinds(data)


def test_pictures_inside_a_parquet_file(tmp_path):
    write_parquet(tmp_path / "a.parquet")
    data = load(tmp_path / "a.parquet")
    assert data.roles == ("image", "label")
    assert Image.open(data.train[0]["image"]).size == (8, 8)


def test_cancel(tmp_path):
    cancel = threading.Event()
    config = DataConfig(source=str(write_pictures(tmp_path / "pets")))
    with pytest.raises(CancelledError):
        load_data(config, lambda progress: cancel.set(), cancel)


@pytest.mark.parametrize(
    "settings",
    [{"source": ""}, {"source": "a", "colour": 1}, {"source": "a", "columns": {"color": "b"}},
     {"source": "a", "check_values": ("1",)}, {"source": "a", "split_column": "fold"},
     {"source": "a", "split_column": "f", "check_values": ("1",), "train_values": ("1",)}],
)  # fmt: skip
def test_settings_that_cannot_be_used(settings):
    with pytest.raises(InputError):
        make_data_config(**settings)


@pytest.mark.parametrize("source", ["nowhere.csv", "sample:nothing", "a.xlsx"])
def test_sources_that_are_not_there(tmp_path, monkeypatch, source):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "a.xlsx").write_bytes(b"PK")
    with pytest.raises(InputError):
        load(source)


def test_classes_can_be_given_names(tmp_path):
    (tmp_path / "a.csv").write_text("text,label\n" + "".join(f"row {i},{i % 2}\n" for i in range(40)))
    data = load_data(DataConfig(source=str(tmp_path / "a.csv"), label_names={"0": "bad", "1": "good"}))
    assert data.labels == ("bad", "good")
    assert {row["text"]: row["label"] for row in data.train}["row 4"] == "bad"
