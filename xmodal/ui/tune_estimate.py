"""About how long a recipe takes, and how much memory, before it is run.

The numbers below were measured on two cores of a shared machine, with the starter models. Runs that finished here
correct them: what they took is compared with what would have been said.
"""

import json
import statistics
from dataclasses import dataclass
from pathlib import Path

import yaml

from xmodal.errors import XmodalError
from xmodal.models.registry import find_model
from xmodal.paths import home
from xmodal.training.config import Recipe, parse_recipe

_START_S = 20.0  # imports, loading, storing
_FEATURES_S = {"text": 0.03, "image": 0.05, "audio": 0.4}  # a row through a frozen tower, once
_HEAD_S = 0.001  # a row through the head, each pass
_TRAIN_S = {"text": 0.07, "image": 0.15, "audio": 1.2}  # a row through a tower trained by LoRA, each pass
_WHOLE = 1.5  # as much as LoRA for training everything
_ANSWER_S = 0.2  # a question of 384 tokens, each pass
_SPEECH_S, _DECODE_S = 0.4, 0.8  # a short recording: each pass of training, and each transcription
_TOLD_S, _TELL_S = 0.3, 0.15  # a text about a picture: each pass of training, and each one written
_BASE_MB = 900.0
_ROW_MB = {"text": 15.0, "image": 40.0, "audio": 60.0}  # what the steps back keep for a row of a batch
_SCRATCH_M = 3.0
_LATEST = 5


@dataclass(frozen=True)
class Estimate:
    """About what a run takes.

    Attributes:
        seconds: Of time.
        memory_mb: Of memory, at its peak.
    """

    seconds: float
    memory_mb: float


def estimate(
    recipe: Recipe, train_rows: int, check_rows: int, inputs: tuple[str, ...], factor: float = 1.0
) -> Estimate:
    """About what a run takes.

    Args:
        recipe: What is asked.
        train_rows: Rows to train on, before `max_rows`.
        check_rows: Rows held out, as well.
        inputs: Modalities that the data has.
        factor: How much longer runs took here than said; see `measured_factor`.
    """
    train = recipe.train
    once, each = _costs(recipe, inputs)
    rows = train_rows + check_rows
    if (most := recipe.data.max_rows) and most < rows:
        train_rows, check_rows, rows = most * train_rows / rows, most * check_rows / rows, most
    measured = {"transcribe": _DECODE_S, "describe": _TELL_S}.get(recipe.task, 0.0)
    seconds = rows * once + train_rows * train.passes * each + 2 * check_rows * measured
    if train.distill:
        seconds += train_rows * once  # the teacher's scores
    folds = recipe.cross_validation
    if folds:
        seconds += (folds - 1) * train_rows * train.passes * each + folds * check_rows * once
    if train.max_minutes:
        seconds = min(seconds, rows * once + 60 * train.max_minutes * (folds + 1))
    return Estimate((_START_S + seconds) * factor, _memory(recipe, inputs))


def measured_factor() -> float:
    """How much longer the latest runs on this machine took than said; 1 where there are none."""
    ratios = []
    for path in sorted((home() / "adapters").glob("*/adapter.json"), key=_age)[:_LATEST]:
        try:
            told = json.loads(path.read_text(encoding="utf-8"))
            data, seconds = told["data"], told["settings"]["seconds"]
            recipe = parse_recipe(yaml.safe_load(told["recipe"]))
            inputs = tuple(role for role in _FEATURES_S if role in told["base"])
            said = estimate(recipe, data["train_rows"], data["check_rows"], inputs)
            ratios.append(seconds / said.seconds)
        except (OSError, ValueError, KeyError, TypeError, XmodalError, yaml.YAMLError):
            continue  # of another version, or a stranger's
    return min(max(statistics.median(ratios), 0.1), 10.0) if ratios else 1.0


def free_memory_mb() -> float:
    """What programs can have on this machine now."""
    import psutil

    return psutil.virtual_memory().available / 1e6


def _costs(recipe: Recipe, inputs: tuple[str, ...]) -> tuple[float, float]:
    """Seconds of a row: once, and in each pass."""
    trainable, length = recipe.train.trainable, recipe.train.max_length
    whole = _WHOLE if trainable == "full" else 1.0
    if recipe.task == "transcribe":
        alone = trainable == "lora" and not recipe.train.encoder
        return (_FEATURES_S["audio"], _SPEECH_S) if alone else (0.0, 3 * _SPEECH_S * whole)
    if recipe.task == "answer":
        once = _ANSWER_S * length / 384
        return (once, _HEAD_S) if trainable == "head" else (once, once * whole)
    if recipe.task == "describe":
        return _FEATURES_S["image"], _TOLD_S * whole
    once = sum(_FEATURES_S.get(role, 0.0) for role in inputs)
    if trainable == "head":
        return once, _HEAD_S
    return once, sum(_TRAIN_S.get(role, 0.0) for role in inputs) * whole


def _memory(recipe: Recipe, inputs: tuple[str, ...]) -> float:
    millions = {role: _parameters(recipe.towers.get(role, ""), role) for role in inputs if role in _ROW_MB}
    if recipe.task == "answer":
        millions = {"text": millions.get("text", _parameters("", "text"))}
    if recipe.task == "describe":
        millions["text"] = _parameters(recipe.towers.get("text", ""), "language")
    weights = 4.0 * sum(millions.values())
    if recipe.train.trainable == "head":
        return _BASE_MB + weights
    kept = recipe.train.batch_size * sum(_ROW_MB[role] for role in millions) * recipe.train.max_length / 128
    # Weights, their gradients and the two moments of Adam.
    return _BASE_MB + weights * (4 if recipe.train.trainable == "full" else 1.2) + kept


def _parameters(name: str, role: str) -> float:
    from xmodal.models.registry import list_models

    tasks = {"text": "embed", "image": "label", "audio": "transcribe", "language": "generate"}
    try:
        return find_model(name or list_models(tasks[role])[0]).parameters_m
    except XmodalError:
        return _SCRATCH_M


def _age(path: Path) -> float:
    return -path.stat().st_mtime
