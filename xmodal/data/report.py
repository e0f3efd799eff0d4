"""What was found in a data set, for a person to look at before anything is trained."""

from dataclasses import asdict, dataclass, field
from typing import Literal

WarningKind = Literal[
    "damaged_rows",
    "unreadable_files",
    "missing_values",
    "duplicates",
    "conflicts",
    "imbalance",
    "tiny_classes",
    "one_sided_classes",
    "few_rows",
    "encoding",
    "columns",
    "split",
    "answers",
]
MAX_EXAMPLES = 10


@dataclass(frozen=True)
class DataWarning:
    """Something a person should know of; the data can be used all the same.

    Attributes:
        kind: One of `WarningKind`.
        message: One sentence.
        examples: Rows, files or classes concerned, at most `MAX_EXAMPLES`.
        code: Which sentence it is, for faces that say it in other languages; its kind if not given.
        values: What the sentence names, such as a number of rows, by the names that translations use.
    """

    kind: WarningKind
    message: str
    examples: tuple[str, ...] = ()
    code: str = ""
    values: dict[str, str | int] = field(default_factory=dict)


@dataclass(frozen=True)
class DataReport:
    """Summary of a loaded data set.

    Attributes:
        rows: Rows read.
        train_rows: Rows to train on.
        check_rows: Rows held out.
        class_counts: For each side, label to rows; empty where there are no labels.
        columns: Role to the column it was read from, in the first data set that has it.
        guessed: The roles among them that were guessed.
        preview: The first rows, as the engine gets them.
        warnings: What to know.
        fingerprint: SHA-256 over the rows and the bytes of their files, in `DataReport.as_dict` and in recipes.
        measured_fingerprint: The same over the rows of data sets that are measured, as far as they are drawn.
        licence: Of a sample set; empty if not known.
    """

    rows: int
    train_rows: int
    check_rows: int
    class_counts: dict[str, dict[str, int]] = field(default_factory=dict)
    columns: dict[str, str] = field(default_factory=dict)
    guessed: tuple[str, ...] = ()
    preview: tuple[dict, ...] = ()
    warnings: tuple[DataWarning, ...] = ()
    fingerprint: str = ""
    measured_fingerprint: str = ""
    licence: str = ""

    def as_dict(self) -> dict:
        """Plain values for JSON."""
        return asdict(self)


def name_some(values: list[str]) -> tuple[str, ...]:
    """The first few."""
    return tuple(values[:MAX_EXAMPLES])
