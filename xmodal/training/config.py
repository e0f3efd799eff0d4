"""A recipe: the whole truth of a training run, as YAML. Unknown keys are errors."""

from pathlib import Path
from typing import Any, Literal

import yaml
from pydantic import BaseModel, ConfigDict, Field, ValidationError, model_validator

from xmodal.data.config import DataConfig
from xmodal.errors import InputError

Modality = Literal["text", "image", "audio"]
_LEARNING_RATES = {"head": 2e-3, "lora": 5e-4, "top": 5e-5, "full": 3e-5}
_EPOCHS = {"head": 30.0, "lora": 3.0, "top": 3.0, "full": 3.0}


class TrainConfig(BaseModel):
    """How to train; values left out follow from `trainable`.

    Attributes:
        trainable: The `head` alone (the towers' outputs are computed once and kept), `lora`, the `top` layers, or
            `full`.
        top_layers: How many layers `top` trains.
        lora_rank: Rank of the LoRA matrices.
        fusion: How modalities are joined.
        width: Width they are projected to.
        dropout: In the head.
        modality_dropout: Probability that a modality is hidden from the head, so that it copes without.
        optimizer: As transformers' Trainer names it.
        learning_rate: Of the head, and of the towers where they are trained.
        lr_schedule: `linear`, `cosine` or `constant`.
        warmup: Share of the steps that warm up.
        weight_decay: On all but biases and norms.
        epochs: Passes over the training rows.
        max_steps: Stop after so many steps; 0 for no limit.
        max_minutes: Stop after so many minutes; 0 for no limit.
        batch_size: Rows a step.
        class_balance: `weights` in the loss or `oversample` rare classes.
        max_length: Text tokens at most.
        seed: Of everything random.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    trainable: Literal["head", "lora", "top", "full"] = "head"
    top_layers: int = Field(default=2, ge=1)
    lora_rank: int = Field(default=8, ge=1, le=256)
    fusion: Literal["concat", "product", "attention", "late"] = "concat"
    width: int = Field(default=256, ge=8)
    dropout: float = Field(default=0.1, ge=0, lt=1)
    modality_dropout: float = Field(default=0.0, ge=0, lt=1)
    optimizer: Literal["adamw_torch", "adagrad", "sgd", "adafactor"] = "adamw_torch"
    learning_rate: float | None = Field(default=None, gt=0)
    lr_schedule: Literal["linear", "cosine", "constant"] = "cosine"
    warmup: float = Field(default=0.1, ge=0, lt=1)
    weight_decay: float = Field(default=0.01, ge=0)
    epochs: float | None = Field(default=None, gt=0)
    max_steps: int = Field(default=0, ge=0)
    max_minutes: float = Field(default=0, ge=0)
    batch_size: int = Field(default=32, ge=1)
    class_balance: Literal["none", "weights", "oversample"] = "none"
    max_length: int = Field(default=128, ge=8, le=512)
    seed: int = Field(default=0, ge=0, lt=2**32)

    @property
    def rate(self) -> float:
        """The learning rate, or the default for what is trained."""
        return self.learning_rate or _LEARNING_RATES[self.trainable]

    @property
    def passes(self) -> float:
        """The epochs, or the default for what is trained."""
        return self.epochs or _EPOCHS[self.trainable]


class Recipe(BaseModel):
    """What to train, on what, and how.

    Attributes:
        name: Of the adapter that comes out.
        task: `classify`, `answer` (marking the answer in a text) or `transcribe`.
        towers: Modality to model name; empty for the default tower of each modality that the data has.
        data: The data set and its split.
        train: The settings.
        licence: Of the data, for the model card.
        languages: Of the data, for the model card; codes such as `en`.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    name: str = Field(pattern=r"^[A-Za-z0-9][A-Za-z0-9._-]*$", max_length=80)
    task: Literal["classify", "answer", "transcribe"] = "classify"
    towers: dict[Modality, str] = Field(default_factory=dict)
    data: DataConfig
    train: TrainConfig = Field(default_factory=TrainConfig)
    licence: str = ""
    languages: tuple[str, ...] = ()

    @model_validator(mode="after")
    def _one_task(self) -> "Recipe":
        if self.data.task != self.task:
            object.__setattr__(self, "data", self.data.model_copy(update={"task": self.task}))
        return self

    def to_yaml(self) -> str:
        """The recipe as text that `load_recipe` reads back."""
        return yaml.safe_dump(self.model_dump(mode="json"), sort_keys=False, allow_unicode=True)


def load_recipe(path: str | Path, overrides: list[str] | None = None) -> Recipe:
    """Read a recipe file.

    Args:
        path: A YAML file. A relative `data.source` is looked for beside it first.
        overrides: `KEY=VALUE` pairs such as `train.epochs=2`; values are YAML.

    Raises:
        InputError: The file or a value cannot be used.
    """
    path = Path(path)
    try:
        content = yaml.safe_load(path.read_text(encoding="utf-8"))
    except (OSError, UnicodeDecodeError, yaml.YAMLError) as error:
        raise InputError(
            f"The recipe {path} cannot be read.", "Give a YAML file such as those in assets/recipes."
        ) from error
    if not isinstance(content, dict):
        raise InputError(f"The recipe {path.name} is empty.", "It needs at least `name` and `data.source`.")
    for override in overrides or []:
        _set(content, override)
    source = content.get("data", {}).get("source", "") if isinstance(content.get("data"), dict) else ""
    if source and (beside := path.parent / source).exists():
        content["data"]["source"] = str(beside.resolve())
    return parse_recipe(content)


def parse_recipe(content: dict[str, Any]) -> Recipe:
    """Check a recipe given as plain values.

    Raises:
        InputError: A key is unknown or a value cannot be used; names the first.
    """
    try:
        return Recipe.model_validate(content)
    except ValidationError as error:
        first = error.errors()[0]
        key = ".".join(str(part) for part in first["loc"])
        raise InputError(f"The recipe's {key or 'content'} cannot be used: {first['msg']}.", "Correct it.") from error


def _set(content: dict, override: str) -> None:
    key, separator, value = override.partition("=")
    if not separator or not key:
        raise InputError(f"{override!r} is not of the form KEY=VALUE.", "Write for example --set train.epochs=2.")
    *parents, last = key.split(".")
    for parent in parents:
        content = content.setdefault(parent, {})
        if not isinstance(content, dict):
            raise InputError(f"{key} cannot be set: {parent} is a value.", "Check the key's name.")
    content[last] = yaml.safe_load(value)
