"""How sure a generator may be of its answers: fitted to questions about pictures that it was not trained on."""

from collections.abc import Sequence

import numpy as np

from xmodal.data.splits import split_rows
from xmodal.tasks.describe import cannot_tell
from xmodal.tasks.spans import log_odds
from xmodal.training.calibrate import fit_odds
from xmodal.training.text_metrics import plain

AS_IT_IS = (1.0, 0.0)
_FROM, _SHARE, _MOST = 200, 0.05, 300
"""Rows with a question from which some are put aside, their share, and how many at most."""


def put_aside(rows: Sequence[dict], seed: int) -> tuple[list[dict], list[dict]]:
    """Rows to train on, and questions about pictures of which nothing is trained on; few rows are all trained on.

    Args:
        rows: `image`, `question`, `group`.
        seed: Of the draw.
    """
    asked = [row for row in rows if row.get("question")]
    groups = [row["group"] or row["image"] for row in asked]
    if len(asked) < _FROM or len(set(groups)) < 2:
        return list(rows), []
    held = split_rows(len(asked), min(_SHARE, _MOST / len(asked)), seed, groups=groups)
    out = {group for group, is_out in zip(groups, held, strict=True) if is_out}
    kept = [row for row in rows if (row["group"] or row["image"]) not in out]
    return kept, [row for row, is_out in zip(asked, held, strict=True) if is_out]


def fit_answer_odds(found: Sequence[tuple[str, float]], accepted: Sequence[Sequence[str]]) -> tuple[float, float]:
    """Factor and summand for the log odds of an answer; `AS_IT_IS` where there is too little to fit them to.

    Args:
        found: Answers and their log probabilities, as `answer_asked` gives them.
        accepted: The right answers to each question.
    """
    told = [
        (log_odds(chance), float(plain(text) in {plain(one) for one in right}))
        for (text, chance), right in zip(found, accepted, strict=True)
        if not cannot_tell(text)  # which is said without a number
    ]
    odds, right = np.array(told).reshape(-1, 2).T
    return fit_odds(odds, right, AS_IT_IS)
