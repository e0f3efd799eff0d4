import numpy as np
import pytest
from PIL import Image, ImageOps
from PIL.TiffImagePlugin import IFDRational, ImageFileDirectory_v2
from pillow_heif import register_heif_opener

from xmodal.data import images
from xmodal.data.images import has_more_frames, load_image
from xmodal.errors import InputError


def pixel(image, place=(0, 0)):
    assert image.mode == "RGB"
    return image.getpixel(place)


@pytest.mark.parametrize("held", range(1, 9))
def test_pictures_are_upright_however_the_camera_was_held_and_whatever_else_it_wrote(tmp_path, held):
    image = Image.effect_noise((30, 20), 90).convert("RGB")
    tags = ImageFileDirectory_v2(prefix=b"II")
    tags[0x0112] = held
    plain = b"Exif\0\0II*\0\x08\0\0\0" + tags.tobytes(8)
    tags.tagtype[0x0131] = 5  # the camera's software, as a fraction
    tags[0x0131] = IFDRational(1, 3)
    image.save(tmp_path / "plain.png", exif=plain)
    image.save(tmp_path / "odd.png", exif=b"Exif\0\0II*\0\x08\0\0\0" + tags.tobytes(8))
    with Image.open(tmp_path / "plain.png") as saved:
        expected = np.asarray(ImageOps.exif_transpose(saved))
    if held > 1:
        with Image.open(tmp_path / "odd.png") as saved, pytest.raises(AttributeError):
            ImageOps.exif_transpose(saved)
    for name in ("plain.png", "odd.png"):
        assert (np.asarray(load_image(tmp_path / name)) == expected).all()


def test_upright_by_exif(tmp_path):
    image = Image.new("RGB", (40, 20), "red")
    exif = image.getexif()
    exif[0x0112] = 6
    image.save(tmp_path / "a.jpg", exif=exif)
    assert load_image(tmp_path / "a.jpg").size == (20, 40)


def test_pictures_of_phones(tmp_path):
    register_heif_opener()
    image = Image.new("RGB", (40, 20), "red")
    exif = Image.Exif()
    exif[0x0112] = 6
    image.save(tmp_path / "a.heic", exif=exif.tobytes())
    for check_only in (False, True):
        assert load_image(tmp_path / "a.heic", check_only).size == (20, 40)
    assert pixel(load_image(tmp_path / "a.heic"))[0] > 240
    for kept in (30, 200, (tmp_path / "a.heic").stat().st_size - 9):
        (tmp_path / "cut.heic").write_bytes((tmp_path / "a.heic").read_bytes()[:kept])
        with pytest.raises(InputError, match="damaged or cut off"):
            load_image(tmp_path / "cut.heic")


def test_files_of_several_pictures_are_known(tmp_path):
    frames = [Image.new("RGB", (8, 8), colour) for colour in ("red", "blue")]
    for name, count in {"a.gif": 2, "a.tif": 2, "a.webp": 2, "b.gif": 1, "b.jpg": 1, "b.tif": 1}.items():
        more = {"save_all": True, "append_images": frames[1:]} if count > 1 else {}
        frames[0].save(tmp_path / name, **more)
        assert has_more_frames(tmp_path / name) == (count > 1)


def test_first_frame_of_an_animation(tmp_path):
    frames = [Image.new("RGB", (8, 8), colour) for colour in ("red", "blue")]
    frames[0].save(tmp_path / "a.gif", save_all=True, append_images=frames[1:])
    assert pixel(load_image(tmp_path / "a.gif")) == (255, 0, 0)


@pytest.mark.parametrize("mode", ["L", "1", "P", "RGBA", "LA", "CMYK", "YCbCr", "I;16", "I", "F"])
def test_modes(tmp_path, mode):
    white = Image.new("L", (8, 8), 255)
    if mode == "I;16":
        image = Image.fromarray(np.full((8, 8), 65_535, np.uint16))
    elif mode in ("I", "F"):
        image = Image.fromarray(np.full((8, 8), 65_535, np.int32 if mode == "I" else np.float32))
    else:
        image = white.convert(mode) if mode != "CMYK" else Image.new("CMYK", (8, 8), (0, 0, 0, 0))
    suffix = {"YCbCr": "jpg", "CMYK": "jpg", "I": "tif", "F": "tif"}.get(mode, "png")
    path = tmp_path / f"a.{suffix}"
    image.save(path)
    assert min(pixel(load_image(path))) > 250


def test_transparency_is_put_on_white(tmp_path):
    Image.new("RGBA", (8, 8), (0, 0, 0, 0)).save(tmp_path / "a.png")
    assert pixel(load_image(tmp_path / "a.png")) == (255, 255, 255)
    palette = Image.new("P", (8, 8), 0)
    palette.putpalette([0, 0, 0, 255, 0, 0])
    palette.save(tmp_path / "b.png", transparency=0)
    assert pixel(load_image(tmp_path / "b.png")) == (255, 255, 255)


@pytest.mark.parametrize("name", ["a.jpg", "a.png", "a.webp", "a.gif"])
@pytest.mark.parametrize("check_only", [False, True])
def test_cut_off_files(tmp_path, name, check_only):
    noise = np.random.default_rng(0).integers(0, 255, (200, 200, 3), np.uint8)
    path = tmp_path / name
    Image.fromarray(noise).save(path)
    load_image(path, check_only)
    path.write_bytes(path.read_bytes()[: path.stat().st_size // 2])
    with pytest.raises(InputError, match=name):
        load_image(path, check_only)


def test_what_is_no_picture(tmp_path, monkeypatch):
    (tmp_path / "a.jpg").write_text("<html>")
    (tmp_path / "b.jpg").write_bytes(b"")
    (tmp_path / "c.jpg").write_text("%!PS-Adobe-3.0 EPSF-3.0\n%%BoundingBox: 0 0 9 9\n")
    (tmp_path / "f.jpg").write_text("<?xml version='1.0'?><!-- a licence --><svg xmlns='http://www.w3.org/2000/svg'/>")
    said = {"a": "not a picture", "b": "empty", "c": "not a picture", "d": "no file", "f": "Export it as PNG"}
    for name, message in said.items():
        with pytest.raises(InputError, match=message):
            load_image(tmp_path / f"{name}.jpg")
    Image.new("1", (30, 30)).save(tmp_path / "e.png")
    monkeypatch.setattr(images, "MAX_PIXELS", 800)
    with pytest.raises(InputError, match="million pixels"):
        load_image(tmp_path / "e.png")


def test_a_jpeg_for_a_small_picture_is_decoded_small(tmp_path):
    Image.effect_noise((1600, 1200), 90).convert("RGB").save(tmp_path / "a.jpg")
    assert load_image(tmp_path / "a.jpg", side=100).size == (400, 300)
    assert load_image(tmp_path / "a.jpg").size == (1600, 1200)
