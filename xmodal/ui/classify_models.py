"""The classifiers that a visitor may choose: by name only, never by a folder of this machine."""

from typing import TYPE_CHECKING

from xmodal.errors import UnknownModelError
from xmodal.ui.warm_up import wait_until_warm

if TYPE_CHECKING:
    from xmodal.models.adapter_format import Adapter


def list_classifiers() -> "list[Adapter]":
    """Those of `list_trained` that sort into classes."""
    return [adapter for adapter in list_trained() if adapter.family == "classifier"]


def list_trained() -> "list[Adapter]":
    """The user's own, the newest first, then those that come with xmodal. Imports torch at the first call."""
    wait_until_warm()
    from xmodal.models.adapters import list_adapters

    found = list_adapters()
    own = sorted(filter(is_own, found), key=lambda adapter: adapter.created, reverse=True)
    return own + [adapter for adapter in found if not is_own(adapter)]


def find_classifier(name: str | None) -> "Adapter":
    """The classifier of that name.

    Raises:
        UnknownModelError: There is none.
    """
    found = list_classifiers()
    for adapter in found:
        if adapter.name == name:
            return adapter
    names = ", ".join(adapter.name for adapter in found) or "none yet"
    raise UnknownModelError(f"There is no classifier named {name!r}.", f"Those that there are: {names}.")


def is_own(adapter: "Adapter") -> bool:
    """Whether it was trained here, or put here by the user."""
    from xmodal.models.adapters import adapters_dir

    return adapter.path.parent == adapters_dir()
