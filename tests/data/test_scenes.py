import re
from collections import Counter

import numpy as np
import pytest
from PIL import Image
from scipy import ndimage

from xmodal.data import sample_makers
from xmodal.data.config import DataConfig
from xmodal.data.english import NUMBERS, plural
from xmodal.data.samples import find_sample
from xmodal.data.scene_words import CANNOT_TELL, PLACES, SIDES, ask_about, describe_scene
from xmodal.data.scenes import COLOURS, RADII, SHAPES, SIZE, UNSEEN, draw_scene, find_relation, make_scene
from xmodal.data.sets import load_data

# Where a shape is solid, as a share of its radius from its middle.
SOLID = {"ring": (0.79, 0), "moon": (-0.75, 0)}
WORDS = rf"(?:(small|large) )?(?:({'|'.join(COLOURS)}) )?({'|'.join(SHAPES)}|shape|object)"


def make_many(count, unseen=False, seed=5):
    random = np.random.default_rng(seed)
    scenes = [make_scene(random, unseen) for _ in range(count)]
    return [(scene, *describe_scene(scene, random), ask_about(scene, random)) for scene in scenes]


@pytest.fixture(scope="module")
def told():
    """Scenes with captions, detailed caption and questions."""
    return make_many(1_000) + make_many(300, unseen=True, seed=6)


@pytest.fixture(scope="module")
def drawn():
    random = np.random.default_rng(7)
    scenes = [make_scene(random, i % 3 == 0) for i in range(90)]
    return [(scene, np.asarray(draw_scene(scene, random), int)) for scene in scenes]


def is_colour(pixels, name):
    return np.abs(pixels - np.array(COLOURS[name])).max(-1) < 50


def test_pixels_inside_an_object_have_its_colour(drawn):
    seen = Counter()
    for scene, pixels in drawn:
        for thing in scene.objects:
            across, down = np.multiply(SOLID.get(thing.shape, (0, 0)), thing.radius)
            x = thing.x + across * np.cos(thing.turn) - down * np.sin(thing.turn)
            y = thing.y + across * np.sin(thing.turn) + down * np.cos(thing.turn)
            patch = pixels[int(y) - 1 : int(y) + 2, int(x) - 1 : int(x) + 2].reshape(-1, 3)
            assert is_colour(np.median(patch, 0), thing.colour), thing
            if thing.shape in SOLID:
                assert not is_colour(pixels[int(thing.y), int(thing.x)], thing.colour)
            seen[thing.shape] += 1
    assert seen.keys() == set(SHAPES)


def test_as_many_patches_of_a_colour_as_objects(drawn):
    for scene, pixels in drawn:
        for colour in {thing.colour for thing in scene.objects}:
            patches, _ = ndimage.label(ndimage.binary_opening(is_colour(pixels, colour), iterations=2))
            sizes = np.bincount(patches.ravel())[1:]
            objects = [thing for thing in scene.objects if thing.colour == colour]
            assert (sizes > 40).sum() == len(objects), (colour, scene)


def test_objects_do_not_touch_and_differ_from_the_ground(told):
    for scene, *_ in told:
        for i, thing in enumerate(scene.objects):
            low, high = RADII[thing.size]
            assert low <= thing.radius <= high
            assert thing.radius < min(thing.x, thing.y, SIZE - thing.x, SIZE - thing.y)
            for other in scene.objects[:i]:
                assert np.hypot(thing.x - other.x, thing.y - other.y) > thing.radius + other.radius
            for ground in scene.ground:
                assert np.abs(np.subtract(COLOURS[thing.colour], ground)).max() > 60


