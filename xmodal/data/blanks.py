"""Pictures about which nothing can be said, so that a model learns to say so: one colour, noise, stripes, clouds."""

import math
from collections.abc import Callable
from typing import TYPE_CHECKING

import numpy as np

from xmodal.data.scene_words import CANNOT_TELL

if TYPE_CHECKING:
    from PIL import Image

SAYS_NOTHING = "I can't tell what this shows."
_LEAST, _MOST = 64, 288  # pixels
_PEOPLE = ("man", "woman", "boy", "girl", "child", "baby", "player", "old man", "lady")
_THINGS = ("dog", "cat", "horse", "car", "ball", "shirt", "hat", "bike", "boat", "bird", "house", "jacket", "star")
_MANY = ("people", "dogs", "children", "cats", "birds", "cars", "men", "women", "boats", "horses", "trees")
_QUESTIONS = (
    "what is the {person} doing?", "what is the {person} wearing?", "what is the {person} holding?",
    "what color is the {thing}?", "how many {many} are there?", "where is the {person}?", "where is the {thing}?",
    "what is the {thing} next to?", "is the {person} happy?", "is the {thing} big?", "what is behind the {thing}?",
    "who is the {person}?", "how old is the {person}?", "what is on the {thing}?", "what is the {person} looking at?",
)  # fmt: skip


def make_blank(random: np.random.Generator) -> tuple["Image.Image", str]:
    """A picture in RGB and the name of its pattern, one of `PATTERNS`."""
    from PIL import Image

    name = str(random.choice(list(PATTERNS)))
    height, width = (int(side) for side in random.integers(_LEAST, _MOST, 2, endpoint=True))
    pixels = PATTERNS[name](random, height, width)
    return Image.fromarray(np.clip(pixels, 0, 255).astype(np.uint8)), name


def ask_about_nothing(random: np.random.Generator, count: int) -> list[tuple[str, str]]:
    """So many different questions about what is not there, with the answer that this cannot be told."""
    asked: dict[str, None] = {}
    while len(asked) < count:
        person, thing, many = (str(random.choice(words)) for words in (_PEOPLE, _THINGS, _MANY))
        asked[str(random.choice(_QUESTIONS)).format(person=person, thing=thing, many=many)] = None
    return [(question, CANNOT_TELL) for question in asked]


def _plain(random: np.random.Generator, height: int, width: int) -> np.ndarray:
    return np.broadcast_to(random.uniform(0, 255, 3), (height, width, 3))


def _black_or_white(random: np.random.Generator, height: int, width: int) -> np.ndarray:
    return np.full((height, width, 3), 255 * random.integers(2))


def _gradient(random: np.random.Generator, height: int, width: int) -> np.ndarray:
    first, second = random.uniform(0, 255, (2, 3))
    if random.random() < 0.5:
        share = _slope(random, height, width)
        share = (share - share.min()) / (share.max() - share.min())
    else:  # from a middle outwards
        down, across = np.mgrid[:height, :width]
        off = np.hypot(down - random.uniform(0, height), across - random.uniform(0, width))
        share = off / math.hypot(height, width)
    return first + share[..., None] * (second - first)


def _uniform_noise(random: np.random.Generator, height: int, width: int) -> np.ndarray:
    depth = int(random.choice((1, 3)))
    return np.broadcast_to(random.uniform(0, 255, (height, width, depth)), (height, width, 3))


def _normal_noise(random: np.random.Generator, height: int, width: int) -> np.ndarray:
    """Grey or coloured noise around a colour."""
    depth = int(random.choice((1, 3)))
    middle = random.uniform(40, 215, 3) if depth == 3 else np.full(3, random.uniform(40, 215))
    return middle + random.uniform(8, 70) * random.standard_normal((height, width, depth))


def _stripes(random: np.random.Generator, height: int, width: int) -> np.ndarray:
    waves = np.sin(2 * math.pi * _slope(random, height, width) / random.uniform(6, 50))
    share = (waves > 0) if random.random() < 0.7 else waves / 2 + 0.5
    first, second = random.uniform(0, 255, (2, 3))
    return first + share[..., None] * (second - first)


def _checkers(random: np.random.Generator, height: int, width: int) -> np.ndarray:
    down, across = np.mgrid[:height, :width] // int(random.integers(4, 41))
    first, second = random.uniform(0, 255, (2, 3))
    return np.where(((down + across) % 2 == 0)[..., None], first, second)


def _blobs(random: np.random.Generator, height: int, width: int) -> np.ndarray:
    """Soft spots of some colours that run into each other."""
    down, across = np.mgrid[:height, :width]
    pixels = np.broadcast_to(random.uniform(0, 255, 3), (height, width, 3))
    for _ in range(int(random.integers(2, 9))):
        off = np.hypot(down - random.uniform(0, height), across - random.uniform(0, width))
        share = np.exp(-((off / (random.uniform(0.1, 0.35) * min(height, width))) ** 2))[..., None]
        pixels = pixels * (1 - share) + share * random.uniform(0, 255, 3)
    return pixels


def _clouds(random: np.random.Generator, height: int, width: int) -> np.ndarray:
    """Noise that is coarse and, more faintly, finer and finer, between two colours."""
    from PIL import Image

    total = np.zeros((height, width))
    for level in range(1, 7):
        grid = Image.fromarray(random.uniform(0, 1, (2**level + 1, 2**level + 1)).astype(np.float32))
        total += np.asarray(grid.resize((width, height), Image.Resampling.BICUBIC)) * 0.6**level
    share = (total - total.min()) / (total.max() - total.min())
    first, second = random.uniform(0, 255, (2, 3))
    return first + share[..., None] * (second - first)


def _thin(random: np.random.Generator, height: int, width: int) -> np.ndarray:
    """A line of pixels one or two wide, upright or lying, or a few pixels only."""
    narrow = int(random.integers(1, 3))
    long = int(random.choice((1, 2, height, width)))
    pixels = random.uniform(0, 255, (long, narrow, 3))
    return pixels if random.random() < 0.5 else pixels.transpose(1, 0, 2)


def _slope(random: np.random.Generator, height: int, width: int) -> np.ndarray:
    """How far each pixel lies along a direction drawn at random, in pixels."""
    down, across = np.mgrid[:height, :width]
    angle = random.uniform(0, 2 * math.pi)
    return across * math.cos(angle) + down * math.sin(angle)


PATTERNS: dict[str, Callable[[np.random.Generator, int, int], np.ndarray]] = {
    "plain": _plain,
    "black or white": _black_or_white,
    "gradient": _gradient,
    "uniform noise": _uniform_noise,
    "normal noise": _normal_noise,
    "stripes": _stripes,
    "checkers": _checkers,
    "blobs": _blobs,
    "clouds": _clouds,
    "thin": _thin,
}
"""Name of a pattern and what makes its pixels `(height, width, 3)`."""
