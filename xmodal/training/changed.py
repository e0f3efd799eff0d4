"""The rows that a run got better or worse at, with what was put in, what is right, and what the model gives now.

They lie in the run's folder and not among the metrics: those go wherever the adapter goes, and rows may be private.
"""

import json
from collections.abc import Sequence
from pathlib import Path

from xmodal.disk import disk_full_explained, replace_text

CHANGED = "changed.json"
SIDES = ("better", "worse")
MOST = 20
"""Rows of each side."""
_TEXT = 2_000
"""Characters of a text that are kept."""


def write_changed(
    folder: Path, changed: dict[str, list[int]], rows: Sequence[dict], lines: Sequence[dict], inputs: Sequence[str]
) -> None:
    """Store the rows that changed most.

    Args:
        folder: Of the run.
        changed: For each of `SIDES` the numbers of the rows, those that changed most first.
        rows: The held-out rows.
        lines: What the trained model gives for each, as `Learner.measure_adapter` returns it.
        inputs: Roles of the rows that are put in.

    Raises:
        DiskFullError: There is no room.
    """
    content = {side: [_describe(rows[i], lines[i], inputs) for i in changed[side][:MOST]] for side in SIDES}
    with disk_full_explained(folder, "the rows that changed"):
        replace_text(folder / CHANGED, json.dumps(content, ensure_ascii=False, indent=2) + "\n")


def read_changed(folder: Path) -> dict[str, list[dict]]:
    """For each of `SIDES`, rows with `id`, `inputs` (role to text or path), `target` and `given`.

    Empty for runs that did not store them.
    """
    try:
        content = json.loads((folder / CHANGED).read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return {}
    return content if isinstance(content, dict) else {}


def _describe(row: dict, line: dict, inputs: Sequence[str]) -> dict:
    # A classifier's rows can have a text too.
    target = next(row[role] for role in ("label", "transcription", "answers", "text") if role in row)
    target = " / ".join(target["text"]) if isinstance(target, dict) else target
    kept = {role: row[role][:_TEXT] for role in inputs if row.get(role)}
    return {"id": row["id"], "inputs": kept, "target": target, "given": line.get("prediction") or ""}
