import base64
import io

import numpy as np
import pytest
from PIL import Image

from xmodal.data import colours
from xmodal.errors import InputError
from xmodal.tasks.results import ColourShare, DescribeResult, LabelScore
from xmodal.ui import describe_views
from xmodal.ui.describe_pictures import draw_file, draw_heat, draw_picture
from xmodal.ui.describe_work import Seen

EVIL = "<img src=x onerror=alert(1)>\"'&"


def result(text=EVIL, label="lion", written=(EVIL,), score=0.5) -> DescribeResult:
    found = (ColourShare("dark red", "#78140f", 0.25),)
    return DescribeResult("a.png", text, (LabelScore(label, score),), text, found, written, "m", 0.1)


def decoded(url: str) -> Image.Image:
    return Image.open(io.BytesIO(base64.b64decode(url.partition(",")[2])))


@pytest.mark.parametrize(
    "drawn",
    [
        describe_views.description(EVIL),
        describe_views.described(result(label=EVIL)),
        describe_views.alt(result()),
        describe_views.labels(result(label=EVIL)),
        describe_views.colours([ColourShare("red", EVIL, 0.5)]),
        describe_views.written(result(), True),
        describe_views.picture(Seen("data:,", True, EVIL, "data:,")),
        describe_views.preview("data:,", EVIL),
        describe_views.row(EVIL, "data:,", result(label=EVIL)),
        describe_views.row(EVIL, "", InputError(EVIL, EVIL)),
    ],
)
def test_foreign_text_is_escaped(drawn):
    assert "<img src=x" not in drawn
    assert "onerror=alert(1)>" not in drawn


def test_every_colour_has_a_name_in_both_languages():
    for name in colours._NAMES:
        drawn = describe_views.colours([ColourShare(name, "#000000", 0.5)])
        assert f'lang="en">{name}<' in drawn and "50%" in drawn and "色<" in drawn


def test_labels_are_told_in_both_languages():
    drawn = describe_views.labels(result())
    assert 'lang="en">lion<' in drawn and 'lang="zh">狮子<' in drawn
    assert "“狮子”" in describe_views.picture(Seen("data:,", False, "lion", "data:,"))
    assert 'lang="zh">图中是狮子。<' in describe_views.described(result())
    assert 'lang="zh">我的类别<' in describe_views.labels(result(label="我的类别"))


def test_what_was_not_found_and_what_was_not_looked_for_are_two_things():
    assert "No writing was found" in describe_views.written(result(written=()), True)
    assert "not looked for" in describe_views.written(result(written=()), False)


def test_a_label_that_is_named_is_more_than_nothing():
    assert "&lt;1%" in describe_views.labels(result(score=0.001))
    assert "&lt;1%" in describe_views.row("a.png", "data:,", result(score=0.001))
    assert "50%" in describe_views.labels(result())


def test_the_map_and_the_first_frame_are_said_only_where_they_are():
    plain = describe_views.picture(Seen("data:,", False))
    assert "xm-heat" not in plain and "xm-problems" not in plain
    whole = describe_views.picture(Seen("data:,", True, "lion", "data:,"))
    assert "xm-heat" in whole and "only the first one" in whole and "“lion”" in whole


def test_rows_only_grow_at_their_end():
    rows = [describe_views.row(f"{i}.png", "data:,", result()) for i in range(3)]
    drawn = [describe_views.rows(rows[:count]) for count in (1, 2, 3)]
    assert drawn[2].startswith(drawn[1]) and drawn[1].startswith(drawn[0])


def test_pictures_are_made_smaller_and_the_map_is_see_through(tmp_path):
    small = decoded(draw_picture(Image.new("RGB", (3_000, 1_500), "red")))
    assert (small.format, small.size) == ("JPEG", (1_000, 500))
    Image.new("RGBA", (40, 20), (0, 0, 0, 0)).save(tmp_path / "a.png")
    assert min(decoded(draw_file(tmp_path / "a.png", 10)).getpixel((3, 3))) > 250
    heat = decoded(draw_heat(np.array([[0.0, 1.0]], np.float32)))
    (dark, cover), (bright, _) = (
        (sum(pixel[:3]), pixel[3]) for pixel in (heat.getpixel((0, 0)), heat.getpixel((1, 0)))
    )
    assert heat.size == (2, 1) and dark < 20 < 600 < bright and 100 < cover < 200
