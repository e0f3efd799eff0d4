from pathlib import Path

import gradio
import pytest
from PIL import Image
from signs import write_sign

from xmodal.models.ocr import Line, read_lines
from xmodal.tasks import pictures
from xmodal.tasks.label_words import describe_labels, settle
from xmodal.tasks.pictures import SHOWN, WRITTEN, join_lines, read_picture
from xmodal.tasks.results import LabelScore
from xmodal.ui.messages import stored

CHEETAH = Path(gradio.__file__).parent / "media_assets" / "images" / "cheetah1.jpg"


def line(text, left, top, height=20, width=100):
    return Line(text, 0.9, (left, top, left + width, top + height))


def test_lines_side_by_side_are_one_row_and_far_ones_another_paragraph():
    lines = [line("right", 150, 12), line("left", 10, 10), line("below", 10, 35), line("far away", 10, 200)]
    assert join_lines(lines) == ["left right\nbelow", "far away"]
    assert join_lines([]) == []


def test_labels_that_are_certain_are_told_beside_what_a_model_tells():
    told = "When it rains, a man is lying on a rock."
    assert settle(told, [LabelScore("lion", 0.76)]) == f"{told} By its labels: a lion."
    assert settle(told, [LabelScore("hen", 0.76)]) == f"{told} By its labels: a hen."
    assert settle(told, [LabelScore("lion", 0.4)]) == told
    for known in ("A lion is lying on a rock.", "Two Lions."):
        assert settle(known, [LabelScore("lion", 0.76)]) == known


def test_an_animal_that_is_certain_stands_for_another_one():
    told = "Two dogs are lying on a rock."
    assert settle(told, [LabelScore("lion", 0.76)]) == "The picture shows a lion."
    assert settle(told, [LabelScore("golden retriever", 0.9)]) == told
    assert settle(told, [LabelScore("crane", 0.9)]) == f"{told} By its labels: a crane."  # maybe the machine


@pytest.mark.parametrize(
    ("told", "label"),
    [
        ("A man is riding a horse with a dog running behind.", "sorrel"),
        ("Two dogs chase a flock of sheep.", "ram"),
        ("A dog looks at a cow in a field.", "ox"),
        ("A cat looks at a fish in a bowl.", "goldfish"),
        ("Two dogs and a monkey.", "macaque"),
    ],
)
def test_an_animal_that_is_named_as_people_call_it_is_left(told, label):
    assert settle(told, [LabelScore(label, 0.9)]) == told
    assert settle(told, [LabelScore("sandbar", 0.9)]) == f"{told} By its labels: a sandbar."
    assert settle("A bird is flying.", [LabelScore("bald eagle", 0.9)]) == "A bird is flying."


def test_of_several_pictures_in_a_file_the_first_is_said_to_be_read(tmp_path, monkeypatch):
    monkeypatch.setattr(pictures, "read_lines", lambda image: [])
    monkeypatch.setattr(pictures, "label_picture", lambda image, **_: [LabelScore("lion", 0.9)])
    pages = [Image.new("RGB", (8, 8), colour) for colour in ("red", "blue")]
    pages[0].save(tmp_path / "scan.tif", save_all=True, append_images=pages[1:])
    pages[0].save(tmp_path / "one.tif")
    (note,) = read_picture(tmp_path / "scan.tif").warnings
    assert note.startswith("scan.tif ") and "scan.tif 是动图或含有多张图片" in stored(note)
    assert read_picture(tmp_path / "one.tif").warnings == ()


@pytest.mark.slow
@pytest.mark.parametrize("size", [(4_000, 20), (16, 3_200)])
def test_a_thin_strip_has_no_text(size):
    assert read_lines(Image.new("RGB", size, "white")) == []


@pytest.mark.parametrize(
    ("scores", "said"),
    [
        ([0.9, 0.05], "The picture shows an a0."),
        ([0.2, 0.1, 0.01], "The picture may show an a0 or an a1."),
        ([0.02, 0.01], "It cannot be said with any certainty what the picture shows."),
    ],
)
def test_no_more_is_said_than_the_scores_allow(scores, said):
    assert describe_labels([LabelScore(f"a{i}", score) for i, score in enumerate(scores)]) == said


@pytest.mark.slow
class TestReal:
    def test_a_sign_is_read(self, tmp_path):
        document = read_picture(write_sign(tmp_path / "sign.png", "Opening hours 9:00 - 17:30", "Emergency call 120"))
        written = " ".join(part.text for part in document.parts if part.heading == WRITTEN)
        assert "9:00" in written
        assert "120" in written
        assert document.kind == "image"

    def test_an_animal_is_named(self):
        shown = [part.text for part in read_picture(CHEETAH).parts if part.heading == SHOWN]
        assert shown == ["The picture shows a cheetah."]

    @pytest.mark.parametrize("mode", ["L", "CMYK", "P", "I;16"])
    def test_odd_pictures_are_looked_at(self, tmp_path, mode):
        path = tmp_path / ("odd.tif" if mode in ("CMYK", "I;16") else "odd.png")
        Image.new(mode, (40, 3)).save(path)
        assert read_picture(path).parts[-1].heading == SHOWN
