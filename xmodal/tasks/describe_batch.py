"""Descriptions of many pictures: what cannot be read is named, and the rest is done."""

import json
import threading
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from xmodal.data.archives import ZipLimits, unzip
from xmodal.data.columns import IMAGE_SUFFIXES
from xmodal.data.spreadsheets import write_csv
from xmodal.errors import InputError, XmodalError
from xmodal.progress import Progress, Reporter
from xmodal.tasks.describe import iter_describe
from xmodal.tasks.results import DescribeResult, to_dict

MOST = 200
_LIMITS = ZipLimits(total_mb=4_000, files=10_000)
_DRAWINGS = (".svg", ".svgz")
"""These cannot be described, which is to be said; everything else in a zip that is no picture is left out."""
_NOT_REACHED = "Not reached."
COLUMNS = ("file", "description", "alt", "labels", "colours", "written", "model", "notes", "problem")


@dataclass(frozen=True)
class Picture:
    """A picture to describe: its `path`, and its `name` as the person knows it, with the folders in a zip.

    A zip that cannot be unpacked stands for its pictures, with the `problem`.
    """

    name: str
    path: Path
    problem: XmodalError | None = None


@dataclass(frozen=True)
class PictureRow:
    """What came of a picture: a `result`, or an `error`; neither where it was not reached."""

    picture: Picture
    result: DescribeResult | None = None
    error: XmodalError | None = None


def find_pictures(
    files: Sequence[str | Path], unpack_to: Path, report: Reporter | None = None, cancel: threading.Event | None = None
) -> tuple[list[Picture], int]:
    """The pictures among files, with those in zips, and how many other files in the zips were left out.

    Args:
        files: Pictures and zips; a file that is neither counts as a picture, so that it is said what is wrong with it.
        unpack_to: An empty folder, to be kept as long as the pictures are used.
        report: Told of the progress.
        cancel: Stops it.

    Raises:
        InputError: There is no picture, there are more than `MOST`, or the only zip cannot be unpacked.
        CancelledError: `cancel` was set.
    """
    found, left_out = [], 0
    several = sum(Path(file).suffix.lower() == ".zip" for file in files) > 1
    for number, path in enumerate(map(Path, files)):
        if path.suffix.lower() != ".zip":
            found.append(Picture(path.name, path))
            continue
        folder = unpack_to / str(number)
        folder.mkdir()
        try:
            unzip(path, folder, _LIMITS, report, cancel)
        except InputError as error:
            if len(files) == 1:
                raise
            found.append(Picture(path.name, path, error))
            continue
        members = sorted(member for member in folder.rglob("*") if member.is_file())
        pictures = [member for member in members if member.suffix.lower() in (*IMAGE_SUFFIXES, *_DRAWINGS)]
        start = f"{path.stem}/" if several else ""
        found += [Picture(start + member.relative_to(folder).as_posix(), member) for member in pictures]
        left_out += len(members) - len(pictures)
    if not found:
        raise InputError(
            "There is no picture in the zip.", "Put JPEG, PNG or other pictures into it.", "zip_no_pictures"
        )
    if len(found) > MOST:
        raise InputError(
            f"There are {len(found)} pictures; at most {MOST} can be described at a time.",
            "Choose fewer, or use `xmodal describe` on the command line.", "many_pictures", count=len(found), most=MOST,
        )  # fmt: skip
    return found, left_out


def describe_rows(
    pictures: Sequence[Picture], *, report: Reporter | None = None, **options: object
) -> Iterator[PictureRow]:
    """A row for each picture, in order, as they are done.

    Args:
        pictures: From `find_pictures`.
        report: Told of the progress, after each picture too.
        options: `length`, `model`, `ocr`, `language` and `cancel` of `iter_describe`.

    Raises:
        XmodalError: The model cannot be used, or `cancel` was set.
    """
    found = iter_describe([one.path for one in pictures if not one.problem], report=report, **options)
    for done, picture in enumerate(pictures, start=1):
        outcome = picture.problem or next(found)[1]
        failed = isinstance(outcome, XmodalError)
        yield PictureRow(picture, None if failed else outcome, outcome if failed else None)
        if report:
            following = pictures[min(done, len(pictures) - 1)]
            report(Progress("describe", following.name, done, len(pictures), "pictures"))


def write_rows_csv(rows: Sequence[PictureRow], path: Path) -> Path:
    """Write a table that is safe for spreadsheets, a row for each picture."""

    def cells(row: PictureRow) -> list[str]:
        one = row.result
        if one is None:
            return [row.picture.name, *[""] * (len(COLUMNS) - 2), _problem(row)]
        labels = "; ".join(f"{label.label} {label.score:.1%}" for label in one.labels)
        colours = "; ".join(f"{colour.name} {colour.hex} {colour.share:.0%}" for colour in one.colours)
        written, notes = "\n".join(one.written), "\n".join(one.notes)
        return [row.picture.name, one.description, one.alt, labels, colours, written, one.model, notes, ""]

    return write_csv(path, COLUMNS, map(cells, rows))


def write_rows_jsonl(rows: Sequence[PictureRow], path: Path) -> Path:
    """Write a line of JSON for each picture, with the keys of `COLUMNS`; lists are empty where there is a problem."""
    lines = []
    for row in rows:
        known = to_dict(row.result) if row.result else {}
        empty = {"description": "", "alt": "", "labels": [], "colours": [], "written": [], "model": "", "notes": []}
        line = {key: known.get(key, value) for key, value in empty.items()}
        lines.append(json.dumps({"file": row.picture.name, **line, "problem": _problem(row)}, ensure_ascii=False))
    path.write_text("".join(line + "\n" for line in lines), encoding="utf-8", errors="replace")
    return path


def _problem(row: PictureRow) -> str:
    if row.result is not None:
        return ""
    return row.error.problem if row.error else _NOT_REACHED
