"""What a picture shows and what is written in it, as a document that questions are asked about."""

import threading
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from xmodal.data.documents import Document, Part
from xmodal.data.images import has_more_frames, load_image
from xmodal.device import pick_device
from xmodal.errors import InputError
from xmodal.models.image_labels import ImageLabeller
from xmodal.models.memory import model_memory
from xmodal.models.ocr import Line, read_lines
from xmodal.models.registry import list_models
from xmodal.models.sources import fetch
from xmodal.progress import Progress, Reporter, check_cancelled
from xmodal.tasks.label_words import describe_labels
from xmodal.tasks.results import LabelScore

if TYPE_CHECKING:
    from PIL import Image

WRITTEN, SHOWN = "Text in the picture", "What the picture shows"
SEEN_AT_ONCE = 4
"""Pictures that go through an image tower together: with 16, each takes two to three times as long on a CPU."""
_GAP = 1.2
"""Lines that are further apart than so many line heights are of different paragraphs."""


def label_picture(image: "Image.Image", top: int = 5, report: Reporter | None = None, cancel=None) -> list[LabelScore]:
    """The likeliest of ImageNet's 1,000 classes, best first.

    Args:
        image: RGB.
        top: How many.
        report: Told of downloads.
        cancel: Stops them.
    """
    return label_pictures([image], top, report, cancel)[0]


def label_pictures(
    images: Sequence["Image.Image"], top: int = 5, report: Reporter | None = None, cancel=None
) -> list[list[LabelScore]]:
    """As `label_picture`, of several at once."""
    if not images:
        return []
    with _borrow_labeller(report, cancel) as network:
        parts = [network.scores(images[i : i + SEEN_AT_ONCE]).topk(top) for i in range(0, len(images), SEEN_AT_ONCE)]
        return [
            [LabelScore(network.labels[i], round(s, 4)) for i, s in zip(order, scores, strict=True)]
            for best in parts
            for order, scores in zip(best.indices.tolist(), best.values.tolist(), strict=True)
        ]


def look_at(image: "Image.Image", label: str, report: Reporter | None = None, cancel=None) -> np.ndarray:
    """Where the picture shows what `label_picture` named.

    Args:
        image: RGB.
        label: One of the labels' names.
        report: Told of downloads.
        cancel: Stops them.

    Returns:
        `(height, width)` of the picture's proportions, at most some 200 a side: how much each place spoke for the
        label, from 0 to 1. Only the middle square is looked at.

    Raises:
        InputError: There is no such label.
    """
    with _borrow_labeller(report, cancel) as network:
        numbers = [i for i, name in enumerate(network.labels) if name == label]
        if not numbers:
            raise InputError(f"There is no label {label!r}.", "Give one that the picture was labelled with.")
        if len(numbers) > 1:  # the bird and the machine are both a crane
            scores = network.scores([image])[0]
            numbers.sort(key=lambda i: -scores[i])
        return network.where(image, numbers[0])


@contextmanager
def _borrow_labeller(report: Reporter | None, cancel: threading.Event | None) -> Iterator[ImageLabeller]:
    name, device = list_models("label")[0], pick_device()

    def load() -> ImageLabeller:
        return ImageLabeller(fetch(name, report, cancel).path).to(device.name)

    with model_memory().use(("label", name, device), load) as network:
        yield network


def read_picture(path: Path, report: Reporter | None = None, cancel: threading.Event | None = None) -> Document:
    """A picture as a document: what is written in it by paragraphs, then what it shows.

    Raises:
        InputError: It is no picture, or damaged.
    """
    image = load_image(path)
    if report:
        report(Progress("look", path.name))
    parts = [Part(text, heading=WRITTEN) for text in join_lines(read_lines(image))]
    check_cancelled(cancel)
    shown = describe_labels(label_picture(image, report=report, cancel=cancel))
    first = f"{path.name} moves, or holds several pictures: only the first one was read."
    warnings = (first,) if has_more_frames(path) else ()
    return Document(path.name, (*parts, Part(shown, heading=SHOWN)), warnings, kind="image")


def read_page(image: "Image.Image") -> list[str]:
    """The paragraphs of a scanned page."""
    return join_lines(read_lines(image))


def join_lines(lines: Sequence[Line]) -> list[str]:
    """Lines in reading order, those close below one another joined to a paragraph."""
    paragraphs: list[list[str]] = []
    bottom = None
    for row in _rows(lines):
        top, low = min(one.box[1] for one in row), max(one.box[3] for one in row)
        if bottom is None or top - bottom > _GAP * (low - top):
            paragraphs.append([])
        paragraphs[-1].append(" ".join(one.text for one in row))
        bottom = low
    return ["\n".join(rows) for rows in paragraphs]


def _rows(lines: Sequence[Line]) -> list[list[Line]]:
    """Lines at one height side by side, from left to right; rows from top to bottom."""
    rows: list[list[Line]] = []
    for line in sorted(lines, key=lambda one: (one.box[1] + one.box[3]) / 2):
        middle = (line.box[1] + line.box[3]) / 2
        if rows and rows[-1][-1].box[1] < middle < rows[-1][-1].box[3]:
            rows[-1].append(line)
        else:
            rows.append([line])
    return [sorted(row, key=lambda one: one.box[0]) for row in rows]
