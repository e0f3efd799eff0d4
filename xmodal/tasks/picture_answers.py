"""Answers that a generator gives when it looks at a picture with the question in mind."""

from collections.abc import Sequence

from xmodal.data.documents import Document
from xmodal.data.images import load_image
from xmodal.models.adapters import Adapter
from xmodal.progress import Progress, Reporter
from xmodal.tasks.describe import ask_picture
from xmodal.tasks.results import LOOKED, Evidence

_SURE_ENOUGH = 0.3


def list_pictures(documents: Sequence[Document]) -> list[Document]:
    """Those that can be looked at."""
    return [document for document in documents if document.file and document.file.is_file()]


def look_for_answers(
    documents: Sequence[Document], question: str, looker: Adapter, report: Reporter | None = None
) -> list[Evidence]:
    """What is seen in each picture, the surest first; nothing where the model cannot tell or is not sure.

    Args:
        documents: From `list_pictures`.
        question: In English.
        looker: The generator that is asked.
        report: Told of the pictures.
    """
    found = []
    for document in documents:
        if report:
            report(Progress("look", document.name))
        text, chance, _ = ask_picture(load_image(document.file), question, looker, report)
        if text and chance >= _SURE_ENOUGH:
            found.append(_evidence(document.name, text, chance))
    return sorted(found, key=lambda one: -one.score)


def _evidence(name: str, text: str, chance: float) -> Evidence:
    return Evidence(
        source="image", file=name, start=0, end=0, text=text, passage=text, at=0, heading=LOOKED, page=0,
        score=round(chance, 4),
    )  # fmt: skip
