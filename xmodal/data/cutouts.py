"""Scenes of things cut out of other pictures, pasted on a ground: how many, which, where, beside what."""

from collections import Counter
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING

import numpy as np

from xmodal.data.english import NUMBERS, counted, plural
from xmodal.data.scene_words import (
    CANNOT_TELL,
    OPPOSITE,
    SIDES,
    Question,
    is_towards,
    join,
    place_of,
)
from xmodal.data.scenes import SIZE, Scene, SceneObject, draw_ground, find_relation, make_ground

if TYPE_CHECKING:
    from PIL import Image

_LEAST, _MOST, _APART = 22, 34, 3  # pixels
_SAME = 0.35
"""How often a thing is of the kind of the one before."""


def make_cutout_scene(random: np.random.Generator, names: Sequence[str]) -> Scene:
    """One to four things, each in a ninth of the picture of its own; its name stands where others have a shape."""
    count = 1 + int(random.choice(4, p=(0.15, 0.35, 0.3, 0.2)))
    things: list[SceneObject] = []
    for cell in random.permutation(9)[:count]:
        name = things[-1].shape if things and random.random() < _SAME else str(random.choice(names))
        radius = float(random.uniform(_LEAST, _MOST))
        room = SIZE / 6 - radius - _APART
        x, y = ((part + 0.5) * SIZE / 3 + random.uniform(-room, room) for part in (cell % 3, cell // 3))
        things.append(SceneObject("", name, "", float(x), float(y), radius, 0.0))
    return Scene(tuple(things), make_ground(random), 0.0)


def draw_cutout_scene(
    scene: Scene, cutouts: Mapping[str, Sequence["Image.Image"]], random: np.random.Generator
) -> "Image.Image":
    """The picture in RGB.

    Args:
        scene: What is in it.
        cutouts: Of each name, pictures with transparency (RGBA) without empty margins.
        random: Which of them is taken.
    """
    image = draw_ground(scene, random)
    for thing in scene.objects:
        cutout = cutouts[thing.shape][random.integers(len(cutouts[thing.shape]))]
        scale = 2 * thing.radius / max(cutout.size)
        small = cutout.resize([max(1, round(side * scale)) for side in cutout.size])
        image.paste(small, (round(thing.x - small.width / 2), round(thing.y - small.height / 2)), small)
    return image


def tell_cutout_scene(
    scene: Scene, names: Sequence[str], random: np.random.Generator
) -> tuple[list[str], list[Question]]:
    """Captions of what there is and where, and questions with their answers.

    Args:
        scene: What is told of.
        names: Of things that may be asked for where they are not; more than four.
        random: Of the draws.
    """
    things = scene.objects
    kinds = Counter(thing.shape for thing in things)
    each = join([f"{counted(1, thing.shape)} {place_of(thing)}" for thing in things])
    captions = [join([counted(number, name) for name, number in kinds.items()]), each]
    absent = str(random.choice([name for name in names if name not in kinds]))
    present = str(random.choice(list(kinds)))
    shown = present if random.random() < 0.5 else absent
    asked = [
        ("count", f"how many {plural(present)} are there?", NUMBERS[kinds[present]]),
        ("presence", f"is there {counted(1, shown)}?", "yes" if shown in kinds else "no"),
        ("unknown", f"what color is the {absent}?", CANNOT_TELL),
    ]
    single = [thing for thing in things if kinds[thing.shape] == 1]
    if single:
        thing = single[random.integers(len(single))]
        asked.append(("place", f"where is the {thing.shape}?", place_of(thing)))
    pairs = [(a, b, find_relation(a, b)) for a in single for b in single if a is not b and find_relation(a, b)]
    if pairs:
        first, second, side = pairs[random.integers(len(pairs))]
        captions.append(f"{counted(1, first.shape)} {SIDES[side]} {counted(1, second.shape)}")
        if [other for other in things if other is not second and is_towards(other, second, side)] == [first]:
            asked.append(("relation", f"what is {SIDES[side]} the {second.shape}?", counted(1, first.shape)))
        yes = random.random() < 0.5
        told = SIDES[side if yes else OPPOSITE[side]]
        asked.append(("relation", f"is the {first.shape} {told} the {second.shape}?", "yes" if yes else "no"))
    return captions, asked
