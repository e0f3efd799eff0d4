"""Pictures out of files, upright and in RGB. Files are not trusted: only plain picture formats, and of limited size."""

import struct
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from xmodal.errors import InputError

if TYPE_CHECKING:
    from PIL import Image

MAX_PIXELS = 80_000_000
# MPO pictures (two JPEGs in one file, from phones) are opened as JPEG.
_FORMATS = ("JPEG", "PNG", "GIF", "BMP", "DIB", "WEBP", "TIFF", "AVIF", "HEIF", "JPEG2000", "PPM", "ICO")
_BROKEN = (OSError, SyntaxError, ValueError, TypeError, EOFError, IndexError, KeyError, OverflowError, struct.error)
_BROKEN += (RuntimeError,)  # libheif's
"""What Pillow's decoders raise on damaged files."""
_HEAD = 4_096
"""Bytes in which the first element of an SVG file is looked for: licences may stand before it."""
_HEIC_BRANDS = (b"heic", b"heix", b"heim", b"heis", b"hevc", b"mif1", b"msf1", b"avif")


def load_image(path: str | Path, check_only: bool = False, side: int = 0) -> "Image.Image":
    """A picture as RGB, upright by its EXIF data; the first frame of an animation; transparency on white.

    Args:
        path: The file.
        check_only: Decode all of the file, but as small as the format allows, to see whether it is whole.
        side: What it will be made smaller to: a JPEG is decoded no larger than that takes, which is many times as fast.

    Raises:
        InputError: Not a picture, damaged, or larger than `MAX_PIXELS`.
    """
    from PIL import Image, UnidentifiedImageError

    path = Path(path)
    if not path.is_file():
        raise InputError(f"There is no file {path}.", "Check the name and the folder.")
    if path.stat().st_size == 0:
        raise InputError(
            f"The file {path.name} is empty.", "Choose a file with a picture in it.", "empty_picture", name=path.name
        )
    try:
        with Image.open(path, formats=_formats()) as image:
            if image.width * image.height > MAX_PIXELS:
                raise _too_large(path)
            if check_only:
                image.draft(None, (1, 1))
                image.load()
                return image
            if side:
                image.draft(None, (2 * side, 2 * side))
            return to_rgb(_upright(image))
    except PermissionError as error:
        raise InputError(f"The file {path.name} may not be read.", "Check its permissions.") from error
    except UnidentifiedImageError as error:
        raise _not_a_picture(path) from error
    except Image.DecompressionBombError as error:
        raise _too_large(path) from error
    except _BROKEN as error:
        raise _broken(path) from error


def has_more_frames(path: str | Path) -> bool:
    """Whether a picture that can be read is the first of several: an animation, or the pages of a scan."""
    from PIL import Image

    try:
        with Image.open(path, formats=_formats()) as image:
            # The second picture in a phone's JPEG is a depth map or a preview.
            return image.format not in ("MPO", "JPEG") and getattr(image, "n_frames", 1) > 1
    except _BROKEN:  # further frames may be cut off
        return True


def _upright(image: "Image.Image") -> "Image.Image":
    """As the camera was held; `ImageOps.exif_transpose` also writes the other tags again, and fails on odd ones."""
    from PIL import ExifTags, Image

    held, turns = image.getexif().get(ExifTags.Base.Orientation), Image.Transpose
    turn = {
        2: turns.FLIP_LEFT_RIGHT, 3: turns.ROTATE_180, 4: turns.FLIP_TOP_BOTTOM, 5: turns.TRANSPOSE,
        6: turns.ROTATE_270, 7: turns.TRANSVERSE, 8: turns.ROTATE_90,
    }.get(held if isinstance(held, int) else 1)  # fmt: skip
    return image if turn is None else image.transpose(turn)


def to_rgb(image: "Image.Image") -> "Image.Image":
    """Any mode to RGB: 16-bit and float grey are scaled to 8 bits, transparency is put on white."""
    from PIL import Image

    if image.mode in ("I", "F") or image.mode.startswith("I;16"):
        image = Image.fromarray(_to_bytes(np.asarray(image)))
    if image.mode in ("RGBA", "LA", "PA", "RGBa", "La") or "transparency" in image.info:
        image = image.convert("RGBA")
        image = Image.alpha_composite(Image.new("RGBA", image.size, "white"), image)
    return image.convert("RGB")


def _to_bytes(values: np.ndarray) -> np.ndarray:
    """`(height, width)` of any range to uint8: 16-bit by its range, everything else by its own."""
    values = np.nan_to_num(values.astype(np.float64))
    low, high = values.min(), values.max()
    if low >= 0 and 255 < high <= 65_535:
        low, high = 0.0, 65_535.0
    elif low >= 0 and 1 < high <= 255:
        low, high = 0.0, 255.0
    return np.round((values - low) / max(high - low, 1e-12) * 255).astype(np.uint8)


@cache
def _formats() -> list[str]:
    """What may be opened of what Pillow, which may be built without some, and pillow-heif know."""
    from PIL import Image
    from pillow_heif import register_heif_opener

    Image.init()
    register_heif_opener()
    return [name for name in _FORMATS if name in Image.OPEN]


def _not_a_picture(path: Path) -> InputError:
    with open(path, "rb") as file:
        head = file.read(_HEAD)
    if head[4:8] == b"ftyp" and head[8:12] in _HEIC_BRANDS:  # such files are looked through when they are opened
        return _broken(path)
    if b"<svg" in head.lower() or path.suffix.lower() == ".svgz":
        return InputError(
            f"{path.name} is a drawing (SVG), which has no pixels.", "Export it as PNG and use that.", "svg_picture",
            name=path.name,
        )  # fmt: skip
    return InputError(
        f"{path.name} is not a picture that can be read.",
        "Use a JPEG, PNG, WebP, GIF, BMP, TIFF, AVIF or HEIC picture.",
        "not_a_picture",
        name=path.name,
    )


def _broken(path: Path) -> InputError:
    return InputError(
        f"The picture {path.name} is damaged or cut off.", "Try another copy of it.", "broken_picture", name=path.name
    )


def _too_large(path: Path) -> InputError:
    most = MAX_PIXELS // 1_000_000
    return InputError(
        f"The picture {path.name} has more than {most} million pixels.", "Make it smaller first.", "large_picture",
        name=path.name, most=most,
    )  # fmt: skip
