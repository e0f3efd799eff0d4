"""Documents are cut where sentences end, and nothing of them is lost."""

import re

import pytest

from xmodal.data.documents import Document, Part, make_document
from xmodal.tasks.passages import TARGET_UNITS, count_units, split_passages

ENGLISH = "The ferry leaves at nine. It takes Dr. Smith's bicycle, too! Does it stop? "
CHINESE = "渡船九点出发。它也运自行车！它停吗？"


def test_short_paragraphs_are_joined_under_one_heading():
    parts = [Part("One.", heading="a"), Part("Two.", heading="a"), Part("Three.", heading="b"), Part("", heading="b")]
    document = Document("d", tuple(parts))
    found = split_passages([document, make_document("Four.", "e")])
    assert [(p.document, p.text, p.heading) for p in found] == [
        (0, "One.\n\nTwo.", "a"), (0, "Three.", "b"), (1, "Four.", ""),
    ]  # fmt: skip


@pytest.mark.parametrize("text", [ENGLISH * 40, CHINESE * 60, ENGLISH * 10 + CHINESE * 20, "x" * 9_000, "字" * 2_000])
def test_long_paragraphs_are_cut_and_nothing_is_lost(text):
    document = Document("d", (Part(text.strip()),))
    found = split_passages([document])
    assert "".join("".join(p.text.split()) for p in found) == "".join(text.split())
    for passage in found:
        assert passage.text == document.text[passage.start : passage.end]
        assert count_units(passage.text) <= TARGET_UNITS
    if text[0] in ENGLISH + CHINESE[0]:
        assert all(re.search(r"[.!?。！？]$", passage.text) for passage in found)


def test_words_and_characters_are_counted_alike():
    assert count_units("a dog's life") == 4
    assert count_units("渡船九点出发") == pytest.approx(4)


def test_pages_and_times_are_kept():
    parts = (Part("a " * 100, page=3), Part("b " * 100, page=4))
    assert [passage.page for passage in split_passages([Document("d", parts)])] == [3, 4]
    said = (Part("Hello.", time=(0.0, 1.5)), Part("Again.", time=(1.5, 4.0)))
    assert split_passages([Document("r", said)])[0].time == (0.0, 4.0)
