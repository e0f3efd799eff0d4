"""What of a difference is noise: bootstrap intervals over the held-out examples (Efron & Tibshirani 1993)."""

from collections.abc import Sequence
from dataclasses import asdict, dataclass

import numpy as np

from xmodal.training.metrics import Pair

_ROUNDS = 2_000
_AT_ONCE = 4_000_000


@dataclass(frozen=True)
class Interval:
    """A value and where it lies in `level` of the resamplings."""

    value: float
    low: float
    high: float
    level: float = 0.95

    def as_dict(self) -> dict[str, float]:
        """Plain values for JSON."""
        return asdict(self)


@dataclass(frozen=True)
class Gain:
    """What changed from before to after on the same examples.

    Attributes:
        difference: After minus before.
        low: Lower end of its interval.
        high: Upper end.
        level: Of the interval.
        within_noise: The interval holds zero, so that nothing can be said to have changed.
        better: The change is beyond the noise and in the direction wanted.
    """

    difference: float
    low: float
    high: float
    level: float
    within_noise: bool
    better: bool

    def as_dict(self) -> dict[str, float | bool]:
        """Plain values for JSON."""
        return asdict(self)


def bootstrap_interval(examples: Sequence[float] | Sequence[Pair], level: float = 0.95, seed: int = 0) -> Interval:
    """The interval of a mean, or of a rate such as the word error rate, when the examples are drawn anew.

    Where all examples are right, or all wrong, drawing anew tells nothing; then it is the exact one of a share
    (Clopper & Pearson 1934).

    Args:
        examples: A value for each, or its pair of numerator and denominator.
        level: Share of the resamplings within.
        seed: Of the draws.

    Raises:
        ValueError: There are no examples.
    """
    pairs = _to_pairs(examples)
    drawn = _resample(pairs[None], seed)[0]
    low, high = np.nanquantile(drawn, ((1 - level) / 2, (1 + level) / 2))
    if (pairs[:, 1] == 1).all() and low == high and low in (0, 1):
        unseen = ((1 - level) / 2) ** (1 / len(pairs))  # the least share that is all right, or wrong, so often
        low, high = (unseen, 1) if low else (0, 1 - unseen)
    return Interval(_rate(pairs), float(low), float(high), level)


def paired_gain(
    before: Sequence[float] | Sequence[Pair],
    after: Sequence[float] | Sequence[Pair],
    level: float = 0.95,
    seed: int = 0,
    lower_is_better: bool = False,
) -> Gain:
    """The difference on the same examples; they are drawn together, so what is hard for both does not count as noise.

    Where all change alike, or so few change that a sign test could not tell it from chance, drawing anew tells too
    little; then the interval reaches to where as many would have changed the other way as can go unseen.

    Args:
        before: Values or pairs, as for `bootstrap_interval`.
        after: Those of the same examples, in the same order.
        level: Of the interval.
        seed: Of the draws.
        lower_is_better: As for error rates.

    Raises:
        ValueError: There are no examples, or not the same number.
    """
    first, second = _to_pairs(before), _to_pairs(after)
    if len(first) != len(second):
        raise ValueError(f"{len(first)} examples before and {len(second)} after")
    drawn = _resample(np.stack([first, second]), seed)
    low, high = np.nanquantile(drawn[1] - drawn[0], ((1 - level) / 2, (1 + level) / 2))
    difference = _rate(second) - _rate(first)
    changed = max(1, np.count_nonzero(_changes(first, second)))
    left = 2 * ((1 - level) / 2) ** (1 / changed) - 1  # not above 0 where it may be chance by an exact sign test
    if low == high or left <= 0:
        low, high = min(low, left * difference), max(high, left * difference)
    noise = bool(low <= 0 <= high)
    return Gain(difference, float(low), float(high), level, noise, not noise and (difference < 0) == lower_is_better)


def changed_examples(
    before: Sequence[float] | Sequence[Pair],
    after: Sequence[float] | Sequence[Pair],
    lower_is_better: bool = False,
) -> dict[str, list[int]]:
    """Numbers of the examples that became `better` and `worse`, those with the largest change first."""
    first, second = _to_pairs(before), _to_pairs(after)
    if len(first) != len(second):
        raise ValueError(f"{len(first)} examples before and {len(second)} after")
    change = _changes(first, second) * (-1 if lower_is_better else 1)
    order = np.argsort(-np.abs(change), kind="stable")
    return {
        "better": [int(i) for i in order if change[i] > 0],
        "worse": [int(i) for i in order if change[i] < 0],
    }


def _changes(first: np.ndarray, second: np.ndarray) -> np.ndarray:
    """Of each example; an utterance without reference words counts by its edits."""
    return second[:, 0] / np.maximum(second[:, 1], 1e-9) - first[:, 0] / np.maximum(first[:, 1], 1e-9)


def _to_pairs(examples: Sequence[float] | Sequence[Pair]) -> np.ndarray:
    """`(examples, 2)`."""
    values = np.asarray(examples, float)
    if not len(values):
        raise ValueError("no examples")
    return np.stack([values, np.ones_like(values)], 1) if values.ndim == 1 else values


def _resample(pairs: np.ndarray, seed: int) -> np.ndarray:
    """`(models, examples, 2)` to `(models, rounds)`: the rate in each draw, in parts for the memory."""
    random = np.random.default_rng(seed)
    count = pairs.shape[1]
    step = max(1, min(_ROUNDS, _AT_ONCE // count))
    drawn = []
    for start in range(0, _ROUNDS, step):
        chosen = random.integers(0, count, (min(step, _ROUNDS - start), count))
        above, below = pairs[:, :, 0][:, chosen].sum(-1), pairs[:, :, 1][:, chosen].sum(-1)
        drawn.append(np.divide(above, below, out=np.full_like(above, np.nan), where=below > 0))
    return np.concatenate(drawn, 1)


def _rate(pairs: np.ndarray) -> float:
    above, below = pairs.sum(0)
    return float(above / below) if below else float("nan")
