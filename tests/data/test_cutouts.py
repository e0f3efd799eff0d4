"""Scenes of things cut out of other pictures."""

import numpy as np
import pytest
from PIL import Image

from xmodal.data.cutouts import draw_cutout_scene, make_cutout_scene, tell_cutout_scene
from xmodal.data.english import NUMBERS, plural
from xmodal.data.scene_words import SIDES

NAMES = ("fox", "owl", "berry", "boy", "moth")
COLOURS = dict(zip(NAMES, ((255, 0, 0), (0, 255, 0), (0, 0, 255), (255, 255, 0), (255, 0, 255)), strict=True))


@pytest.fixture(scope="module")
def scenes():
    random = np.random.default_rng(1)
    made = [make_cutout_scene(random, NAMES) for _ in range(300)]
    return [(scene, *tell_cutout_scene(scene, NAMES, random)) for scene in made]


def test_things_lie_where_they_are_said_to_and_do_not_touch(scenes):
    cutouts = {name: [Image.new("RGBA", (40, 20), (*colour, 255))] for name, colour in COLOURS.items()}
    for scene, *_ in scenes[:30]:
        pixels = np.asarray(draw_cutout_scene(scene, cutouts, np.random.default_rng(2)))
        area = {name: (pixels == colour).all(-1).sum() for name, colour in COLOURS.items()}
        for name in NAMES:
            things = [thing for thing in scene.objects if thing.shape == name]
            assert area[name] == pytest.approx(sum(2 * thing.radius**2 for thing in things), rel=0.1)
            assert all(tuple(pixels[int(thing.y), int(thing.x)]) == COLOURS[name] for thing in things)


def test_what_is_told_and_answered_is_so(scenes):
    answers = {"count": set(), "presence": [], "relation": [], "place": set()}
    for scene, captions, asked in scenes:
        kinds = [thing.shape for thing in scene.objects]
        assert all(name in captions[0] or plural(name) in captions[0] for name in kinds)
        assert captions[1].count(" in the ") + captions[1].count(" on the ") + captions[1].count(" at the ") == len(
            kinds
        )
        for kind, question, answer in asked:
            named = [name for name in NAMES if name in question or plural(name) in question]
            if kind == "count":
                assert NUMBERS[kinds.count(named[0])] == answer
            elif kind == "presence":
                assert (named[0] in kinds) == (answer == "yes")
            elif kind == "relation" and question.startswith("is"):
                first, second = (
                    next(t for t in scene.objects if t.shape == n) for n in sorted(named, key=question.find)
                )
                side = next(side for side, words in SIDES.items() if words in question)
                apart = {"left": second.x - first.x, "above": second.y - first.y}
                apart |= {"right": -apart["left"], "below": -apart["above"]}
                assert (apart[side] > 0) == (answer == "yes")
            if kind in ("presence", "relation"):
                answers[kind].append(answer)
            elif kind in answers:
                answers[kind].add(answer)
    assert answers["count"] == set(NUMBERS[1:5]) and len(answers["place"]) == 9
    assert 0.4 < answers["presence"].count("yes") / len(answers["presence"]) < 0.6
    said = [answer for answer in answers["relation"] if answer in ("yes", "no")]
    assert 0.35 < said.count("yes") / len(said) < 0.65
