"""Which rows are trained on and which are held out. The same data, settings and seed give the same split."""

from collections import Counter
from collections.abc import Sequence

import numpy as np

from xmodal.errors import InputError

_TRIES = 200


def split_rows(
    count: int,
    fraction: float,
    seed: int,
    labels: Sequence[str] | None = None,
    groups: Sequence[str] | None = None,
) -> np.ndarray:
    """Draw the rows to hold out.

    Args:
        count: Rows there are.
        fraction: Share to hold out; 0 and 1 are none and all.
        seed: Of the draw.
        labels: Where given, each class is held out in its share (classes of one row are trained on).
        groups: Where given, a group is on one side only; shares are then met as well as they can be.

    Returns:
        bool `(count,)`, true where held out.

    Raises:
        InputError: There is one group only.
    """
    if fraction in (0, 1) or count == 0:
        return np.full(count, fraction == 1)
    if groups is not None:
        return _by_group(np.asarray(groups, object), fraction, seed, labels)
    return _by_class(np.asarray(labels if labels is not None else [""] * count, object), fraction, seed)


def _by_class(labels: np.ndarray, fraction: float, seed: int) -> np.ndarray:
    """Classes of four rows or more have at least one held out."""
    random = np.random.default_rng(seed)
    held = np.zeros(len(labels), bool)
    for label in sorted(set(labels)):
        rows = random.permutation(np.flatnonzero(labels == label))
        share = int(len(rows) * fraction + 0.5)
        least = 1 if len(rows) >= 4 else 0
        held[rows[: min(max(share, least), len(rows) - 1)]] = True
    if not held.any() and len(labels) > 1:
        commonest = min(Counter(labels).items(), key=lambda item: (-item[1], item[0]))[0]
        held[random.choice(np.flatnonzero(labels == commonest))] = True
    return held


def _by_group(groups: np.ndarray, fraction: float, seed: int, labels: Sequence[str] | None) -> np.ndarray:
    """The best of some random draws of whole groups: near the share wanted, in all and for each class."""
    names, members = np.unique(groups.astype(str), return_inverse=True)
    if len(names) < 2:
        raise InputError(
            f"All rows belong to one group ({names[0]!r}), so none can be held out.", "Split by another column."
        )
    kinds, classes = np.unique(
        np.asarray(labels if labels is not None else [""] * len(groups), str), return_inverse=True
    )
    counts = np.zeros((len(names), len(kinds)))
    np.add.at(counts, (members, classes), 1)
    wanted = counts.sum(0) * fraction
    random = np.random.default_rng(seed)
    best, best_error = None, np.inf
    for _ in range(_TRIES):
        order = random.permutation(len(names))
        error_of = np.abs(np.cumsum(counts[order], 0) - wanted).sum(1)[:-1]  # one group at least stays to train on
        if error_of.min() < best_error:
            best, best_error = order[: error_of.argmin() + 1], error_of.min()
    return np.isin(members, best)
