"""Scenes of a few coloured shapes, made and drawn by rule, to teach a small vision-language model what it sees."""

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from PIL import Image

SIZE = 224
COLOURS = {
    "red": (220, 30, 35),
    "blue": (35, 80, 215),
    "green": (35, 155, 60),
    "yellow": (250, 220, 40),
    "purple": (130, 50, 180),
    "orange": (245, 125, 20),
    "black": (15, 15, 15),
    "white": (250, 250, 250),
    "pink": (250, 140, 195),
    "brown": (120, 70, 30),
}
SHAPES = ("circle", "oval", "square", "triangle", "star", "heart", "cross", "ring", "diamond", "moon")
UNSEEN = frozenset(
    {
        ("red", "star"),
        ("blue", "heart"),
        ("green", "ring"),
        ("yellow", "square"),
        ("purple", "triangle"),
        ("orange", "diamond"),
        ("black", "circle"),
        ("white", "oval"),
        ("pink", "cross"),
        ("brown", "moon"),
    }
)
"""Colours with shapes that are only for measuring: one in ten, each colour and each shape once."""
RADII = {"small": (15, 20), "large": (33, 42)}  # pixels, of the circle around it
_COUNTS = (0.2, 0.3, 0.28, 0.22)  # shares of scenes with one to four objects
_APART = 8  # pixels between objects, and from the lines between the thirds of the picture
_CONTRAST = 200  # a grey is this far from one 67 steps darker
_UPRIGHT = {"square": 0.2, "heart": 0.3, "cross": 0.2, "diamond": 0.15}  # they turn by so much; the others freely
_TRIES = 60
_FINE = 3  # drawn larger by this and then made smaller, for smooth edges


@dataclass(frozen=True)
class SceneObject:
    """A shape in a scene.

    Attributes:
        colour: One of `COLOURS`.
        shape: One of `SHAPES`.
        size: `small` or `large`.
        x: Its middle, in pixels from the left.
        y: Its middle, in pixels from the top.
        radius: Of the circle around it, in pixels.
        turn: In radians.
    """

    colour: str
    shape: str
    size: str
    x: float
    y: float
    radius: float
    turn: float

    @property
    def kind(self) -> tuple[str, str]:
        """Colour and shape."""
        return self.colour, self.shape

    @property
    def cell(self) -> tuple[int, int]:
        """Row and column of three each."""
        return int(3 * self.y / SIZE), int(3 * self.x / SIZE)


@dataclass(frozen=True)
class Scene:
    """Objects on a ground.

    Attributes:
        objects: One to four that do not touch.
        ground: Its colour (RGB), or the two colours that it runs between.
        grain: Deviation of its grain, in steps of 256; 0 is smooth.
    """

    objects: tuple[SceneObject, ...]
    ground: tuple[tuple[int, int, int], ...]
    grain: float

    @property
    def unseen(self) -> bool:
        """An object has a colour and shape that are kept out of training."""
        return any(thing.kind in UNSEEN for thing in self.objects)


def make_scene(random: np.random.Generator, unseen: bool) -> Scene:
    """A scene with at least one of the `UNSEEN` colours and shapes, or with none of them."""
    while True:
        ground = make_ground(random)
        parts = (*ground, tuple(np.mean(ground, 0)))
        colours = [name for name, colour in COLOURS.items() if min(_contrast(colour, p) for p in parts) > _CONTRAST]
        special = sorted(kind for kind in UNSEEN if kind[0] in colours)
        if len(colours) < 5 or (unseen and not special):
            continue
        kinds = [special[random.integers(len(special))]] if unseen else []
        count = 1 + int(random.choice(len(_COUNTS), p=_COUNTS))
        while len(kinds) < count:
            kind = _draw_kind(random, kinds, colours)
            if kind not in UNSEEN or kind in kinds:
                kinds.append(kind)
        objects = _place(random, [kinds[i] for i in random.permutation(count)])
        if objects:
            grain = float(random.uniform(2, 14)) if random.random() < 0.4 else 0.0
            return Scene(tuple(objects), ground, grain)


def draw_scene(scene: Scene, random: np.random.Generator) -> "Image.Image":
    """The picture, `SIZE` x `SIZE` in RGB; colours differ a little from one object to the next."""
    image = draw_ground(scene, random)
    for thing in scene.objects:
        colour = np.clip(np.asarray(COLOURS[thing.colour]) + random.integers(-10, 11, 3), 0, 255)
        mask, corner = _mask(thing)
        image.paste(tuple(int(part) for part in colour), corner, mask)
    return image


def draw_ground(scene: Scene, random: np.random.Generator) -> "Image.Image":
    """What is behind the objects, `SIZE` x `SIZE` in RGB."""
    from PIL import Image

    ground = np.asarray(scene.ground, np.float32)
    if len(ground) == 2:
        angle = random.uniform(0, 2 * math.pi)
        across, down = np.meshgrid(*[np.linspace(-0.5, 0.5, SIZE, dtype=np.float32)] * 2)
        share = np.clip((across * math.cos(angle) + down * math.sin(angle)) / 1.2 + 0.5, 0, 1)[..., None]
        pixels = ground[0] * (1 - share) + ground[1] * share
    else:
        pixels = np.broadcast_to(ground[0], (SIZE, SIZE, 3))
    if scene.grain:
        pixels = pixels + scene.grain * random.standard_normal((SIZE, SIZE, 1), np.float32)
    return Image.fromarray(np.clip(pixels, 0, 255).astype(np.uint8))


