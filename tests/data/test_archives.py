import contextlib
import stat
import time
import zipfile
import zlib

import pytest

from xmodal.data.archives import ZipLimits, unzip
from xmodal.errors import InputError


def write_zip(path, *members):
    """Members are `(name or ZipInfo, bytes)`."""
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, data in members:
            archive.writestr(name, data)
    return path


def test_files_arrive_and_clutter_does_not(tmp_path):
    path = write_zip(tmp_path / "a.zip", ("set/cats/一.txt", b"1"), ("__MACOSX/x", b""), ("set/.DS_Store", b""))
    unzip(path, tmp_path / "out")
    assert [p.relative_to(tmp_path / "out").as_posix() for p in (tmp_path / "out").rglob("*") if p.is_file()] == [
        "set/cats/一.txt"
    ]


def test_names_in_gbk_as_chinese_windows_writes_them(tmp_path):
    path = write_zip(tmp_path / "a.zip", ("xxxx/a.txt", b"1"))
    path.write_bytes(path.read_bytes().replace(b"xxxx", "猫狗".encode("gbk")))
    unzip(path, tmp_path / "out")
    assert (tmp_path / "out" / "猫狗" / "a.txt").read_bytes() == b"1"


@pytest.mark.timeout(180)
def test_a_bomb_of_two_gigabytes_is_refused_at_once(tmp_path):
    path = tmp_path / "bomb.zip"
    with (
        zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED, compresslevel=1) as archive,
        archive.open("a.csv", "w", force_zip64=True) as out,
    ):
        for _ in range(256):
            out.write(bytes(8 << 20))
    assert path.stat().st_size < 20e6
    start = time.monotonic()
    with pytest.raises(InputError, match="zip bomb"):
        unzip(path, tmp_path / "out")
    assert time.monotonic() - start < 2
    assert not (tmp_path / "out").exists()


def test_a_bomb_that_lies_about_its_size_is_stopped(tmp_path):
    data = bytes(50 << 20)
    path = write_zip(tmp_path / "a.zip", ("a.csv", data))
    raw = path.read_bytes().replace(len(data).to_bytes(4, "little"), (1_000).to_bytes(4, "little"))
    path.write_bytes(
        raw.replace(zlib.crc32(data).to_bytes(4, "little"), zlib.crc32(data[:1_000]).to_bytes(4, "little"))
    )
    with contextlib.suppress(InputError):  # zipfile itself stops at the declared size
        unzip(path, tmp_path / "out")
    assert sum(p.stat().st_size for p in tmp_path.rglob("a.csv")) <= 1_000


def test_a_bomb_whose_files_overlap(tmp_path):
    path = write_zip(tmp_path / "a.zip", ("a.csv", b"x" * 99), ("b.csv", b"x" * 99))
    raw = bytearray(path.read_bytes())
    second = raw.rfind(b"PK\x01\x02")
    raw[second + 42 : second + 46] = bytes(4)  # the header's offset: that of the first file
    path.write_bytes(raw)
    with pytest.raises(InputError, match="share their contents"):
        unzip(path, tmp_path / "out")


@pytest.mark.parametrize("name", ["../a.txt", "a/../../b.txt", "/etc/a.txt", "C:/a.txt", "C:\\a.txt", "..\\a.txt"])
def test_names_that_lead_out_are_refused(tmp_path, name):
    path = write_zip(tmp_path / "a.zip", ("good.txt", b"1"), (name, b"2"))
    with pytest.raises(InputError, match="leads out"):
        unzip(path, tmp_path / "out")
    assert not (tmp_path / "out").exists()


def test_links_are_refused(tmp_path):
    link = zipfile.ZipInfo("link")
    link.external_attr = (stat.S_IFLNK | 0o777) << 16
    with pytest.raises(InputError, match="leads out"):
        unzip(write_zip(tmp_path / "a.zip", (link, b"/etc/passwd")), tmp_path / "out")


@pytest.mark.parametrize(
    ("limits", "message"),
    [({"files": 1}, "more than 1 files"), ({"total_mb": 0}, "more than 0 MB"), ({"depth": 1}, "too deep")],
)
def test_limits(tmp_path, limits, message):
    path = write_zip(tmp_path / "a.zip", ("a/1.txt", b"1"), ("a/2.txt", b"2"))
    with pytest.raises(InputError, match=message):
        unzip(path, tmp_path / "out", ZipLimits(**limits))


@pytest.mark.parametrize(
    "damage", [lambda raw: b"no zip", lambda raw: raw[:-30], lambda raw: raw[:40] + b"?" + raw[41:]]
)
def test_damaged_archives(tmp_path, damage):
    path = write_zip(tmp_path / "a.zip", ("a.txt", b"some words " * 50))
    path.write_bytes(damage(path.read_bytes()))
    with pytest.raises(InputError, match="not a zip"):
        unzip(path, tmp_path / "out")


def test_an_empty_archive(tmp_path):
    with pytest.raises(InputError, match="no files"):
        unzip(write_zip(tmp_path / "a.zip"), tmp_path / "out")
