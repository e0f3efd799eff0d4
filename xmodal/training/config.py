"""A recipe: the whole truth of a training run, as YAML. Unknown keys are errors."""

from collections.abc import Callable
from pathlib import Path
from typing import Any, Literal

import yaml
from pydantic import BaseModel, ConfigDict, Field, ValidationError, ValidationInfo, model_validator
from pydantic_core import PydanticCustomError

from xmodal.data.config import DataConfig
from xmodal.errors import InputError
from xmodal.modalities import Modality

_LEARNING_RATES = {"head": 2e-3, "lora": 5e-4, "top": 5e-5, "full": 3e-5}
_RATE_FACTORS = {"sgd": 10.0, "adagrad": 3.0}  # these take longer steps than Adam and its kin
_TASK_DEFAULTS = {
    "answer": {"max_length": 384, "batch_size": 8},
    "transcribe": {"trainable": "lora", "batch_size": 8},
    "describe": {"trainable": "lora", "batch_size": 16},
}
_ONLY_FOR = {
    **dict.fromkeys(("schedule", "token_dropout", "distill"), ("classify",)),
    "class_balance": ("classify", "answer"),  # questions with an answer and without
    **dict.fromkeys(("lora_layers", "unanswerable", "glossed", "glossed_texts", "twisted", "bilingual"), ("answer",)),
    **dict.fromkeys(("encoder", "joined"), ("transcribe",)),
    **dict.fromkeys(("caption_questions", "class_pictures"), ("describe",)),
}
"""Settings of `train` that not every task has."""
_EPOCHS = {"head": 30.0, "lora": 3.0, "top": 3.0, "full": 3.0}


