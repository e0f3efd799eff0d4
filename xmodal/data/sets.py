"""Loads a data set: reads it, finds its columns, looks at its files, splits it, and says what was found."""

import threading
from collections import Counter
from collections.abc import Sized
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from xmodal.data.archives import unzip
from xmodal.data.checks import digest_media, fingerprint, judge_classes, judge_size, remove_duplicates
from xmodal.data.columns import INPUTS, TARGETS, choose_columns, require_column
from xmodal.data.config import DataConfig, is_file
from xmodal.data.folders import read_folder
from xmodal.data.hub_sets import read_hub
from xmodal.data.report import DataReport, DataWarning
from xmodal.data.rows import GROUP, SPLIT, build_rows, drop_incomplete, find_lost_answers
from xmodal.data.samples import find_sample, read_sample
from xmodal.data.splits import group_pictures, group_texts, split_sides
from xmodal.data.storage import build_once, datasets_dir, file_digest
from xmodal.data.tables import Table, read_table
from xmodal.errors import InputError
from xmodal.progress import Progress, Reporter, check_cancelled

if TYPE_CHECKING:
    import datasets

_PREVIEW = 5


@dataclass(frozen=True)
class LoadedData:
    """A data set, split.

    Rows have the columns `roles`, `id` and `group`. Values are text, paths of pictures and sounds, and answers as
    `{"text": [...], "answer_start": [...]}`; a missing input is None.

    Attributes:
        train: Rows to train on.
        check: Rows held out.
        roles: Inputs, then the target (`label`, `answers`, `transcription` or `text`).
        labels: Every class, in the order that models number them; empty for other tasks.
        report: What was found.
        further: Ids of the rows of data sets of which none are measured.
    """

    train: "datasets.Dataset"
    check: "datasets.Dataset"
    roles: tuple[str, ...]
    labels: tuple[str, ...]
    report: DataReport
    further: frozenset[str] = frozenset()


def load_data(
    config: DataConfig,
    report: Reporter | None = None,
    cancel: threading.Event | None = None,
    *,
    untrusted: bool = False,
) -> LoadedData:
    """Read, check and split a data set.

    Args:
        config: Which one and how.
        report: Told of the progress.
        cancel: Stops it.
        untrusted: The source is a stranger's upload: its tables may only name files in its own folder. Zips and sets
            of the Hub are always held to this.

    Raises:
        InputError: It cannot be used; what can be repaired or left out is a warning in the report instead.
        DownloadError: It could not be fetched.
        DiskFullError: There is no room to unpack it.
        CancelledError: `cancel` was set.
    """
    read = _name_apart([_read_source(config, source, report, cancel, untrusted) for source in config.sources])
    rows, roles = _join(read, config)
    rows, aside = _put_aside(rows)
    rows, incomplete = drop_incomplete(rows, roles, config.missing)
    rows, digests, unreadable = digest_media(_draw(rows, config), roles, report, cancel)
    warnings = [*(warning for part in read for warning in part.table.warnings), *aside, *incomplete, *unreadable]
    _require_rows(rows, config, warnings)
    check_cancelled(cancel)
    if "image" in roles and (roles[-1] == "text" or (roles[-1] == "answers" and "context" not in roles)):
        group_pictures(rows, digests)
    if "context" in roles:
        group_texts(rows)
    train, check, shared = split_sides(rows, config, roles[-1])
    check, duplicates = remove_duplicates(train, check, roles, digests)
    _require_enough(train, check, config, roles[-1])
    further = _list_further(read, config)
    counts, classes = judge_classes(train, check) if roles[-1] == "label" else ({}, [])
    lost = find_lost_answers(rows) if roles[-1] == "answers" else []
    whole = fingerprint(rows, roles, digests)
    measured = [row for row in rows if row["id"] not in further]
    found = DataReport(
        rows=sum(len(part.table) for part in read),
        train_rows=len(train),
        check_rows=len(check),
        class_counts=counts,
        columns={role: column for part in reversed(read) for role, column in part.columns.items()},
        guessed=read[0].guessed,
        preview=tuple({role: row[role] for role in ("id", *roles)} for row in (train or check)[:_PREVIEW]),
        warnings=(*warnings, *shared, *duplicates, *classes, *lost, *judge_size(check)),
        fingerprint=whole,
        measured_fingerprint=fingerprint(measured, roles, digests) if further else whole,
        licence=" + ".join(dict.fromkeys(part.table.licence for part in read if part.table.licence)),
    )
    labels = tuple(counts["train"]) if counts else ()
    return LoadedData(to_dataset(train, roles), to_dataset(check, roles), roles, labels, found, further)


