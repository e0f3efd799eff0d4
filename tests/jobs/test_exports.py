import csv
import json
import zipfile

import pytest
from PIL import Image

from xmodal.data.config import DataConfig
from xmodal.data.sets import load_data
from xmodal.errors import InputError
from xmodal.jobs.disk_use import free_space, list_folders
from xmodal.jobs.feedback import Feedback, hash_file, save_feedback
from xmodal.jobs.feedback_export import write_data_set, write_ratings
from xmodal.jobs.store import connect

ROW = (
    "INSERT INTO jobs (run, owner, name, task, recipe, state, place, submitted) VALUES"
    " ('r', 'me', 'r', 'classify', '', 'queued', 1, 0)"
)


def rate(text: str, label: str, rating: int = 1, comment: str = "") -> None:
    save_feedback(Feedback("classify", "m", text, label, rating, comment, inputs={"text": text}))


def test_csv_shows_formulas_and_does_not_compute_them(home, tmp_path):
    del home
    rate("=1+1", "good", comment="@SUM(A1)")
    assert write_ratings(tmp_path / "a.csv") == 1
    with open(tmp_path / "a.csv", encoding="utf-8-sig", newline="") as file:
        row = next(csv.DictReader(file))
    assert (row["text"], row["comment"], row["rating"]) == ("'=1+1", "'@SUM(A1)", "good")


def test_texts_judged_right_can_be_trained_on(home, tmp_path):
    del home
    for i in range(12):
        rate(f"=text {i}, “你好”\n", "good" if i % 2 else "bad")
    rate("wrong", "good", -1)
    rate("changed my mind", "good", 1)
    rate("changed my mind", "good", -1)
    made = write_data_set("classify", tmp_path)
    assert (made.rows, made.missing, made.path.suffix) == (12, (), ".jsonl")
    assert json.loads(made.path.read_text(encoding="utf-8").splitlines()[0])["text"] == "=text 0, “你好”\n"
    data = load_data(DataConfig(source=str(made.path), check_fraction=0.25))
    assert sorted(data.labels) == ["bad", "good"] and len(data.train) + len(data.check) == 12


def test_descriptions_judged_right_can_be_trained_on(home, tmp_path):
    del home
    for i in range(12):
        Image.new("RGB", (9, 9), (20 * i, 0, 0)).save(tmp_path / f"{i}.png")
        given = {"image": str(tmp_path / f"{i}.png")}
        save_feedback(Feedback("describe", "m", hash_file(given["image"]), f"Shade {i}.", 1, inputs=given))
    made = write_data_set("describe", tmp_path)
    assert (made.rows, made.missing, made.path.suffix) == (12, (), ".zip")
    data = load_data(DataConfig(source=str(made.path), task="describe", check_fraction=0.25))
    assert {row["text"] for row in [*data.train, *data.check]} == {f"Shade {i}." for i in range(12)}


def test_recordings_come_along_and_lost_ones_are_named(home, tmp_path):
    del home
    for name in ("kept", "changed", "gone"):
        path = tmp_path / f"{name}.wav"
        path.write_bytes(name.encode() * 10)
        save_feedback(Feedback("transcribe", "m", hash_file(path), name, 1, inputs={"audio": str(path)}))
    (tmp_path / "gone.wav").unlink()
    (tmp_path / "changed.wav").write_bytes(b"other")
    save_feedback(Feedback("transcribe", "m", "9", "from before inputs were kept", 1))
    made = write_data_set("transcribe", tmp_path)
    assert made.rows == 1 and {"changed.wav", "gone.wav"} < set(made.missing) and len(made.missing) == 3
    with zipfile.ZipFile(made.path) as archive:
        row = json.loads(archive.read("metadata.jsonl"))
        assert row["transcription"] == "kept"
        assert archive.read(row["file_name"]) == b"kept" * 10


def test_nothing_to_export_is_said(home, tmp_path):
    del home
    with pytest.raises(InputError, match="nothing to export"):
        write_data_set("classify", tmp_path)


def test_frees_what_can_be_made_again_and_nothing_else(home):
    from xmodal.paths import home as make

    for name in ("features", "adapters"):
        (make() / name).mkdir()
        (make() / name / "a").write_bytes(b"x" * 1000)
    sizes = {row.name: row for row in list_folders()}
    assert sizes["features"].bytes == 1000 and sizes["features"].can_free and not sizes["adapters"].can_free
    with pytest.raises(InputError, match="cannot be made again"):
        free_space("adapters")
    with pytest.raises(InputError, match="cannot be made again"):
        free_space("../x")
    with connect() as connection:
        connection.execute(ROW)
    with pytest.raises(InputError, match="training is under way"):
        free_space("features")
    with connect() as connection:
        connection.execute("DELETE FROM jobs")
    assert free_space("features") == 1000 and not (home / "features").exists()
    assert (home / "adapters" / "a").exists()
