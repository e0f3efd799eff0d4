"""Predictions of a classifier: the one path that training, evaluation and the `classify` task share."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import torch

from xmodal.device import pick_device
from xmodal.errors import InputError
from xmodal.models.adapters import Adapter, load_tensors
from xmodal.models.classifier import ClassifierConfig
from xmodal.models.classifier_model import LORA_PREFIX, TOWER_PREFIX, ClassifierModel, Collator, add_lora
from xmodal.models.towers import Tower, load_tower
from xmodal.progress import Progress, Reporter, check_cancelled
from xmodal.tasks.features import autocast, decode_value, tower_tokens

_BATCH = 32


@dataclass
class Classifier:
    """A classifier in memory: frozen towers give tokens, trained ones are in the model.

    Attributes:
        model: Head and trained towers.
        frozen: Frozen towers by modality.
        config: Of the head.
    """

    model: ClassifierModel
    frozen: dict[str, Tower]
    config: ClassifierConfig

    @property
    def nbytes(self) -> int:
        """Memory the weights take."""
        modules = [self.model, *self.frozen.values()]
        return sum(p.numel() * p.element_size() for module in modules for p in module.parameters())


def load_classifier(adapter: Adapter, report: Reporter | None = None) -> Classifier:
    """An adapter of the family `classifier` with its towers, ready to predict.

    Raises:
        InputError: The adapter is of another family, or does not fit its towers.
    """
    if adapter.family != "classifier":
        raise InputError(f"The adapter {adapter.name} is not a classifier.", "Choose one whose task is `classify`.")
    device = pick_device()
    config = ClassifierConfig.from_dict(adapter.settings["head"])
    train = adapter.settings["train"]
    towers = {
        modality: load_tower(modality, name, max_length=train["max_length"], report=report, device=device)
        for modality, name in config.towers.items()
    }
    trained = {m: tower for m, tower in towers.items() if train["trainable"] != "head"}
    for modality, tower in trained.items():
        if train["trainable"] == "lora":
            add_lora(tower, train["lora_rank"])
        prefix = LORA_PREFIX if train["trainable"] == "lora" else TOWER_PREFIX
        unexpected = tower.network.load_state_dict(load_tensors(adapter, prefix + modality), strict=False)[1]
        if unexpected:
            raise InputError(f"The adapter {adapter.name} does not fit the tower {tower.name}.", "Train it again.")
    model = ClassifierModel(config, trained)
    model.head.load_state_dict(load_tensors(adapter, "head"))
    model.to(device.name).eval()
    return Classifier(model, {m: tower.eval() for m, tower in towers.items() if m not in trained}, config)


def token_rows(
    rows: Sequence[dict],
    frozen: dict[str, Tower],
    modalities: Sequence[str],
    report: Reporter | None = None,
    cancel=None,
) -> list[dict]:
    """Rows with the values of frozen towers replaced by their tokens."""
    columns = {m: [row.get(m) for row in rows] for m in modalities}
    for modality, tower in frozen.items():
        columns[modality] = tower_tokens(tower, columns[modality], report, cancel)
    return [{m: columns[m][i] for m in modalities} for i in range(len(rows))]


@torch.inference_mode()
def predict(classifier: Classifier, rows: Sequence[dict], report: Reporter | None = None, cancel=None) -> np.ndarray:
    """Probabilities `(rows, labels)`.

    Args:
        classifier: From `load_classifier`, or being trained.
        rows: Modality to text or file path; None or absent where there is none.
        report: Told of the rows done.
        cancel: Stops it.
    """
    model, modalities = classifier.model, tuple(classifier.config.towers)
    model.eval()
    device = next(model.parameters()).device
    prepared = token_rows(rows, classifier.frozen, modalities, report, cancel)
    collate = Collator(modalities, dict(model.towers), decode_value)
    out = []
    for start in range(0, len(prepared), _BATCH):
        check_cancelled(cancel)
        batch = collate(prepared[start : start + _BATCH])
        with autocast(device):
            out.append(model(**to_device(batch, device))["logits"].softmax(-1).cpu().numpy())
        if report:
            report(Progress("evaluate", "rows", start + len(out[-1]), len(prepared), "rows"))
    return np.concatenate(out)


def to_device(batch, device):
    """A batch of nested dictionaries of tensors on a device."""
    if isinstance(batch, dict):
        return {name: to_device(value, device) for name, value in batch.items()}
    return batch.to(device)
