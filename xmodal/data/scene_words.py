"""What can be said and asked about a scene of shapes: captions, questions and their answers, true by its objects."""

from collections import Counter
from collections.abc import Callable, Sequence

import numpy as np

from xmodal.data.english import NUMBERS, counted, plural, with_article
from xmodal.data.scenes import COLOURS, SHAPES, UNSEEN, Scene, SceneObject, find_relation

Question = tuple[str, str, str]
"""Kind, question, answer."""
CANNOT_TELL = "I can't tell."
PLACES = (
    ("in the top left", "at the top", "in the top right"),
    ("on the left", "in the middle", "on the right"),
    ("in the bottom left", "at the bottom", "in the bottom right"),
)
SIDES = {"left": "to the left of", "right": "to the right of", "above": "above", "below": "below"}
OPPOSITE = {"left": "right", "right": "left", "above": "below", "below": "above"}
_UNKNOWN = (
    "who drew this?", "what is the man eating?", "what color is the dog?", "what time is it?", "how old is the girl?",
    "what is the woman holding?", "where was this picture taken?", "what is the name of the boy?", "is the cat asleep?",
    "what is the child doing?", "what day is it?", "how much does this cost?", "why is the man laughing?",
    "what is behind the house?", "who made this picture?", "what are the people talking about?", "is it cold there?",
    "what kind of car is this?", "what is the woman wearing?", "what will happen next?",
)  # fmt: skip
_LEVEL = 4  # pixels: less than this does not count as beside or above
_SIDEWAYS = 0.2


def describe_scene(scene: Scene, random: np.random.Generator) -> tuple[list[str], str]:
    """Short captions, each another wording, and one caption that tells all; in lower case, lists as one reads."""
    objects = _in_order(scene)
    plain, sized = (
        join([counted(number, words) for words, number in Counter(map(key, objects)).items()])
        for key in (lambda thing: " ".join(thing.kind), _full)
    )
    captions = [plain, sized]
    if len(objects) == 1:
        captions.append(f"{counted(1, ' '.join(objects[0].kind))} {place_of(objects[0])}")
    elif len(objects) == 2 and find_relation(*objects) and _full(objects[0]) != _full(objects[1]):
        first, second = (objects[i] for i in random.permutation(2))
        side = SIDES[find_relation(first, second)]
        captions.append(f"{with_article(_full(first))} {side} {with_article(_full(second))}")
    elif len({thing.shape for thing in objects}) == 1:
        captions.append(counted(len(objects), objects[0].shape))
    else:
        captions.append(f"{NUMBERS[len(objects)]} shapes: {plain}")
    return list(dict.fromkeys(captions)), _tell_all(scene, random)


def ask_about(scene: Scene, random: np.random.Generator) -> list[Question]:
    """One question of each kind that the scene has an answer to; what is unseen in training is asked for first.

    Questions about a scene with none of the `UNSEEN` colours and shapes do not name those either, so that training does
    not teach that they are never there.
    """
    makers = {"colour": _ask_colour, "shape": _ask_shape, "count": _ask_count, "place": _ask_place,
              "relation": _ask_relation, "presence": _ask_presence, "unknown": _ask_unknown}  # fmt: skip
    asked = ((kind, make(scene, random)) for kind, make in makers.items())
    return [(kind, *pair) for kind, pair in asked if pair]


def _tell_all(scene: Scene, random: np.random.Generator) -> str:
    """How many objects, each with its size, colour and place, how some lie to others, and the ground."""
    objects = _in_order(scene)
    each = [f"{with_article(_full(thing))} {place_of(thing)}" for thing in objects]
    if len(objects) == 1:
        parts = [f"there is one shape in the picture and nothing else. it is {each[0]}."]
    else:
        parts = [f"there are {NUMBERS[len(objects)]} shapes in the picture: {join(each)}."]
    pairs = [(a, b) for i, a in enumerate(objects) for b in objects[i + 1 :]]
    clear = [(a, b) for a, b in pairs if find_relation(a, b) and _name(a, scene) and _name(b, scene)]
    for number in sorted(random.permutation(len(clear))[:2]):
        first, second = (clear[number][i] for i in random.permutation(2))
        parts.append(f"{_name(first, scene)} is {SIDES[find_relation(first, second)]} {_name(second, scene)}.")
    light = {"light" if sum(part) > 3 * 170 else "dark" if sum(part) < 3 * 90 else "gray" for part in scene.ground}
    how = "grainy" if scene.grain > 6 else "smooth" if not scene.grain else ""
    if len(light) == 1:
        parts.append(f"the background behind {'it' if len(objects) == 1 else 'them'} is {join([*light, how])}.")
    else:
        parts.append("the background is darker on one side and lighter on the other.")
    return " ".join(parts)


