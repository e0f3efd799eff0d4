"""Rows put aside to fit a threshold or a confidence to: few, and of groups of their own where that can be."""

from collections import Counter

import numpy as np

from xmodal.data.splits import split_rows
from xmodal.tasks.languages import language_of
from xmodal.training.learners.span_qa import _put_aside
from xmodal.training.picture_confidence import put_aside


def questions(groups: int, texts: int, each: int) -> list[dict]:
    """`groups` documents of so many texts, with so many questions on each; a third has no answer."""
    return [
        {
            "id": f"{group}-{text}-{i}", "group": f"document {group}", "context": f"Text {text} of {group}.",
            "question": f"What is {i}?", "answers": {"text": ["it"] if i % 3 else [], "answer_start": [0][: i % 3]},
        }
        for group in range(groups) for text in range(texts) for i in range(each)
    ]  # fmt: skip


def pictures(groups: int, each: int, asked: int) -> list[dict]:
    """So many pictures in each group, with a description and so many questions on each."""
    return [
        {"id": f"{group}-{picture}-{i}", "group": f"{group}", "image": f"{group}-{picture}.png", "question": question}
        for group in range(groups)
        for picture in range(each)
        for i, question in enumerate([None, *["what is it?"] * asked])
    ]


def shared(kept: list[dict], aside: list[dict], key: str) -> set:
    return {row[key] for row in kept} & {row[key] for row in aside}


def test_with_enough_groups_they_stay_whole_and_are_those_that_were_always_drawn():
    rows = questions(80, 1, 5)
    kept, aside = _put_aside(rows, 3)
    groups = [row["group"] for row in rows]
    kinds = [f"{bool(row['answers']['text'])} {language_of(row['question'])}" for row in rows]
    held = split_rows(400, 0.1, 3, kinds, groups)
    assert aside == [row for row, out in zip(rows, held, strict=True) if out]
    assert not shared(kept, aside, "group") and len(kept) + len(aside) == 400
    rows = pictures(100, 1, 3)
    kept, aside = put_aside(rows, 3)
    asked = [row for row in rows if row["question"]]
    held = split_rows(300, 0.05, 3, groups=[row["group"] for row in asked])
    assert aside == [row for row, out in zip(asked, held, strict=True) if out]
    assert not shared(kept, aside, "image") and len(kept) == 400 - 4 * len(aside) // 3


def test_of_a_few_large_documents_texts_are_put_aside():
    kept, aside = _put_aside(questions(3, 20, 5), 0)
    assert 20 <= len(aside) <= 40
    assert not shared(kept, aside, "context") and len(kept) + len(aside) == 300


def test_of_a_few_long_texts_questions_are_put_aside():
    for rows in (questions(3, 1, 100), [{**row, "context": "One text."} for row in questions(2, 1, 150)]):
        kept, aside = _put_aside(rows, 0)
        assert len(aside) == 30 and len(kept) == 270
        empty = np.mean([not row["answers"]["text"] for row in aside])
        assert 0.25 < empty < 0.45, "in the share they have"


def test_of_a_few_large_groups_pictures_are_put_aside():
    kept, aside = put_aside(pictures(2, 100, 3), 0)
    assert len(aside) == 30 and len(kept) == 800 - 40
    assert not shared(kept, aside, "image")


def test_of_a_few_pictures_questions_are_put_aside():
    for rows in (pictures(3, 1, 100), [{**row, "image": "one.png"} for row in pictures(2, 1, 150)]):
        kept, aside = put_aside(rows, 0)
        assert len(aside) == 15 and len(kept) == len(rows) - 15
        assert Counter(row["id"] for row in kept + aside) == Counter(row["id"] for row in rows)
