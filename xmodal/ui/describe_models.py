"""The models that describe pictures for a visitor: by name only, never by a folder of this machine."""

from typing import TYPE_CHECKING

from xmodal.errors import UnknownModelError
from xmodal.ui.classify_models import list_trained

if TYPE_CHECKING:
    from xmodal.models.adapter_format import Adapter


def list_describing() -> "list[Adapter]":
    """The one that comes with xmodal, then the user's own, the newest first. Imports torch at the first call."""
    found = [adapter for adapter in list_trained() if adapter.family == "generator" and adapter.task == "describe"]
    from xmodal.tasks.describe import DEFAULT_MODEL

    return sorted(found, key=lambda adapter: adapter.name != DEFAULT_MODEL)


def find_describing(name: str) -> "Adapter":
    """The adapter of that name.

    Raises:
        UnknownModelError: There is none, or it does something else.
    """
    found = list_describing()
    for adapter in found:
        if adapter.name == name:
            return adapter
    names = ", ".join(adapter.name for adapter in found) or "none yet"
    raise UnknownModelError(f"There is no model named {name!r} that describes pictures.", f"Those that do: {names}.")
