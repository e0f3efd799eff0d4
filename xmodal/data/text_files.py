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
_SAVE_AS = "Save it as CSV UTF-8 (Excel: Save as, CSV UTF-8) and try again."
_SAMPLE = 1 << 16


def read_text(path: Path) -> tuple[str, str]:
    """A file's text and the encoding it is in.

    Raises:
        InputError: There is no such file, it is empty, or it is not text.
    """
    if not path.is_file():
        raise InputError(f"There is no file {path}.", "Check the name and the folder.")
    data = path.read_bytes()
    if not data.strip(b"\x00 \t\r\n"):
        raise InputError(
            f"The file {path.name} is empty.", "Choose a file with a header line and rows.", "no_rows", name=path.name
        )
    for magic, what in _BINARY.items():
        if data.startswith(magic):
            raise InputError(f"{path.name} is not a text file but {what}.", _SAVE_AS, "not_text", name=path.name)
    encoding = detect_encoding(data)
    if encoding is None:
        raise InputError(
            f"The text encoding of {path.name} cannot be told.", _SAVE_AS, "unknown_encoding", name=path.name
        )
    try:
        return data.decode(encoding), encoding
    except UnicodeDecodeError as error:
        line = data.count(b"\n", 0, error.start) + 1
        raise InputError(
            f"{path.name} has broken characters in line {line} (read as {encoding}).",
            _SAVE_AS,
            "bad_characters",
            name=path.name,
            line=line,
            encoding=encoding,
        ) from error


def detect_encoding(data: bytes) -> str | None:
    """The encoding's name in Python; None if it is not text.

    A byte order mark decides; then valid UTF-8; then Chinese in GB18030, believed if nearly all of its characters are
    among the 6,763 everyday ones of GB 2312, which other encodings read as GB18030 are not; then charset-normalizer.
    """
    for mark, name in _BOMS:
        if data.startswith(mark):
            return name
    sample = data[:_SAMPLE]
    if b"\x00" in sample:
        return _wide(sample)
    try:
        data.decode("utf-8")
        return "utf-8"
    except UnicodeDecodeError as error:
        start = error.start
    sample = data[max(0, start - _SAMPLE) : start + _SAMPLE]
    sample = sample[sample.find(b"\n") + 1 : sample.rfind(b"\n") + 1] or sample  # whole lines: no half characters
    if _is_chinese(sample):
        return "gb18030"
    from charset_normalizer import from_bytes

    likely = [match.encoding for match in from_bytes(sample)]
    return "cp1252" if "cp1252" in likely else next(iter(likely), None)  # Western Windows is the commonest by far


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
        text = sample.decode("gb18030")
    except UnicodeDecodeError:
        return False
    foreign = [char for char in text if ord(char) > 127]
    everyday = sum(bool(char.encode("gb2312", "ignore")) for char in foreign)
    return bool(foreign) and everyday >= 0.9 * len(foreign)