def test_unseen_pairs_are_one_in_ten_and_only_where_asked_for(told):
    assert len(UNSEEN) == len(COLOURS) * len(SHAPES) / 10
    assert {colour for colour, _ in UNSEEN} == set(COLOURS)
    assert {shape for _, shape in UNSEEN} == set(SHAPES)
    for i, (scene, *_) in enumerate(told):
        assert any((thing.colour, thing.shape) in UNSEEN for thing in scene.objects) == (i >= 1_000) == scene.unseen
    assert {thing.kind for scene, *_ in told[:1_000] for thing in scene.objects} > {("red", "heart"), ("blue", "star")}
    assert {thing.kind for scene, *_ in told[1_000:] for thing in scene.objects} >= UNSEEN


def test_words_of_scenes_to_train_on_never_name_unseen_pairs(told):
    named = [f"{colour} {shape}" for colour, shape in UNSEEN]
    for i, (_, captions, detail, asked) in enumerate(told):
        words = " ".join([*captions, detail, *(part for question in asked for part in question)])
        assert any(name in words for name in named) == (i >= 1_000)


def find(scene, phrase):
    """The objects that fit words such as `the small red star`, `the shape at the top` or `a star`."""
    match = re.fullmatch(rf"(?:the |an? )?{WORDS}(?: ((?:in|on|at) the [a-z ]+))?", phrase)
    assert match, phrase
    size, colour, shape, place = match.groups()
    return [
        thing
        for thing in scene.objects
        if size in (None, thing.size)
        and colour in (None, thing.colour)
        and shape in ("shape", "object", thing.shape)
        and (place is None or place_of(thing) == place)
    ]


def place_of(thing):
    lines = (0, SIZE / 3, 2 * SIZE / 3)
    row, column = (sum(part >= line for line in lines) - 1 for part in (thing.y, thing.x))
    return PLACES[row][column]


def lies(thing, side, other):
    """True or false where it is clear, else None."""
    across, down = other.x - thing.x, other.y - thing.y
    along, aside = {
        "left": (across, down),
        "right": (-across, down),
        "above": (down, across),
        "below": (-down, across),
    }[side]
    if along >= 2 * abs(aside):
        return True
    return False if along <= 0.2 * abs(aside) else None


def singular(words):
    return next(words.replace(plural(shape), shape) for shape in (*SHAPES, "shape", "object") if plural(shape) in words)


def check_answer(scene, kind, question, answer):
    sides = {words: side for side, words in SIDES.items()}
    if kind == "colour":
        verb, words = re.fullmatch(r"what color (is|are) (.*)\?", question).groups()
        things = find(scene, words if verb == "is" else singular(words))
        return (len(things) > 1) == (verb == "are") and {thing.colour for thing in things} == {answer}
    if kind == "shape":
        verb, words = re.fullmatch(r"what shape (is|are) (.*)\?", question).groups()
        things = find(scene, f"{words} object" if words in COLOURS else words if verb == "is" else singular(words))
        return (len(things) > 1) == (verb == "are") and {thing.shape for thing in things} == {answer}
    if kind == "count":
        words = re.fullmatch(r"how many (.*) are there\?", question)[1]
        return len(find(scene, singular(words))) == NUMBERS.index(answer)
    if kind == "place":
        (thing,) = find(scene, re.fullmatch(r"where is (.*)\?", question)[1])
        return answer == place_of(thing)
    if kind == "presence":
        there = bool(find(scene, re.fullmatch(r"is there (.*)\?", question)[1]))
        return answer == ("yes" if there else "no")
    if kind == "relation" and question.startswith("is "):
        first, side, second = re.fullmatch(rf"is (.*) ({'|'.join(sides)}) (.*)\?", question).groups()
        (first,), (second,) = find(scene, first), find(scene, second)
        return lies(first, sides[side], second) is (answer == "yes")
    if kind == "relation":
        side, words = re.fullmatch(rf"what is ({'|'.join(sides)}) (.*)\?", question).groups()
        (thing,) = find(scene, words)
        dx, dy = {"left": (-1, 0), "right": (1, 0), "above": (0, -1), "below": (0, 1)}[sides[side]]
        others = [o for o in scene.objects if o is not thing]
        there = [o for o in others if (o.x - thing.x) * dx + (o.y - thing.y) * dy > 5]
        if answer == "nothing":
            return not there
        return len(there) == 1 and there[0] in find(scene, answer) and lies(there[0], sides[side], thing)
    assert kind == "unknown"
    match = re.fullmatch(
        rf"what (?:color is the ({'|'.join(SHAPES)})|shape is the (\w+) object)\?",
        question.replace("where is", "what color is"),
    )
    return answer == CANNOT_TELL and not (match and find(scene, match[1] or f"{match[2]} object"))