@dataclass(frozen=True)
class _Read:
    """One source as it was read."""

    name: str
    table: Table
    columns: dict[str, str]
    guessed: tuple[str, ...]
    rows: list[dict]
    roles: tuple[str, ...]


def _read_source(config: DataConfig, source: str, report, cancel, untrusted: bool) -> _Read:
    """A source's rows; columns are found in each source by itself, so they need not have the same names."""
    table, untrusted = _read(config, source, report, cancel, untrusted)
    columns, guessed = choose_columns(table, config)
    for column, what in ((config.split_column, "to split by"), (config.group_column, "to group by")):
        if column:
            require_column(table, column, what)
    if "text_pair" in columns:
        table.warnings.append(_tell_pair(columns["text"], columns["text_pair"]))
    rows, roles = build_rows(table, columns, config, untrusted, source in config.measured_sources)
    return _Read(Path(source).stem if is_file(source) else source, table, columns, guessed, rows, roles)


def _name_apart(read: list[_Read]) -> list[_Read]:
    """The sources with names of their own: files of one name lie in several folders."""
    used: Counter[str] = Counter()
    apart = []
    for part in read:
        used[part.name] += 1
        apart.append(replace(part, name=f"{part.name}-{used[part.name]}") if used[part.name] > 1 else part)
    return apart


def _join(read: list[_Read], config: DataConfig) -> tuple[list[dict], tuple[str, ...]]:
    """The rows of all sources and the roles that any of them has; what a source lacks is None in its rows."""
    if len(read) == 1:
        return read[0].rows, read[0].roles
    roles = (*INPUTS[config.task], TARGETS[config.task])
    roles = tuple(role for role in roles if any(role in part.roles for part in read))
    absent = dict.fromkeys(roles)
    count = len(config.measured_sources)
    for row in (row for part in read[count:] for row in part.rows):
        row[SPLIT] = "aside" if row[SPLIT] in ("check", "aside") else "train"
    whole = 1 if config.measured == "all" else count
    kept = [*(part.rows for part in read[:whole]), *(_draw_share(part.rows, config) for part in read[whole:])]
    joined = zip(read, kept, strict=True)
    return [{**absent, **row, "id": f"{part.name}/{row['id']}"} for part, rows in joined for row in rows], roles


def _list_further(read: list[_Read], config: DataConfig) -> frozenset[str]:
    """Ids, as joined, of the rows of data sets that are not measured."""
    count = len(config.measured_sources)
    return frozenset(f"{part.name}/{row['id']}" for part in read[count:] for row in part.rows)


def _draw_share(rows: list[dict], config: DataConfig) -> list[dict]:
    """`more_share` of a further data set, in their order."""
    if config.more_share == 1:
        return rows
    together = [row.get("image") or row[GROUP] or row["id"] for row in rows]
    names = list(dict.fromkeys(together))
    count = max(1, round(config.more_share * len(names)))
    chosen = {names[i] for i in np.random.default_rng(config.seed).choice(len(names), count, replace=False)}
    return [row for row, name in zip(rows, together, strict=True) if name in chosen]


