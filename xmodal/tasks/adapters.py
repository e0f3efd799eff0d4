"""Which adapter does a task: the one named, else the one that comes with xmodal, else the newest."""

from collections.abc import Sequence
from pathlib import Path

from xmodal.errors import UnknownModelError
from xmodal.models.adapters import Adapter, Family, list_adapters, load_adapter


def load_of(family: Family, name: str | Path, does: str) -> Adapter:
    """The adapter of that name or folder.

    Args:
        family: What it must be.
        name: Its name or folder.
        does: What those of the family do, for the error, such as `classify`.

    Raises:
        UnknownModelError: There is none, or it does something else.
        XmodalError: It cannot be used.
    """
    adapter = load_adapter(name)
    if adapter.family != family:
        names = ", ".join(one.name for one in list_adapters(family=family)) or "none yet"
        raise UnknownModelError(f"The adapter {name} does not {does}.", f"Those that do: {names}.")
    return adapter


def pick_default(known: Sequence[Adapter], default: str) -> Adapter | None:
    """The one named `default`, else the newest; None if there is none."""
    chosen = next((one for one in known if one.name == default), None)
    return chosen or max(known, key=lambda one: one.created, default=None)
