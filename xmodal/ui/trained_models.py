"""The trained models that a visitor may choose for a tab: by name only, never by a folder of this machine."""

from collections.abc import Sequence
from typing import TYPE_CHECKING

from xmodal.errors import UnknownModelError
from xmodal.ui.warm_up import wait_until_warm

if TYPE_CHECKING:
    from xmodal.models.adapter_format import Adapter


def list_trained() -> "list[Adapter]":
    """The user's own, the newest first, then those that come with xmodal. Imports torch at the first call."""
    wait_until_warm()
    from xmodal.models.adapters import list_adapters

    found = list_adapters()
    own = sorted(filter(is_own, found), key=lambda adapter: adapter.created, reverse=True)
    return own + [adapter for adapter in found if not is_own(adapter)]


def is_own(adapter: "Adapter") -> bool:
    """Whether it was trained here, or put here by the user."""
    from xmodal.models.adapters import adapters_dir

    return adapter.path.parent == adapters_dir()


def list_classifiers() -> "list[Adapter]":
    """Those of `list_trained` that sort into classes."""
    return [adapter for adapter in list_trained() if adapter.family == "classifier"]


def list_answering() -> "list[Adapter]":
    """Those that answer: the one that comes with xmodal, then the others of `list_trained`, about pictures too."""
    found = [adapter for adapter in list_trained() if adapter.task == "answer"]
    from xmodal.tasks.answer import DEFAULT_MODEL

    return sorted(found, key=lambda adapter: adapter.name != DEFAULT_MODEL)


def list_describing() -> "list[Adapter]":
    """Those that describe pictures: the one that comes with xmodal, then the others of `list_trained`."""
    found = [adapter for adapter in list_trained() if adapter.family == "generator" and adapter.task == "describe"]
    from xmodal.tasks.describe import DEFAULT_MODEL

    return sorted(found, key=lambda adapter: adapter.name != DEFAULT_MODEL)


def find_classifier(name: str | None) -> "Adapter":
    """The classifier of that name; `UnknownModelError` if there is none."""
    return _find(list_classifiers(), name, "sorts into classes")


def find_answering(name: str | None) -> "Adapter":
    """The adapter of that name that marks answers; `UnknownModelError` if there is none."""
    return _find(list_answering(), name, "answers questions")


def find_describing(name: str | None) -> "Adapter":
    """The adapter of that name that describes pictures; `UnknownModelError` if there is none."""
    return _find(list_describing(), name, "describes pictures")


def _find(adapters: "Sequence[Adapter]", name: str | None, what: str) -> "Adapter":
    for adapter in adapters:
        if adapter.name == name:
            return adapter
    names = ", ".join(adapter.name for adapter in adapters) or "none yet"
    raise UnknownModelError(f"There is no model named {name!r} that {what}.", f"Those that there are: {names}.")