def _ask_colour(scene: Scene, random: np.random.Generator) -> tuple[str, str] | None:
    found = []
    for thing, phrase in _phrases(scene, "shape"):
        found.append((thing, f"what color is {phrase}?", thing.colour))
    for shape, things in _grouped(scene, lambda thing: thing.shape):
        if len(things) > 1 and len({thing.colour for thing in things}) == 1:
            found.append((things[0], f"what color are the {plural(shape)}?", things[0].colour))
    return _pick(found, random)


def _ask_shape(scene: Scene, random: np.random.Generator) -> tuple[str, str] | None:
    found = []
    for thing, phrase in _phrases(scene, "colour"):
        found.append((thing, f"what shape is {phrase}?", thing.shape))
    for colour, things in _grouped(scene, lambda thing: thing.colour):
        if len(things) == 1:
            found.append((things[0], f"what shape is {colour}?", things[0].shape))
        elif len({thing.shape for thing in things}) == 1:
            found.append((things[0], f"what shape are the {colour} objects?", things[0].shape))
    return _pick(found, random)


def _ask_count(scene: Scene, random: np.random.Generator) -> tuple[str, str]:
    """Every number that some question has is as likely as the others."""
    objects = scene.objects
    shapes, colours = Counter(thing.shape for thing in objects), Counter(thing.colour for thing in objects)
    asked = {plural(shape): shapes[shape] for shape in SHAPES}
    asked |= {f"{colour} shapes": colours[colour] for colour in COLOURS}
    asked |= {f"{colour} {plural(shape)}": n for (colour, shape), n in Counter(o.kind for o in objects).items()}
    asked["shapes"] = len(objects)
    number = int(random.choice(sorted(set(asked.values()))))
    what = str(random.choice([what for what, n in asked.items() if n == number]))
    return f"how many {what} are there?", NUMBERS[number]


def _ask_place(scene: Scene, random: np.random.Generator) -> tuple[str, str] | None:
    named = [(thing, _name(thing, scene)) for thing in scene.objects]
    return _pick([(thing, f"where is {name}?", place_of(thing)) for thing, name in named if name], random)


def _ask_relation(scene: Scene, random: np.random.Generator) -> tuple[str, str] | None:
    """What is on one side of an object, or whether another is; as often yes as no."""
    named = [thing for thing in scene.objects if _name(thing, scene)]
    pairs = [(a, b) for a in named for b in named if a is not b and find_relation(a, b)]
    if not pairs:
        return None
    beside = _beside(named, scene)
    if beside and random.random() < 0.5:
        if random.random() < 0.8 and any(answer != "nothing" for *_, answer in beside):
            beside = [each for each in beside if each[2] != "nothing"]
        return _pick(beside, random)
    first, second = pairs[random.integers(len(pairs))]
    side = find_relation(first, second)
    yes = random.random() < 0.5
    if not yes:
        across, down = abs(first.x - second.x), abs(first.y - second.y)
        other = ("above", "below") if side in ("left", "right") else ("left", "right")
        straight = min(across, down) < _SIDEWAYS * max(across, down) and random.random() < 0.25
        side = str(random.choice(other)) if straight else OPPOSITE[side]
    return f"is {_name(first, scene)} {SIDES[side]} {_name(second, scene)}?", "yes" if yes else "no"


def _beside(named: Sequence[SceneObject], scene: Scene) -> list[tuple[SceneObject, str, str]]:
    """Questions on what lies on a side of an object, where it is one object and clearly there, or nothing at all."""
    found = []
    for thing in named:
        others = [other for other in scene.objects if other is not thing]
        for side, words in SIDES.items():
            there = [other for other in others if is_towards(other, thing, side)]
            question = f"what is {words} {_name(thing, scene)}?"
            if not there:
                found.append((thing, question, "nothing"))
            elif len(there) == 1 and find_relation(there[0], thing) == side:
                found.append((there[0], question, with_article(" ".join(there[0].kind))))
    return found


def is_towards(other: SceneObject, thing: SceneObject, side: str) -> bool:
    """Its middle lies at least a little on that side, also where it is further off in the other direction."""
    across, down = other.x - thing.x, other.y - thing.y
    return {"left": -across, "right": across, "above": -down, "below": down}[side] > _LEVEL


