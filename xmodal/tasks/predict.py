"""Predictions of a classifier: the one path that training, evaluation and the `classify` task share."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import torch
from torch import Tensor

from xmodal.device import pick_device
from xmodal.errors import InputError
from xmodal.models.adapters import Adapter, load_tensors
from xmodal.models.classifier import ClassifierConfig
from xmodal.models.classifier_model import ClassifierModel, Collator, is_trained, restore_tower
from xmodal.models.ngrams import NgramModel
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
        ngrams: Says what the n-grams of the text speak for; None without them.
    """

    model: ClassifierModel
    frozen: dict[str, Tower]
    config: ClassifierConfig
    ngrams: NgramModel | None = None

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
    trained = {m: restore_tower(t, adapter) for m, t in towers.items() if is_trained(t, train["trainable"])}
    model = ClassifierModel(config, trained)
    model.head.load_state_dict(load_tensors(adapter, "head"))
    model.to(device.name).eval()
    ngrams = NgramModel(load_tensors(adapter, "ngrams")) if train.get("ngrams") else None
    return Classifier(model, {m: tower.eval() for m, tower in towers.items() if m not in trained}, config, ngrams)


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


def predict(classifier: Classifier, rows: Sequence[dict], report: Reporter | None = None, cancel=None) -> np.ndarray:
    """Probabilities `(rows, labels)`, in the order of the rows.

    Args:
        classifier: From `load_classifier`, or being trained.
        rows: Modality to text or file path; None or absent where there is none.
        report: Told of the rows done.
        cancel: Stops it.
    """
    return predict_logits(classifier, rows, report, cancel).softmax(-1).numpy()


@torch.inference_mode()
def predict_logits(classifier: Classifier, rows: Sequence[dict], report: Reporter | None = None, cancel=None) -> Tensor:
    """As `predict`, before the softmax."""
    model, modalities = classifier.model, tuple(classifier.config.towers)
    model.eval()
    device = next(model.parameters()).device
    prepared = token_rows(rows, classifier.frozen, modalities, report, cancel)
    if classifier.ngrams:
        prior = classifier.ngrams.log_probs([row.get("text") for row in rows])
        prepared = [{**row, "prior": values} for row, values in zip(prepared, prior, strict=True)]
    collate = Collator(modalities, dict(model.towers), decode_value)
    # Texts of like length share a batch, so that a trained tower computes little padding.
    order = list(range(len(prepared)))
    if "text" in model.towers:
        order.sort(key=lambda i: len(prepared[i]["text"] or ""))
    logits = torch.zeros(len(prepared), len(classifier.config.labels))
    for start in range(0, len(order), _BATCH):
        check_cancelled(cancel)
        chosen = order[start : start + _BATCH]
        batch = collate([prepared[i] for i in chosen])
        with autocast(device):
            logits[chosen] = model(**to_device(batch, device))["logits"].cpu()
        if report:
            report(Progress("evaluate", "rows", start + len(chosen), len(order), "rows"))
    return logits


def to_device(batch, device):
    """A batch of nested dictionaries of tensors on a device."""
    if isinstance(batch, dict):
        return {name: to_device(value, device) for name, value in batch.items()}
    return batch.to(device)
