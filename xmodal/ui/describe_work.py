"""The work of the Image description tab: one picture, or many."""

import threading
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import TYPE_CHECKING

from xmodal.errors import XmodalError
from xmodal.progress import Progress, check_cancelled
from xmodal.tasks.results import DescribeResult
from xmodal.ui import describe_views
from xmodal.ui.describe_pictures import THUMBNAIL_SIDE, draw_file, draw_heat, draw_picture
from xmodal.ui.sessions import Visit
from xmodal.ui.trained_models import find_describing
from xmodal.ui.warm_up import wait_until_warm

if TYPE_CHECKING:
    from xmodal.tasks.describe_batch import Picture, PictureRow

Emit = Callable[[object], None]


@dataclass(frozen=True)
class Wish:
    """How to describe; the fields follow the options of the tab."""

    length: str
    ocr: bool
    model: str
    language: str = "en"


@dataclass(frozen=True)
class Told:
    """The description so far."""

    text: str


@dataclass(frozen=True)
class Seen:
    """A picture as the page shows it.

    Attributes:
        picture: As a data URL.
        more_frames: Whether the file holds more pictures.
        label: What it shows.
        heat: Where it shows that, as a data URL; empty until it is known.
    """

    picture: str
    more_frames: bool
    label: str = ""
    heat: str = ""


@dataclass
class DescribeSession(Visit):
    """A visitor's picture and what is known of it.

    Attributes:
        ocr: Whether writing was looked for.
        told: The description so far.
        seen: The picture.
        result: All that was found.
    """

    ocr: bool = False
    told: str = ""
    seen: Seen | None = None
    result: DescribeResult | None = None


@dataclass
class ManySession(Visit):
    """A visitor's pictures.

    Attributes:
        pictures: All of them.
        rows: What came of those that are done.
        drawn: The rows as HTML.
        left_out: Files in the zips that are no pictures.
    """

    pictures: "list[Picture]" = field(default_factory=list)
    rows: "list[PictureRow]" = field(default_factory=list)
    drawn: list[str] = field(default_factory=list)
    left_out: int = 0


def describe_one(path: Path, wish: Wish, cancel: threading.Event, emit: Emit) -> None:
    """Emits `Progress`, `Seen`, `Told` as the description grows, a `DescribeResult`, and `Seen` again with the map.

    Raises:
        XmodalError: The picture or the model cannot be used, or the visitor asked to stop.
    """
    emit(Progress("look", path.name))
    wait_until_warm()
    from xmodal.data.images import has_more_frames, load_image
    from xmodal.tasks.describe import iter_describe
    from xmodal.tasks.pictures import label_picture, look_at

    check_cancelled(cancel)
    image = load_image(path)
    seen = Seen(draw_picture(image), has_more_frames(path))
    emit(seen)
    if wish.model:  # the list of models may not be there yet
        find_describing(wish.model)

    def report(step: Progress) -> None:
        # There is no knowing how far one picture is.
        emit(Progress(step.stage, step.what) if step.stage == "describe" else step)

    options = {"length": wish.length, "model": wish.model, "ocr": wish.ocr, "language": wish.language}
    tell = {"tell": lambda text: emit(Told(text)), "report": report, "cancel": cancel}
    for _, result in iter_describe([path], **options, **tell):
        if isinstance(result, XmodalError):
            raise result
        emit(result)
        check_cancelled(cancel)
        label = label_picture(image, 1, report, cancel)[0].label  # in English, as the network knows it
        emit(Progress("where", label))
        emit(replace(seen, label=label, heat=draw_heat(look_at(image, label, report, cancel))))


def describe_many(files: Sequence[str], wish: Wish, session: ManySession, emit: Emit) -> None:
    """Fills the lists of a new session; emits `Progress`, and each `PictureRow`.

    Raises:
        XmodalError: The files or the model cannot be used, or the visitor asked to stop.
    """
    emit(Progress("prepare", ""))
    wait_until_warm()
    from xmodal.tasks.describe_batch import describe_rows, find_pictures

    cancel = session.cancel
    unpacked = session.make_folder() / "unpacked"
    unpacked.mkdir()
    session.pictures, session.left_out = find_pictures(files, unpacked, emit, cancel)
    if wish.model:
        find_describing(wish.model)
    options = {"length": wish.length, "model": wish.model, "ocr": wish.ocr, "language": wish.language}
    for row in describe_rows(session.pictures, **options, report=emit, cancel=cancel):
        thumbnail = draw_file(row.picture.path, THUMBNAIL_SIDE) if row.result else ""
        session.drawn.append(describe_views.row(row.picture.name, thumbnail, row.result or row.error))
        session.rows.append(row)
        emit(row)
