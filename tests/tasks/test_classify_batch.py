"""Files of many: columns without labels, bad rows among good ones, zips from strangers, and a csv that Excel opens."""

import csv
import threading
import zipfile
from pathlib import Path

import pytest
from small_models import train_mixed, train_pairs, train_reviews, write_picture, write_reviews, write_tone

from xmodal.data.tables import Table
from xmodal.errors import CancelledError, InputError
from xmodal.tasks.classify_batch import (
    BatchResult,
    RowPrediction,
    guess_inputs,
    iter_classify_batch,
    read_batch,
    write_batch,
)


def make_table(**columns) -> Table:
    count = len(next(iter(columns.values())))
    return Table({name: list(values) for name, values in columns.items()}, folders=[Path("/nowhere")] * count)


def read_csv(path: Path) -> list[dict]:
    assert path.read_bytes().startswith(b"\xef\xbb\xbf")
    with open(path, encoding="utf-8-sig", newline="") as file:
        return list(csv.DictReader(file))


class TestColumns:
    def test_no_label_is_needed(self):
        table = make_table(number=["1", "2"], review=["It was good.", "It was bad."])
        assert guess_inputs(table, ["text"]) == {"text": "review"}

    def test_the_label_is_not_taken_for_the_text(self):
        table = make_table(label=["a", "b", "a"], 内容=["很好", "很差", "还行"])
        assert guess_inputs(table, ["text"]) == {"text": "内容"}

    def test_only_what_the_model_takes(self):
        table = make_table(file_name=["a.png", "b.png"], text=["one", "two"])
        assert guess_inputs(table, ["image"]) == {"image": "file_name"}
        assert guess_inputs(table, ["text", "image", "audio"]) == {"text": "text", "image": "file_name"}

    def test_nothing_fits(self):
        with pytest.raises(InputError, match="No column was found for audio; the columns are text"):
            guess_inputs(make_table(text=["a b", "c d"]), ["audio"])

    def test_gbk_is_read_and_said(self, tmp_path):
        (tmp_path / "a.csv").write_bytes("内容\n房间很干净，服务也很好\n手机坏了，非常失望\n".encode("gbk"))
        table = read_batch(tmp_path / "a.csv", tmp_path)
        assert table.columns["内容"][0] == "房间很干净，服务也很好"
        assert [warning.kind for warning in table.warnings] == ["encoding"]


class TestZips:
    def test_a_bomb_is_refused(self, tmp_path):
        with zipfile.ZipFile(tmp_path / "a.zip", "w", zipfile.ZIP_DEFLATED) as archive:
            archive.writestr("a.csv", b"text\n" + b"0" * 30_000_000)
        (tmp_path / "out").mkdir()
        with pytest.raises(InputError, match="zip bomb"):
            read_batch(tmp_path / "a.zip", tmp_path / "out")

    def test_pictures_without_a_table(self, tmp_path):
        with zipfile.ZipFile(tmp_path / "a.zip", "w") as archive:
            archive.writestr("one/a.png", b"")
            archive.writestr("b.png", b"")
        (tmp_path / "out").mkdir()
        table = read_batch(tmp_path / "a.zip", tmp_path / "out")
        assert guess_inputs(table, ["image"]) == {"image": "file_name"}
        path = write_batch(BatchResult(table, {"image": "file_name"}), tmp_path / "a.csv")
        assert sorted(row["file_name"] for row in read_csv(path)) == ["b.png", "one/a.png"]


class TestCsv:
    def test_formulas_are_guarded_and_numbers_kept(self, tmp_path):
        cells = ["=1+1", "+cmd|' /C calc'!A0", "-2+3", "@SUM(1)", "\t=1", " =1", "-5.5", "+3", "plain", "很好"]
        table = make_table(**{"=text": cells})
        path = write_batch(BatchResult(table, {"text": "=text"}, (RowPrediction("=evil", 0.5),)), tmp_path / "a.csv")
        rows = read_csv(path)
        assert [row["'=text"] for row in rows] == ["'" + cell for cell in cells[:6]] + cells[6:]
        assert rows[0]["label"] == "'=evil"

    def test_rows_not_reached_and_columns_of_the_same_name(self, tmp_path):
        table = make_table(text=["a", "b"], label=["x", "y"])
        done = (RowPrediction("x", 0.75, ("audio", "image")),)
        rows = read_csv(write_batch(BatchResult(table, {"text": "text"}, done), tmp_path / "a.csv"))
        assert rows == [
            {"text": "a", "label": "x", "predicted_label": "x", "score": "0.7500", "missing": "audio, image",
             "problem": ""},
            {"text": "b", "label": "y", "predicted_label": "", "score": "", "missing": "", "problem": "Not reached."},
        ]  # fmt: skip


def test_counts_problems_and_what_is_right():
    table = make_table(text=["a", "b", "c", "d"], label=["x", "y", "y", None])
    done = (RowPrediction("x", 0.9), RowPrediction("x", 0.9), RowPrediction(problem="Bad."), RowPrediction("y", 0.9))
    result = BatchResult(table, {"text": "text"}, done, truth="label")
    assert result.counts == {"x": 2, "y": 1}
    assert result.problems == {3: "Bad."}
    assert result.right == (True, False)


@pytest.fixture(scope="module")
def reviews(tmp_path_factory) -> str:
    folder = tmp_path_factory.mktemp("reviews")
    train_reviews(folder, folder / "adapter")
    return str(folder / "adapter")


@pytest.fixture(scope="module")
def mixed(tmp_path_factory) -> str:
    folder = tmp_path_factory.mktemp("mixed")
    train_mixed(folder, folder / "adapter")
    return str(folder / "adapter")


