"""Data as people have it, through `xmodal train`: what is wrong is said, and good rows are used."""

import zipfile

import pytest
from PIL import Image
from real_runs import own_home

from xmodal.cli import main
from xmodal.models.adapters import load_adapter

GOOD = "text,label\na,x\nb,y\nc,x\nd,y\n"


@pytest.fixture
def home(tmp_path):
    with own_home(tmp_path / "home") as folder:
        yield folder


def run(home, source, *more: str) -> int:
    (home / "r.yaml").write_text(f"name: made\ndata: {{source: {source}, check_fraction: 0.25}}\n")
    return main(["train", str(home / "r.yaml"), "--set", "train.max_steps=2", *more])


@pytest.mark.parametrize(
    ("content", "more", "words"),
    [
        ("text,label\n" + "".join(f"row {i},x\n" for i in range(12)), [], ["nothing to tell apart", "another class"]),
        ("text,label\na,x\n", [], ["no rows to hold out", "Add rows"]),
        ("text,label\na,x\nb,y\nc,x\n", ["--set", "cross_validation=5"], ["too few for 5 parts", "Set cross"]),
        ("text,label\na,x\nb,y\n", ["--set", "data.columns={text: body}"], ["body", "text, label"]),
        (GOOD, ["--set", "data.check_fraction=1"], ["no rows to train on", "Add rows"]),
        (GOOD, ["--set", "data.check_fraction=0"], ["no rows to hold out", "Add rows"]),
        ("", [], ["a.csv", ""]),
    ],
)
def test_what_cannot_be_used_is_said_in_two_lines(home, capsys, content, more, words):
    (home / "a.csv").write_text(content)
    assert run(home, "a.csv", *more) == 2
    lines = [line for line in capsys.readouterr().err.splitlines() if not line.startswith("read ")][-2:]
    assert len(lines) == 2
    for word in words:
        assert word in "\n".join(lines), lines
    assert not (home / "adapters" / "made").exists()


def test_a_zip_bomb(home, capsys):
    with zipfile.ZipFile(home / "a.zip", "w", zipfile.ZIP_DEFLATED, compresslevel=1) as archive:
        archive.writestr("a.csv", bytes(300 << 20))
    assert run(home, "a.zip") == 2
    assert "zip bomb" in capsys.readouterr().err


@pytest.mark.slow
def test_a_table_in_gbk(home):
    rows = "".join(f"第{i}本书{word},{label}\n" for i in range(8) for word, label in (("很好", "好"), ("很差", "差")))
    (home / "a.csv").write_bytes(("text,label\n" + rows).encode("gbk"))
    assert run(home, "a.csv") == 0
    assert set(load_adapter("made").labels) == {"好", "差"}


@pytest.mark.slow
def test_a_corrupt_image_among_good_ones(home, capsys, caplog):
    for i in range(8):
        for label, colour in (("red", (250, i, 0)), ("blue", (0, i, 250))):
            (home / "pictures" / label).mkdir(parents=True, exist_ok=True)
            Image.new("RGB", (32, 32), colour).save(home / "pictures" / label / f"{i}.png")
    (home / "pictures" / "red" / "bad.png").write_bytes(b"\x89PNG nothing")
    assert run(home, "pictures") == 0
    assert "bad.png" in caplog.text
    data = load_adapter("made").data
    assert data["train_rows"] + data["check_rows"] == 16
