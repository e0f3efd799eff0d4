"""The cache of towers' outputs, with a tower that counts what it computes."""

import pytest
import torch

from xmodal.models.towers import Tower
from xmodal.settings import settings
from xmodal.tasks import features
from xmodal.tasks.features import tower_tokens


class Counting(Tower):
    modality, dim, max_length = "text", 2, 9

    def __init__(self):
        super().__init__("counting", torch.nn.Linear(1, 1))
        self.seen = []

    def prepare(self, values):
        self.seen += values
        longest = max(map(len, values))
        ids = torch.tensor([[ord(c) for c in value.ljust(longest)] for value in values])
        return {"ids": ids, "mask": torch.tensor([[i < len(v) for i in range(longest)] for v in values])}

    def forward(self, ids, mask):
        return torch.stack([ids, -ids], -1).float(), mask


@pytest.fixture(autouse=True)
def home(tmp_path, monkeypatch):
    monkeypatch.setenv("XMODAL_HOME", str(tmp_path / "home"))
    settings.cache_clear()
    yield tmp_path / "home"
    settings.cache_clear()


WORDS = [f"w{'x' * (i % 5)}{i}" for i in range(60)]


def check(tokens, words) -> None:
    for found, word in zip(tokens, words, strict=True):
        assert found[:, 0].tolist() == [float(ord(c)) for c in word]


def test_rows_are_computed_once_whatever_set_they_come_in(home):
    tower = Counting()
    check(tower_tokens(tower, WORDS[:40]), WORDS[:40])
    check(tower_tokens(tower, WORDS[20:]), WORDS[20:])
    check(tower_tokens(tower, WORDS[::-1]), WORDS[::-1])
    assert sorted(tower.seen) == sorted(WORDS)
    assert len(list((home / "features").iterdir())) == 2


def test_missing_and_double_values():
    tower = Counting()
    found = tower_tokens(tower, ["a", None, "a"])
    assert found[1] is None and torch.equal(found[0], found[2])
    assert tower.seen == ["a"]
    assert tower_tokens(tower, [None]) == [None]


def test_a_few_rows_leave_no_file(home):
    tower_tokens(Counting(), ["what a person asks"])
    assert not (home / "features").exists()


def test_a_damaged_file_is_computed_again(home):
    tower_tokens(Counting(), WORDS)
    (path,) = (home / "features").iterdir()
    path.write_bytes(path.read_bytes()[:100])
    tower = Counting()
    check(tower_tokens(tower, WORDS), WORDS)
    assert len(tower.seen) == len(WORDS)


def test_what_was_computed_before_a_crash_is_kept(monkeypatch):
    monkeypatch.setattr(features, "_STORE_EVERY_S", 0.0)

    class Breaking(Counting):
        def prepare(self, values):
            if len(self.seen) == 32:
                raise MemoryError
            return super().prepare(values)

    with pytest.raises(MemoryError):
        tower_tokens(Breaking(), WORDS)
    tower = Counting()
    check(tower_tokens(tower, WORDS), WORDS)
    assert len(tower.seen) == len(WORDS) - 32


def test_another_length_is_another_set():
    tower = Counting()
    tower_tokens(tower, WORDS)
    tower.max_length = 5
    tower_tokens(tower, WORDS)
    assert len(tower.seen) == 2 * len(WORDS)
