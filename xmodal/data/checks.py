"""Looks at rows for what would spoil training or its metrics: damaged files, duplicates, imbalance."""

import hashlib
import json
import threading
from collections import Counter
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

from xmodal.data.columns import MEDIA_ROLES
from xmodal.data.images import load_image
from xmodal.data.media import iter_audio
from xmodal.data.report import DataWarning, name_some
from xmodal.data.storage import file_digest
from xmodal.errors import InputError
from xmodal.paths import home
from xmodal.progress import Progress, Reporter, check_cancelled

_THREADS = 2
_EVERY = 50
_IMBALANCE = 10
_TINY = 5
_FEW = 20


def digest_media(
    rows: list[dict],
    roles: Sequence[str],
    report: Reporter | None = None,
    cancel: threading.Event | None = None,
) -> tuple[list[dict], dict[str, str], list[DataWarning]]:
    """Open each picture and sound once.

    Returns:
        The rows whose files are good, the SHA-256 of each good file, and a warning that names the others.
    """
    paths = {row[role]: role for role in roles if role in MEDIA_ROLES for row in rows if row[role] is not None}
    digests, bad, known = {}, {}, {role: KnownGood(role) for role in MEDIA_ROLES}

    def look(item: tuple[str, str]) -> tuple[str, str, str]:
        path, role = item
        check_cancelled(cancel)
        try:
            digest = file_digest(Path(path), cancel)
            if digest not in known[role].digests:
                _open(Path(path), role)
                known[role].add(digest)
            return path, digest, ""
        except FileNotFoundError:
            return path, "", f"There is no file {path}."
        except OSError as error:
            return path, "", f"The file {path} cannot be read: {error.strerror}."
        except InputError as error:
            return path, "", error.problem

    with ThreadPoolExecutor(_THREADS) as pool:
        for i, (path, digest, problem) in enumerate(pool.map(look, paths.items()), start=1):
            if problem:
                bad[path] = problem
            else:
                digests[path] = digest
            if report and (i % _EVERY == 0 or i == len(paths)):
                report(Progress("check", Path(path).name, i, len(paths), "files"))
    if not bad:
        return rows, digests, []
    good = [row for row in rows if not any(row[role] in bad for role in MEDIA_ROLES if role in row)]
    message = f"{len(bad)} files cannot be read; {len(rows) - len(good)} rows with them were left out."
    return (
        good,
        digests,
        [
            DataWarning(
                "unreadable_files",
                message,
                name_some(list(bad.values())),
                values={"count": len(bad), "rows": len(rows) - len(good)},
            )
        ],
    )


class KnownGood:
    """Digests of files that were found whole, kept in a text file, so that each content is decoded once only."""

    def __init__(self, role: str):
        self.path = home() / f"checked-{role}-1.txt"  # the number changes when the check does
        self.digests = set(self.path.read_text().split()) if self.path.is_file() else set()

    def add(self, digest: str) -> None:
        """Remember one more; short appends are not torn apart by those of other processes."""
        self.digests.add(digest)
        with open(self.path, "a", encoding="ascii") as out:
            out.write(digest + "\n")


def _open(path: Path, role: str) -> None:
    """Raise `InputError` unless all of a picture, or the first part of a sound, can be decoded."""
    if role == "image":
        load_image(path, check_only=True)
    else:
        next(iter_audio(path))


def fingerprint(rows: list[dict], roles: Sequence[str], digests: dict[str, str]) -> str:
    """SHA-256 over what is in the rows, in their order; files count by their bytes, not by where they lie."""
    total = hashlib.sha256(json.dumps(list(roles)).encode())
    for row in rows:
        values = [digests.get(row[role], row[role]) if role in MEDIA_ROLES else row[role] for role in roles]
        total.update(json.dumps(values, ensure_ascii=False, sort_keys=True).encode("utf-8", "surrogatepass") + b"\n")
    return total.hexdigest()


def remove_duplicates(
    train: list[dict], check: list[dict], roles: Sequence[str], digests: dict[str, str]
) -> tuple[list[dict], list[DataWarning]]:
    """The held-out rows whose inputs are not also trained on, and warnings; also of inputs with several targets."""
    *inputs, target = roles

    def key(row: dict) -> tuple:
        return tuple(
            digests[row[role]] if role in MEDIA_ROLES and row[role] else " ".join((row[role] or "").split())
            for role in inputs
        )

    seen, targets, several = set(), {}, []
    for row in train:
        name = key(row)
        seen.add(name)
        if target == "label" and targets.setdefault(name, row[target]) != row[target]:
            several.append(row["id"])
    kept = [row for row in check if key(row) not in seen]
    warnings = []
    if len(kept) < len(check):
        left_out = {row["id"] for row in check} - {row["id"] for row in kept}
        examples = name_some([row["id"] for row in check if row["id"] in left_out])
        message = (
            f"{len(check) - len(kept)} held-out rows are also trained on; they were taken out of the held-out ones."
        )
        warnings.append(DataWarning("duplicates", message, examples, values={"count": len(check) - len(kept)}))
    if several:
        message = f"{len(several)} rows to train on repeat an earlier one with another label."
        warnings.append(DataWarning("conflicts", message, name_some(several), values={"count": len(several)}))
    return kept, warnings


def judge_classes(train: list[dict], check: list[dict]) -> tuple[dict[str, dict[str, int]], list[DataWarning]]:
    """Rows of each label on both sides, and what is wrong with them."""
    counts = {side: Counter(row["label"] for row in rows) for side, rows in (("train", train), ("check", check))}
    labels = sort_labels({*counts["train"], *counts["check"]})
    warnings = []
    tiny = [f"{label} ({counts['train'][label]})" for label in labels if 0 < counts["train"][label] < _TINY]
    if train and tiny:
        message = f"{len(tiny)} classes have fewer than {_TINY} rows to train on."
        warnings.append(
            DataWarning("tiny_classes", message, name_some(tiny), values={"count": len(tiny), "rows": _TINY})
        )
    present = [count for count in counts["train"].values() if count]
    if present and max(present) > _IMBALANCE * min(present):
        message = (
            f"The largest class has {max(present) / min(present):.0f} times the rows of the smallest; "
            "balance the classes, and look at the macro F1 rather than the accuracy."
        )
        common = [f"{label} ({count})" for label, count in counts["train"].most_common()]
        warnings.append(
            DataWarning("imbalance", message, name_some(common), values={"times": round(max(present) / min(present))})
        )
    if train and check:
        lone = [label for label in labels if not (counts["train"][label] and counts["check"][label])]
        sides = [f"{label} ({'train' if counts['train'][label] else 'check'} only)" for label in lone]
        if lone:
            message = f"{len(lone)} classes are on one side of the split only."
            warnings.append(DataWarning("one_sided_classes", message, name_some(sides), values={"count": len(lone)}))
    return {side: {label: count[label] for label in labels} for side, count in counts.items()}, warnings


def judge_size(check: list[dict]) -> list[DataWarning]:
    """Say so where the metrics will mean little."""
    if not 0 < len(check) < _FEW:
        return []
    message = f"Only {len(check)} rows are held out, so the metrics will say little."
    return [DataWarning("few_rows", message, values={"rows": len(check)})]


def sort_labels(labels: set[str]) -> list[str]:
    """Numbers by value, then words by their letters."""
    return sorted(labels, key=lambda label: (not _is_number(label), float(label) if _is_number(label) else 0.0, label))


def _is_number(text: str) -> bool:
    try:
        return float(text) == float(text)
    except ValueError:
        return False
