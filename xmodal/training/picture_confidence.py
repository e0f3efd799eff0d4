"""How sure a generator may be of its answers: fitted to questions about pictures that it was not trained on."""

from collections.abc import Sequence
from operator import itemgetter

import numpy as np

from xmodal.data.splits import split_share
from xmodal.tasks.describe import cannot_tell
from xmodal.tasks.spans import log_odds
from xmodal.training.calibrate import fit_odds
from xmodal.training.text_metrics import plain

AS_IT_IS = (1.0, 0.0)
_FROM, _SHARE, _MOST = 200, 0.05, 300
"""Rows with a question from which some are put aside, their share, and how many at most."""


def put_aside(rows: Sequence[dict], seed: int) -> tuple[list[dict], list[dict]]:
    """Rows to train on, and questions about pictures of which nothing is trained on; few rows are all trained on.

    Groups stay whole, unless more than twice the share would go with them: then pictures do, or else only rows.

    Args:
        rows: `id`, `image`, `question`, `group`.
        seed: Of the draw.
    """
    asked = [row for row in rows if row.get("question")]
    if len(asked) < _FROM or len({_group(row) for row in asked}) < 2:
        return list(rows), []
    parts = (_group, itemgetter("image"), itemgetter("id"))
    share = min(_SHARE, _MOST / len(asked))
    held, used = split_share(share, seed, [[part(row) for row in asked] for part in parts])
    aside = [row for row, is_out in zip(asked, held, strict=True) if is_out]
    out = {parts[used](row) for row in aside}
    return [row for row in rows if parts[used](row) not in out], aside


def _group(row: dict) -> str:
    return row["group"] or row["image"]


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
