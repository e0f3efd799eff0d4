from pathlib import Path

import gradio
import pytest
from PIL import Image
from signs import write_sign

from xmodal.models.ocr import Line, read_lines
from xmodal.tasks.label_words import describe_labels, settle
from xmodal.tasks.pictures import SHOWN, WRITTEN, join_lines, read_picture
from xmodal.tasks.results import LabelScore

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
    assert settle(told, [LabelScore("sandbar", 0.9)]) == f"{told} By its labels: a sandbar."
    assert settle("A bird is flying.", [LabelScore("bald eagle", 0.9)]) == "A bird is flying."


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
