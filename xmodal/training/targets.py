"""What training compares a classifier with, computed once before it starts: a teacher's logits, pretrained features."""

from collections.abc import Iterable, Sequence

import torch
from torch import Tensor

from xmodal.device import pick_device
from xmodal.errors import InputError
from xmodal.models.adapters import load_adapter
from xmodal.models.towers import load_tower
from xmodal.progress import Reporter
from xmodal.tasks.features import tower_tokens
from xmodal.tasks.predict import load_classifier, predict_logits


def teacher_logits(
    teacher: str, labels: Sequence[str], rows: Sequence[dict], inputs: Iterable[str], report: Reporter | None, cancel
) -> Tensor:
    """`(rows, labels)`, in the order of `labels`.

    Args:
        teacher: Name or folder of an adapter.
        labels: Those of the student.
        rows: As for `predict`.
        inputs: The modalities that the data has.
        report: Told of the rows done.
        cancel: Stops it.

    Raises:
        InputError: The teacher does not classify, has other labels, or takes what the data lacks.
    """
    adapter = load_adapter(teacher)
    if adapter.family != "classifier":
        raise InputError(f"The teacher {adapter.name} is not a classifier.", "Choose one whose task is `classify`.")
    if set(adapter.labels) != set(labels):
        raise InputError(
            f"The teacher {adapter.name} has the labels {_some(adapter.labels)}, the data has {_some(labels)}.",
            "Choose a teacher trained on the same labels.",
        )
    lacking = [modality for modality in adapter.base if modality not in inputs]
    if lacking:
        raise InputError(
            f"The teacher {adapter.name} takes {', '.join(lacking)}, which the data lacks.",
            f"Choose a teacher of {', '.join(inputs)}.",
        )
    logits = predict_logits(load_classifier(adapter, report), rows, report, cancel)
    return logits[:, [adapter.labels.index(label) for label in labels]]


def pretrained_tokens(
    modality: str, name: str, max_length: int, rows: Sequence[dict], report: Reporter | None, cancel
) -> list[Tensor | None]:
    """Tokens `(tokens, dim)` of each row by the pretrained tower of that name, from the cache of features."""
    tower = load_tower(modality, name, max_length=max_length, report=report, device=pick_device())
    return tower_tokens(tower, [row.get(modality) for row in rows], report, cancel)


def token_statistics(tokens: Iterable[Tensor | None]) -> tuple[Tensor, Tensor]:
    """Mean and deviation `(dim,)` of all tokens of all rows."""
    joined = torch.cat([row for row in tokens if row is not None]).float()
    return joined.mean(0), joined.std(0)


def _some(names: Sequence[str]) -> str:
    shown = ", ".join(list(names)[:5])
    return f"{shown} and {len(names) - 5} more" if len(names) > 5 else shown
