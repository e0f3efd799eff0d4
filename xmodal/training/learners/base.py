"""What the engine asks of each family: to be built from a recipe, measured, fitted, and stored."""

import threading
from abc import ABC, abstractmethod
from collections.abc import Sequence
from pathlib import Path

import torch
from torch import Tensor, nn

from xmodal.data.sets import LoadedData
from xmodal.errors import InputError
from xmodal.models.adapter_format import Family
from xmodal.models.adapters import Adapter, load_adapter
from xmodal.progress import Reporter
from xmodal.training.config import Recipe
from xmodal.training.metrics import Metrics
from xmodal.training.processes import main_first
from xmodal.training.trainer import fit


def require_alike(
    adapter: Adapter, recipe: Recipe, family: Family, base: dict[str, dict], names: Sequence[str]
) -> None:
    """Check that a training can go on from an adapter.

    Args:
        adapter: To go on from.
        recipe: Of the training.
        family: What the adapter must be.
        base: Role to the pretrained `model`, as the learner has it.
        names: Settings of `train` that must be as they were.

    Raises:
        InputError: They are not.
    """
    if adapter.family != family:
        raise InputError(
            f"The adapter {adapter.name} is a {adapter.family}, not a {family}.",
            f"Choose one whose task is `{recipe.task}`.",
        )
    trained = adapter.settings["train"]
    pairs = [(role, adapter.base.get(role, {}).get("model"), entry["model"]) for role, entry in base.items()]
    pairs += [(f"train.{name}", trained.get(name, 0), getattr(recipe.train, name)) for name in names]
    for what, had, wanted in pairs:
        if had != wanted:
            raise InputError(
                f"The adapter {adapter.name} cannot be gone on from: its {what} is {had}, the recipe's {wanted}.",
                "Make the recipe fit the adapter, or leave `start` out.",
            )


class Learner(ABC):
    """A model of one family, while it is trained.

    Attributes:
        family: Of the adapter that comes out.
        metric: The name, in `Metrics.values` and `Metrics.examples`, of what training is to better.
        lower_is_better: As for error rates.
        model: What the Trainer trains.
        base: Role to the pretrained model's `model`, `source` and `revision`, for the adapter.
    """

    family: Family
    metric: str
    lower_is_better = False
    model: nn.Module
    base: dict[str, dict]

    def __init__(self, recipe: Recipe, data: LoadedData):
        self.recipe, self.data = recipe, data

    @abstractmethod
    def measure(self, rows: Sequence[dict], report: Reporter | None, cancel: threading.Event | None) -> Metrics:
        """Metrics on rows, of the model as it stands."""

    @abstractmethod
    def put_in(self, adapter: Adapter) -> None:
        """Take the weights of an adapter; raises `InputError` where it is of another shape."""

    @abstractmethod
    def prepare(self, report: Reporter | None, cancel: threading.Event | None) -> tuple[Sequence[dict], object]:
        """What the Trainer iterates over for `data.train`, and the collator that makes batches of it."""

    @abstractmethod
    def tensors(self) -> dict[str, dict[str, Tensor]]:
        """What was trained, as `save_adapter` takes it."""

    @abstractmethod
    def settings(self) -> dict:
        """What loading needs to know beside the weights, for `Adapter.settings`."""

    @classmethod
    @abstractmethod
    def measure_adapter(
        cls, adapter: Adapter, data: LoadedData, report: Reporter | None, cancel: threading.Event | None
    ) -> tuple[Metrics, list[dict]]:
        """Metrics of a stored adapter, loaded afresh, on `data.check`, and a line for each row."""

    @classmethod
    def extra_metrics(
        cls,
        adapter: Adapter,
        data: LoadedData,
        lines: Sequence[dict],
        report: Reporter | None,
        cancel: threading.Event | None,
    ) -> dict:
        """More numbers of a stored adapter on `data.check`, for its metrics; none unless a family has some.

        `lines` are those of `measure_adapter`.
        """
        del adapter, data, lines, report, cancel
        return {}

    def fit(
        self, folder: Path, report: Reporter | None, cancel: threading.Event | None, *, resume: bool = False
    ) -> None:
        """Train on `data.train`; checkpoints and the curve go to `folder`."""
        names = self.recipe.train.mean_with
        earlier = self._sum_of(names)  # before the training, so that a name that cannot be used costs nothing
        with main_first():
            rows, collate = self.prepare(report, cancel)
        fit(self.model, rows, collate, self.recipe.train, folder, report, cancel, resume=resume)
        if names:
            weight = self.recipe.train.mean_weight
            with torch.no_grad():
                for value, total in zip(self._trained(), earlier, strict=True):
                    value.mul_(weight).add_(total).div_(weight + len(names))

    @torch.no_grad()
    def _sum_of(self, names: Sequence[str]) -> list[Tensor]:
        """The trained weights of adapters, added up; the model stays as it is."""
        if not names:
            return []
        weights = self._trained()
        now, total = [value.clone() for value in weights], [torch.zeros_like(value) for value in weights]
        for name in names:
            self.put_in(load_adapter(name))
            for place, value in zip(total, weights, strict=True):
                place.add_(value)
        for value, before in zip(weights, now, strict=True):
            value.copy_(before)
        return total

    def _trained(self) -> list[nn.Parameter]:
        return [value for value in self.model.parameters() if value.requires_grad]
