"""The work behind the buttons of a model: look it up, fetch, check, delete and upload it."""

import threading
from collections.abc import Callable
from typing import TYPE_CHECKING

from xmodal.progress import Progress
from xmodal.ui import models_views
from xmodal.ui.warm_up import wait_until_warm

if TYPE_CHECKING:
    from xmodal.models.catalogue import Entry


def catalogue():
    """The module that lists the models; it imports torch, so not with the page."""
    wait_until_warm()
    from xmodal.models import catalogue

    return catalogue


def read_chosen(entry: "Entry | None"):
    """The adapter chosen.

    Raises:
        UnknownModelError: It vanished meanwhile.
    """
    from xmodal.models.adapter_format import read_adapter

    return read_adapter(entry.path) if entry else catalogue().find_entry("")


def card_of(entry: "Entry") -> str:
    """Its model card, as Markdown."""
    from xmodal.models.adapter_format import CARD

    path = entry.path / CARD
    return path.read_text(encoding="utf-8", errors="replace")[:200_000] if path.is_file() else ""


def fetch_model(name: str, cancel: threading.Event, emit: Callable[[object], None]) -> None:
    """Fetch it; emits the progress and, as HTML, from where it came."""
    from xmodal.models.hub import forget_reachability
    from xmodal.models.sources import fetch

    forget_reachability()
    emit(Progress("download", name))
    found = fetch(name, emit, cancel)
    emit(models_views.message(f"models.fetched_{found.source}", name=name))


def verify_model(entry: "Entry", emit: Callable[[object], None]) -> None:
    """Compare its files with their digests; emits what came out, as HTML."""
    if entry.kind == "starter":
        from xmodal.models.sources import verify

        check = verify(entry.name)
        damaged = check.damaged if check else ()
    else:
        from xmodal.models.adapters import load_adapter

        load_adapter(entry.path)
        damaged = ()
    key = "models.damaged" if damaged else "models.good"
    emit(models_views.message(key, name=entry.name, files=", ".join(damaged)))


def delete_model(entry: "Entry | None") -> float:
    """Delete a model; returns the MB that became free."""
    if entry is None:
        return catalogue().find_entry("").disk_mb
    if entry.kind == "hub":
        return catalogue().delete_cached(entry.name)
    if entry.kind == "starter":
        from xmodal.models.sources import remove

        return remove(entry.name)
    from xmodal.models.adapters import delete_adapter

    delete_adapter(entry.name)
    return entry.disk_mb


def push_model(entry: "Entry", repo: str, token: str, private: bool, emit: Callable[[object], None]) -> None:
    """Put it on the Hub; emits where it is, as HTML."""
    from xmodal.models.hub_push import push_adapter

    url = push_adapter(read_chosen(entry), repo, token, private)
    emit(models_views.message("models.pushed", url=url))
