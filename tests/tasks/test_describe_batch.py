import csv
import json
import zipfile
from pathlib import Path

import pytest
from PIL import Image

from xmodal.errors import InputError
from xmodal.tasks import describe_batch
from xmodal.tasks.describe_batch import (
    COLUMNS,
    Picture,
    PictureRow,
    describe_rows,
    find_pictures,
    write_rows_csv,
    write_rows_jsonl,
)
from xmodal.tasks.results import ColourShare, DescribeResult, LabelScore

RESULT = DescribeResult(
    "a.png", "A red square.", (LabelScore("tile", 0.25), LabelScore("rug", 0.1)), "A red square. It reads: “=1+1”.",
    (ColourShare("red", "#dc1e28", 0.9),), ("=1+1", "two"), "m", 0.1, ("It moves.",),
)  # fmt: skip


@pytest.fixture
def album(tmp_path) -> Path:
    """A zip with pictures in folders, what file managers add, and other files."""
    Image.new("RGB", (8, 8), "red").save(tmp_path / "a.png")
    with zipfile.ZipFile(tmp_path / "album.zip", "w") as out:
        for name in ("b/海.PNG", "a.jpg"):
            out.write(tmp_path / "a.png", name)
        for name in ("readme.txt", "b/meta.csv", "b/map.svg", "__MACOSX/b/._a.png"):
            out.writestr(name, "x")
    return tmp_path / "album.zip"


def test_pictures_in_zips_are_found_with_their_folders(album, tmp_path):
    (tmp_path / "out").mkdir()
    found, left_out = find_pictures([tmp_path / "a.png", album, album, tmp_path / "notes.txt"], tmp_path / "out")
    names = ["album/a.jpg", "album/b/map.svg", "album/b/海.PNG"]
    assert [one.name for one in found] == ["a.png", *names, *names, "notes.txt"]
    assert left_out == 4
    assert all(one.path.is_file() for one in found[:-1])


def test_pictures_of_several_zips_are_told_apart(album, tmp_path):
    other = tmp_path / "other.zip"
    other.write_bytes(album.read_bytes())
    (tmp_path / "unpacked").mkdir()
    names = [one.name for one in find_pictures([album, other], tmp_path / "unpacked")[0]]
    assert len(set(names)) == len(names)
    assert {name.split("/")[0] for name in names} == {album.stem, "other"}


def test_too_many_and_none_are_refused(tmp_path, monkeypatch):
    with zipfile.ZipFile(tmp_path / "texts.zip", "w") as out:
        out.writestr("a.txt", "x")
    with pytest.raises(InputError, match="no picture in the zip"):
        find_pictures([tmp_path / "texts.zip"], tmp_path)
    monkeypatch.setattr(describe_batch, "MOST", 2)
    with pytest.raises(InputError, match="There are 3 pictures; at most 2"):
        find_pictures([tmp_path / f"{i}.png" for i in range(3)], tmp_path)


def test_a_zip_that_cannot_be_unpacked_is_a_row_among_others(tmp_path, album, monkeypatch):
    (tmp_path / "out").mkdir()
    (tmp_path / "bad.zip").write_bytes(album.read_bytes()[:50])
    with pytest.raises(InputError, match=r"bad\.zip is not a zip"):
        find_pictures([tmp_path / "bad.zip"], tmp_path / "out")
    (tmp_path / "other").mkdir()
    found, _ = find_pictures([tmp_path / "a.png", tmp_path / "bad.zip", tmp_path / "a.png"], tmp_path / "other")
    monkeypatch.setattr(describe_batch, "iter_describe", lambda paths, **_: ((path, RESULT) for path in paths))
    first, second, third = describe_rows(found)
    assert first.result is RESULT is third.result and second.result is None
    assert (second.picture.name, second.error.problem) == ("bad.zip", "bad.zip is not a zip file that can be read.")


def lines_of(rows, folder):
    return [json.loads(line) for line in write_rows_jsonl(rows, folder / "a.jsonl").read_text("utf-8").splitlines()]


def test_rows_come_with_progress(monkeypatch, tmp_path):
    error = InputError("It is broken.", "Mend it.")
    monkeypatch.setattr(
        describe_batch, "iter_describe",
        lambda paths, report, **_: iter([(paths[0], RESULT), (paths[1], error)]),
    )  # fmt: skip
    told, pictures = [], [Picture(name, tmp_path / name) for name in ("a.png", "b.png")]
    rows = list(describe_rows(pictures, report=told.append))
    assert rows == [PictureRow(pictures[0], RESULT), PictureRow(pictures[1], error=error)]
    assert [(step.done, step.total, step.what) for step in told] == [(1, 2, "b.png"), (2, 2, "b.png")]


def test_files_hold_what_was_done_failed_and_not_reached(tmp_path):
    rows = [
        PictureRow(Picture("=cmd().png", tmp_path), RESULT),
        PictureRow(Picture("b.png", tmp_path), error=InputError("-2 pixels.", "Mend it.")),
        PictureRow(Picture("c.png", tmp_path)),
    ]
    with open(write_rows_csv(rows, tmp_path / "a.csv"), encoding="utf-8-sig", newline="") as file:
        first, second, third = csv.DictReader(file)
    assert tuple(first) == COLUMNS
    assert (first["file"], first["description"]) == ("'=cmd().png", "A red square.")
    assert (first["labels"], first["colours"]) == ("tile 25.0%; rug 10.0%", "red #dc1e28 90%")
    assert (first["written"], first["model"], first["problem"]) == ("'=1+1\ntwo", "m", "")
    assert (first["notes"], second["notes"], lines_of(rows, tmp_path)[0]["notes"]) == ("It moves.", "", ["It moves."])
    assert (second["description"], second["problem"]) == ("", "'-2 pixels.")
    assert third["problem"] == "Not reached."
    lines = lines_of(rows, tmp_path)
    assert [tuple(line) for line in lines] == [COLUMNS] * 3
    assert lines[0]["file"] == "=cmd().png" and lines[0]["written"] == ["=1+1", "two"]
    assert lines[0]["labels"][0] == {"label": "tile", "score": 0.25}
    assert (lines[1]["labels"], lines[1]["problem"], lines[2]["problem"]) == ([], "-2 pixels.", "Not reached.")
