import itertools

import numpy as np
import pytest

from xmodal.tasks import windows
from xmodal.tasks.windows import RATE, Piece, Window, iter_pieces, iter_windows


def piece(seconds: float, start: float = 0.0) -> Piece:
    return Piece(np.ones(round(seconds * RATE), np.float32), start, start + 0.2, start + seconds - 0.2)


@pytest.fixture
def loud_is_speech(monkeypatch):
    """A stand-in for the speech detector: whatever is not zero is speech."""

    def find(samples, max_speech_s):
        edges = np.flatnonzero(np.diff(np.concatenate(([0], (samples != 0).astype(int), [0]))))
        return [(int(a), int(b)) for a, b in edges.reshape(-1, 2)]

    monkeypatch.setattr(windows, "find_speech", find)


def recording(*spans: tuple[float, float], seconds: float) -> np.ndarray:
    samples = np.zeros(round(seconds * RATE), np.float32)
    for start, end in spans:
        samples[round(start * RATE) : round(end * RATE)] = 0.5
    return samples


def blocks(samples: np.ndarray, seconds: float) -> list[np.ndarray]:
    size = round(seconds * RATE)
    return [samples[i : i + size] for i in range(0, len(samples), size)]


def test_windows_are_filled_in_order_and_never_overfull():
    packed = list(iter_windows(piece(s) for s in (10, 10, 8, 5, 29, 1, 1)))
    assert [[round(p.seconds) for p in w.pieces] for w in packed] == [[10, 10, 8], [5], [29], [1, 1]]
    for window in packed:
        assert len(window.samples()) == round(window.seconds * RATE)
        assert window.seconds <= 30


def test_a_window_knows_where_its_pieces_start():
    window = Window([piece(2), piece(3)])
    assert window.starts() == [0, 2.5]
    assert not window.samples()[round(2.1 * RATE) : round(2.4 * RATE)].any()


@pytest.mark.usefixtures("loud_is_speech")
@pytest.mark.parametrize("block_s", [60, 7, 3.3, 1])
def test_pieces_do_not_depend_on_the_blocks(block_s):
    samples = recording((1, 3), (3.4, 5), (8, 9), (20, 27), seconds=30)
    found = list(iter_pieces(blocks(samples, block_s), vad=True))
    assert [(p.start, p.end) for p in found] == [(1, 5), (8, 9), (20, 27)]
    for p in found:
        start = round(p.offset * RATE)
        assert np.array_equal(p.samples, samples[start : start + len(p.samples)])
        assert p.offset == pytest.approx(p.start - 0.2)


@pytest.mark.usefixtures("loud_is_speech")
def test_silence_gives_no_pieces():
    assert list(iter_pieces(blocks(recording(seconds=50), 20), vad=True)) == []


@pytest.mark.parametrize("block_s", [120, 40, 13])
def test_without_the_speech_filter_everything_is_taken_and_cut_where_it_is_quiet(block_s):
    samples = np.random.default_rng(0).normal(0, 0.1, 70 * RATE).astype(np.float32)
    for quiet in (25, 50):
        samples[quiet * RATE : round((quiet + 0.1) * RATE)] *= 0.01
    found = list(iter_pieces(blocks(samples, block_s), vad=False))
    assert found[0].start == 0
    assert found[-1].end == 70
    assert all(a.end == b.start for a, b in itertools.pairwise(found))
    assert all(p.seconds <= 30 for p in found)
    assert found[0].end == pytest.approx(25.05, abs=0.06)


def test_without_the_speech_filter_digital_silence_is_left_out():
    assert list(iter_pieces([np.zeros(40 * RATE, np.float32)], vad=False)) == []