def last(model: str, table: Table, inputs=None, **options) -> BatchResult:
    return list(iter_classify_batch(model, table, inputs, **options))[-1]


@pytest.mark.slow
class TestReviews:
    def test_rows_come_in_parts_with_progress_and_the_accuracy(self, reviews, tmp_path):
        table = read_batch(write_reviews(tmp_path / "a.csv"), tmp_path)
        steps = []
        parts = list(iter_classify_batch(reviews, table, report=steps.append))
        assert [len(part.predictions) for part in parts] == [32, 64, 96]
        assert [step.done for step in steps if step.stage == "classify"] == [32, 64, 96]
        assert parts[-1].truth == "label" and sum(parts[-1].right) / len(parts[-1].right) > 0.9

    def test_rows_without_text_are_named(self, reviews):
        result = last(reviews, make_table(text=["The garden was lovely.", " ", None, "酒店很差。"]))
        assert [row.label for row in result.predictions] == ["good", "", "", "bad"]
        assert result.problems == dict.fromkeys((2, 3), "There is no text in this row.")
        assert result.truth == "" and result.right == ()

    def test_the_column_can_be_said(self, reviews):
        table = make_table(text=["x", "y"], note=["It was awful.", "It was lovely."])
        assert [row.label for row in last(reviews, table, {"text": "note"}).predictions] == ["bad", "good"]
        with pytest.raises(InputError, match="no column 'nothing' for text"):
            last(reviews, table, {"text": "nothing"})
        with pytest.raises(InputError, match="does not take image"):
            last(reviews, table, {"image": "note"})
        with pytest.raises(InputError, match="No column is chosen"):
            last(reviews, table, {})

    def test_both_texts_are_read_where_it_was_trained_on_two(self, reviews, tmp_path):
        train_pairs(tmp_path, tmp_path / "adapter")
        second = ["It was awful.", "It was lovely."]
        for names in (("sentence1", "sentence2"), ("text_a", "text_b")):
            result = last(
                str(tmp_path / "adapter"), make_table(**dict(zip(names, (["One.", "Two."], second), strict=True)))
            )
            assert [row.label for row in result.predictions] == ["bad", "good"]
            assert f"on a new line, {names[1]}" in result.table.warnings[-1].message
        alone = last(str(tmp_path / "adapter"), make_table(text=second))
        assert "such as sentence2, was not found" in alone.table.warnings[-1].message
        of_one = last(
            reviews, make_table(text=["It was lovely.", "It was fine."], sentence2=["It was awful. " * 3] * 2)
        )
        assert of_one.predictions[0].label == "good" and not of_one.table.warnings  # it was trained on one text

    def test_stopping_keeps_what_was_yielded(self, reviews, tmp_path):
        table, cancel, kept = read_batch(write_reviews(tmp_path / "a.csv"), tmp_path), threading.Event(), []
        with pytest.raises(CancelledError):
            for part in iter_classify_batch(reviews, table, cancel=cancel):
                kept.append(part)
                cancel.set()
        assert len(kept[-1].predictions) == 32
        rows = read_csv(write_batch(kept[-1], tmp_path / "out.csv"))
        assert [row["problem"] for row in rows] == [""] * 32 + ["Not reached."] * 64


@pytest.mark.slow
@pytest.mark.thorough
class TestMixed:
    def test_bad_files_are_named_and_the_others_done(self, mixed, tmp_path):
        write_picture(tmp_path / "a.png", "good")
        write_tone(tmp_path / "a.wav", "good")
        (tmp_path / "cut.png").write_bytes((tmp_path / "a.png").read_bytes()[:60])
        # A header that promises sound, and nothing that can be decoded: found only when the model is given it.
        (tmp_path / "cut.flac").write_bytes(flac_header())
        rows = [
            "text,image,audio",
            "It was lovely.,a.png,a.wav",
            "It was awful.,,",
            "x,cut.png,",
            "x,gone.png,",
            "x,,cut.flac",
            ",,a.wav",
        ]
        (tmp_path / "metadata.csv").write_text("\n".join(rows))
        with zipfile.ZipFile(tmp_path / "all.zip", "w") as archive:
            for name in ("metadata.csv", "a.png", "a.wav", "cut.png", "cut.flac"):
                archive.write(tmp_path / name, name)
        (tmp_path / "unpacked").mkdir()
        result = last(mixed, read_batch(tmp_path / "all.zip", tmp_path / "unpacked"))
        assert [bool(row.label) for row in result.predictions] == [True, True, False, False, False, True]
        assert result.predictions[0].label == "good" and result.predictions[1].label == "bad"
        assert result.predictions[1].missing == ("image", "audio")
        assert result.predictions[5].missing == ("text", "image")
        assert "cut.png" in result.problems[3] and "gone.png" in result.problems[4] and "cut.flac" in result.problems[5]
        assert str(tmp_path) not in str(result.problems)

    def test_a_table_without_its_files_is_told_at_once(self, mixed):
        with pytest.raises(InputError, match=r"None of the files.*such as a\.png"):
            last(mixed, make_table(image=["a.png", "b.png"]))

    def test_files_outside_the_folder_are_refused(self, mixed, tmp_path):
        write_picture(tmp_path / "a.png", "good")
        table = Table({"image": [str(tmp_path / "a.png")]}, folders=[tmp_path / "upload"])
        with pytest.raises(InputError, match="outside of its folder"):
            last(mixed, table)
        assert last(mixed, table, untrusted=False).predictions[0].label == "good"


def flac_header() -> bytes:
    """The stream information of a FLAC file of one second, and no frames."""
    import io

    import numpy as np
    import soundfile

    buffer = io.BytesIO()
    soundfile.write(buffer, np.zeros(16_000), 16_000, format="FLAC")
    return buffer.getvalue()[:42] + b"\0" * 200