def _ask_presence(scene: Scene, random: np.random.Generator) -> tuple[str, str]:
    """A colour, a shape or both; as often there as not, and what is not there is often nearly there."""
    kinds = list(dict.fromkeys(thing.kind for thing in scene.objects))
    colours, shapes = {colour for colour, _ in kinds}, {shape for _, shape in kinds}
    yes, how = random.random() < 0.5, random.random()
    if how < 0.25:
        shape = str(random.choice([shape for shape in SHAPES if (shape in shapes) == yes]))
        return f"is there {with_article(shape)}?", "yes" if yes else "no"
    if how < 0.5:
        colour = str(random.choice([colour for colour in COLOURS if (colour in colours) == yes]))
        return f"is there {with_article(colour + ' shape')}?", "yes" if yes else "no"
    if yes:
        asked = [kind for kind in kinds if kind in UNSEEN] or kinds
    else:
        absent = {(c, s) for c in COLOURS for s in SHAPES if (c in colours or s in shapes) and (c, s) not in kinds}
        asked = sorted(absent & UNSEEN if scene.unseen and random.random() < 0.5 else absent - UNSEEN)
        asked = asked or sorted(absent - UNSEEN)
    return f"is there {with_article(' '.join(asked[random.integers(len(asked))]))}?", "yes" if yes else "no"


def _ask_unknown(scene: Scene, random: np.random.Generator) -> tuple[str, str]:
    """What no picture of shapes tells, or something about a shape that is not there."""
    how = random.random()
    if how < 0.3:
        absent = [shape for shape in SHAPES if shape not in {thing.shape for thing in scene.objects}]
        asked = "what color is" if how < 0.15 else "where is"
        return f"{asked} the {random.choice(absent)}?", CANNOT_TELL
    if how < 0.45:
        absent = [colour for colour in COLOURS if colour not in {thing.colour for thing in scene.objects}]
        return f"what shape is the {random.choice(absent)} object?", CANNOT_TELL
    return str(random.choice(_UNKNOWN)), CANNOT_TELL


def _phrases(scene: Scene, told: str) -> list[tuple[SceneObject, str]]:
    """Words that fit one object only: its shape or its colour (`told`), never both, and its size or place."""
    found = []
    noun = "shape" if told == "shape" else "object"
    for thing in scene.objects:
        own = getattr(thing, told)
        alike = [other for other in scene.objects if getattr(other, told) == own]
        word = own if told == "shape" else f"{own} object"
        if len(alike) == 1:
            found.append((thing, f"the {word}"))
        elif [other.size for other in alike].count(thing.size) == 1:
            found.append((thing, f"the {thing.size} {word}"))
        if [other.size for other in scene.objects].count(thing.size) == 1:
            found.append((thing, f"the {thing.size} {noun}" if len(scene.objects) > 1 else f"the {noun}"))
        if _alone_there(thing, scene):
            found.append((thing, f"the {noun} {place_of(thing)}"))
    return found


def _alone_there(thing: SceneObject, scene: Scene) -> bool:
    """Nothing else fits the words for its place; what is in a corner is also at the top and on the left."""
    row, column = thing.cell
    others = [other.cell for other in scene.objects if other is not thing]
    if column == 1 and row != 1:
        return all(other[0] != row for other in others)
    if row == 1 and column != 1:
        return all(other[1] != column for other in others)
    return thing.cell not in others


def _name(thing: SceneObject, scene: Scene) -> str:
    """The fewest words that mean this object only; empty where its size, colour and shape do not."""
    for words in (lambda o: o.shape, lambda o: " ".join(o.kind), _full):
        if sum(words(other) == words(thing) for other in scene.objects) == 1:
            return f"the {words(thing)}"
    return ""


def _pick(found: Sequence[tuple[SceneObject, str, str]], random: np.random.Generator) -> tuple[str, str] | None:
    """One of them, of those about an object that is unseen in training where there are any."""
    found = [each for each in found if each[0].kind in UNSEEN] or found
    return found[random.integers(len(found))][1:] if found else None


def _grouped(scene: Scene, key: Callable[[SceneObject], str]) -> list[tuple[str, list[SceneObject]]]:
    return [(value, [thing for thing in scene.objects if key(thing) == value]) for value in map(key, scene.objects)]


def _full(thing: SceneObject) -> str:
    return f"{thing.size} {thing.colour} {thing.shape}"


def _in_order(scene: Scene) -> list[SceneObject]:
    """Row by row and from left to right: where any order is right, a model learns the place of none."""
    return sorted(scene.objects, key=lambda thing: (thing.cell[0], thing.x))


def place_of(thing: SceneObject) -> str:
    """Where it is in the picture."""
    row, column = thing.cell
    return PLACES[row][column]


def join(parts: Sequence[str]) -> str:
    """`a, b and c`, without empty parts."""
    *rest, last = [part for part in parts if part]
    return f"{', '.join(rest)} and {last}" if rest else last
