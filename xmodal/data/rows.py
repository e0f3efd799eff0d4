"""Rows as the engine takes them: plain values by role, out of a table's columns."""

import json
from collections.abc import Iterable, Sequence
from pathlib import Path

from xmodal.data.columns import INPUTS, MEDIA_ROLES, TARGETS, numbered_columns
from xmodal.data.config import DataConfig
from xmodal.data.folders import split_name
from xmodal.data.hub_sets import keep_media
from xmodal.data.report import DataWarning, name_some
from xmodal.data.squad import locate
from xmodal.data.tables import Table
from xmodal.errors import InputError

GROUP, SPLIT = "group", "split"


def build_rows(
    table: Table, columns: dict[str, str], config: DataConfig, untrusted: bool, measured: bool = True
) -> tuple[list[dict], tuple]:
    """One dictionary for each row, and the roles that are inputs and target, in this order.

    A `text_pair` stands on a new line after the text. Besides the roles, rows have `id`, `group` (or None) and `split`:
    `train`, `check`, `aside`, or empty. What is to be known of the split is added to the table's warnings.

    Raises:
        InputError: An untrusted table names files outside its folder.
    """
    target = TARGETS[config.task]
    roles = tuple(role for role in INPUTS[config.task] if role in columns)
    group = config.group_column or table.group
    splits = _splits(table, columns, config, measured)
    rows = []
    for i in range(len(table)):
        cell = {role: table.columns[column][i] for role, column in columns.items()}
        row = {"id": _text(cell.get("id")) or str(i)}
        for role in roles:
            if role in MEDIA_ROLES:
                row[role] = _media(cell[role], table.folders[i], untrusted)
            elif role == "text":
                row[role] = "\n".join(filter(None, map(_text, (cell[role], cell.get("text_pair"))))) or None
            else:
                row[role] = _text(cell[role])
        if target == "answers":
            row[target] = _answers(cell, row.get("context"))
        elif target == "text":
            row[target] = _join_lines(table.columns[column][i] for column in numbered_columns(table, columns[target]))
        else:
            row[target] = _text(cell[target])
        if target == "label":
            row[target] = config.label_names.get(row[target], row[target])
        row[GROUP] = _text(table.columns[group][i]) if group else None
        row[SPLIT] = splits[i]
        rows.append(row)
    if measured and not config.split_column:
        table.warnings.extend(_free_rows(rows, target))
    return rows, (*roles, target)


def drop_incomplete(rows: list[dict], roles: Sequence[str], missing: str) -> tuple[list[dict], list[DataWarning]]:
    """Leave out rows without a target or without any input, and with `drop` those without every input."""
    *inputs, target = roles
    warnings = []

    def keep(wanted: list[dict], message: str, code: str, role: str = "") -> list[dict]:
        kept = {id(row) for row in wanted}
        left_out = [row["id"] for row in rows if id(row) not in kept]
        if left_out:
            values = {"count": len(left_out), "role": role}
            message = message.format(len(left_out))
            warnings.append(DataWarning("missing_values", message, name_some(left_out), code, values))
        return wanted

    rows = keep(
        [row for row in rows if row[target] is not None],
        f"{{}} rows have no {target} and were left out.",
        "no_target",
        target,
    )
    needed = "image" if target == "text" else "question"  # descriptions are asked for without a question
    asked = [role for role in inputs if role == needed] or inputs
    some = [row for row in rows if any(row[role] is not None for role in asked)]
    rows = keep(some, f"{{}} rows have no {' or '.join(asked)} and were left out.", "no_input")
    if missing == "drop":
        rows = keep([row for row in rows if None not in (row[role] for role in inputs)],
                    "{} rows lack an input and were left out, as set.", "incomplete")  # fmt: skip
    for role in asked if target == "text" else inputs:
        gaps = [row["id"] for row in rows if row[role] is None]
        if gaps:
            message = f"{len(gaps)} rows have no {role}" + ("; the mean stands in." if missing == "fill" else ".")
            code = "gaps_filled" if missing == "fill" else "gaps"
            values = {"count": len(gaps), "role": role}
            warnings.append(DataWarning("missing_values", message, name_some(gaps), code, values))
    return rows, warnings


