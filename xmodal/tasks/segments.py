"""Decoded windows to segments with times in the recording."""

import re
from functools import lru_cache

from xmodal.models.whisper_alignment import AlignedWord
from xmodal.tasks.results import Segment, Word
from xmodal.tasks.windows import Piece, Window

_SENTENCE_END = re.compile(r"[.?!。？！…][\"'”’)\]]*$")
_CLAUSE_END = re.compile(r"[,;:，；：、—-]$")
_EARLY_S = 0.25
_SENTENCE_S, _CLAUSE_S, _LONGEST_S = 4.0, 8.0, 14.0
"""From these lengths on, a segment is closed at a sentence's end, at a clause's end, and anywhere."""


def whole_piece(piece: Piece, text: str) -> list[Segment]:
    """One segment for a window of one short piece: the speech detector's times are the best there are."""
    return [Segment(_round(piece.start), _round(piece.end), text)] if text else []


def is_short(window: Window) -> bool:
    """Whether `whole_piece` will do."""
    return len(window.pieces) == 1 and window.seconds <= _CLAUSE_S


def from_words(window: Window, words: list[AlignedWord], keep_words: bool) -> list[Segment]:
    """Segments of a window, never across pieces.

    Args:
        window: The window that was decoded.
        words: Its words with times in the window.
        keep_words: Whether segments carry their words.
    """
    segments = []
    for piece, at, said in _by_piece(window, words):
        groups = _sentences(said)
        for i, group in enumerate(groups):
            timed = tuple(_place(word, piece, at) for word in group)
            start = piece.start if i == 0 else timed[0].start
            end = piece.end if i == len(groups) - 1 else timed[-1].end
            text = "".join(word.text for word in group).strip()
            segments.append(Segment(_round(start), _round(max(end, start)), text, timed if keep_words else None))
    return [segment for segment in segments if segment.text]


def convert_script(text: str, script: str) -> str:
    """Chinese text in `simplified` or `traditional` characters; `original` leaves it.

    Whisper mixes the two.
    """
    if script == "original" or not text:
        return text
    return _converter("t2s" if script == "simplified" else "s2t").convert(text)


def _by_piece(window: Window, words: list[AlignedWord]):
    """`(piece, its start in the window, its words)`.

    A word that starts after the speech of a piece has ended belongs to the next: the alignment lets the first word
    after a pause begin in the pause.
    """
    starts = window.starts()
    ends = [at + piece.end - piece.offset for piece, at in zip(window.pieces, starts, strict=True)]
    said: list[list[AlignedWord]] = [[] for _ in starts]
    at = 0
    for word in words:
        while at + 1 < len(starts) and word.start >= ends[at] - _EARLY_S:
            at += 1
        said[at].append(word)
    return [entry for entry in zip(window.pieces, starts, said, strict=True) if entry[2]]


def _sentences(words: list[AlignedWord]) -> list[list[AlignedWord]]:
    groups: list[list[AlignedWord]] = [[]]
    for word in words:
        if groups[-1] and _closes(groups[-1]):
            groups.append([])
        groups[-1].append(word)
    return groups


def _closes(group: list[AlignedWord]) -> bool:
    seconds = group[-1].end - group[0].start
    text = group[-1].text.strip()
    return (
        (seconds >= _SENTENCE_S and bool(_SENTENCE_END.search(text)))
        or (seconds >= _CLAUSE_S and bool(_CLAUSE_END.search(text)))
        or seconds >= _LONGEST_S
    )


def _place(word: AlignedWord, piece: Piece, at: float) -> Word:
    """A word's time in the recording, kept within the speech of its piece."""
    start, end = (min(max(t - at + piece.offset, piece.start), piece.end) for t in (word.start, word.end))
    return Word(_round(start), _round(end), word.text.strip())


def _round(seconds: float) -> float:
    return round(seconds, 2)


@lru_cache(maxsize=2)
def _converter(name: str):
    from opencc import OpenCC

    return OpenCC(name)