def find_relation(first: SceneObject, second: SceneObject) -> str:
    """Where the first is, seen from the second: `left`, `right`, `above`, `below`; empty where it is not clear."""
    across, down = first.x - second.x, first.y - second.y
    if min(abs(across), abs(down)) > 0.5 * max(abs(across), abs(down)):
        return ""
    if abs(across) > abs(down):
        return "left" if across < 0 else "right"
    return "above" if down < 0 else "below"


def make_ground(random: np.random.Generator) -> tuple[tuple[int, int, int], ...]:
    """One or two greyish colours of any brightness."""
    count = 2 if random.random() < 0.35 else 1
    colours = []
    for _ in range(count):
        level = random.uniform(185, 250) if random.random() < 0.6 else random.uniform(20, 185)
        colours.append(tuple(int(part) for part in np.clip(level + random.uniform(-22, 22, 3), 0, 255)))
    return tuple(colours)


def _contrast(first: tuple[int, int, int], second: tuple[int, int, int]) -> float:
    """How unlike two colours look (the low-cost metric of https://www.compuphase.com/cmetric.htm)."""
    red = (first[0] + second[0]) / 2
    across = [(a - b) ** 2 for a, b in zip(first, second, strict=True)]
    return math.sqrt((2 + red / 256) * across[0] + 4 * across[1] + (2 + (255 - red) / 256) * across[2])


def _draw_kind(random: np.random.Generator, kinds: list[tuple[str, str]], colours: list[str]) -> tuple[str, str]:
    """A colour and shape; often both or one of them as of an object that is there, so that there is more to tell."""
    colour, shape = str(random.choice(colours)), str(random.choice(SHAPES))
    if not kinds:
        return colour, shape
    like = kinds[random.integers(len(kinds))]
    how = random.random()
    if how < 0.3:
        return like
    if how < 0.5:
        return colour, like[1]
    return (like[0], shape) if how < 0.65 else (colour, shape)


def _place(random: np.random.Generator, kinds: list[tuple[str, str]]) -> list[SceneObject]:
    """Objects that do not touch, each clearly in one third across and one third down; empty if there is no room."""
    placed: list[SceneObject] = []
    for colour, shape in kinds:
        size = str(random.choice(("small", "large")))
        radius = float(random.uniform(*RADII[size]))
        most = _UPRIGHT.get(shape, math.pi)
        turn = float(random.uniform(-most, most))
        for _ in range(_TRIES):
            x, y = (float(part) for part in random.uniform(radius + 3, SIZE - radius - 3, 2))
            clear = all(abs(part - line * SIZE / 3) > _APART for part in (x, y) for line in (1, 2))
            if clear and all(math.hypot(x - other.x, y - other.y) > radius + other.radius + _APART for other in placed):
                placed.append(SceneObject(colour, shape, size, x, y, radius, turn))
                break
        else:
            return []
    return placed


def _mask(thing: SceneObject) -> tuple["Image.Image", tuple[int, int]]:
    """Where the object is (255 inside, 0 outside, between them on its edge), and the mask's corner in the picture."""
    from PIL import Image, ImageDraw

    corner = (math.floor(thing.x - thing.radius) - 1, math.floor(thing.y - thing.radius) - 1)
    side = math.ceil(2 * thing.radius) + 4
    mask = Image.new("L", (side * _FINE, side * _FINE))
    turn = np.array([[math.cos(thing.turn), -math.sin(thing.turn)], [math.sin(thing.turn), math.cos(thing.turn)]])
    for fill, points in _outlines(thing.shape):
        places = (points @ turn.T * thing.radius + np.subtract((thing.x, thing.y), corner)) * _FINE
        ImageDraw.Draw(mask).polygon([tuple(place) for place in places], fill=fill)
    return mask.resize((side, side), Image.Resampling.BOX), corner


def _outlines(shape: str) -> list[tuple[int, np.ndarray]]:
    """Polygons `(corners, 2)` in the circle of radius 1, one over the other; 0 cuts out."""
    angles = np.linspace(0, 2 * math.pi, 72, endpoint=False)
    disc = np.stack([np.cos(angles), np.sin(angles)], 1)
    if shape == "circle":
        return [(255, disc)]
    if shape == "oval":
        return [(255, disc * (1, 0.55))]
    if shape == "ring":
        return [(255, disc), (0, disc * 0.58)]
    if shape == "moon":
        return [(255, disc), (0, disc * 0.85 + (0.45, 0))]
    if shape == "heart":
        across = 16 * np.sin(angles) ** 3
        down = -(13 * np.cos(angles) - 5 * np.cos(2 * angles) - 2 * np.cos(3 * angles) - np.cos(4 * angles))
        return [(255, np.stack([across, down - 2.5], 1) / 17.5)]
    if shape == "cross":
        arm = 0.3
        corner = np.array([(arm, -0.95), (arm, -arm), (0.95, -arm)])
        quarter = np.array([[0, -1], [1, 0]])
        return [(255, np.concatenate([corner @ np.linalg.matrix_power(quarter, i).T for i in range(4)]))]
    if shape == "star":
        return [(255, disc[np.linspace(0, 72, 10, endpoint=False).astype(int)] * np.tile([[1.0], [0.42]], (5, 1)))]
    corners = {"square": 4, "diamond": 4, "triangle": 3}[shape]
    angles = np.linspace(0, 2 * math.pi, corners, endpoint=False) + (math.pi / 4 if shape == "square" else 0)
    return [(255, np.stack([np.cos(angles) * (0.6 if shape == "diamond" else 1), np.sin(angles)], 1))]
