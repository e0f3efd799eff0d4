import json
import shutil
import threading
from contextlib import nullcontext
from pathlib import Path

import gradio
import numpy as np
import pytest
from PIL import Image
from signs import write_sign

from xmodal.cli import main
from xmodal.data.colours import dominant_colours
from xmodal.data.images import load_image
from xmodal.errors import CancelledError, InputError
from xmodal.tasks import describe as task
from xmodal.tasks.describe import FIRST_FRAME, describe, finish, iter_describe
from xmodal.tasks.pictures import look_at

LION = Path(gradio.__file__).parent / "media_assets" / "images" / "lion.jpg"
BLUE = (45, 95, 210)


@pytest.fixture
def labels_only(monkeypatch):
    """No model that writes descriptions: those are tested where they are trained."""
    monkeypatch.setattr(task, "find_describer", lambda name: None)


def test_colours_have_names_and_shares():
    image = Image.new("RGB", (100, 60), (215, 30, 40))
    image.paste((40, 90, 205), (75, 0, 100, 60))
    found = dominant_colours(image)
    assert [one.name for one in found] == ["red", "blue"]
    assert found[0].share == pytest.approx(0.75, abs=0.02)
    assert sum(one.share for one in found) == pytest.approx(1, abs=0.02)
    assert found[0].hex.startswith("#d")


def test_shades_of_one_name_are_one_colour_and_specks_are_left_out():
    image = Image.new("RGB", (96, 96), (250, 250, 250))
    image.paste((255, 255, 255), (0, 0, 48, 96))
    image.paste((0, 0, 0), (0, 0, 6, 6))
    assert [one.name for one in dominant_colours(image)] == ["white"]
    assert [one.name for one in dominant_colours(Image.new("RGB", (1, 1), BLUE))] == ["blue"]


@pytest.mark.parametrize(
    ("name", "colour"),
    [("blue", (0, 0, 255)), ("green", (0, 255, 0)), ("red", (255, 0, 0)), ("purple", (130, 60, 170))],
)
def test_the_colours_of_drawings_have_their_names(name, colour):
    assert [one.name for one in dominant_colours(Image.new("RGB", (9, 9), colour))] == [name]


def write_odd_lions(folder: Path) -> None:
    """The lion as phones, scanners and the web have it."""
    from pillow_heif import register_heif_opener

    register_heif_opener()
    lion = Image.open(LION)
    lion.save(folder / "phone.heic", quality=80)
    lion.convert("CMYK").save(folder / "print.jpg")
    Image.fromarray(np.asarray(lion.convert("L")).astype(np.uint16) * 257).save(folder / "scan.png")
    exif = Image.Exif()
    exif[0x0112] = 6
    lion.rotate(90, expand=True).save(folder / "turned.jpg", exif=exif)
    frames = [lion.rotate(15 * turn) for turn in range(3)]
    frames[0].save(folder / "moving.gif", save_all=True, append_images=frames[1:])


def write_bad_files(folder: Path) -> dict[str, str]:
    """Files that cannot be described, by name, with what is said of them."""
    (folder / "drawing.svg").write_text('<?xml version="1.0"?><svg xmlns="http://www.w3.org/2000/svg"/>')
    (folder / "cut.jpg").write_bytes(LION.read_bytes()[:9_000])
    (folder / "cut.heic").write_bytes((folder / "phone.heic").read_bytes()[:3_000])
    (folder / "notes.png").write_text("no picture")
    (folder / "empty.png").write_bytes(b"")
    Image.new("1", (9_000, 9_000)).save(folder / "large.png")
    return {
        "drawing.svg": "Export it as PNG", "cut.jpg": "damaged or cut off", "cut.heic": "damaged or cut off",
        "notes.png": "not a picture", "empty.png": "is empty", "large.png": "80 million pixels", "gone.png": "no file",
    }  # fmt: skip


