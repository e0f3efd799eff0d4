"""What can be compared blindly: models of one task, untuned ones among them, and what each makes of an input."""

import threading
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from xmodal.errors import InputError, UnknownModelError
from xmodal.modalities import MODALITIES
from xmodal.models.adapters import Adapter, adapters_dir, list_adapters
from xmodal.models.registry import list_models
from xmodal.progress import Reporter, check_cancelled

if TYPE_CHECKING:
    from xmodal.models.towers import Tower

_UNTRAINED, _LABELS = "{} (untrained)", "{} (labels)"
_FAMILIES = {"answer": "span_qa", "describe": "generator"}


@dataclass(frozen=True)
class Contestant:
    """A model that can be compared with others of its task.

    Attributes:
        name: How people call it.
        task: One of `ratings.TASKS`.
        takes: Those of `ratings.INPUTS` that it can use.
        labels: Classes it tells apart; empty where it is no classifier, and for untuned ones, which take the other's.
        base: The contestant it was made from, if that does the task untuned; empty for others.
        adapter: What was trained; None for a model without training.
        model: Registered name of the untuned model.
    """

    name: str
    task: str
    takes: tuple[str, ...]
    labels: tuple[str, ...] = ()
    base: str = ""
    adapter: Adapter | None = None
    model: str = ""


def list_contestants(task: str) -> list[Contestant]:
    """The user's own adapters, the newest first, those that come with xmodal, then models without training.

    Args:
        task: One of `ratings.TASKS`.
    """
    stored = _newest_first(list_adapters(task=task, family=_FAMILIES.get(task)))
    adapters = [_from_adapter(adapter) for adapter in stored]
    if task == "transcribe":
        return adapters + [Contestant(name, task, ("audio",), model=name) for name in list_models("transcribe")]
    if task == "describe":
        return adapters + [
            Contestant(_LABELS.format(name), task, ("image",), model=name) for name in list_models("label")
        ]
    if task == "answer":
        return adapters
    towers = dict.fromkeys(one.adapter.base["text"]["model"] for one in adapters if one.base)
    return adapters + [Contestant(_UNTRAINED.format(name), task, ("text",), model=name) for name in towers]


def find_contestant(task: str, name: str | None) -> Contestant:
    """The one of that name.

    Raises:
        UnknownModelError: There is none.
    """
    found = {one.name: one for one in list_contestants(task)}
    if name in found:
        return found[name]
    if name:
        raise UnknownModelError(
            f"There is no model named {name!r} for this task.", f"The models are: {', '.join(found) or 'none'}.",
            "no_contestant", name=name, names=", ".join(found) or "–",
        )  # fmt: skip
    raise UnknownModelError(
        "Two models are needed.", "Choose one on each side; where there is one only, train another.", "two_models"
    )


def can_meet(one: Contestant, other: Contestant) -> bool:
    """Whether there is an input on which the two can be compared; see `check_pair`."""
    return _mismatch(one, other) is None and bool(set(one.takes) & set(other.takes))


def find_opponent(one: Contestant, others: Sequence[Contestant]) -> Contestant | None:
    """Who to compare a model with if nobody says: what it was made from, else a trained one, else an untrained one."""
    rest = [other for other in others if can_meet(one, other)]
    made_from = [other for other in rest if one.base == other.name or other.base == one.name]
    return next(iter([*made_from, *sorted(rest, key=lambda other: other.adapter is None)]), None)


def check_pair(first: Contestant, second: Contestant, given: dict[str, str]) -> None:
    """Refuse what cannot be compared.

    Args:
        first: A model.
        second: Another.
        given: Of `ratings.INPUTS`, to text or file.

    Raises:
        InputError: They are one model, of different tasks or of different classes, or cannot use what is given.
    """
    if problem := _mismatch(first, second):
        raise problem
    if first.task == "answer" and not set(first.takes) <= set(given):
        raise InputError("A question and a text are needed.", "Give the one that is missing.", "question_and_text")
    for one in (first, second):
        if not set(given) & set(one.takes):
            raise InputError(f"{one.name} has nothing to work on.", f"It takes: {', '.join(one.takes)}.")


