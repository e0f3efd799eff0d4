"""Tables out of csv, tsv, jsonl, json and parquet files, as columns of plain values.

A bad line is named and left out; the good ones are used. Nothing is converted: `01` stays `01`, and `NA` is a word.
"""

import csv
import io
import json
import sys
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

from xmodal.data.report import DataWarning, name_some
from xmodal.data.text_files import DAMAGED, read_text, tell_damaged
from xmodal.errors import InputError

TABLE_SUFFIXES = (".csv", ".tsv", ".jsonl", ".ndjson", ".json", ".parquet")
_DELIMITERS = ",\t;|"
_LOOK_AT = 50


@dataclass
class Table:
    """Rows as columns of equal length.

    Attributes:
        columns: Name to values; None where a value is missing.
        folders: For each row, the folder that relative file names start from.
        splits: For each row, the name of the split it came in; empty if it came in none.
        group: The column that keeps rows together unless the config says otherwise.
        warnings: What was left out, and what was guessed.
        licence: Where it is known.
    """

    columns: dict[str, list]
    folders: list[Path] = field(default_factory=list)
    splits: list[str] = field(default_factory=list)
    group: str | None = None
    warnings: list[DataWarning] = field(default_factory=list)
    licence: str = ""

    def __len__(self) -> int:
        return len(next(iter(self.columns.values()), []))


def read_table(path: Path, split: str = "") -> Table:
    """Read one file by its suffix.

    Raises:
        InputError: Not a table that can be read, or without rows.
    """
    readers = {".jsonl": _read_lines, ".ndjson": _read_lines, ".json": _read_json, ".parquet": _read_parquet}
    suffix = path.suffix.lower()
    if not path.is_file():
        raise InputError(f"There is no file {path}.", "Check the name and the folder.")
    if suffix not in (*TABLE_SUFFIXES, ".txt"):
        raise InputError(
            f"{path.name} is not a kind of file that data sets are read from.",
            f"Use a {', '.join(TABLE_SUFFIXES)} or .zip file, or a folder; spreadsheets can be saved as CSV UTF-8.",
            "not_a_table",
            name=path.name,
            kinds=", ".join(TABLE_SUFFIXES),
        )
    table = readers.get(suffix, _read_csv)(path)
    if not table.columns or not len(table):
        raise InputError(
            f"There are no rows in {path.name}.",
            "Choose a file with a header line and rows.",
            "no_rows",
            name=path.name,
        )
    cells = (cell for column in table.columns.values() for cell in column if isinstance(cell, str))
    if damaged := sum(cell.count(DAMAGED) for cell in cells):
        values = {"name": path.name, "count": damaged}
        table.warnings.append(
            DataWarning("encoding", tell_damaged(path.name, damaged), code="damaged_characters", values=values)
        )
    table.folders = table.folders or [path.parent.absolute()] * len(table)
    table.splits = [split] * len(table) if split else table.splits
    return table


def from_rows(rows: list[dict], warnings: list[DataWarning] | None = None) -> Table:
    """A table out of dictionaries, which need not have the same keys."""
    names = list(dict.fromkeys(str(key) for row in rows for key in row))
    return Table({name: [row.get(name) for row in rows] for name in names}, warnings=warnings or [])


def join_tables(tables: list[Table]) -> Table:
    """One below the other; columns that one lacks are None there."""
    names = list(dict.fromkeys(name for table in tables for name in table.columns))
    columns = {name: [] for name in names}
    joined = Table(columns, group=tables[0].group, licence=tables[0].licence)
    for table in tables:
        for name in names:
            columns[name].extend(table.columns.get(name) or [None] * len(table))
        joined.folders.extend(table.folders)
        joined.splits.extend(table.splits or [""] * len(table))
        joined.warnings.extend(table.warnings)
    if not any(joined.splits):
        joined.splits = []
    return joined


def _read_csv(path: Path) -> Table:
    text, encoding = read_text(path)
    warnings = []
    if not encoding.startswith("utf-8"):
        message = f"{path.name} was read as {encoding}; check in the preview that the text is right."
        warnings.append(DataWarning("encoding", message, values={"name": path.name, "encoding": encoding}))
    delimiter = "\t" if path.suffix.lower() == ".tsv" else _find_delimiter(text)
    lines = _parse(path, text, delimiter)
    _, header = next(lines)
    names = _unique([name.strip() for name in header], path, warnings)
    rows, bad = [], []
    for line, cells in lines:
        if len(cells) > len(names) and any(cell.strip() for cell in cells[len(names) :]):
            bad.append(f"line {line}")
        else:
            rows.append(cells[: len(names)] + [None] * (len(names) - len(cells)))
    if bad:
        message = f"{len(bad)} rows of {path.name} have more cells than the header and were left out."
        values = {"count": len(bad), "name": path.name}
        warnings.append(DataWarning("damaged_rows", message, name_some(bad), values=values))
    columns = {name: list(column) for name, column in zip(names, zip(*rows, strict=True), strict=True)} if rows else {}
    return Table(columns, warnings=warnings)


