"""The recipe that a visitor's choices on the Fine-tune tab make. Knows nothing of Gradio."""

import re
from dataclasses import dataclass
from typing import Any, Literal, get_args, get_origin

import yaml

from xmodal.data.config import DataConfig
from xmodal.training.config import Recipe, TrainConfig

TASKS = ("classify", "answer", "transcribe", "describe")
TRAINABLES = {
    "classify": ("head", "lora", "full"),
    "answer": ("lora", "full", "head"),
    "transcribe": ("lora", "full"),
    "describe": ("lora", "head", "full"),
}
"""What can be trained for each task, the best default first."""
OWN_CONTROL = (
    "trainable",
    "top_layers",
    "max_steps",
    "checkpoint_minutes",
    "distill",
    "width",
    "mean_with",
    "mean_weight",
)
"""Settings of `TrainConfig` that the folded part leaves to the recipe, or to a control of their own."""
_FITTED = ("batch_size", "max_length")
_EMPTY = {
    **dict.fromkeys(("epochs", "learning_rate", *_FITTED), "fitted"), "max_minutes": "no_limit",
    **dict.fromkeys(("max_rows", "lora_layers"), "all"),
    "cross_validation": "none",
}  # fmt: skip
"""Numbers that may be left out, and what it means if they are."""
_MODELS = {"train": TrainConfig, "data": DataConfig, "recipe": Recipe}


@dataclass(frozen=True)
class Setting:
    """One setting of the folded part.

    Attributes:
        name: Of the field.
        place: The part of the recipe it is in: `train`, `data`, or the `recipe` itself.
        tasks: Those it means something for.
        least: Of a number.
        most: Of a number; None for no limit here.
    """

    name: str
    place: Literal["train", "data", "recipe"] = "train"
    tasks: tuple[str, ...] = TASKS
    least: float = 0
    most: float | None = None

    @property
    def default(self) -> Any:
        """None for what follows from the other choices."""
        return None if self.name in _FITTED else _MODELS[self.place].model_fields[self.name].default

    @property
    def empty(self) -> str:
        """What it means to leave the field empty: `fitted`, `no_limit`, `all` or `none`; empty where that cannot be."""
        return _EMPTY.get(self.name, "")

    @property
    def kind(self) -> type | tuple[str, ...]:
        """`bool`, `int` or `float`, or the values to choose from."""
        annotation = _MODELS[self.place].model_fields[self.name].annotation
        if get_origin(annotation) is Literal:
            # Another name of the first one.
            return tuple(value for value in get_args(annotation) if value != "adamw_torch")
        return next(kind for kind in (bool, int, float) if kind is annotation or kind in get_args(annotation))


SETTINGS = (
    Setting("epochs"),
    Setting("learning_rate"),
    Setting("batch_size"),
    Setting("max_minutes"),
    Setting("cross_validation", "recipe"),
    Setting("check_fraction", "data", least=0.01, most=0.9),
    Setting("max_rows", "data"),
    Setting("class_balance", tasks=("classify",)),
    Setting("missing", "data", ("classify",)),
    Setting("fusion", tasks=("classify",)),
    Setting("schedule", tasks=("classify",)),
    Setting("modality_dropout", tasks=("classify",)),
    Setting("augment", tasks=("classify", "transcribe")),
    Setting("token_dropout", tasks=("classify",)),
    Setting("ngrams", tasks=("classify",)),
    Setting("unanswerable", tasks=("answer",)),
    Setting("glossed", tasks=("answer",)),
    Setting("glossed_texts", tasks=("answer",)),
    Setting("twisted", tasks=("answer",)),
    Setting("bilingual", tasks=("answer",)),
    Setting("caption_questions", tasks=("describe",)),
    Setting("class_pictures", tasks=("describe",)),
    Setting("encoder", tasks=("transcribe",)),
    Setting("joined", tasks=("transcribe",)),
    Setting("max_length", tasks=("classify", "answer", "describe")),
    Setting("lora_rank"),
    Setting("lora_layers", tasks=("answer",)),
    Setting("pull", tasks=("classify", "transcribe")),
    Setting("optimizer"),
    Setting("lr_schedule"),
    Setting("warmup"),
    Setting("weight_decay"),
    Setting("dropout", tasks=("classify", "answer")),
    Setting("seed"),
)


def make_content(
    task: str,
    source: str,
    columns: dict[str, str],
    trainable: str,
    towers: dict[str, str],
    name: str,
    values: dict[str, Any],
) -> dict[str, Any]:
    """A recipe as plain values, for `parse_recipe` and for YAML; what is as it is by default is left out.

    Args:
        task: One of `TASKS`.
        source: The data set.
        columns: Role to column, for those that were chosen by hand.
        trainable: One of `TRAINABLES`.
        towers: Modality to model.
        name: Of the adapter.
        values: Name of a setting to its value; None where the field is empty.
    """
    parts: dict[str, dict] = {"data": {"source": source}, "train": {"trainable": trainable}, "recipe": {}}
    if columns:
        parts["data"]["columns"] = dict(columns)
    for setting in SETTINGS:
        value = values.get(setting.name)
        left_out = value is None or value == setting.default or (setting.empty and not value)
        if left_out or task not in setting.tasks:
            continue
        parts[setting.place][setting.name] = int(value) if setting.kind is int and value == int(value) else value
    content = {"name": name, "task": task}
    if towers:
        content["towers"] = dict(towers)
    return {**content, "data": parts["data"], "train": parts["train"], **parts["recipe"]}


def write_yaml(content: dict[str, Any]) -> str:
    """As text for `python -m xmodal train`."""
    return "# python -m xmodal train recipe.yaml\n" + yaml.safe_dump(content, sort_keys=False, allow_unicode=True)


def suggest_name(source: str, trainable: str) -> str:
    """A name for the adapter that a folder and a repository can bear."""
    stem = source.rpartition("/")[2].rpartition(":")[2]
    stem = re.sub(r"\.(csv|tsv|jsonl|ndjson|json|parquet|zip)$", "", stem, flags=re.IGNORECASE)
    stem = re.sub(r"[^A-Za-z0-9]+", "-", stem).strip("-").lower()[:60]
    return f"{stem or 'my-model'}-{trainable}"
