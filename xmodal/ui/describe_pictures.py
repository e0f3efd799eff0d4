"""Pictures as the page shows them: made smaller, upright, in a format that every browser knows."""

from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from xmodal.ui.plots import paint, to_data_url

if TYPE_CHECKING:
    from PIL import Image

SIDE, THUMBNAIL_SIDE = 1_000, 112
_DARK = 0.55
"""How much of the picture the map hides."""


def draw_picture(image: "Image.Image", side: int = SIDE) -> str:
    """An RGB picture as a data URL, at most `side` pixels wide and high."""
    small = image.copy()
    small.thumbnail((side, side))
    return to_data_url(small, "JPEG")


def draw_file(path: Path, side: int = SIDE) -> str:
    """As `draw_picture`, of a file.

    Raises:
        InputError: It is no picture that can be read.
    """
    from xmodal.data.images import load_image

    image = load_image(path, side=side)
    image.thumbnail((side, side))
    return draw_picture(image, side)


def draw_heat(levels: np.ndarray) -> str:
    """A map `(height, width)` from 0 to 1 as a data URL, to be laid over its picture: bright where it is high."""
    from PIL import Image

    cover = np.full((*levels.shape, 1), round(255 * _DARK), np.uint8)
    return to_data_url(Image.fromarray(np.concatenate([paint(levels), cover], axis=2)))
