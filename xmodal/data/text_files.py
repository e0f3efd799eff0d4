"""Text of unknown encoding, as spreadsheets and Windows programs write it."""

import codecs
from pathlib import Path

from xmodal.errors import InputError

_BOMS = (
    (codecs.BOM_UTF8, "utf-8-sig"),
    (codecs.BOM_UTF32_LE, "utf-32"),
    (codecs.BOM_UTF32_BE, "utf-32"),
    (codecs.BOM_UTF16_LE, "utf-16"),
    (codecs.BOM_UTF16_BE, "utf-16"),
)
_BINARY = {b"PK\x03\x04": "a zip or Excel file", b"\xd0\xcf\x11\xe0": "an old Excel file", b"PAR1": "a parquet file"}
_SAVE_TABLE = "Save it as CSV UTF-8 (Excel: Save as, CSV UTF-8) and try again."
_SAVE_TEXT = "Save it as a text file in UTF-8 and try again."
_SAMPLE = 1 << 16
_FEW = 0.2
DAMAGED = "\ufffd"
"""Stands for what is no character in the file's encoding."""


def read_text(path: Path, document: bool = False) -> tuple[str, str]:
    """A file's text, with `DAMAGED` for what cannot be decoded, and the encoding it is in.

    Args:
        path: The file.
        document: It is no table; advice for tables would not help.

    Raises:
        InputError: There is no such file, it is empty, or it is not text.
    """
    if not path.is_file():
        raise InputError(f"There is no file {path}.", "Check the name and the folder.")
    data = path.read_bytes()
    if not data.strip(b"\x00 \t\r\n"):
        raise InputError(
            f"The file {path.name} is empty.",
            "Choose a document with text in it." if document else "Choose a file with a header line and rows.",
            "no_text" if document else "no_rows",
            name=path.name,
        )
    advice = _SAVE_TEXT if document else _SAVE_TABLE
    for magic, what in _BINARY.items():
        if data.startswith(magic):
            raise InputError(
                f"{path.name} is not a text file but {what}.", advice, "text_binary" if document else "not_text",
                name=path.name,
            )  # fmt: skip
    encoding = detect_encoding(data)
    if encoding is None:
        raise InputError(
            f"The text encoding of {path.name} cannot be told.",
            advice,
            "text_encoding" if document else "unknown_encoding",
            name=path.name,
        )
    return data.decode(encoding, "replace"), encoding


def tell_damaged(name: str, count: int) -> str:
    """What to know of a file with so many `DAMAGED` in its text."""
    return f"Characters of {name} that could not be read, and are shown as {DAMAGED}: {count}."


def detect_encoding(data: bytes) -> str | None:
    """The encoding's name in Python; None if it is not text.

    A byte order mark decides; then UTF-8, if all or nearly all is valid; then Chinese in GB18030, believed if nearly
    all of its characters are among the 6,763 everyday ones of GB 2312, which other encodings read as GB18030 are not;
    then charset-normalizer.
    """
    for mark, name in _BOMS:
        if data.startswith(mark):
            return name
    if b"\x00" in data[:_SAMPLE]:
        return _wide(data[:_SAMPLE])
    try:
        data.decode("utf-8")
        return "utf-8"
    except UnicodeDecodeError as error:
        start = error.start
    if _is_nearly_utf8(data):
        return "utf-8"
    start, end = max(data.rfind(b"\n", 0, start) + 1, start - _SAMPLE), start + _SAMPLE
    if _is_chinese(data[start:end]):
        return "gb18030"
    from charset_normalizer import from_bytes

    sample = data[start : data.rfind(b"\n", start, end) + 1 or end]  # whole lines: no half characters
    likely = [match.encoding for match in from_bytes(sample)]
    return "cp1252" if "cp1252" in likely else next(iter(likely), None)  # Western Windows is the commonest by far


def _is_nearly_utf8(data: bytes) -> bool:
    """Whether few of the bytes that are not ASCII are no part of a character."""
    foreign = len(data.translate(None, bytes(range(128))))
    return len(data) - len(data.decode("utf-8", "ignore").encode()) <= _FEW * foreign


def _wide(sample: bytes) -> str | None:
    """UTF-16 without a mark: every other byte of its line ends and ASCII is zero."""
    even, odd = sample[::2].count(0), sample[1::2].count(0)
    if max(even, odd) < 4 * min(even, odd) + 2 or len(sample) < 4:
        return None
    name = "utf-16-le" if odd > even else "utf-16-be"
    try:
        codecs.getincrementaldecoder(name)().decode(sample)  # the last character may be cut
    except UnicodeDecodeError:
        return None
    return name


def _is_chinese(sample: bytes) -> bool:
    try:
        text = codecs.getincrementaldecoder("gb18030")().decode(sample)  # the last character may be cut
    except UnicodeDecodeError:
        return False
    foreign = [char for char in text if ord(char) > 127]
    everyday = sum(bool(char.encode("gb2312", "ignore")) for char in foreign)
    return bool(foreign) and everyday >= 0.9 * len(foreign)
