"""Any file as a document that questions are asked about; what takes long to read is read once and kept."""

import hashlib
import json
import re
import threading
from collections.abc import Callable, Sequence
from dataclasses import asdict, replace
from functools import partial
from mimetypes import guess_type
from pathlib import Path

from xmodal.data.columns import IMAGE_SUFFIXES
from xmodal.data.documents import DOCUMENT_SUFFIXES, Document, Part, read_document
from xmodal.disk import disk_full_explained
from xmodal.errors import InputError
from xmodal.models.adapters import shipped_dir
from xmodal.paths import home
from xmodal.progress import Progress, Reporter

_FORMAT = 3


def kind_of(path: Path) -> str:
    """`text`, `image` or `audio` by a file's name; what is none of the first two is left to the decoders of sound."""
    suffix = path.suffix.lower()
    return "text" if suffix in DOCUMENT_SUFFIXES else "image" if suffix in IMAGE_SUFFIXES else "audio"


def health_collection(language: str) -> Document:
    """The short texts on health that come with xmodal.

    Args:
        language: `zh` or `en`.
    """
    return read_document(shipped_dir().parent / "sources" / f"health-{language}.jsonl")


def is_health_collection(document: Document) -> bool:
    """Whether what is found in it is to be marked as no medical advice."""
    return re.fullmatch(r"health-(en|zh)\.jsonl", document.name) is not None


def read_source(
    path: Path,
    kind: str = "",
    *,
    ocr: bool = False,
    report: Reporter | None = None,
    cancel: threading.Event | None = None,
) -> Document:
    """A text, a document, a picture or a recording.

    Args:
        path: The file.
        kind: `text`, `image` or `audio`; told by the file's name if not given.
        ocr: Read the scanned pages of PDF files.
        report: Told of what is done.
        cancel: Stops it.

    Raises:
        XmodalError: It cannot be read, or there is nothing in it to find answers in.
    """
    if not path.is_file():
        raise InputError(f"There is no file {path}.", "Check the name and the folder.")
    kind = kind or kind_of(path)
    if kind == "image":
        from xmodal.tasks.pictures import read_picture

        return replace(_once(path, kind, partial(read_picture, path, report, cancel)), file=path)
    if kind == "audio":
        from xmodal.tasks.recordings import read_recording

        _require_media(path)
        return _once(path, kind, partial(read_recording, path, report, cancel))
    if report:
        report(Progress("read", path.name))
    if path.suffix.lower() != ".pdf":
        return read_document(path, report, cancel)
    if not ocr:
        return _once(path, "pdf", partial(read_document, path, report, cancel))
    from xmodal.tasks.pictures import read_page

    return _once(path, "ocr", partial(read_document, path, report, cancel, read_page))


def name_apart(documents: Sequence[Document]) -> list[Document]:
    """The documents, each with a name of its own: a second `a.txt` is called `a.txt (2)`."""
    named: dict[str, Document] = {}
    for document in documents:
        number, name = 1, document.name
        while name in named:
            number += 1
            name = f"{document.name} ({number})"
        named[name] = replace(document, name=name)
    return list(named.values())


def _require_media(path: Path) -> None:
    """Say what can be used, where the decoders would only speak of sound."""
    from xmodal.data.media import probe

    try:
        probe(path)
    except InputError as error:
        sounds = kind_of(path) != "audio" or (guess_type(path.name)[0] or "").startswith(("audio/", "video/"))
        if not sounds:
            raise InputError(
                f"{path.name} is not a kind of file that questions can be asked about.",
                "Use a PDF, Word (.docx), HTML or text file, a csv of questions and answers, a picture or a recording.",
                "not_a_source",
                name=path.name,
            ) from error
        raise


def _once(path: Path, how: str, make: Callable[[], Document]) -> Document:
    """Make the document, or take what was made of the same file before if that was all of it."""
    kept = home() / "sources" / f"{_digest(path, how)}.json"
    try:
        values = json.loads(kept.read_text(encoding="utf-8"))
        parts = tuple(Part(**{**part, "time": part["time"] and tuple(part["time"])}) for part in values["parts"])
        # The name may be that of somebody else's copy.
        warnings = tuple(warning.replace(values["name"], path.name) for warning in values["warnings"])
        return Document(path.name, parts, warnings, values["kind"])
    except FileNotFoundError:
        pass
    except (OSError, ValueError, KeyError, TypeError):
        kept.unlink(missing_ok=True)
    document = make()
    if document.partial:
        return document
    with disk_full_explained(kept.parent, "what was read"):
        kept.parent.mkdir(parents=True, exist_ok=True)
        staged = kept.with_suffix(f".{threading.get_ident()}.part")
        try:
            staged.write_text(json.dumps(asdict(document), ensure_ascii=False), encoding="utf-8", errors="replace")
            staged.replace(kept)
        finally:
            staged.unlink(missing_ok=True)
    return document


def _digest(path: Path, how: str) -> str:
    start = hashlib.sha256(f"{how} {_FORMAT}\0".encode())
    with path.open("rb") as file:
        return hashlib.file_digest(file, lambda: start).hexdigest()[:32]