def find_lost_answers(rows: list[dict]) -> list[DataWarning]:
    """Answers that are not a part of their context: a model that marks spans cannot learn them."""
    lost = [row["id"] for row in rows if row.get("context") and -1 in row["answers"]["answer_start"]]
    if not lost:
        return []
    message = f"{len(lost)} answers are not found in their context; a model that marks the answer leaves them out."
    return [DataWarning("answers", message, name_some(lost), values={"count": len(lost)})]


def _splits(table: Table, columns: dict[str, str], config: DataConfig, measured: bool) -> list[str]:
    if config.split_column:
        values = [_text(value) or "" for value in table.columns[config.split_column]]
        return [_side(value, config) for value in values]
    if measured and config.check_fraction == 1:
        return [""] * len(table)
    names = _column_splits(table, columns[SPLIT], config) if SPLIT in columns else []
    names = names or table.splits
    if not _has_sides(names):
        return [""] * len(table)
    held = "validation" if "validation" in names else "test"
    return [{"train": "train", held: "check"}.get(name, "aside") for name in names]


def _column_splits(table: Table, column: str, config: DataConfig) -> list[str]:
    """The split that each row names, empty where it names none; nothing where most rows or one side have none."""
    names = [split_name(_text(value) or "") for value in table.columns[column]]
    if _has_sides(names) and names.count("") <= len(names) / 2:
        return names
    if SPLIT in config.columns:
        message = f"The column {column} was not used as a split: it does not tell both sides, or not for most rows."
        table.warnings.append(DataWarning("split", message, code="no_split", values={"column": column}))
    return []


def _has_sides(names: list[str]) -> bool:
    return "train" in names and bool(set(names) - {"train", ""})


def _free_rows(rows: list[dict], target: str) -> list[DataWarning]:
    """Have the rows to train on split where those held out have no target, as in competitions."""
    held = [row for row in rows if row[SPLIT] == "check"]
    if not held or any(row[target] is not None for row in held):
        return []
    for row in rows:
        row[SPLIT] = "" if row[SPLIT] == "train" else row[SPLIT]
    message = f"The {len(held)} rows that the data holds out have no {target}; a share of the others is held out."
    return [DataWarning("split", message, code="unlabelled_side", values={"count": len(held), "role": target})]


def _side(value: str, config: DataConfig) -> str:
    if value in config.check_values:
        return "check"
    if value in config.train_values or not config.train_values:
        return "train"
    return "aside" if config.check_values else "check"


def _text(value: object) -> str | None:
    """Anything that stands in a cell; None where nothing does. Whole numbers lose their `.0`."""
    if value is None or (isinstance(value, float) and value != value):
        return None
    if isinstance(value, float) and value.is_integer():
        value = int(value)
    if isinstance(value, dict | list):
        value = json.dumps(value, ensure_ascii=False) if value else ""
    text = str(value)
    return text if text.strip() else None


def _join_lines(values: Iterable[object]) -> str | None:
    """Texts one below the other; a cell can hold a list of them."""
    lists = [value if isinstance(value, list | tuple) else [value] for value in values]
    lines = [" ".join(text.split()) for texts in lists for text in map(_text, texts) if text]
    return "\n".join(lines) or None


def _media(value: object, folder: Path, untrusted: bool) -> str | None:
    value = keep_media(value)
    if isinstance(value, Path):  # it came inside the table
        return str(value)
    if isinstance(value, dict):
        value = value.get("path")
    name = _text(value)
    if name is None:
        return None
    path = folder / name.strip().replace("\\", "/")
    if untrusted and not path.resolve().is_relative_to(folder.resolve()):
        raise InputError(
            f"The table names a file outside of its folder: {name[:80]}.",
            "Put the files beside the table.",
            "outside_folder",
            name=name[:80],
        )
    return str(path)


def _answers(cell: dict, context: str | None) -> dict | None:
    """SQuAD's form; empty lists where there is no answer. An answer that is not in the context starts at -1."""
    given, starts = cell.get("answer"), cell.get("answer_start")
    if isinstance(given, dict):
        given, starts = given.get("text", []), given.get("answer_start", [])
    texts = [text for text in map(_text, given if isinstance(given, list | tuple) else [given]) if text is not None]
    if not isinstance(starts, list | tuple):
        starts = [starts]
    answers = {"text": texts, "answer_start": []}
    for i, text in enumerate(texts):
        place = locate(context or "", text, starts[i] if i < len(starts) else None)
        answers["answer_start"].append(-1 if place is None else place)
    return answers
