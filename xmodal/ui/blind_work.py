"""The work behind a blind comparison: the next row to compare on, and what two models make of an input."""

import shutil
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING

from xmodal.errors import CancelledError, InputError, XmodalError
from xmodal.jobs.ratings import Comparison, list_comparisons
from xmodal.progress import Progress, check_cancelled
from xmodal.ui.sessions import Visit
from xmodal.ui.warm_up import wait_until_warm

if TYPE_CHECKING:
    from xmodal.jobs.check_rows import CheckRow
    from xmodal.jobs.contestants import Contestant

_TEXTS = ("question", "text")


@dataclass
class BlindSession(Visit):
    """What a visitor compares.

    Attributes:
        shown: The two results that wait for a choice; None if there are none.
        target: What the data says is right, of a row that was held out.
        row: The row that was put into the inputs, as they show it.
        rows: Rows held out, by the folder of the model and when that was made.
        seen: Rows that were shown, as `describe` tells them.
    """

    shown: Comparison | None = None
    target: str = ""
    row: dict[str, str] = field(default_factory=dict)
    rows: dict[tuple[str, str], "list[CheckRow]"] = field(default_factory=dict)
    seen: set[str] = field(default_factory=set)


def contestants():
    """The module that knows the models; it imports torch, so not with the page."""
    wait_until_warm()
    from xmodal.jobs import contestants

    return contestants


def _find_pair(task: str, names: tuple[str | None, str | None]) -> "list[Contestant]":
    return [contestants().find_contestant(task, name) for name in names]


def answer_both(
    session: BlindSession, task: str, first: str | None, second: str | None, given: dict[str, str],
    emit: Callable[[object], None],
) -> None:  # fmt: skip
    """Emits which of the two is at work, its progress, and at last model to result."""
    cancel, models = session.cancel, contestants()
    pair = _find_pair(task, (first, second))
    models.check_pair(*pair, given)
    labels = next((one.labels for one in pair if one.labels), ())

    def report(step: Progress) -> None:
        check_cancelled(cancel)
        emit(step)

    results = {}
    for number, one in enumerate(pair, 1):
        emit(number)
        results[one.name] = models.answer(one, given, labels, report, cancel)
    check_cancelled(cancel)
    if task == "transcribe" and not any(results.values()):
        raise InputError("No speech was found in the recording.", "Give one in which somebody speaks.")
    emit(results)


def find_row(
    session: BlindSession, task: str, names: tuple[str | None, str | None], visible: str | None, owner: str,
    emit: Callable[[object], None],
) -> None:  # fmt: skip
    """Emits the next row held out, of the first model that has some, that this person has not seen yet."""
    from xmodal.jobs.check_rows import load_check_rows

    emit(Progress("read", ""))
    pair = _find_pair(task, names)
    problem = InputError("There are no examples for models without training.", "Give one of your own.")
    for one in pair:
        if one.adapter is None:
            continue
        key = (str(one.adapter.path), one.adapter.created)
        try:
            if key not in session.rows:
                session.rows[key] = load_check_rows(one.adapter, visible, emit, session.cancel)
        except CancelledError:
            raise
        except XmodalError as error:
            problem = error
            continue
        judged = {made.input for made in list_comparisons({other.name for other in pair}) if made.owner == owner}
        usable = [row for row in session.rows[key] if all(set(row.given) & set(other.takes) for other in pair)]
        left = [row for row in usable if describe(row.given) not in judged | session.seen]
        if not left:
            raise InputError("You have seen all examples of these two.", "Choose other models, or give your own.")
        session.seen.add(describe(left[0].given))
        emit(left[0])
        return
    raise problem


def describe(given: dict[str, str]) -> str:
    """What was given in a line, for the table of choices: text as it is, files by name."""
    return " + ".join(shown_as(given).values())


def shown_as(given: dict[str, str]) -> dict[str, str]:
    """Text as it is, and the names of files."""
    return {key: value if key in _TEXTS else Path(value).name for key, value in given.items()}


def copy_files(given: dict[str, str], folder: Path) -> dict[str, str]:
    """The same with files where the page may show them from."""
    return {
        key: value if key in _TEXTS else shutil.copy(value, folder / Path(value).name) for key, value in given.items()
    }