class Distillation(BaseModel):
    """Learning from another classifier's scores beside the labels.

    Attributes:
        teacher: Name or folder of an adapter with the same labels, whose inputs the data has.
        weight: Share of the teacher in the loss; the labels have the rest.
        temperature: Softens the scores; higher shows more of what the teacher thinks of the other labels.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    teacher: str = Field(min_length=1)
    weight: float = Field(default=0.5, gt=0, le=1)
    temperature: float = Field(default=2.0, gt=0)


_FURTHER = 0.2
"""Of the learning rate, where a training goes on from an adapter."""


class TrainConfig(BaseModel):
    """How to train; values left out follow from `trainable`.

    Attributes:
        trainable: The `head` alone (the towers' outputs are computed once and kept), `lora`, the `top` layers, or
            `full`.
        top_layers: How many layers `top` trains.
        lora_rank: Rank of the LoRA matrices.
        lora_layers: How many of the upper layers have them; 0 for all. Fewer train faster. Only for `answer`.
        encoder: Train Whisper's speech encoder beside its decoder; several times slower. Only for `transcribe`.
        joined: Share of the utterances that are joined, with pauses, until they fill Whisper's 30 s; the others have a
            window each. Joined ones cost a fraction, and teach longer texts. Only for `transcribe`.
        pull: Weight of staying near the pretrained model, for towers that are trained. For `classify` near its pooled
            features, the distance in units of their variance; for `transcribe`, with `lora`, near what it predicts.
        fusion: How modalities are joined.
        schedule: `joint` trains all at once. `staged` first trains what belongs to one modality, each by itself, then
            the fusion with the rest at rest. Only for `classify`.
        width: Width they are projected to.
        dropout: In the head.
        modality_dropout: Probability that a modality is hidden from the head, so that it copes without.
        augment: Vary what trained towers are given: pictures cropped, flipped and recoloured; sounds with noise, and
            with stretches and bands masked. What frozen towers make is computed once, so their inputs are not varied.
        token_dropout: Share of the tokens hidden in training: words from a trained text tower; of frozen towers,
            tokens from the head (of sounds in one stretch). Only for `classify`.
        distill: A teacher; see `Distillation`. Only for `classify`.
        optimizer: `adamw`, `adam` (with L2 as torch has it), `adagrad`, `sgd` (with momentum 0.9) or `adafactor`;
            `adamw_torch` is another name of `adamw`.
        learning_rate: Of the head, and of the towers where they are trained.
        lr_schedule: `linear`, `cosine` or `constant`.
        warmup: Share of the steps that warm up.
        weight_decay: On all but biases and norms.
        epochs: Passes over the training rows.
        max_steps: Stop after so many steps; 0 for no limit.
        max_minutes: Stop after so many minutes of steps, with the learning rate at its end by then; 0 for no limit.
        checkpoint_minutes: Minutes between checkpoints, which are what a stop or a crash can lose; 0 for one an epoch.
        batch_size: Rows a step.
        class_balance: `weights` in the loss or `oversample` rare classes. Only for `classify`; `oversample` also for
            questions on texts, with an answer and without.
        ngrams: Also count the text's characters and pairs of them, which tell topics apart that the tower blurs.
        max_length: Text tokens at most; for `answer`, of question and passage, which are read in windows.
        mean_with: Names or folders of adapters of the same shape, such as earlier stages: the result is the mean
            of their weights and of what was trained, which is often better than any one (Izmailov et al. 2018).
        mean_weight: How much what was trained counts in that mean; each of the others counts 1.
        unanswerable: Add this share of the questions again, with a like passage that does not hold the answer. For data
            where all have one, so that the model learns to say that a text does not tell. Only for `answer`.
        glossed: Add this share of the rows again, with the question told word by word in the other language, English or
            Chinese, so that a question need not be in the language of its text. Only for `answer`.
        glossed_texts: The same with the text told so and the question as it is. Only for `answer`.
        twisted: Add this share of the answerable questions again with a name, a number or a word changed, as ones that
            their text does not answer. Only for `answer`.
        bilingual: Add so many times over xmodal's own questions about texts in English and Chinese, also across.
            Only for `answer`.
        caption_questions: Ask about this share of the pictures too, by rule out of their English descriptions. Only for
            `describe`.
        class_pictures: Make up so many pictures of things that the image tower has a class for, so that they are told
            by name. Only for `describe`.
        seed: Of everything random.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    trainable: Literal["head", "lora", "top", "full"] = "head"
    top_layers: int = Field(default=2, ge=1)
    lora_rank: int = Field(default=8, ge=1, le=256)
    lora_layers: int = Field(default=0, ge=0)
    encoder: bool = False
    joined: float = Field(default=0.0, ge=0, le=1)
    pull: float = Field(default=0.0, ge=0)
    fusion: Literal["concat", "product", "attention", "late"] = "concat"
    schedule: Literal["joint", "staged"] = "joint"
    width: int = Field(default=256, ge=8)
    dropout: float = Field(default=0.1, ge=0, lt=1)
    modality_dropout: float = Field(default=0.0, ge=0, lt=1)
    augment: bool = True
    token_dropout: float = Field(default=0.0, ge=0, lt=1)
    distill: Distillation | None = None
    optimizer: Literal["adamw", "adam", "adagrad", "sgd", "adamw_torch", "adafactor"] = "adamw"
    learning_rate: float | None = Field(default=None, gt=0, le=1e30)
    lr_schedule: Literal["linear", "cosine", "constant"] = "cosine"
    warmup: float = Field(default=0.1, ge=0, lt=1)
    weight_decay: float = Field(default=0.01, ge=0)
    epochs: float | None = Field(default=None, gt=0)
    max_steps: int = Field(default=0, ge=0)
    max_minutes: float = Field(default=0, ge=0)
    checkpoint_minutes: float = Field(default=2, ge=0)
    batch_size: int = Field(default=32, ge=1)
    class_balance: Literal["none", "weights", "oversample"] = "none"
    ngrams: bool = False
    max_length: int = Field(default=128, ge=8, le=512)
    mean_with: tuple[str, ...] = ()
    mean_weight: float = Field(default=1.0, gt=0, le=100)
    unanswerable: float = Field(default=0.0, ge=0, le=1)
    glossed: float = Field(default=0.0, ge=0, le=1)
    glossed_texts: float = Field(default=0.0, ge=0, le=1)
    twisted: float = Field(default=0.0, ge=0, le=1)
    bilingual: int = Field(default=0, ge=0, le=10)
    caption_questions: float = Field(default=0.0, ge=0, le=1)
    class_pictures: int = Field(default=0, ge=0)
    seed: int = Field(default=0, ge=0, lt=2**32)

    @property
    def rate(self) -> float:
        """The learning rate, or the default for what is trained."""
        return self.learning_rate or _LEARNING_RATES[self.trainable] * _RATE_FACTORS.get(self.optimizer, 1.0)

    @property
    def passes(self) -> float:
        """The epochs, or the default for what is trained."""
        return self.epochs or _EPOCHS[self.trainable]


class Recipe(BaseModel):
    """What to train, on what, and how.

    Attributes:
        name: Of the adapter that comes out.
        task: `classify`, `answer` (marking the answer in a text, or telling it of a picture), `transcribe` or
            `describe`.
        towers: Modality to model name; empty for the default tower of each modality that the data has.
        start: Name or folder of an adapter to go on from, with the same towers, labels and shape. A learning rate that
            is left out is a fifth of the usual then, so that the first steps do not undo what was learnt.
        data: The data set and its split.
        train: The settings.
        cross_validation: Train also on all but one of so many parts of the training rows, each in turn, and measure on
            the part left out; 0 for none. The held-out rows stay untouched.
        cross_validation_column: A column whose values are the parts, such as `fold`.
        licence: Of the data, for the model card.
        languages: Of the data, for the model card; codes such as `en`. `transcribe` is trained for one, which is
            detected if not given.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    name: str = Field(pattern=r"^[A-Za-z0-9][A-Za-z0-9._-]*$", max_length=80)
    task: Literal["classify", "answer", "transcribe", "describe"] = "classify"
    towers: dict[Modality, str] = Field(default_factory=dict)
    start: str = ""
    data: DataConfig
    train: TrainConfig = Field(default_factory=TrainConfig)
    cross_validation: int = Field(default=0, ge=0, le=100)
    cross_validation_column: str | None = None
    licence: str = ""
    languages: tuple[str, ...] = ()

    @model_validator(mode="after")
    def _one_task(self) -> "Recipe":
        if self.data.task != self.task:
            object.__setattr__(self, "data", self.data.model_copy(update={"task": self.task}))
        defaults = _TASK_DEFAULTS.get(self.task, {}).items()
        left_out = {key: value for key, value in defaults if key not in self.train.model_fields_set}
        if self.start and self.train.learning_rate is None:
            left_out["learning_rate"] = _FURTHER * self.train.model_copy(update=left_out).rate
        if self.task == "describe" and self.train.epochs is None:
            left_out["epochs"] = _EPOCHS["lora"]  # a pass costs as much, also where only the connector is trained
        if left_out:
            object.__setattr__(self, "train", self.train.model_copy(update=left_out))
        return self

    def with_sources(self, change: Callable[[str], str]) -> "Recipe":
        """The recipe with each source of its data changed."""
        return self.model_copy(update={"data": self.data.map_sources(change)})

    @model_validator(mode="after")
    def _of_the_task(self, info: ValidationInfo) -> "Recipe":
        train, others = self.train, TrainConfig.model_fields
        kept = (info.context or {}).get("kept")
        for name, tasks in _ONLY_FOR.items():
            if self.task not in tasks and not kept and getattr(train, name) != others[name].default:
                raise ValueError(f"train.{name} is only for the task {' or '.join(tasks)}")
        if self.data.missing == "fill" and self.task != "classify":
            raise ValueError("data.missing: fill is only for the task classify")
        if train.mean_with and self.task == "classify":
            raise ValueError("train.mean_with is not for the task classify")
        if self.task == "classify" and train.pull and train.trainable == "head":
            raise ValueError("train.pull needs train.trainable to be lora, top or full")
        return self

    @model_validator(mode="after")
    def _parts(self) -> "Recipe":
        column = self.cross_validation_column
        if self.cross_validation == 1:
            raise ValueError("cross_validation needs 2 parts or more")
        if column and self.data.group_column not in (None, column):
            raise ValueError("cross_validation_column and data.group_column cannot be two columns")
        if (self.cross_validation or column) and (self.start or self.train.mean_with):
            raise PydanticCustomError(
                "started_parts",
                "cross_validation cannot go on from adapters (start, train.mean_with), which may have been trained on "
                "the part left out; leave out the one or the other",
            )
        if column:
            # The column comes with the rows as their group.
            object.__setattr__(self, "data", self.data.model_copy(update={"group_column": column}))
        return self

    def to_yaml(self) -> str:
        """The recipe as text that `load_recipe` reads back."""
        return yaml.safe_dump(self.model_dump(mode="json"), sort_keys=False, allow_unicode=True)


def load_recipe(path: str | Path, overrides: list[str] | None = None, *, kept: bool = False) -> Recipe:
    """Read a recipe file.

    Args:
        path: A YAML file. Relative data sources are looked for beside it first.
        overrides: `KEY=VALUE` pairs such as `train.epochs=2`; values are YAML.
        kept: See `parse_recipe`.

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
    data = content.get("data")
    if isinstance(data, dict):
        more = data.get("more_sources")
        data |= {"source": _beside(data["source"], path.parent)} if "source" in data else {}
        data |= {"more_sources": [_beside(source, path.parent) for source in more]} if isinstance(more, list) else {}
    return parse_recipe(content, kept=kept)


def parse_recipe(content: dict[str, Any], *, kept: bool = False) -> Recipe:
    """Check a recipe given as plain values.

    Args:
        content: The values.
        kept: It is of a run that exists; older versions let it have settings that mean nothing for its task.

    Raises:
        InputError: A key is unknown or a value cannot be used; names the first.
    """
    try:
        return Recipe.model_validate(content, context={"kept": kept})
    except ValidationError as error:
        first = error.errors()[0]
        key = ".".join(str(part) for part in first["loc"]) or "content"
        bounds = {name: value for name, value in first.get("ctx", {}).items() if name != "error"}
        raise InputError(
            f"The recipe's {key} cannot be used: {first['msg']}.",
            "Correct it.",
            f"recipe_{first['type']}",
            setting=key,
            **bounds,
        ) from error


def _beside(source: Any, folder: Path) -> Any:
    """The path of what lies in the recipe's folder; any other source as it is."""
    found = isinstance(source, str) and source and (folder / source).exists()
    return str((folder / source).resolve()) if found else source


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
