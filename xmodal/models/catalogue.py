"""Every model there is for this machine: registered ones, adapters, and what else the Hub's cache holds."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

from xmodal.disk import folder_bytes
from xmodal.errors import InputError
from xmodal.models import sources
from xmodal.models.adapters import Adapter, adapters_dir, list_adapters
from xmodal.models.registry import ModelSpec, find_model, list_models

Kind = Literal["starter", "shipped", "own", "hub"]
_PREFIX = "models--"


@dataclass(frozen=True)
class Entry:
    """A model as a list shows it.

    Attributes:
        kind: `starter` for registered models, `shipped` and `own` for adapters, `hub` for others in the Hub's cache.
        name: Within its kind.
        tasks: What it does.
        modalities: What it takes: `text`, `image`, `audio`.
        summary: One line, in English; empty where nobody wrote one.
        here: Whether it is on this machine.
        disk_mb: What it takes here.
        download_mb: What fetching it would take; 0 if it is here by itself.
        sources: Where it can be had from: `hub`, `index`.
        source: Where it came from; empty for adapters and for what is not here.
        origin: Hub repository, or the models that an adapter stands on.
        revision: Commit on the Hub, digest of the recipe that rebuilt it, or when an adapter was made.
        licence: As far as it is known.
        languages: Codes, or `multi`.
        labels: Classes, for adapters that have any.
        metrics: Of adapters, as `adapter.json` has them.
        path: Where it lies.
    """

    kind: Kind
    name: str
    tasks: tuple[str, ...] = ()
    modalities: tuple[str, ...] = ()
    summary: str = ""
    here: bool = True
    disk_mb: float = 0.0
    download_mb: float = 0.0
    sources: tuple[str, ...] = ()
    source: str = ""
    origin: str = ""
    revision: str = ""
    licence: str = ""
    languages: tuple[str, ...] = ()
    labels: tuple[str, ...] = ()
    metrics: dict[str, Any] | None = None
    path: Path | None = None

    @property
    def key(self) -> str:
        """Tells it from all others, as `own:reviews`."""
        return f"{self.kind}:{self.name}"


def list_entries() -> list[Entry]:
    """All of them: own adapters (the newest first), shipped ones, registered models, others in the Hub's cache."""
    adapters = sorted(map(_adapter_entry, list_adapters()), key=lambda entry: entry.revision, reverse=True)
    starters = [_spec_entry(find_model(name)) for name in list_models()]
    return sorted(adapters, key=lambda entry: entry.kind != "own") + starters + _cached_entries()


def find_entry(key: str) -> Entry:
    """The one with this key.

    Raises:
        InputError: There is none any more.
    """
    found = next((entry for entry in list_entries() if entry.key == key), None)
    if found is None:
        raise InputError("This model is not there any more.", "Choose another one.")
    return found


def choose_entries(entries: Sequence[Entry], task: str = "", kind: str = "", words: str = "") -> list[Entry]:
    """Those of a task and a kind whose texts hold every one of the words; empty values choose all."""
    wanted = words.lower().split()
    return [
        entry
        for entry in entries
        if (not task or task in entry.tasks)
        and (not kind or kind == entry.kind)
        and all(word in _text_of(entry) for word in wanted)
    ]


def delete_cached(repo: str) -> float:
    """Delete all revisions of a Hub model from the Hub's cache; returns the MB they took.

    Raises:
        InputError: It is not there.
    """
    cache = _scan()
    found = next((item for item in _model_repos(cache) if item.repo_id == repo), None)
    if found is None:
        raise InputError(f"{repo} is not in the cache of the Hugging Face Hub.", "Choose another model.")
    cache.delete_revisions(*(revision.commit_hash for revision in found.revisions)).execute()
    return found.size_on_disk / 1e6


def _text_of(entry: Entry) -> str:
    parts = (entry.name, entry.summary, entry.origin, entry.licence, *entry.tasks, *entry.languages, *entry.labels)
    return " ".join(parts).lower()


def _spec_entry(spec: ModelSpec) -> Entry:
    found = sources.find_cached(spec)
    return Entry(
        kind="starter",
        name=spec.name,
        tasks=spec.tasks,
        modalities=(spec.modality,),
        summary=spec.summary,
        here=found is not None,
        disk_mb=folder_bytes(found.path) / 1e6 if found else 0.0,
        download_mb=spec.download_mb or (spec.index.download_mb if spec.index else 0),
        sources=tuple(name for name, has in (("hub", spec.hub), ("index", spec.index)) if has),
        source=found.source if found else "",
        origin=spec.hub or ", ".join(sorted({file.package for file in spec.index.files})),
        revision=found.revision if found else spec.revision,
        licence=spec.licence,
        languages=spec.languages,
        path=found.path if found else None,
    )


def _adapter_entry(adapter: Adapter) -> Entry:
    languages = adapter.data.get("languages") or ()
    bases = [str(entry.get("model", "")) for entry in adapter.base.values() if isinstance(entry, dict)]
    return Entry(
        kind="own" if adapter.path.parent == adapters_dir() else "shipped",
        name=adapter.name,
        tasks=(adapter.task,),
        modalities=tuple(adapter.base),
        disk_mb=folder_bytes(adapter.path) / 1e6,
        origin=", ".join(filter(None, bases)),
        revision=adapter.created,
        licence=str(adapter.data.get("licence") or ""),
        languages=(languages,) if isinstance(languages, str) else tuple(map(str, languages)),
        labels=tuple(map(str, adapter.labels)),
        metrics=adapter.metrics,
        path=adapter.path,
    )


def _cached_entries() -> list[Entry]:
    """Models in the Hub's cache that are not registered."""
    known = {find_model(name).hub for name in list_models()}
    return [
        Entry(
            kind="hub",
            name=repo.repo_id,
            disk_mb=repo.size_on_disk / 1e6,
            sources=("hub",),
            source="hub",
            origin=repo.repo_id,
            revision=", ".join(sorted(revision.commit_hash for revision in repo.revisions)),
            path=Path(repo.repo_path),
        )
        for repo in sorted(_model_repos(_scan()), key=lambda repo: repo.repo_id)
        if repo.repo_id not in known
    ]


def _model_repos(cache: Any) -> list[Any]:
    return [repo for repo in cache.repos if repo.repo_type == "model" and repo.revisions] if cache else []


def _scan() -> Any:
    """What `huggingface_hub` knows of its cache; None where there is none yet."""
    from huggingface_hub import constants, scan_cache_dir

    folder = Path(constants.HF_HUB_CACHE)
    return scan_cache_dir(folder) if folder.is_dir() and any(folder.glob(_PREFIX + "*")) else None
