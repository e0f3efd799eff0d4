"""Answers that a generator gives when it looks at a picture with the question in mind."""

import threading
from collections.abc import Sequence

from xmodal.data.documents import Document
from xmodal.data.images import load_image
from xmodal.errors import CancelledError, XmodalError
from xmodal.models.adapters import Adapter
from xmodal.progress import Progress, Reporter, check_cancelled
from xmodal.tasks.describe import ask_picture
from xmodal.tasks.results import LOOKED, Evidence

_SURE_ENOUGH = 0.3


def list_pictures(documents: Sequence[Document]) -> list[Document]:
    """Those that can be looked at."""
    return [document for document in documents if document.file and document.file.is_file()]


def look_for_answers(
    documents: Sequence[Document],
    question: str,
    looker: Adapter,
    report: Reporter | None = None,
    cancel: threading.Event | None = None,
) -> tuple[list[Evidence], tuple[str, ...]]:
    """What is seen in each picture, the surest first, and a note where not all of them could be looked at.

    There is nothing of a picture of which the model cannot tell or is not sure.

    Args:
        documents: From `list_pictures`.
        question: In English.
        looker: The generator that is asked.
        report: Told of the pictures.
        cancel: Stops it between two pictures.
    """
    found: list[Evidence] = []
    notes: tuple[str, ...] = ()
    try:
        for document in documents:
            check_cancelled(cancel)
            if report:
                report(Progress("look", document.name))
            text, chance, _ = ask_picture(load_image(document.file), question, looker, report)
            if text and chance >= _SURE_ENOUGH:
                found.append(_evidence(document.name, text, chance))
    except CancelledError:
        raise
    except XmodalError as error:
        notes = (f"There are pictures that could not be looked at: {error.problem}",)
    return sorted(found, key=lambda one: -one.score), notes


def _evidence(name: str, text: str, chance: float) -> Evidence:
    return Evidence(
        source="image", file=name, start=0, end=0, text=text, passage=text, at=0, heading=LOOKED, page=0,
        score=round(chance, 4),
    )  # fmt: skip
