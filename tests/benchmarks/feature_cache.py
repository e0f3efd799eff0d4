"""What caching the frozen towers' outputs gains: seconds an epoch of training a head, with the cache and without.

Without it the tower runs in each epoch. Both are measured one after the other, with the same head, rows and batches.

    python -m tests.benchmarks.feature_cache [--rows 128] [--epochs 4] [--only audio]
"""

import argparse
import tempfile
from pathlib import Path

import numpy as np
import torch

from xmodal.data.config import make_data_config
from xmodal.data.sets import load_data
from xmodal.device import pick_device
from xmodal.models.classifier import ClassifierConfig
from xmodal.models.classifier_model import ClassifierModel, Collator
from xmodal.models.towers import load_tower
from xmodal.tasks.features import decode_value, tower_tokens
from xmodal.training.config import TrainConfig
from xmodal.training.runs import read_curve
from xmodal.training.trainer import fit

SOURCES = {"text": "sample:vader-sentences", "audio": "sample:tone-sounds"}
LEAST = 10


def seconds_an_epoch(model, rows, collate, epochs: int) -> float:
    """Median over the epochs but the first, which warms up."""
    with tempfile.TemporaryDirectory() as folder:
        settings = TrainConfig(epochs=epochs + 1, batch_size=32)
        fit(model, rows, collate, settings, Path(folder), None, None, resume=False)
        curve = read_curve(Path(folder) / "log.jsonl")
    steps = len(curve) // (epochs + 1)
    ends = np.array([line["seconds"] for line in curve])[steps - 1 :: steps]
    return float(np.median(np.diff(ends)))


def measure(modality: str, count: int, epochs: int) -> float:
    """Print a line; gives the ratio."""
    data = load_data(make_data_config(source=SOURCES[modality], max_rows=count, check_fraction=0))
    tower = load_tower(modality, device=pick_device()).requires_grad_(False).eval()
    values = [row[modality] for row in data.train]
    numbers = [data.labels.index(row["label"]) for row in data.train]
    labels = data.labels
    config = ClassifierConfig(towers={modality: tower.name}, dims={modality: tower.dim}, labels=tuple(labels))

    def rows(items) -> list[dict]:
        return [{modality: item, "label": number} for item, number in zip(items, numbers, strict=True)]

    torch.manual_seed(0)
    cached = seconds_an_epoch(
        ClassifierModel(config, {}), rows(tower_tokens(tower, values)), Collator((modality,), {}, decode_value), epochs
    )
    torch.manual_seed(0)
    towers = {modality: tower}
    plain = seconds_an_epoch(
        ClassifierModel(config, towers), rows(values), Collator((modality,), towers, decode_value), max(1, epochs // 3)
    )
    print(
        f"{modality} ({tower.name}, {len(values)} rows): {cached:.3f} s an epoch cached, {plain:.3f} s without; "
        f"{plain / cached:.0f} times faster"
    )
    return plain / cached


def main() -> None:
    """Measure text and sound; the exit status says whether the gain is as promised."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rows", type=int, default=128)
    parser.add_argument("--epochs", type=int, default=4)
    parser.add_argument("--only", choices=SOURCES, default=None)
    args = parser.parse_args()
    ratios = [measure(modality, args.rows, args.epochs) for modality in SOURCES if args.only in (None, modality)]
    if min(ratios) < LEAST:
        raise SystemExit(f"The cache should make an epoch at least {LEAST} times faster.")


if __name__ == "__main__":
    main()
