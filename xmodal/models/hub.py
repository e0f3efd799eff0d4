"""Models from the Hugging Face Hub, kept in the standard Hugging Face cache, where other programs find them too."""

import hashlib
import json
import logging
import re
import sys
import threading
from functools import cache
from pathlib import Path

from xmodal.disk import disk_full, folder_bytes, require_space, says_disk_full
from xmodal.download import run_watched
from xmodal.errors import DiskFullError, DownloadError
from xmodal.models.registry import ModelSpec
from xmodal.progress import Progress, Reporter
from xmodal.settings import settings

_log = logging.getLogger(__name__)

_DOWNLOAD = """
import json, sys
from huggingface_hub import snapshot_download
snapshot_download(**json.loads(sys.argv[1]))
"""
_PROCESSOR_FILES = {
    "audio": ("preprocessor_config.json",),
    "text": ("tokenizer.json", "tokenizer.model", "sentencepiece.bpe.model", "vocab.json", "vocab.txt"),
}
_CHUNK = 1 << 20
_probe_lock = threading.Lock()


def hub_reachable() -> bool:
    """Whether the Hub answers. Asked once a process, with a deadline (`XMODAL_HUB_TIMEOUT_S`, 2 s) on the whole.

    `HF_HUB_OFFLINE`, `HF_ENDPOINT` and proxies are honoured.
    """
    with _probe_lock:
        return _probe()


def forget_reachability() -> None:
    """Ask the Hub again next time; the network may be back."""
    with _probe_lock:
        _probe.cache_clear()


@cache
def _probe() -> bool:
    """One request in a thread that is left behind at the deadline: a hanging name look-up cannot be interrupted."""
    answers: list[bool] = []
    timeout_s = settings().hub_timeout_s
    thread = threading.Thread(target=lambda: answers.append(_ask(timeout_s)), name="hub-probe", daemon=True)
    thread.start()
    thread.join(timeout_s)
    return bool(answers and answers[0])


def _ask(timeout_s: float) -> bool:
    from huggingface_hub import constants
    from huggingface_hub.utils import get_session

    if constants.HF_HUB_OFFLINE:
        return False
    try:
        status = get_session().head(constants.ENDPOINT, timeout=timeout_s).status_code
    except Exception as error:  # noqa: BLE001 - the client, proxies and TLS each raise their own; all mean "no"
        _log.debug("the Hub did not answer: %s", type(error).__name__)
        return False
    # A gate that wants a login (401, 403) may still hand out public files; the download finds that out.
    return status < 500 and status != 407


def find_cached(spec: ModelSpec) -> Path | None:
    """The model's folder in the Hugging Face cache, if it is there in full. Asks no network."""
    from huggingface_hub import try_to_load_from_cache

    if not spec.hub:
        return None
    found = try_to_load_from_cache(spec.hub, "config.json", revision=spec.revision)
    if not isinstance(found, str):
        return None
    folder = Path(found).parent
    return folder if _is_complete(folder, spec) else None


def download(spec: ModelSpec, report: Reporter | None = None, cancel: threading.Event | None = None) -> Path:
    """Download the model into the Hugging Face cache; an interrupted download goes on where it stopped.

    Returns:
        The snapshot's folder, in transformers (or timm) layout.

    Raises:
        DownloadError: The Hub does not hand it out.
        DiskFullError: There is no room for it.
        CancelledError: `cancel` was set.
    """
    repo_folder = _repo_folder(spec)
    require_space(repo_folder, 1.05 * spec.download_mb - folder_bytes(repo_folder) / 1e6, spec.name, "HF_HOME")
    request = {"repo_id": spec.hub, "revision": spec.revision, "allow_patterns": list(spec.hub_files)}
    start = Progress("download", spec.name, total=spec.download_mb, unit="MB")
    command = [sys.executable, "-P", "-W", "ignore", "-c", _DOWNLOAD, json.dumps(request)]
    finished = run_watched(command, repo_folder / "blobs", start, report, cancel)
    if finished.returncode:
        raise _explain(spec, repo_folder, finished.stderr)
    found = find_cached(spec)
    if found is None:
        raise DownloadError(
            f"The Hub repository {spec.hub} lacks files that {spec.name} needs (config and safetensors weights).",
            "Choose another repository or revision; weights in other formats are not loaded.",
        )
    return found


