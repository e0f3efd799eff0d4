"""The models that a visitor may ask: by name only, never by a folder of this machine."""

from typing import TYPE_CHECKING

from xmodal.errors import UnknownModelError
from xmodal.ui.warm_up import wait_until_warm

if TYPE_CHECKING:
    from xmodal.models.adapter_format import Adapter


def list_answering() -> "list[Adapter]":
    """The one that comes with xmodal, then the user's own, the newest first. Imports torch at the first call."""
    wait_until_warm()
    from xmodal.models.adapters import list_adapters
    from xmodal.tasks.answer import DEFAULT_MODEL

    found = sorted(list_adapters(family="span_qa"), key=lambda adapter: adapter.created, reverse=True)
    return sorted(found, key=lambda adapter: adapter.name != DEFAULT_MODEL)


def find_answering(name: str) -> "Adapter":
    """The adapter of that name.

    Raises:
        UnknownModelError: There is none, or it does something else.
    """
    found = list_answering()
    for adapter in found:
        if adapter.name == name:
            return adapter
    names = ", ".join(adapter.name for adapter in found) or "none yet"
    raise UnknownModelError(f"There is no model named {name!r} that answers questions.", f"Those that do: {names}.")
