"""The colours a picture is made of, by name and share."""

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from PIL import Image

_NAMES = {
    "black": (0, 0, 0), "white": (255, 255, 255), "grey": (128, 128, 128), "silver": (192, 192, 192),
    "red": (220, 30, 40), "dark red": (120, 15, 20), "orange": (245, 130, 30), "brown": (120, 75, 40),
    "beige": (225, 205, 170), "yellow": (245, 215, 40), "olive": (115, 115, 40), "green": (50, 150, 60),
    "dark green": (20, 75, 35), "light green": (150, 215, 140), "turquoise": (60, 190, 190), "blue": (45, 95, 210),
    "dark blue": (20, 35, 100), "light blue": (150, 195, 235), "purple": (130, 60, 170), "pink": (240, 140, 180),
}  # fmt: skip
_PURE = {"red": (255, 0, 0), "green": (0, 255, 0), "blue": (0, 0, 255), "yellow": (255, 255, 0),
         "turquoise": (0, 255, 255), "pink": (255, 0, 255)}  # fmt: skip
"""Colours of drawings, which in Lab are far from how the same names look in photographs."""
_SIDE, _PALETTE = 96, 12


@dataclass(frozen=True)
class Colour:
    """A colour: `name`, `hex` such as `#dc1e28`, and the `share` of the picture that has it, from 0 to 1."""

    name: str
    hex: str
    share: float


def dominant_colours(image: "Image.Image", top: int = 5, least: float = 0.03) -> list[Colour]:
    """The colours that take most room, the largest first; those of one name are one.

    Args:
        image: RGB.
        top: How many at most.
        least: Share that is worth naming; the largest always is.
    """
    small = image.resize((_SIDE, _SIDE))
    quantised = small.quantize(_PALETTE)
    counts = np.bincount(np.asarray(quantised).ravel(), minlength=_PALETTE)
    palette = np.array(quantised.getpalette()[: 3 * _PALETTE]).reshape(-1, 3)
    found: dict[str, list[tuple[int, np.ndarray]]] = {}
    for count, colour in zip(counts, palette, strict=False):
        if count:
            found.setdefault(_name(colour), []).append((int(count), colour))
    colours = []
    for name, parts in found.items():
        total = sum(count for count, _ in parts)
        red, green, blue = (sum(count * colour for count, colour in parts) / total).round().astype(int)
        colours.append(Colour(name, f"#{red:02x}{green:02x}{blue:02x}", round(total / _SIDE**2, 4)))
    colours.sort(key=lambda one: -one.share)
    return [one for i, one in enumerate(colours[:top]) if i == 0 or one.share >= least]


def _name(colour: np.ndarray) -> str:
    """The nearest name, in CIE Lab, where distances are as people see them."""
    names = [*_NAMES, *_PURE]
    known = np.array([*_NAMES.values(), *_PURE.values()])
    distances = np.linalg.norm(_to_lab(known) - _to_lab(colour[None]), axis=1)
    return names[int(distances.argmin())]


def _to_lab(rgb: np.ndarray) -> np.ndarray:
    """sRGB `(n, 3)` of 0 to 255 to CIE Lab under D65 (IEC 61966-2-1 and CIE 15)."""
    share = rgb / 255
    linear = np.where(share <= 0.04045, share / 12.92, ((share + 0.055) / 1.055) ** 2.4)
    to_xyz = np.array([[0.4124, 0.3576, 0.1805], [0.2126, 0.7152, 0.0722], [0.0193, 0.1192, 0.9505]])
    xyz = linear @ to_xyz.T / np.array([0.9505, 1.0, 1.089])
    root = np.where(xyz > 0.008856, np.cbrt(xyz), 7.787 * xyz + 16 / 116)
    x, y, z = root.T
    return np.stack([116 * y - 16, 500 * (x - y), 200 * (y - z)], axis=1)
