"""Zip files from strangers, unpacked within limits."""

import stat
import threading
import zipfile
import zlib
from dataclasses import dataclass
from pathlib import Path, PurePosixPath

from xmodal.disk import disk_full_explained, require_space
from xmodal.errors import InputError
from xmodal.progress import Progress, Reporter, check_cancelled

_CHUNK = 1 << 20
_UTF8_FLAG = 0x800
_UNPACK = "Unpack it yourself, look at what is in it, and choose the folder."


@dataclass(frozen=True)
class ZipLimits:
    """What an archive may hold.

    Attributes:
        total_mb: All files together, unpacked.
        files: How many.
        ratio: Unpacked over packed size of one file; text packs 20-fold at most, deflate itself 1032-fold.
        free_mb: A file up to this size may have any ratio: short files of one colour or of silence do.
        depth: Folders within folders.
    """

    total_mb: int = 20_000
    files: int = 500_000
    ratio: int = 200
    free_mb: float = 10
    depth: int = 12


def unzip(
    path: Path,
    folder: Path,
    limits: ZipLimits | None = None,
    report: Reporter | None = None,
    cancel: threading.Event | None = None,
) -> None:
    """Unpack an archive into an empty folder; nothing is written unless all that it declares is within the limits.

    What the archive declares is not trusted either: the bytes are counted as they come.

    Raises:
        InputError: Damaged, encrypted, over a limit, or with a name that leads out of the folder.
        DiskFullError: There is no room.
        CancelledError: `cancel` was set.
    """
    limits = limits or ZipLimits()
    try:
        with zipfile.ZipFile(path) as archive:
            members = _judge(path, archive.infolist(), limits)
            total = sum(member.file_size for member in members.values())
            require_space(folder, total / 1e6 * 1.05 + 1, path.name)
            done = 0
            for name, member in members.items():
                check_cancelled(cancel)
                target = folder.joinpath(*name.parts)
                target.parent.mkdir(parents=True, exist_ok=True)
                with disk_full_explained(folder, path.name):
                    _copy(archive, member, target, cancel)
                done += member.file_size
                if report:
                    report(Progress("unpack", path.name, done / 1e6, total / 1e6, "MB"))
    except (zipfile.BadZipFile, zlib.error, EOFError, NotImplementedError) as error:
        raise InputError(
            f"{path.name} is not a zip file that can be read.",
            "Pack it anew as a plain zip.",
            "not_a_zip",
            name=path.name,
        ) from error


def check_zip(path: Path, limits: ZipLimits | None = None) -> None:
    """Refuse a file that another library unpacks, such as a Word file, if it is a bomb; the limits are as for `unzip`.

    Raises:
        InputError: Encrypted, over a limit, or with a name that leads out of the folder.
        zipfile.BadZipFile: Not a zip file.
    """
    with zipfile.ZipFile(path) as archive:
        _judge(path, archive.infolist(), limits or ZipLimits(total_mb=1_000, files=10_000))


def _copy(archive: zipfile.ZipFile, member: zipfile.ZipInfo, target: Path, cancel: threading.Event | None) -> None:
    left = member.file_size
    try:
        with archive.open(member) as source, open(target, "xb") as out:
            while chunk := source.read(_CHUNK):
                check_cancelled(cancel)
                left -= len(chunk)
                if left < 0:
                    raise zipfile.BadZipFile("more than declared")
                out.write(chunk)
    except FileExistsError as error:
        raise InputError(f"The zip file holds {target.name} twice.", _UNPACK) from error


def _judge(path: Path, members: list[zipfile.ZipInfo], limits: ZipLimits) -> dict[PurePosixPath, zipfile.ZipInfo]:
    """The files to unpack, by safe names."""
    if len(members) > limits.files:
        raise InputError(
            f"{path.name} holds more than {limits.files:,} files.",
            "Split it into several.",
            "zip_files",
            name=path.name,
            most=limits.files,
        )
    if sum(member.file_size for member in members) > limits.total_mb * 1e6:
        raise InputError(
            f"{path.name} would unpack to more than {limits.total_mb:,} MB.",
            "Make it smaller.",
            "zip_size",
            name=path.name,
            most=limits.total_mb,
        )
    chosen, starts = {}, set()
    for member in members:
        name = _safe_name(path, member, limits)
        if member.flag_bits & 1:
            raise InputError(
                f"{path.name} is protected by a password.", "Pack it without one.", "zip_password", name=path.name
            )
        packed = max(member.compress_size, 1)
        if member.file_size > limits.free_mb * 1e6 and member.file_size > limits.ratio * packed:
            raise InputError(
                f"{path.name} is a zip bomb: {name.name} unpacks to {member.file_size / packed:,.0f} times its size.",
                "Choose another file.", "zip_bomb", name=path.name,
            )  # fmt: skip
        if member.header_offset in starts:
            raise InputError(
                f"{path.name} is a zip bomb: its files share their contents.",
                "Choose another file.",
                "zip_bomb",
                name=path.name,
            )
        starts.add(member.header_offset)
        if not member.is_dir() and not _is_clutter(name):
            chosen[name] = member
    if not chosen:
        raise InputError(f"There are no files in {path.name}.", "Choose another one.", "zip_empty", name=path.name)
    return chosen


def _safe_name(path: Path, member: zipfile.ZipInfo, limits: ZipLimits) -> PurePosixPath:
    text = _decode_name(member).replace("\\", "/")
    name = PurePosixPath(text)
    mode = member.external_attr >> 16
    unsafe = name.is_absolute() or ".." in name.parts or "\0" in text or any(":" in part for part in name.parts)
    if unsafe or (stat.S_IFMT(mode) not in (0, stat.S_IFREG, stat.S_IFDIR)):
        raise InputError(
            f"{path.name} holds a file that leads out of its folder: {text[:80]}.",
            _UNPACK,
            "zip_outside",
            name=path.name,
            file=text[:80],
        )
    if len(name.parts) > limits.depth or any(len(part.encode()) > 255 for part in name.parts):
        raise InputError(f"{path.name} holds a name that is too long or too deep: {text[:80]}.", _UNPACK)
    return name


def _decode_name(member: zipfile.ZipInfo) -> str:
    """Names without the UTF-8 flag come as code page 437; Chinese Windows meant GBK, some programs UTF-8."""
    if member.flag_bits & _UTF8_FLAG or member.filename.isascii():
        return member.filename
    raw = member.orig_filename.encode("cp437", "replace")
    for encoding in ("utf-8", "gb18030"):
        try:
            return raw.decode(encoding)
        except UnicodeDecodeError:
            continue
    return member.filename


def _is_clutter(name: PurePosixPath) -> bool:
    """What file managers add."""
    return name.parts[0] == "__MACOSX" or name.name in (".DS_Store", "Thumbs.db", "desktop.ini")
