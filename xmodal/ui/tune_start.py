"""Adapters that a training can go on from or learn from, and what a recipe must then be. Knows nothing of Gradio."""

from typing import TYPE_CHECKING, Any

from xmodal.data.report import DataReport
from xmodal.ui.tune_recipe import TRAINABLES

if TYPE_CHECKING:
    from xmodal.models.adapter_format import Adapter

LOCKED = ("fusion", "missing", "lora_rank", "lora_layers", "ngrams", "max_length", "encoder")
"""Settings that are as they were once a training goes on from an adapter; so are the towers."""
_KEPT = {
    "classify": ("fusion", "width", "ngrams", "max_length"),
    "answer": ("max_length",),
    "transcribe": ("encoder",),
    "describe": ("max_length",),
}
_KEPT_LORA = {"answer": ("lora_rank", "lora_layers")}


def list_starts(
    adapters: "list[Adapter]", task: str, found: DataReport | None, inputs: tuple[str, ...]
) -> "list[Adapter]":
    """Those that can be trained further with the data: of its task, and classifiers of its classes and inputs."""
    same = [adapter for adapter in adapters if adapter.task == task and found and _trained(adapter)]
    fitting = [adapter for adapter in same if _trained(adapter)["trainable"] in TRAINABLES[task]]
    if task != "classify":
        return fitting
    labels = _labels(found)
    return [one for one in fitting if labels and one.labels == labels and set(one.base) == set(inputs)]


def list_teachers(adapters: "list[Adapter]", found: DataReport | None, inputs: tuple[str, ...]) -> "list[Adapter]":
    """Those whose scores another classifier can learn: of the same classes, from inputs that the data has."""
    labels = _labels(found)
    return [
        adapter
        for adapter in adapters
        if adapter.task == "classify" and labels and set(adapter.labels) == set(labels)
        and set(adapter.base) <= {*inputs}
    ]  # fmt: skip


def offered_trainables(start: "Adapter | None", task: str) -> tuple[str, ...]:
    """What can be trained; weights inside a tower that was trained can only be trained in the same way again."""
    if start is None or _trained(start)["trainable"] == "head":
        return TRAINABLES[task]
    return (_trained(start)["trainable"],)


def go_on_from(content: dict[str, Any], start: "Adapter") -> dict[str, Any]:
    """The recipe with an adapter to start from, and with the shape that this one has."""
    trained, task = _trained(start), content["task"]
    train = {key: value for key, value in content["train"].items() if key not in LOCKED}
    kept = {key: trained[key] for key in _KEPT[task] if key in trained}
    if trained["trainable"] == "lora":
        kept |= {key: trained[key] for key in _KEPT_LORA.get(task, ("lora_rank",)) if key in trained}
    data = {key: value for key, value in content["data"].items() if key != "missing"}
    if start.settings.get("head", {}).get("fill_missing"):
        data["missing"] = "fill"
    towers = {role: entry["model"] for role, entry in start.base.items()}
    first = {"name": content["name"], "task": content["task"], "start": start.name, "towers": towers}
    return {**first, **content, **first, "data": data, "train": {**train, **kept}}


def learn_from(content: dict[str, Any], teacher: str, weight: float | None, temperature: float | None) -> dict:
    """The recipe with a teacher; what is not given is as `Distillation` has it."""
    distill = {"teacher": teacher, "weight": weight, "temperature": temperature}
    distill = {key: value for key, value in distill.items() if value is not None}
    return {**content, "train": {**content["train"], "distill": distill}}


def _labels(found: DataReport | None) -> tuple[str, ...]:
    return tuple(found.class_counts.get("train", ())) if found else ()


def _trained(adapter: "Adapter") -> dict:
    """How it was trained; empty where its description does not say enough to go on."""
    train, head = adapter.settings.get("train"), adapter.settings.get("head")
    told = isinstance(head, dict) or adapter.task in ("transcribe", "describe")
    return train if isinstance(train, dict) and told and "trainable" in train else {}
