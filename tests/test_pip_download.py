import hashlib
import io
import tarfile

import pytest

from xmodal.errors import DownloadError, IntegrityError
from xmodal.pip_download import download_sdist
from xmodal.progress import Progress

START = Progress("download", "toy-set", unit="MB")


@pytest.fixture
def index(tmp_path, monkeypatch):
    """A package index that is a folder, with one source archive whose setup.py leaves a trace when run."""
    for name in ("PIP_INDEX_URL", "PIP_EXTRA_INDEX_URL"):
        monkeypatch.delenv(name, raising=False)
    for name, value in {"PIP_NO_INDEX": "1", "PIP_FIND_LINKS": str(tmp_path), "PIP_CONFIG_FILE": "/dev/null"}.items():
        monkeypatch.setenv(name, value)
    files = {
        "setup.py": f"open({str(tmp_path / 'trace')!r}, 'w')\nfrom setuptools import setup\nsetup(name='toy-set')\n",
        "PKG-INFO": "Metadata-Version: 1.0\nName: toy-set\nVersion: 1.0\n",
        "data.txt": "hello",
    }
    archive = tmp_path / "toy-set-1.0.tar.gz"
    with tarfile.open(archive, "w:gz") as out:
        for name, text in files.items():
            member = tarfile.TarInfo(f"toy-set-1.0/{name}")
            member.size = len(text)
            out.addfile(member, io.BytesIO(text.encode()))
    return archive


def test_a_source_archive_is_saved_and_none_of_its_code_runs(index, tmp_path):
    digest = hashlib.sha256(index.read_bytes()).hexdigest()
    saved = download_sdist("toy-set", "1.0", digest, tmp_path / "staging", START)
    assert saved.read_bytes() == index.read_bytes()
    assert not (tmp_path / "trace").exists()


def test_another_archive_than_expected_is_refused_before_it_is_unpacked(index, tmp_path):
    with pytest.raises(IntegrityError, match="toy-set"):
        download_sdist("toy-set", "1.0", "0" * 64, tmp_path / "staging", START)
    assert not (tmp_path / "trace").exists()


def test_a_package_that_is_not_there(tmp_path, index):
    with pytest.raises(DownloadError, match="pip download --no-deps other=="):
        download_sdist("other", "1.0", "0" * 64, tmp_path / "staging", START)
