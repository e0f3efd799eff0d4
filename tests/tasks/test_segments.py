import itertools

import numpy as np
import pytest

from xmodal.models.whisper_alignment import AlignedWord
from xmodal.tasks.segments import convert_script, from_words, is_short, whole_piece
from xmodal.tasks.windows import RATE, Piece, Window


def window(*pieces: tuple[float, float]) -> Window:
    return Window([Piece(np.zeros(round(s * RATE), np.float32), at, at + 0.2, at + s - 0.2) for at, s in pieces])


def words(*timed: tuple[str, float, float]) -> list[AlignedWord]:
    return [AlignedWord(text, start, end) for text, start, end in timed]


def test_words_go_to_the_piece_they_lie_in_and_times_back_to_the_recording():
    two = window((100, 2), (200, 2))
    found = from_words(
        two, words((" One", 0.3, 0.8), (" two.", 0.8, 2.6), (" Three", 2.6, 3.4), (" four.", 3.4, 4.2)), True
    )
    assert [(s.start, s.end, s.text) for s in found] == [(100.2, 101.8, "One two."), (200.2, 201.8, "Three four.")]
    assert [(w.start, w.end, w.text) for w in found[1].words] == [(200.2, 200.9, "Three"), (200.9, 201.7, "four.")]


def test_a_word_that_begins_in_the_pause_belongs_to_what_follows():
    """The alignment lets the first word after a pause start early: here in the pause of the piece before."""
    found = from_words(
        window((10, 3), (50, 3)), words((" Yes.", 0.3, 0.9), (" I", 2.85, 3.1), (" trust", 3.1, 4.5)), False
    )
    assert [s.text for s in found] == ["Yes.", "I trust"]


def test_a_long_piece_is_split_at_sentences():
    long = window((0, 20))
    timed = [(f" w{i}{'.' if i in (5, 12) else ''}", float(i), i + 1.0) for i in range(19)]
    found = from_words(long, words(*timed), False)
    assert [s.text.split()[-1] for s in found] == ["w5.", "w12.", "w18"]
    assert all(a.end <= b.start for a, b in itertools.pairwise(found))
    assert found[0].words is None


def test_a_sentence_without_punctuation_is_split_after_fourteen_seconds():
    found = from_words(window((0, 28)), words(*[(f" w{i}", float(i), i + 1.0) for i in range(27)]), False)
    assert [len(s.text.split()) for s in found] == [14, 13]


def test_a_short_piece_takes_the_times_of_the_speech_detector():
    short = window((5, 3))
    assert is_short(short)
    assert not is_short(window((5, 3), (9, 3)))
    (segment,) = whole_piece(short.pieces[0], "Hello.")
    assert (segment.start, segment.end, segment.text) == (5.2, 7.8, "Hello.")
    assert whole_piece(short.pieces[0], "") == []


@pytest.mark.parametrize(
    ("text", "script", "expected"),
    [
        ("開燈和關燈", "simplified", "开灯和关灯"),
        ("开灯和关灯", "traditional", "開燈和關燈"),
        ("開灯 OK 😀", "original", "開灯 OK 😀"),
    ],
)
def test_chinese_characters_as_chosen(text, script, expected):
    assert convert_script(text, script) == expected
