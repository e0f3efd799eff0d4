"""The work behind a blind comparison: the next row to compare on, and what two models make of an input."""

import shutil
import threading
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
        given: What is compared, as the inputs show it.
        name: The same in a line, as it is stored.
        target: What the data says is right, of a row that was held out.
        rows: Rows held out, by the folder of the model and when that was made.
        seen: Two models with the name of what they were compared on.
    """

    shown: Comparison | None = None
    given: dict[str, str] = field(default_factory=dict)
    name: str = ""
    target: str = ""
    rows: dict[tuple[str, str], "list[CheckRow]"] = field(default_factory=dict)
    seen: set[tuple[frozenset, str]] = field(default_factory=set)

    def note(self, given: dict[str, str], name: str = "", target: str = "") -> None:
        """This is compared next."""
        self.given, self.name, self.target = shown_as(given), name or describe(given), target


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
    seen = (frozenset((first, second)), session.name)
    try:
        results = _answer_both(session.cancel, task, (first, second), given, emit)
    except InputError:
        session.seen.add(seen)  # or it would be the next one for ever
        raise
    session.seen.add(seen)
    emit(results)


def _answer_both(
    cancel: threading.Event, task: str, names: tuple[str | None, str | None], given: dict[str, str],
    emit: Callable[[object], None],
) -> dict[str, str]:  # fmt: skip
    models, pair = contestants(), _find_pair(task, names)
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
    return results


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
        judged |= {name for models, name in session.seen if models == frozenset(names)}
        left = [row for row in usable if row_name(row) not in judged]
        if not left:
            raise InputError("You have seen all examples of these two.", "Choose other models, or give your own.")
        emit(left[0])
        return
    raise problem


def describe(given: dict[str, str], parts: int = 1) -> str:
    """What was given in a line, for the table of choices: text as it is, and the last parts of files' paths."""
    return " + ".join(shown_as(given, parts).values())


def row_name(row: "CheckRow") -> str:
    """A row in a line; with the folders of its files, for those of several classes may have the same names."""
    return describe(row.given, parts=2)


def shown_as(given: dict[str, str], parts: int = 1) -> dict[str, str]:
    """Text as it is, and of files' paths the last parts."""
    return {key: value if key in _TEXTS else "/".join(Path(value).parts[-parts:]) for key, value in given.items()}


def copy_files(given: dict[str, str], folder: Path) -> dict[str, str]:
    """The same with files where the page may show them from."""
    return {
        key: value if key in _TEXTS else shutil.copy(value, folder / Path(value).name) for key, value in given.items()
    }