def _parse(path: Path, text: str, delimiter: str) -> Iterator[tuple[int, list[str]]]:
    """Line number and cells of each line that is not empty. NUL characters are dropped, as spreadsheets do."""
    csv.field_size_limit(min(sys.maxsize, 2**31 - 1))
    reader = csv.reader(io.StringIO(text.replace("\0", ""), newline=""), delimiter=delimiter)
    try:
        for cells in reader:
            if any(cell.strip() for cell in cells):
                yield reader.line_num, cells
    except csv.Error as error:
        raise InputError(
            f"Line {reader.line_num} of {path.name} cannot be read: {error}.",
            "Correct that line, or save it anew.",
            "bad_line",
            name=path.name,
            line=reader.line_num,
        ) from error


def _find_delimiter(text: str) -> str:
    """The one that cuts the header into several cells and the most of the first rows into as many."""
    head = "\n".join(text[: 1 << 20].splitlines()[: _LOOK_AT * 4])
    best, best_score = ",", (0, 0)
    for delimiter in _DELIMITERS:
        try:
            rows = [cells for cells, _ in zip(csv.reader(io.StringIO(head), delimiter=delimiter), range(_LOOK_AT))]  # noqa: B905
        except csv.Error:
            continue
        width = len(rows[0]) if rows else 0
        score = (sum(len(cells) == width for cells in rows), width)
        if width > 1 and score > best_score:
            best, best_score = delimiter, score
    return best


def _unique(names: list[str], path: Path, warnings: list[DataWarning]) -> list[str]:
    unique, renamed = [], []
    for i, name in enumerate(names):
        new = name or f"column {i + 1}"
        while new in unique:
            new = f"{new} (again)"
        if new != name:
            renamed.append(new)
        unique.append(new)
    if renamed:
        message = f"Columns of {path.name} without a name, or with one that is there twice, were given one."
        warnings.append(DataWarning("columns", message, name_some(renamed), values={"name": path.name}))
    return unique


def _read_lines(path: Path) -> Table:
    text, _ = read_text(path)
    rows, bad = [], []
    for number, line in enumerate(text.split("\n"), start=1):
        if not line.strip():
            continue
        try:
            row = json.loads(line)
        except (json.JSONDecodeError, RecursionError):
            row = None
        if isinstance(row, dict):
            rows.append(row)
        else:
            bad.append(f"line {number}")
    if not rows:
        raise InputError(
            f"No line of {path.name} is a JSON object.",
            'Write one object on each line, such as {"text": "…"}.',
            "not_jsonl",
            name=path.name,
        )
    warnings = []
    if bad:
        message = f"{len(bad)} lines of {path.name} are not JSON objects and were left out."
        values = {"count": len(bad), "name": path.name}
        warnings.append(DataWarning("damaged_rows", message, name_some(bad), values=values))
    return from_rows(rows, warnings)


def _read_json(path: Path) -> Table:
    from xmodal.data.squad import is_squad, read_squad

    text, _ = read_text(path)
    try:
        content = json.loads(text)
    except (json.JSONDecodeError, RecursionError) as error:
        line = getattr(error, "lineno", 1)
        if line > 1 and text.lstrip().startswith("{"):  # one object on each line under another suffix
            return _read_lines(path)
        raise InputError(
            f"{path.name} is not valid JSON; see line {line}.",
            "Correct it, or save it anew.",
            "bad_json",
            name=path.name,
            line=line,
        ) from error
    if is_squad(content):
        return read_squad(content, path)
    if isinstance(content, dict) and isinstance(content.get("data"), list):
        content = content["data"]
    if isinstance(content, list) and all(isinstance(row, dict) for row in content):
        return from_rows(content)
    if isinstance(content, dict) and content and all(isinstance(column, list) for column in content.values()):
        if len({len(column) for column in content.values()}) == 1:
            return Table(dict(content))
        raise InputError(f"The columns of {path.name} are not of one length.", "Use a list of objects instead.")
    raise InputError(
        f"{path.name} is not a list of rows.", "Use a list of objects, or SQuAD's format.", "json_rows", name=path.name
    )


def _read_parquet(path: Path) -> Table:
    import pyarrow
    import pyarrow.parquet

    try:
        table = pyarrow.parquet.read_table(path)
    except (pyarrow.ArrowException, OSError) as error:
        raise InputError(
            f"{path.name} is not a parquet file that can be read.", "Try another copy.", "bad_parquet", name=path.name
        ) from error
    return Table({name: table.column(name).to_pylist() for name in table.column_names})