def _read(
    config: DataConfig, source: str, report: Reporter | None, cancel: threading.Event | None, untrusted: bool
) -> tuple[Table, bool]:
    """The table, and whether its file names are to be kept inside its folder."""
    if source.startswith("sample:"):
        return read_sample(find_sample(source.removeprefix("sample:")), report, cancel), False
    if source.startswith("hub:"):
        return read_hub(source.removeprefix("hub:"), config.max_rows, report, cancel), True
    path = Path(source).expanduser()
    if not path.exists():
        raise InputError(
            f"There is no file or folder {source}.", "Check the name and the folder.", "no_file", name=Path(source).name
        )
    if report:
        report(Progress("read", path.name))
    if path.is_dir():
        return read_folder(path), untrusted
    if path.suffix.lower() == ".zip":
        target = datasets_dir() / file_digest(path, cancel)[:32]
        return read_folder(build_once(target, lambda folder: unzip(path, folder, None, report, cancel))), True
    return read_table(path), untrusted


def _tell_pair(first: str, second: str) -> DataWarning:
    message = f"Each text is {first} and, on a new line, {second}; give both so when the model is used."
    return DataWarning("columns", message, code="two_texts", values={"first": first, "second": second})


def _put_aside(rows: list[dict]) -> tuple[list[dict], list[DataWarning]]:
    """The rows that the data or the settings give a side to, where they give any."""
    used = [row for row in rows if row[SPLIT] != "aside"]
    if len(used) == len(rows):
        return rows, []
    message = f"{len(rows) - len(used)} rows are neither trained on nor held out, as the data or the settings say."
    return used, [DataWarning("split", message, code="aside", values={"count": len(rows) - len(used)})]


def _draw(rows: list[dict], config: DataConfig) -> list[dict]:
    """At most `max_rows`, in their order."""
    if config.max_rows is None or len(rows) <= config.max_rows:
        return rows
    chosen = np.random.default_rng(config.seed).choice(len(rows), config.max_rows, replace=False)
    return [rows[i] for i in sorted(chosen)]


def _require_rows(rows: list[dict], config: DataConfig, warnings: list[DataWarning]) -> None:
    if rows:
        return
    why = "; ".join([warnings[-1].message, *warnings[-1].examples[:1]]) if warnings else "it has none."
    raise InputError(
        f"No row of {' and '.join(config.sources)} can be used: {why}",
        "Check the files and the columns chosen.",
        "no_usable_row",
        why=why,
    )


def _require_enough(train: list[dict], check: list[dict], config: DataConfig, target: str) -> None:
    require_sides(train, check, config.check_fraction < 1, config.check_fraction > 0)
    labels = {row["label"] for row in train} if target == "label" else set()
    if len(labels) == 1:
        label = labels.pop()
        raise InputError(
            f"All rows to train on have the label {label!r}, so there is nothing to tell apart.",
            "Add rows of another class, or choose another label column.",
            "one_class",
            label=label,
        )


def require_sides(train: Sized, check: Sized, to_train: bool = True, to_check: bool = True) -> None:
    """Raise `InputError` where a side of the split that is needed has no rows."""
    more = "Add rows, or choose another split."
    if to_train and not len(train):
        raise InputError("There are no rows to train on.", more, "no_train_rows")
    if to_check and not len(check):
        raise InputError(
            f"There are no rows to hold out: {len(train)} can be used, and all, or copies of them, are trained on.",
            more, "no_check_rows", rows=len(train),
        )  # fmt: skip


def to_dataset(rows: list[dict], roles: tuple[str, ...]) -> "datasets.Dataset":
    """Rows in memory as text and answers, also where all values of a column are missing."""
    import datasets

    text = datasets.Value("string")
    answers = {"text": datasets.List(text), "answer_start": datasets.List(datasets.Value("int64"))}
    names = ("id", GROUP, *roles)
    features = datasets.Features({name: answers if name == "answers" else text for name in names})
    return datasets.Dataset.from_dict({name: [row[name] for row in rows] for name in names}, features=features)
