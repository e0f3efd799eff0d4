"""Text in pictures: PP-OCRv6 (Chinese, English and 48 others) by rapidocr, whose package carries the weights."""

import threading
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from xmodal.models.memory import model_memory

if TYPE_CHECKING:
    from PIL import Image

_LEAST = 0.5
_SMALLEST = 8
LARGEST = 3_000
"""Pixels of the longer side; larger pictures are made smaller before they are read."""
_THINNEST = 16
"""Pixels of the shorter side after the longer one was brought to `LARGEST`; the engine rounds less to nothing."""
_NBYTES = 130_000_000
"""What the networks take when they are loaded, about."""


@dataclass(frozen=True)
class Line:
    """A line of text in a picture.

    Attributes:
        text: What is written.
        score: How sure the reader is, from 0 to 1.
        box: Left, top, right and bottom in pixels.
    """

    text: str
    score: float
    box: tuple[float, float, float, float]


class TextReader:
    """The detector, the classifier of upside-down lines and the recogniser behind one call."""

    nbytes = _NBYTES

    def __init__(self):
        from rapidocr import RapidOCR

        self._turn = threading.Lock()
        self._engine = RapidOCR(params={"Global.log_level": "error", "Global.max_side_len": LARGEST})

    def read(self, image: "Image.Image") -> list[Line]:
        """Lines from top to bottom.

        Args:
            image: RGB, of any size.
        """
        scaled = min(image.size) * min(1.0, LARGEST / max(image.size))
        if min(image.size) < _SMALLEST or (scaled <= _THINNEST and max(image.size) > LARGEST):
            return []
        # The engine takes arrays as OpenCV has them, blue first.
        with self._turn:
            found = self._engine(np.asarray(image)[:, :, ::-1].copy())
        if found.txts is None:
            return []
        lines = []
        for text, score, corners in zip(found.txts, found.scores, found.boxes, strict=True):
            left, top, right, bottom = *np.min(corners, axis=0), *np.max(corners, axis=0)
            if score >= _LEAST and text.strip():
                lines.append(Line(text.strip(), float(score), (float(left), float(top), float(right), float(bottom))))
        return lines


def read_lines(image: "Image.Image") -> list[Line]:
    """The lines of text in a picture, by the shared reader."""
    with model_memory().use("rapidocr", TextReader) as reader:
        return reader.read(image)
