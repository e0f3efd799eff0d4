"""Results as csv files that Excel and its like open as they are meant."""

import csv
import json
import uuid
from collections.abc import Iterable, Sequence
from pathlib import Path


def write_csv(path: Path, header: Sequence[str], rows: Iterable[Sequence[str]]) -> Path:
    """Write a table of texts, safe for spreadsheets.

    It has the mark by which Excel knows UTF-8, and cells that would be taken for a formula begin with an apostrophe
    (https://owasp.org/www-community/attacks/CSV_Injection). Whoever reads an earlier file of that name meanwhile has it
    whole.
    """
    staged = path.with_name(f".{uuid.uuid4().hex}.part")
    try:
        with open(staged, "w", encoding="utf-8-sig", newline="", errors="replace") as out:
            writer = csv.writer(out)
            writer.writerow(map(_guard, header))
            writer.writerows(map(_guard, row) for row in rows)
        staged.replace(path)
    finally:
        staged.unlink(missing_ok=True)
    return path


def cell_text(value: object, folder: str = "") -> str:
    """What stands in a cell, as text; of a file in `folder`, its name there. Whole numbers lose their `.0`."""
    if isinstance(value, dict) and "bytes" in value:
        value = value.get("path")
    if value is None or (isinstance(value, float) and value != value):
        return ""
    if isinstance(value, float) and value.is_integer():
        value = int(value)
    if isinstance(value, dict | list):
        return json.dumps(value, ensure_ascii=False, default=str)
    return str(value).removeprefix(folder + "/") if folder else str(value)


def _guard(text: str) -> str:
    """Text that a spreadsheet shows and does not calculate; plain numbers stay numbers."""
    if not text.lstrip().startswith(("=", "+", "-", "@")) and text[:1] not in ("\t", "\r"):
        return text
    try:
        float(text)
    except ValueError:
        return "'" + text
    return text
