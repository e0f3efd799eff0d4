from collections import Counter

import numpy as np
import pytest

from xmodal.data import sample_makers
from xmodal.data.blanks import PATTERNS, SAYS_NOTHING, ask_about_nothing, make_blank
from xmodal.data.config import DataConfig
from xmodal.data.samples import find_sample
from xmodal.data.sets import load_data


@pytest.fixture(scope="module")
def blanks():
    random = np.random.default_rng(3)
    found = {}
    for _ in range(100):
        image, pattern = make_blank(random)
        found.setdefault(pattern, []).append(np.asarray(image, int))
    return found


def test_every_pattern_is_made(blanks):
    assert blanks.keys() == PATTERNS.keys()
    assert all(pixels.ndim == 3 and pixels.shape[2] == 3 for of in blanks.values() for pixels in of)


def test_patterns_are_what_they_are_called(blanks):
    assert all(np.ptp(pixels, (0, 1)).max() == 0 for pixels in blanks["plain"])
    assert {(pixels.min(), pixels.max()) for pixels in blanks["black or white"]} == {(0, 0), (255, 255)}
    assert all(min(pixels.shape[:2]) in (1, 2) for pixels in blanks["thin"])
    assert all(min(pixels.shape[:2]) >= 64 for name, of in blanks.items() if name != "thin" for pixels in of)
    assert all(len(np.unique(pixels.reshape(-1, 3), axis=0)) == 2 for pixels in blanks["checkers"])
    for name in ("gradient", "blobs", "clouds"):  # soft: neighbours are alike, the ends are not
        for pixels in blanks[name]:
            assert np.abs(np.diff(pixels, axis=1)).mean() < 8
        assert np.median([np.ptp(pixels, (0, 1)).max() for pixels in blanks[name]]) > 40
    for pixels in blanks["uniform noise"]:
        assert 60 < pixels.std() < 90
        assert abs(np.corrcoef(pixels[:, 1:, 0].ravel(), pixels[:, :-1, 0].ravel())[0, 1]) < 0.1
    grey = [bool((pixels == pixels[..., :1]).all()) for pixels in blanks["uniform noise"]]
    assert 0 < sum(grey) < len(grey)


def test_questions_differ_and_have_one_answer():
    random = np.random.default_rng(3)
    asked = [ask_about_nothing(random, 2) for _ in range(200)]
    assert all(first[0] != second[0] for first, second in asked)
    assert {answer for pair in asked for _, answer in pair} == {"I can't tell."}
    assert len({question for pair in asked for question, _ in pair}) > 60
    assert all(question == question.lower() and question[-1] == "?" for pair in asked for question, _ in pair)


def test_the_sample_set(monkeypatch, tmp_path, isolated_home):
    sample = find_sample("blank-pictures")
    assert sum(count for _, count in sample_makers._BLANKS) * 3 == sample.rows
    monkeypatch.setattr(sample_makers, "_BLANKS", (("train", 20), ("validation", 20), ("train", 20)))
    data = load_data(DataConfig(source="sample:blank-pictures", task="describe"))
    assert data.roles == ("image", "question", "text")
    assert (len(data.train), len(data.check)) == (120, 60)
    assert Counter(bool(row["question"]) for row in data.check) == {True: 40, False: 20}
    assert {row["text"] for row in data.train if not row["question"]} == {SAYS_NOTHING}
    assert {row["text"] for row in data.train if row["question"]} == {"I can't tell."}
    folder = isolated_home / "samples" / f"blank-pictures-{sample.version}"
    first = sorted((path.name, path.read_bytes()) for path in folder.glob("*-*.???"))
    assert len({content for _, content in first}) == 60
    sample_makers.make_blank_pictures(tmp_path, None, None)
    again = [(path.name, path.read_bytes()) for path in sorted(tmp_path.glob("*-*.???"))]
    assert first == again
