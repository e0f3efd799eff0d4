"""Rows of pictures, descriptions and questions as lessons: what a generator is told to do, and what is right."""

from collections.abc import Sequence

import numpy as np

from xmodal.data.scene_words import CANNOT_TELL
from xmodal.models.generator_text import LONG, SHORT, is_long
from xmodal.training.caption_questions import questions_of

_MOST_TEXTS = 10
"""Of a picture in one sequence; what is more goes into another one."""


def references(row: dict) -> list[str]:
    """The texts that are right for a row; a cell has one a line."""
    target = row["answers"]["text"] if "answers" in row else (row["text"] or "").split("\n")
    return [tidy(text) for text in target if text.strip()] or [CANNOT_TELL]


def instruction(row: dict) -> str:
    """What the model is told to do for a row."""
    if row.get("question"):
        return " ".join(row["question"].split())
    return LONG if is_long(references(row)[0]) else SHORT


def tidy(text: str) -> str:
    """Without the spaces that some data sets have before marks."""
    for mark in ".,;:!?":
        text = text.replace(f" {mark}", mark)
    return " ".join(text.split())


def ask_about(rows: Sequence[dict], share: float, seed: int) -> list[dict]:
    """Rows of questions that follow from the descriptions of a share of the pictures.

    Args:
        rows: Those without a question are descriptions.
        share: Of the pictures.
        seed: Of the draw, and of which questions are asked.
    """
    captions: dict[str, list[str]] = {}
    for row in rows:
        if not row.get("question"):
            captions.setdefault(row["image"], []).extend(references(row))
    random = np.random.default_rng(seed)
    drawn = sorted(random.permutation(len(captions))[: round(share * len(captions))])
    pictures = list(captions)
    return [
        {"id": f"{pictures[i]} {kind} {number}", "image": pictures[i], "question": question, "text": answer}
        for i in drawn
        for number, (kind, question, answer) in enumerate(questions_of(captions[pictures[i]], random))
    ]


def lessons_of(rows: Sequence[dict]) -> list[tuple[str, dict[str, list[str]]]]:
    """Pictures with instructions and their texts, each text once, a few texts at a time."""
    pictures: dict[str, dict[tuple[str, str], None]] = {}
    for row in rows:
        for text in references(row):
            told = instruction(row) if row.get("question") else (LONG if is_long(text) else SHORT)
            pictures.setdefault(row["image"], {})[(told, text)] = None
    lessons = []
    for picture, pairs in pictures.items():
        for start in range(0, len(pairs), _MOST_TEXTS):
            asked: dict[str, list[str]] = {}
            for told, text in list(pairs)[start : start + _MOST_TEXTS]:
                asked.setdefault(told, []).append(text)
            lessons.append((picture, asked))
    return lessons