@pytest.mark.slow
class TestReal:
    def test_odd_pictures_are_described_and_bad_ones_do_not_stop_the_others(self, tmp_path, labels_only):
        write_odd_lions(tmp_path)
        lions = sorted(tmp_path.iterdir())
        bad = write_bad_files(tmp_path)
        small = [tmp_path / "dot.png", tmp_path / "line.png"]
        for path, height in zip(small, (1, 4_000), strict=True):
            Image.new("RGB", (1, height), BLUE).save(path)
        paths = [*lions[:2], *(tmp_path / name for name in bad), *lions[2:], *small]
        told = []
        found = dict(iter_describe(paths, ocr=False, report=told.append))
        assert list(found) == paths
        for path in lions:
            assert found[path].description == "The picture shows a lion.", path.name
            assert found[path].labels[0].score > 0.6
            assert found[path].notes == ((FIRST_FRAME,) if path.name == "moving.gif" else ())
        for name, wanted in bad.items():
            error = found[tmp_path / name]
            assert isinstance(error, InputError) and wanted in str(error)
        for path in small:
            assert [one.name for one in found[path].colours] == ["blue"]
        assert {step.total for step in told if step.stage == "describe"} == {len(paths)}

    def test_on_the_command_line_a_bad_file_does_not_lose_the_others(self, tmp_path, labels_only, capsys):
        (tmp_path / "bad.png").write_text("no picture")
        paths = [str(tmp_path / "bad.png"), str(LION)]
        assert main(["describe", *paths, "--no-ocr"]) == 2
        out, err = capsys.readouterr()
        assert "== lion.jpg\nThe picture shows a lion." in out and "bad.png is not a picture" in err
        assert main(["describe", *paths, "--no-ocr", "--json"]) == 2
        bad, good = json.loads(capsys.readouterr().out)
        assert bad["file"] == "bad.png" and "not a picture" in bad["problem"] and "lion" in good["description"]

    def test_on_the_command_line_files_of_one_name_are_told_apart(self, tmp_path, labels_only, capsys):
        (tmp_path / "trip").mkdir()
        again = shutil.copy(LION, tmp_path / "trip")
        assert main(["describe", str(LION), str(again), "--no-ocr", "--json"]) == 0
        assert [one["file"] for one in json.loads(capsys.readouterr().out)] == [str(LION), str(again)]
        assert main(["describe", str(LION), "--no-ocr", "--json"]) == 0
        assert json.loads(capsys.readouterr().out)[0]["file"] == "lion.jpg"

    def test_a_large_picture_is_made_smaller_and_keeps_its_shape(self, tmp_path, labels_only):
        Image.new("RGB", (6_000, 1_000), BLUE).save(tmp_path / "wide.png")
        assert task._open(tmp_path / "wide.png").size == (3_000, 500)

    def test_what_is_written_is_in_the_alt_text(self, tmp_path, labels_only):
        found = describe(write_sign(tmp_path / "sign.png", "Emergency call 120"))
        assert "120" in " ".join(found.written)
        assert found.alt.startswith(found.description) and "120" in found.alt
        assert describe(tmp_path / "sign.png", ocr=False).written == ()

    def test_a_chinese_description_is_of_the_labels_whatever_the_model(self, tmp_path, monkeypatch):
        monkeypatch.setattr(task, "find_describer", lambda name: object())
        found = describe(write_sign(tmp_path / "sign.png", "Emergency call 120"), language="zh", length="long")
        assert found.description == "无法确定图中是什么。" and "图中文字" in found.alt
        found = describe(LION, language="zh", ocr=False)
        assert found.description == "图中是狮子。" == found.alt
        assert found.labels[0].label == "狮子" and found.model == "efficientnet-lite2"

    def test_the_heat_lies_on_the_lion(self):
        heat = look_at(load_image(LION), "lion")
        height, width = heat.shape
        middle = heat[height // 5 : height // 2, width // 4 : 3 * width // 4]
        corners = [heat[y : y + height // 5, x : x + width // 5] for y in (0, -height // 5) for x in (0, -width // 5)]
        assert heat.max() == pytest.approx(1, abs=0.05) and heat.min() == 0
        assert middle.mean() > 0.35 > 0.1 > max(corner.mean() for corner in corners if corner.size)

    def test_the_heat_has_the_pictures_proportions(self):
        wide = Image.new("RGB", (600, 200), "white")
        wide.paste(Image.open(LION).resize((200, 200)), (200, 0))
        heat = look_at(wide, "lion")
        assert heat.shape[1] / heat.shape[0] == pytest.approx(3, rel=0.05)
        third = heat.shape[1] // 3
        assert heat[:, third : 2 * third].max() > 0.9
        assert heat[:, : third - 2].max() == heat[:, 2 * third + 2 :].max() == 0  # not looked at
        assert look_at(wide, "crane").shape == heat.shape  # the name of two classes
        with pytest.raises(InputError, match="no label 'unicorn'"):
            look_at(wide, "unicorn")


def test_an_unknown_length_is_refused_and_a_stop_is_one(tmp_path, labels_only):
    with pytest.raises(InputError, match="no length 'huge'"):
        list(iter_describe([LION], length="huge"))
    with pytest.raises(InputError, match="no descriptions in 'fr'"):
        list(iter_describe([LION], language="fr"))

    class Stopped:
        def is_set(self):
            return True

    with pytest.raises(CancelledError):
        list(iter_describe([LION], cancel=Stopped()))


def test_several_can_be_stopped_while_they_are_written(monkeypatch):
    cancel = threading.Event()

    def generate(generator, pictures, instruction, tell):
        tell("A")
        cancel.set()
        tell("A red")
        raise AssertionError("it went on")

    monkeypatch.setattr(task, "_borrow", lambda adapter, report: nullcontext())
    monkeypatch.setattr(task, "_generate", generate)
    with pytest.raises(CancelledError):
        task._describe_all(object(), [None, None], "short", None, None, cancel)


@pytest.mark.parametrize(
    ("told", "shown"),
    [
        ("a picture of a picture of a picture of a drum", "A picture of a drum."),
        ("a picture of a boy in a picture of a garden.", "A picture of a boy in a picture of a garden."),
        ("", ""),
    ],
)
def test_what_a_model_says_again_is_told_once(told, shown):
    assert finish(told) == shown
