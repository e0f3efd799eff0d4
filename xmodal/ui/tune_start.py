"""Classifiers that a training can go on from or learn from, and what a recipe must then be. Knows nothing of Gradio."""

from typing import TYPE_CHECKING, Any

from xmodal.data.report import DataReport
from xmodal.training.config import TrainConfig
from xmodal.ui.tune_recipe import TRAINABLES

if TYPE_CHECKING:
    from xmodal.models.adapter_format import Adapter

LOCKED = ("fusion", "missing", "lora_rank", "ngrams", "max_length")
"""Settings that are as they were once a training goes on from an adapter; so are the towers."""
_KEPT = ("fusion", "width", "ngrams", "max_length")


def list_starts(adapters: "list[Adapter]", found: DataReport | None, inputs: tuple[str, ...]) -> "list[Adapter]":
    """Those that can be trained further with the data: of the same classes in the same order, and the same inputs."""
    labels = _labels(found)
    return [
        adapter
        for adapter in adapters
        if labels and adapter.labels == labels and set(adapter.base) == set(inputs) and _trained(adapter)
        and _trained(adapter)["trainable"] in TRAINABLES["classify"]
    ]  # fmt: skip


def list_teachers(adapters: "list[Adapter]", found: DataReport | None, inputs: tuple[str, ...]) -> "list[Adapter]":
    """Those whose scores another classifier can learn: of the same classes, from inputs that the data has."""
    labels = _labels(found)
    return [
        adapter
        for adapter in adapters
        if labels and set(adapter.labels) == set(labels) and set(adapter.base) <= {*inputs}
    ]


def offered_trainables(start: "Adapter | None", task: str) -> tuple[str, ...]:
    """What can be trained; weights inside a tower that was trained can only be trained in the same way again."""
    if start is None or _trained(start)["trainable"] == "head":
        return TRAINABLES[task]
    return (_trained(start)["trainable"],)


def go_on_from(content: dict[str, Any], start: "Adapter") -> dict[str, Any]:
    """The recipe with an adapter to start from, and with the shape that this one has."""
    trained, head = _trained(start), start.settings["head"]
    train = {key: value for key, value in content["train"].items() if key not in LOCKED}
    kept = {key: trained[key] for key in _KEPT if key in trained and trained[key] != _default(key)}
    if trained["trainable"] == "lora":
        kept["lora_rank"] = trained["lora_rank"]
    data = {key: value for key, value in content["data"].items() if key != "missing"}
    if head.get("fill_missing"):
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
    return train if isinstance(train, dict) and isinstance(head, dict) and "trainable" in train else {}


def _default(key: str) -> Any:
    return TrainConfig.model_fields[key].default
