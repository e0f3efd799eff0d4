"""Pictures and sentences made by rule, for the three-modality sample set."""

import math
from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from PIL import Image

SIZE = 96
ROUND, POINTED = ("circle", "ellipse"), ("triangle", "star")
_COLOURS = {
    "red": (214, 39, 40),
    "blue": (44, 120, 200),
    "green": (44, 160, 44),
    "yellow": (240, 190, 20),
    "purple": (148, 80, 189),
    "orange": (230, 120, 30),
    "black": (20, 20, 20),
}
_SEA_EN = (
    "the ship",
    "a wave",
    "the harbour",
    "the lighthouse",
    "a dolphin",
    "the fishing boat",
    "the beach",
    "the tide",
)
_KITCHEN_EN = (
    "the oven",
    "a frying pan",
    "the kettle",
    "the soup",
    "a wooden spoon",
    "the bread",
    "the cook",
    "the salt",
)
_FRAMES_EN = (
    "This morning I was thinking about {}.",
    "Nobody had told me about {}.",
    "There is an old story about {}.",
    "She wrote three pages on {}.",
    "My brother sent me a photo of {}.",
    "What I remember best is {}.",
    "The newspaper mentioned {} again.",
    "We talked about {} all evening.",
)
_SEA_ZH = ("轮船", "海浪", "港口", "灯塔", "海豚", "渔船", "沙滩", "潮水")
_KITCHEN_ZH = ("烤箱", "平底锅", "水壶", "汤", "木勺", "面包", "厨师", "盐")
_FRAMES_ZH = (
    "今天早上我一直在想{}。",
    "没有人跟我说过{}的事。",
    "有一个关于{}的老故事。",
    "她写了三页纸讲{}。",
    "弟弟给我发了一张{}的照片。",
    "我印象最深的是{}。",
    "报纸上又提到了{}。",
    "我们整个晚上都在聊{}。",
)


def make_sentence(random: np.random.Generator, kitchen: bool) -> str:
    """A sentence about the sea or the kitchen, in English or Chinese."""
    if random.random() < 0.5:
        return str(random.choice(_FRAMES_EN)).format(random.choice(_KITCHEN_EN if kitchen else _SEA_EN))
    return str(random.choice(_FRAMES_ZH)).format(random.choice(_KITCHEN_ZH if kitchen else _SEA_ZH))


def draw_shape(random: np.random.Generator, pointed: bool) -> tuple["Image.Image", str]:
    """A round or a pointed shape of any colour, size, place and turn on a pale, grainy ground, and what it is."""
    from PIL import Image, ImageDraw

    ground = random.integers(200, 256, 3)
    grain = random.normal(0, random.uniform(1, 8), (SIZE, SIZE, 1))
    image = Image.fromarray(np.clip(ground + grain, 0, 255).astype(np.uint8))
    shape = str(random.choice(POINTED if pointed else ROUND))
    radius = random.uniform(0.22, 0.36) * SIZE
    centre = random.uniform(radius + 2, SIZE - radius - 2, 2)
    colour = str(random.choice(list(_COLOURS)))
    ImageDraw.Draw(image).polygon(_outline(random, shape, radius, centre), fill=_COLOURS[colour])
    size = "small" if radius < 0.29 * SIZE else "large"
    across = ("left", "middle", "right")[int(3 * centre[0] / SIZE)]
    where = "in the middle" if across == "middle" else f"on the {across}"
    article = "an" if colour == "orange" else "a"
    return image, f"{article.capitalize()} {colour} {shape}, {size}, {where}."


def _outline(random: np.random.Generator, shape: str, radius: float, centre: np.ndarray) -> list[tuple[float, float]]:
    """Corners of the shape as a polygon; a round one has many."""
    turn = random.uniform(0, 2 * math.pi)
    if shape in ROUND:
        angles = np.linspace(0, 2 * math.pi, 90, endpoint=False)
        flat = random.uniform(0.6, 0.75) if shape == "ellipse" else 1.0
        points = np.stack([np.cos(angles), flat * np.sin(angles)], 1) * radius
    else:
        count = 3 if shape == "triangle" else 10
        angles = np.linspace(0, 2 * math.pi, count, endpoint=False)
        reach = np.where((np.arange(count) % 2 == 1) & (shape == "star"), 0.42, 1.0)  # a star's inner corners
        points = np.stack([np.cos(angles), np.sin(angles)], 1) * (reach * radius)[:, None]
    rotation = np.array([[math.cos(turn), -math.sin(turn)], [math.sin(turn), math.cos(turn)]])
    return [tuple(point) for point in points @ rotation + centre]
