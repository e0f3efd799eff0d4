"""Thumbs up or down on a result, kept to judge and improve the models."""

import json
from dataclasses import asdict, dataclass, field
from datetime import UTC, datetime
from hashlib import file_digest
from pathlib import Path

from xmodal.jobs.store import connect


@dataclass(frozen=True)
class Feedback:
    """A person's judgement of one result.

    Attributes:
        task: Such as `transcribe`.
        model: Name of the model that made the result.
        input_sha256: Digest of what it was made from.
        output: The result as text.
        rating: 1 for good, -1 for bad.
        comment: What the person added.
        time: When, in UTC (ISO 8601); filled in when it is stored.
        inputs: What it was made from: `text`, `question` and `context` as they are, `image` and `audio` as paths. Files
            are not copied, so that they may be gone later.
    """

    task: str
    model: str
    input_sha256: str
    output: str
    rating: int
    comment: str = ""
    time: str = ""
    inputs: dict[str, str] = field(default_factory=dict)


def save_feedback(feedback: Feedback, path: Path | None = None) -> int:
    """Store a rating and return its number.

    Args:
        feedback: What to store.
        path: The SQLite file; the usual one if not given.
    """
    row = asdict(feedback) | {
        "time": feedback.time or datetime.now(UTC).isoformat(timespec="seconds"),
        "inputs": json.dumps(feedback.inputs, ensure_ascii=False),
    }
    with connect(path) as connection:
        cursor = connection.execute(
            "INSERT INTO feedback (time, task, model, input_sha256, output, rating, comment, inputs)"
            " VALUES (:time, :task, :model, :input_sha256, :output, :rating, :comment, :inputs)",
            row,
        )
        return cursor.lastrowid


def add_comment(number: int, comment: str, path: Path | None = None) -> None:
    """Add words to a stored rating."""
    with connect(path) as connection:
        connection.execute("UPDATE feedback SET comment = ? WHERE id = ?", (comment, number))


def list_feedback(task: str | None = None, path: Path | None = None) -> list[Feedback]:
    """The stored ratings, oldest first, of one task if given."""
    with connect(path, reading=True) as connection:
        rows = connection.execute(
            "SELECT time, task, model, input_sha256, output, rating, comment, inputs FROM feedback"
            " WHERE ?1 IS NULL OR task = ?1 ORDER BY id",
            (task,),
        ).fetchall()
    return [Feedback(**{**dict(row), "inputs": json.loads(row["inputs"])}) for row in rows]


def hash_file(path: str | Path) -> str:
    """SHA-256 of a file, read in pieces."""
    with open(path, "rb") as file:
        return file_digest(file, "sha256").hexdigest()