def test_answers_are_true_by_the_objects(told):
    kinds = Counter()
    for scene, _, _, asked in told:
        for kind, question, answer in asked:
            assert check_answer(scene, kind, question, answer), (question, answer, scene)
            kinds[kind] += 1
    assert kinds.keys() == {"colour", "shape", "count", "place", "relation", "presence", "unknown"}
    assert min(kinds.values()) > 500


def test_the_check_of_answers_finds_wrong_ones(told):
    wrong = {"yes": "no", "no": "yes", **dict.fromkeys(COLOURS, "teal"), **dict.fromkeys(SHAPES, "blob")}
    wrong |= dict(zip(NUMBERS[:5], ("one", "two", "three", "four", "zero"), strict=True))
    tried = 0
    for scene, _, _, asked in told[:200]:
        for kind, question, answer in asked:
            if answer in wrong:
                tried += 1
                assert not check_answer(scene, kind, question, wrong[answer])
    assert tried > 500


def test_captions_name_every_object_once(told):
    for scene, captions, detail, _ in told:
        assert 2 <= len(set(captions)) == len(captions)
        plain, sized, *_ = captions
        for caption, words in ((plain, "{0.colour} {0.shape}"), (sized, "{0.size} {0.colour} {0.shape}")):
            expected = Counter(words.format(thing) for thing in scene.objects)
            found = Counter()
            for part in re.split(", | and ", caption):
                number, what = part.split(" ", 1)
                count = 1 if number in ("a", "an") else NUMBERS.index(number)
                found[what if count == 1 else next(k for k in expected if plural(k) == what)] += count
            assert found == expected
        if len(scene.objects) == 1:
            assert captions[-1] == f"{plain} {place_of(scene.objects[0])}"
        assert all(text == text.lower() for text in (*captions, detail))
        assert all(len(caption.split()) < 24 <= len(detail.split()) for caption in captions)  # where long ones begin


def test_captions_tell_objects_row_by_row_and_from_left_to_right(told):
    sides = Counter()
    for scene, captions, detail, _ in told:
        things = sorted(scene.objects, key=lambda thing: (int(3 * thing.y / SIZE), thing.x))
        full = [f"{thing.size} {thing.colour} {thing.shape} {place_of(thing)}" for thing in things]
        places = [detail.index(words) for words in dict.fromkeys(full)]
        assert places == sorted(places)
        named = re.sub(r"^\w+ ", "", captions[0])
        assert named.startswith(
            (things[0].colour + " " + things[0].shape, things[0].colour + " " + plural(things[0].shape))
        )
        sides.update(side for side, words in SIDES.items() if f" is {words} the " in detail)
    assert min(sides.values()) > 0.15 * sides.total()  # each way round, though places come in order


def test_detailed_captions_tell_true_places_and_relations(told):
    sides = {words: side for side, words in SIDES.items()}
    relations = 0
    for scene, captions, detail, _ in told:
        for thing in scene.objects:
            assert f"{thing.size} {thing.colour} {thing.shape} {place_of(thing)}" in detail
        for sentence in (*detail.split(". "), captions[-1]):
            name = rf"(?:the|an?) {WORDS}"
            match = re.fullmatch(rf"({name})(?: is)? ({'|'.join(sides)}) ({name})\.?", sentence)
            if match:
                first, side, second = match[1], match[5], match[6]
                pairs = [(a, b) for a in find(scene, first) for b in find(scene, second) if a is not b]
                assert any(lies(a, sides[side], b) for a, b in pairs), (sentence, scene)
                relations += 1
    assert relations > 500


