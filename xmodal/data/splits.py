"""Which rows are trained on and which are held out. The same data, settings and seed give the same split."""

import hashlib
from collections import Counter
from collections.abc import Sequence

import numpy as np

from xmodal.data.config import DataConfig
from xmodal.data.report import DataWarning
from xmodal.data.rows import GROUP, SPLIT
from xmodal.errors import InputError

_TRIES = 200


def split_sides(rows: list[dict], config: DataConfig, target: str) -> tuple[list[dict], list[dict], list[DataWarning]]:
    """Rows to train on, rows held out, and warnings; rows that have a side keep it.

    Args:
        rows: As `build_rows` and the joining of data sets leave them.
        config: The split that is wanted.
        target: Role of what is learnt.
    """
    given = [row for row in rows if row[SPLIT]]
    if given and len(given) < len(rows):  # of several sources some have a split of their own
        sides = [split_sides(part, config, target) for part in (given, [row for row in rows if not row[SPLIT]])]
        (first, first_held, warned), (second, second_held, also) = sides
        train, shared = _without_groups([(first, second_held), (second, first_held)])
        return train, first_held + second_held, [*warned, *also, *shared]
    if given:
        train = [row for row in rows if row[SPLIT] == "train"]
        check = [row for row in rows if row[SPLIT] == "check"]
        groups = {row[GROUP] for row in train} - {None}
        shared = [row for row in check if row[GROUP] in groups]
        if not (shared and config.group_column):
            return train, check, []
        message = f"{len(shared)} held-out rows are of groups that are also trained on, and were taken out."
        return (
            train,
            [row for row in check if row[GROUP] not in groups],
            [DataWarning("split", message, code="shared_groups", values={"count": len(shared)})],
        )
    labels = [row[target] for row in rows] if target == "label" else None
    # Rows without a group stand for themselves.
    groups = [row[GROUP] or f"\0{row['id']}" for row in rows] if any(row[GROUP] for row in rows) else None
    held = split_rows(len(rows), config.check_fraction, config.seed, labels, groups)
    train = [row for row, out in zip(rows, held, strict=True) if not out]
    return train, [row for row, out in zip(rows, held, strict=True) if out], []


def _without_groups(sides: list[tuple[list[dict], list[dict]]]) -> tuple[list[dict], list[DataWarning]]:
    """Rows to train on, without those of groups that another data set has among the rows held out beside them."""
    kept = []
    for rows, held in sides:
        groups = {row[GROUP] for row in held} - {None}
        kept += [row for row in rows if row[GROUP] not in groups]
    lost = sum(len(rows) for rows, _ in sides) - len(kept)
    if not lost:
        return kept, []
    message = f"{lost} rows to train on are of groups that are held out from another data set, and were taken out."
    return kept, [DataWarning("split", message, code="groups_across", values={"count": lost})]


def group_pictures(rows: list[dict], digests: dict[str, str]) -> None:
    """Rows of one picture are a group, where the data has no other."""
    if not any(row[GROUP] for row in rows):
        for row in rows:
            row[GROUP] = digests.get(row["image"])


def group_texts(rows: list[dict]) -> None:
    """Questions about one text are a group, where the data has no other and there are several texts to split."""
    for some in (rows, [row for row in rows if not row[SPLIT]]):
        if len({row["context"] for row in some}) == 1:
            return
    for row in rows:
        if row["context"] and not row[GROUP]:
            row[GROUP] = hashlib.sha256(row["context"].encode("utf-8", "surrogatepass")).hexdigest()[:16]


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


def split_share(
    share: float, seed: int, levels: Sequence[Sequence], labels: Sequence[str] | None = None
) -> tuple[np.ndarray, int]:
    """As `split_rows`, by the first of several groupings with which no more than twice the share is held out.

    Args:
        share: To hold out.
        seed: Of the draw.
        levels: A group for each row, whole ones first, then finer ones; at least one has several groups.
        labels: As `split_rows`.

    Returns:
        bool `(rows,)`, true where held out, and the number of the grouping; the last one where all hold out more.
    """
    held, used = np.zeros(len(levels[0]), bool), 0
    for number, groups in enumerate(levels):
        if len(set(groups)) > 1:
            held, used = split_rows(len(groups), share, seed, labels, groups), number
            if held.sum() <= 2 * share * len(groups):
                break
    return held, used


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