def revision_of(folder: Path) -> str:
    """The commit of a snapshot's folder."""
    return folder.name


def find_damage(folder: Path) -> tuple[str, ...]:
    """Names of the snapshot's files that differ from their digest.

    The cache names each blob by its digest: SHA-256 of large files, git's SHA-1 of small ones. Where the file system
    has no links, there is no digest to compare with and only missing files are found.
    """
    damaged = []
    for path in sorted(folder.rglob("*")):
        if path.is_symlink() and not (path.exists() and _matches_name(path.resolve())):
            damaged.append(str(path.relative_to(folder)))
    return tuple(damaged)


def delete(spec: ModelSpec) -> bool:
    """Delete the model's revision from the Hugging Face cache; whether there was one."""
    from huggingface_hub import constants, scan_cache_dir, try_to_load_from_cache

    found = try_to_load_from_cache(spec.hub, "config.json", revision=spec.revision) if spec.hub else None
    if not isinstance(found, str):
        return False
    scan_cache_dir(constants.HF_HUB_CACHE).delete_revisions(revision_of(Path(found).parent)).execute()
    return True


def _is_complete(folder: Path, spec: ModelSpec) -> bool:
    """Whether weights (every shard) and the processor's files are there: a download may have been cut off."""
    wanted = _PROCESSOR_FILES.get(spec.modality, ())
    if wanted and not any((folder / name).exists() for name in wanted):
        return False
    index = folder / "model.safetensors.index.json"
    if index.exists():
        shards = set(json.loads(index.read_text())["weight_map"].values())
        return all((folder / shard).exists() for shard in shards)
    return any(path.exists() for path in folder.glob("*.safetensors"))


def _repo_folder(spec: ModelSpec) -> Path:
    from huggingface_hub import constants

    return Path(constants.HF_HUB_CACHE) / ("models--" + spec.hub.replace("/", "--"))


def _matches_name(blob: Path) -> bool:
    if re.fullmatch(r"[0-9a-f]{64}", blob.name):
        digest = hashlib.sha256()
    elif re.fullmatch(r"[0-9a-f]{40}", blob.name):
        digest = hashlib.sha1(b"blob %d\0" % blob.stat().st_size, usedforsecurity=False)
    else:
        return True
    with open(blob, "rb") as file:
        while chunk := file.read(_CHUNK):
            digest.update(chunk)
    return digest.hexdigest() == blob.name


def _explain(spec: ModelSpec, folder: Path, stderr: str) -> DownloadError | DiskFullError:
    """The reason of a failed download, from the class of the exception that ended it."""
    if says_disk_full(stderr):
        return disk_full(folder, spec.name, "HF_HOME")
    last = stderr.strip().splitlines()[-1] if stderr.strip() else ""
    if "GatedRepo" in stderr:
        return DownloadError(
            f"The Hub repository {spec.hub} asks for its terms to be accepted.",
            "Accept them on its page, then log in with `hf auth login`.",
        )
    if "RepositoryNotFound" in stderr or "RevisionNotFound" in stderr:
        return DownloadError(
            f"The Hub has no public repository {spec.hub} with revision {spec.revision}.",
            "Check the name; for a private one log in with `hf auth login`.",
        )
    reason = last.split(":")[0].rsplit(".", 1)[-1] or "no reason given"
    return DownloadError(
        f"The download of {spec.name} from the Hugging Face Hub broke off ({reason}).",
        "Check the network and try again; it goes on where it stopped.",
    )
