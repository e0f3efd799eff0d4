"""Ratings as files: a table for spreadsheets, and a data set of what was judged right, for the next training."""

import json
import zipfile
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

from xmodal.data.spreadsheets import write_csv
from xmodal.disk import disk_full_explained
from xmodal.errors import InputError
from xmodal.jobs.feedback import Feedback, hash_file, list_feedback

TARGETS = {"answer": "answer", "describe": "text", "classify": "label", "transcribe": "transcription"}
"""Tasks whose ratings make a data set, with the column of what the person judged right."""
_TEXTS = ("text", "question", "context")
_MEDIA = ("image", "audio")
_HEADER = ("time", "task", "model", "rating", "output", "comment", *_TEXTS, *_MEDIA, "input_sha256")


@dataclass(frozen=True)
class FeedbackSet:
    """A data set made of ratings.

    Attributes:
        path: The file: `.jsonl` of texts, or a zip with a `metadata.jsonl` and the files it names.
        rows: How many examples it holds.
        missing: Names of the files that are not on this machine any more, or are not what was judged.
    """

    path: Path
    rows: int
    missing: tuple[str, ...]


def write_ratings(path: Path) -> int:
    """Write all ratings as a csv that is safe for spreadsheets; returns how many."""
    found = list_feedback()
    rows = [
        [
            item.time, item.task, item.model, "good" if item.rating > 0 else "bad", item.output, item.comment,
            *(item.inputs.get(role, "") for role in _TEXTS),
            *(Path(item.inputs.get(role, "")).name for role in _MEDIA), item.input_sha256,
        ]
        for item in found
    ]  # fmt: skip
    write_csv(path, _HEADER, rows)
    return len(found)


def write_data_set(task: str, folder: Path) -> FeedbackSet:
    """Write what was judged right for a task as a data set that can be trained on.

    Of several ratings of one input the last counts. JSON lines are used, not csv, so that texts stay exactly as they
    were.

    Args:
        task: One of `TARGETS`.
        folder: Where the file goes.

    Raises:
        InputError: There is nothing to export.
    """
    latest: dict[str, Feedback] = {item.input_sha256: item for item in list_feedback(task)}
    good = [item for item in latest.values() if item.rating > 0]
    rows, files, missing = [], {}, []
    for item in good:
        paths = {role: Path(item.inputs[role]) for role in _MEDIA if item.inputs.get(role)}
        lost = [path.name for path in paths.values() if not path.is_file()] or _changed(item, paths)
        texts = {role: item.inputs[role] for role in _TEXTS if item.inputs.get(role)}
        if lost or not (texts or paths):
            missing += lost or [f"{item.time} {item.output[:40]}"]
            continue
        members = {role: f"files/{item.input_sha256[:16]}-{role}{path.suffix.lower()}" for role, path in paths.items()}
        files |= {members[role]: path for role, path in paths.items()}
        rows.append({**members, **texts, TARGETS[task]: item.output})
    if not rows:
        raise InputError(
            "There is nothing to export yet."
            if not missing
            else f"What the {len(missing)} results judged right were made from is not there any more.",
            "Judge some results of this task with “Yes” first, and export them soon after.",
        )
    return FeedbackSet(_write(task, folder, _name_files(rows), files), len(rows), tuple(missing))


def _changed(item: Feedback, paths: dict[str, Path]) -> list[str]:
    """The file's name if it is the only input and not the one that was judged."""
    if len(item.inputs) != 1 or not paths:
        return []
    path = next(iter(paths.values()))
    return [] if hash_file(path) == item.input_sha256 else [path.name]


def _name_files(rows: list[dict[str, str]]) -> list[dict[str, str]]:
    """Files of one kind are `file_name`, as the Hub's folders have it; of two kinds each has its own column."""
    kinds = {role for row in rows for role in _MEDIA if role in row}
    if len(kinds) != 1:
        return rows
    kind = kinds.pop()
    return [{"file_name" if key == kind else key: value for key, value in row.items()} for row in rows]


def _write(task: str, folder: Path, rows: Iterable[dict[str, str]], files: dict[str, Path]) -> Path:
    text = "".join(json.dumps(row, ensure_ascii=False) + "\n" for row in rows)
    path = folder / f"feedback-{task}.{'zip' if files else 'jsonl'}"
    with disk_full_explained(folder, path.name, "TMPDIR"):
        if not files:
            path.write_text(text, encoding="utf-8")
            return path
        with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as out:
            out.writestr("metadata.jsonl", text)
            for member, source in files.items():
                out.write(source, member)
    return path
