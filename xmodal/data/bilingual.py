"""Texts in English and Chinese that say the same, with questions in both, written for xmodal (CC0).

A question in one language about a text in the other needs no dictionary here: it is as people ask it.
"""

import itertools
import json
from collections.abc import Iterator
from functools import cache
from pathlib import Path

_FOLDER = Path(__file__).parent / "questions"
_LANGUAGES = ("en", "zh")


@cache
def read_bilingual(*, aside: bool = False) -> tuple[dict, ...]:
    """Rows `id`, `group`, `question`, `context` and `answers`, each question with its text in either language.

    Where a text does not tell, `answers` is empty.

    Args:
        aside: Those that are kept to find a threshold with instead of those to train on.
    """
    files = sorted((_FOLDER / "aside" if aside else _FOLDER).glob("*.jsonl"))
    lines = [line for path in files for line in path.read_text(encoding="utf-8").splitlines()]
    return tuple(row for line in lines for row in _rows(json.loads(line)))


def _rows(passage: dict) -> Iterator[dict]:
    """Of one text: `id`, `en`, `zh`, `questions` with `en`, `zh`, `answer_en`, `answer_zh`, and `unanswerable` ones."""
    empty = ((f"unanswerable-{i}", question) for i, question in enumerate(passage["unanswerable"]))
    asked = [*enumerate(passage["questions"]), *empty]
    for (number, question), spoken, written in itertools.product(asked, _LANGUAGES, _LANGUAGES):
        answer = question.get(f"answer_{written}")
        starts = [passage[written].index(answer)] if answer else []
        yield {
            "id": f"bilingual/{passage['id']}-{number}-{spoken}-{written}",
            "group": f"bilingual/{passage['id']}",
            "question": question[spoken],
            "context": passage[written],
            "answers": {"text": [answer] if answer else [], "answer_start": starts},
        }
