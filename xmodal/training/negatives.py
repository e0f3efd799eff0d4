"""Questions with a passage that does not hold the answer, for data in which all questions have one."""

from collections.abc import Sequence

import numpy as np

_LOOK_AT = 64


def add_unanswerable(rows: Sequence[dict], share: float, seed: int) -> list[dict]:
    """The rows, and some of the answerable ones again, without an answer and with a passage of another row.

    Of some passages drawn at random and those of the same group, it is the one that shares the most pairs of characters
    with the question, so that it is about something like it. Passages in which an accepted answer occurs are not used;
    one that tells the same in other words can slip through.

    Args:
        rows: With `question`, `context`, `answers` and `group`.
        share: Of the answerable rows.
        seed: Of the draw.
    """
    random = np.random.default_rng(seed)
    passages = list(dict.fromkeys(row["context"] for row in rows if row["context"]))
    pairs = {passage: _pairs(passage) for passage in passages}
    groups: dict[str, list[str]] = {}
    for row in rows:
        if row["group"] is not None and row["context"] and row["context"] not in groups.setdefault(row["group"], []):
            groups[row["group"]].append(row["context"])
    answerable = [row for row in rows if row["answers"]["text"] and row["context"]]
    added = []
    for number in random.permutation(len(answerable))[: round(share * len(answerable))]:
        row = answerable[number]
        drawn = [passages[i] for i in random.integers(0, len(passages), _LOOK_AT)]
        others = [
            passage
            for passage in [*groups.get(row["group"], [])[:_LOOK_AT], *drawn]
            if passage != row["context"] and not any(answer in passage for answer in row["answers"]["text"])
        ]
        if others:
            asked = _pairs(row["question"])
            like = max(others, key=lambda passage: len(asked & pairs[passage]))
            empty = {"text": [], "answer_start": []}
            added.append({**row, "id": f"{row['id']}-elsewhere", "context": like, "answers": empty})
    return [*rows, *added]


def _pairs(text: str) -> set[str]:
    return {text[i : i + 2] for i in range(len(text) - 1)}