def _mismatch(first: Contestant, second: Contestant) -> InputError | None:
    """Why two models cannot be compared, whatever they are given."""
    if first.name == second.name:
        return InputError("Both sides are the same model.", "Choose another one for one of them.", "same_model")
    if first.task != second.task:
        return InputError(
            f"{first.name} and {second.name} do different things ({first.task}, {second.task}).",
            "Choose two models of one task.",
        )
    if first.task == "classify" and not (first.labels or second.labels):
        return InputError(
            "Two models without training have nothing to compare.",
            "Choose a trained one for one side.",
            "untrained_pair",
        )
    if first.labels and second.labels and not set(first.labels) & set(second.labels):
        advice = "Choose two that tell the same classes apart."
        problem = f"{first.name} and {second.name} have no class in common."
        return InputError(problem, advice, "no_common_class", first=first.name, second=second.name)
    return None


def answer(
    one: Contestant,
    given: dict[str, str],
    labels: Sequence[str] = (),
    report: Reporter | None = None,
    cancel: threading.Event | None = None,
) -> str:
    """What a model makes of an input, as the person is to see it.

    Args:
        one: The model.
        given: Of `ratings.INPUTS`, to text or file; what the model cannot use is left out.
        labels: Classes for a model that has none of its own.
        report: Told of downloads and of the progress.
        cancel: Stops it.

    Raises:
        XmodalError: The input or the model cannot be used, or it was stopped.
    """
    check_cancelled(cancel)
    if one.task == "transcribe":
        from xmodal.tasks.transcribe import transcribe

        model = one.adapter.path if one.adapter else one.model
        return transcribe(given["audio"], model=str(model), report=report, cancel=cancel).text.strip()
    if one.task == "describe":
        return _describe(one, given["image"], report, cancel)
    if one.task == "answer":
        from xmodal.tasks.answer import answer as answer_question

        options = {"model": str(one.adapter.path), "report": report, "cancel": cancel}
        return answer_question(given["question"], passage=given["text"], **options).answer
    used = {modality: value for modality, value in given.items() if modality in one.takes}
    if one.adapter is None:
        return _nearest_label(one.model, used["text"], labels, report, cancel)
    from xmodal.tasks.classify import classify

    # Without the score, by which a person could tell models apart.
    return classify(one.adapter.path, **used, report=report).label


def _describe(one: Contestant, image: str, report, cancel) -> str:
    if one.adapter:
        from xmodal.tasks.describe import describe

        options = {"ocr": False, "settled": False, "report": report, "cancel": cancel}
        return describe(image, model=str(one.adapter.path), **options).description
    from xmodal.data.images import load_image
    from xmodal.tasks.label_words import describe_labels
    from xmodal.tasks.pictures import label_picture

    return describe_labels(label_picture(load_image(image), report=report, cancel=cancel))


def _nearest_label(model: str, text: str, labels: Sequence[str], report, cancel) -> str:
    """What a text tower can do untuned: the class whose name is nearest in meaning."""
    import torch

    from xmodal.device import pick_device
    from xmodal.models.memory import model_memory
    from xmodal.models.towers import load_tower
    from xmodal.tasks.features import tower_tokens

    device = pick_device()

    def load() -> "Tower":
        return load_tower("text", model, report=report, device=device).eval()

    with model_memory().use(("tower", model, device), load) as tower:
        tokens = tower_tokens(tower, [text, *labels], report, cancel)
    means = torch.nn.functional.normalize(torch.stack([row.float().mean(0) for row in tokens]), dim=-1)
    return labels[int((means[1:] @ means[0]).argmax())]


def _from_adapter(adapter: Adapter) -> Contestant:
    base, takes = "", tuple(modality for modality in MODALITIES if modality in adapter.base)
    if adapter.task == "describe":
        base, takes = _LABELS.format(adapter.base.get("image", {}).get("model", "")), ("image",)
    elif adapter.task == "answer":
        takes = ("question", "text")
    elif adapter.task == "transcribe":
        base = adapter.base.get("audio", {}).get("model", "")
    elif tuple(adapter.base) == ("text",) and adapter.base["text"].get("model") in list_models("embed"):
        base = _UNTRAINED.format(adapter.base["text"]["model"])
    return Contestant(adapter.name, adapter.task, takes, tuple(adapter.labels), base, adapter)


def _newest_first(adapters: Sequence[Adapter]) -> list[Adapter]:
    own = [one for one in adapters if Path(one.path).parent == adapters_dir()]
    shipped = [one for one in adapters if one not in own]
    return sorted(own, key=lambda one: one.created, reverse=True) + shipped
