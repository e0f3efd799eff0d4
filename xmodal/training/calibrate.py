"""When to say "no answer", and how sure to be: fitted to rows that were not trained on."""

from collections.abc import Sequence

import numpy as np

_LEAST = 20


def choose_threshold(null_scores: np.ndarray, empty: np.ndarray) -> float:
    """The threshold on the score of no answer that tells the best whether there is one (balanced accuracy).

    The best mean F1 would be another one: where answers are often a little wrong, it is better at saying nothing.

    It is where a logistic curve, with as much weight on rows of either kind, is even: on halves of 206 rows it moved by
    0.3 where the threshold that was best on the half itself moved by 1.5, and was as good on the other half. Without
    enough rows of both kinds, or where the scores do not tell them apart, it is 0.

    Args:
        null_scores: Score of no answer above the best span, `(rows,)`; an answer is given up to the threshold.
        empty: Bool; rows that cannot be answered.
    """
    from sklearn.linear_model import LogisticRegression

    if len(null_scores) < _LEAST or empty.all() or not empty.any():
        return 0.0
    fitted = LogisticRegression(class_weight="balanced").fit(null_scores[:, None], empty)
    factor = float(fitted.coef_[0, 0])
    return -float(fitted.intercept_[0]) / factor if factor > 0 else 0.0


def fit_odds(
    log_odds: np.ndarray, target: np.ndarray, default: tuple[float, float], balanced: bool = False
) -> tuple[float, float]:
    """Factor and summand by which log odds tell a share of success the best (Platt 1999).

    Args:
        log_odds: What is known, `(rows,)`.
        target: What came of it, within 0 to 1.
        default: What to return where the rows are too few or all alike.
        balanced: As much weight on success as on failure, as `choose_threshold` has it.
    """
    from sklearn.linear_model import LogisticRegression

    if len(target) < _LEAST or min(target.sum(), (1 - target).sum()) < 1:
        return default
    both = np.concatenate([log_odds, log_odds])[:, None]
    happened = np.repeat([1, 0], len(target))
    weights = [target, 1 - target]
    if balanced:
        weights = [weight * len(target) / (2 * weight.sum()) for weight in weights]
    fitted = LogisticRegression().fit(both, happened, sample_weight=np.concatenate(weights))
    factor = float(fitted.coef_[0, 0])
    return (factor, float(fitted.intercept_[0])) if factor > 0 else default


def reliability(confidence: Sequence[float], right: Sequence[float], bins: int = 10) -> dict:
    """How often what was said with a certain confidence was right (Guo et al. 2017).

    Args:
        confidence: Within 0 to 1.
        right: How right each was, within 0 to 1.
        bins: Stretches of equal width that confidence is sorted into.

    Returns:
        `ece`, the expected calibration error: the mean distance of confidence and rightness, weighted by rows; None
        without rows. `bins`: for each that is not empty `low`, `high`, `confidence` and `right` (means) and `rows`.
    """
    said, was = np.asarray(confidence, float), np.asarray(right, float)
    place = np.minimum((said * bins).astype(int), bins - 1)
    found, error = [], 0.0
    for number in range(bins):
        here = place == number
        if not here.any():
            continue
        means, rows = (float(said[here].mean()), float(was[here].mean())), int(here.sum())
        error += abs(means[0] - means[1]) * rows / len(said)
        span = {"low": number / bins, "high": (number + 1) / bins}
        found.append({**span, "confidence": round(means[0], 4), "right": round(means[1], 4), "rows": rows})
    return {"ece": round(error, 4) if len(said) else None, "bins": found}
