"""transformers' Trainer, told to stop when asked, to report, and to say in plain words what went wrong."""

import json
import math
import threading
import time
from collections.abc import Sequence
from pathlib import Path

import torch
from torch import nn
from torch.utils.data import Sampler
from transformers import Trainer, TrainerCallback, TrainingArguments
from transformers.trainer_pt_utils import get_length_grouped_indices

from xmodal.device import pick_device
from xmodal.disk import disk_full_explained
from xmodal.errors import CancelledError, XmodalError
from xmodal.progress import Progress, Reporter
from xmodal.training.config import TrainConfig


def fit(
    model: nn.Module, rows: Sequence[dict], collate, config: TrainConfig, folder: Path,
    report: Reporter | None, cancel: threading.Event | None, *, resume: bool,
) -> None:  # fmt: skip
    """Train the model in place; checkpoints and `log.jsonl` go to `folder`.

    Raises:
        CancelledError: It was stopped; the last checkpoint can be resumed from.
        XmodalError: Out of memory, or the loss is no number; says what to change.
    """
    device = pick_device()
    arguments = TrainingArguments(
        output_dir=str(folder / "checkpoints"),
        per_device_train_batch_size=config.batch_size,
        num_train_epochs=config.passes,
        max_steps=config.max_steps or -1,
        learning_rate=config.rate,
        lr_scheduler_type=config.lr_schedule,
        warmup_steps=config.warmup,
        weight_decay=config.weight_decay,
        optim=config.optimizer,
        seed=config.seed,
        data_seed=config.seed,
        bf16=device.dtype == "bfloat16",
        use_cpu=device.name == "cpu",
        save_strategy="epoch",
        save_total_limit=1,
        logging_steps=1,
        logging_nan_inf_filter=False,
        report_to=[],
        disable_tqdm=True,
        remove_unused_columns=False,
        label_names=["labels"],
        dataloader_num_workers=0,
    )
    watch = _Watch(config, folder / "log.jsonl", report, cancel)
    trainer = _Trainer(model=model, args=arguments, train_dataset=rows, data_collator=collate, callbacks=[watch])
    trainer.order = _Order(rows, config.batch_size, config.seed, config.class_balance == "oversample")
    trainer.remove_callback(_printer())
    try:
        with disk_full_explained(folder, "a checkpoint"):
            trainer.train(resume_from_checkpoint=resume)
    except (MemoryError, RuntimeError) as error:
        if isinstance(error, RuntimeError) and "out of memory" not in str(error).lower():
            raise
        raise XmodalError(
            "There was not enough memory to train.", "Halve train.batch_size, or train the head only."
        ) from error
    if watch.problem:
        raise watch.problem


class _Trainer(Trainer):
    order = None

    def _get_train_sampler(self, *args, **kwargs):
        return self.order


class _Order(Sampler):
    """The order of the rows, drawn anew each epoch: the same for the same seed and epoch, so that runs can go on.

    Args:
        rows: With a `length`, those of like length come together, so that little is padded.
        size: Rows a batch.
        seed: Of the draws.
        balance: Draw rows of rare classes as often as others.
    """

    def __init__(self, rows: Sequence[dict], size: int, seed: int, balance: bool):
        self.count, self.size, self.seed, self.epoch = len(rows), size, seed, 0
        self.lengths = [row["length"] for row in rows] if "length" in rows[0] else None
        self.weights = None
        if balance:
            labels = torch.tensor([row["label"] for row in rows])
            self.weights = 1.0 / torch.bincount(labels).clamp(min=1)[labels].double()

    def __len__(self) -> int:
        return self.count

    def set_epoch(self, epoch: int) -> None:
        """Told by accelerate."""
        self.epoch = epoch

    def __iter__(self):
        generator = torch.Generator().manual_seed(self.seed + 1_000_003 * self.epoch)
        if self.weights is not None:
            return iter(torch.multinomial(self.weights, self.count, True, generator=generator).tolist())
        if self.lengths is not None:
            return iter(get_length_grouped_indices(self.lengths, self.size, generator=generator))
        return iter(torch.randperm(self.count, generator=generator).tolist())


class _Watch(TrainerCallback):
    """Reports each step, keeps the curve, and stops on request, on time, or when the loss is no number."""

    def __init__(self, config: TrainConfig, log: Path, report: Reporter | None, cancel: threading.Event | None):
        self.config, self.log, self.report, self.cancel = config, log, report, cancel
        self.problem: XmodalError | None = None
        self.started = time.monotonic()

    def on_log(self, args, state, control, logs=None, **kwargs):
        if not logs or "loss" not in logs:
            return
        line = {"step": state.global_step, "epoch": logs.get("epoch"), "loss": logs["loss"]}
        with open(self.log, "a", encoding="utf-8") as file:
            file.write(json.dumps(line) + "\n")
        if not math.isfinite(logs["loss"]):
            self.problem = XmodalError(
                f"Training failed at step {state.global_step}: the loss is no longer a number.",
                "Lower train.learning_rate (to a third, say) and try again.",
            )
            control.should_training_stop = True

    def on_step_end(self, args, state, control, **kwargs):
        if self.report:
            rate = state.global_step / max(time.monotonic() - self.started, 1e-3)
            self.report(Progress("train", "steps", state.global_step, state.max_steps, "steps", rate))
        if self.cancel is not None and self.cancel.is_set():
            control.should_save = control.should_training_stop = True
            self.problem = CancelledError(
                f"Stopped at step {state.global_step} of {state.max_steps}, with a checkpoint.",
                "Go on with --resume and the run's name.",
            )
        minutes = (time.monotonic() - self.started) / 60
        if self.config.max_minutes and minutes >= self.config.max_minutes:
            control.should_training_stop = True


def _printer():
    from transformers.trainer_callback import PrinterCallback

    return PrinterCallback