def test_yes_is_as_likely_as_no(told):
    for kind in ("relation", "presence"):
        answers = Counter(q[2] for *_, asked in told for q in asked if q[0] == kind)
        assert 0.45 < answers["yes"] / (answers["yes"] + answers["no"]) < 0.55
        assert answers["yes"] > 120


def test_the_same_seed_gives_the_same_scene_picture_and_words():
    def make(seed):
        random = np.random.default_rng(seed)
        scene = make_scene(random, False)
        return scene, draw_scene(scene, random).tobytes(), describe_scene(scene, random), ask_about(scene, random)

    assert make(1) == make(1)
    assert make(1)[0] != make(2)[0]


def test_relations_are_by_the_middles():
    scene = make_scene(np.random.default_rng(3), False)
    base = scene.objects[0]
    at = lambda x, y: type(base)(**{**vars(base), "x": x, "y": y})  # noqa: E731
    assert find_relation(at(20, 100), at(120, 110)) == "left"
    assert find_relation(at(120, 110), at(20, 100)) == "right"
    assert find_relation(at(100, 20), at(110, 120)) == "above"
    assert find_relation(at(100, 120), at(110, 20)) == "below"
    assert find_relation(at(20, 20), at(120, 120)) == ""


def test_the_sample_set(monkeypatch, isolated_home):
    sample = find_sample("scenes")
    monkeypatch.setattr(sample_makers, "_SCENES", {"train": 40, "validation": 20})
    data = load_data(DataConfig(source="sample:scenes", task="describe"))
    assert data.roles == ("image", "question", "text")
    assert 40 * 7 < len(data.train) <= 40 * 10 and len(data.check) == 20 * 7
    folder = isolated_home / "samples" / f"scenes-{sample.version}"
    pictures = {path.read_bytes() for path in folder.glob("*.[jp][pn]g")}
    assert len(pictures) == 60
    for path in list(folder.glob("*.png"))[:3] + list(folder.glob("*.jpg"))[:3]:
        assert Image.open(path).size == (SIZE, SIZE)


def without_pictures(monkeypatch):
    monkeypatch.setattr(sample_makers, "_save", lambda image, folder, stem, try_png: f"{stem}.png")
    monkeypatch.setattr(sample_makers, "draw_scene", lambda scene, random: None)  # has draws of its own


def test_the_card_counts_the_rows_of_the_sample_set(monkeypatch, tmp_path):
    without_pictures(monkeypatch)
    assert len(sample_makers.make_scenes(tmp_path, None, None)) == find_sample("scenes").rows


def test_rows_of_the_sample_set(monkeypatch, tmp_path):
    monkeypatch.setattr(sample_makers, "_SCENES", {"train": 100, "validation": 160})
    without_pictures(monkeypatch)
    rows = sample_makers.make_scenes(tmp_path, None, None)
    assert rows == sample_makers.make_scenes(tmp_path, None, None)
    named = [f"{colour} {shape}" for colour, shape in UNSEEN]
    by_side = {"train": [], "validation": []}
    for row in rows:
        by_side[row["split"]].append(row)
        assert row["length"] == {"caption": "short", "detail": "long"}.get(row["kind"], "")
        assert bool(row["question"]) == (row["kind"] not in ("caption", "detail"))
    assert not any(name in row["text"] + row["question"] for row in by_side["train"] for name in named)
    unseen = [row for row in by_side["validation"] if row["combination"] == "unseen"]
    assert len(unseen) == len(by_side["validation"]) / 2
    assert all(any(name in row["text"] for name in named) for row in unseen if row["kind"] == "detail")
    for side in by_side.values():
        for kind in ("presence", "relation"):
            answers = Counter(row["text"] for row in side if row["kind"] == kind)
            assert 0.45 <= answers["yes"] / (answers["yes"] + answers["no"]) <= 0.55
