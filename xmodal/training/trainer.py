"""transformers' Trainer, with checkpoints that are small and whole, and plain words for what goes wrong."""

import math
import os
import shutil
import threading
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

import torch
from torch import nn
from torch.utils.data import Sampler
from transformers import Trainer, TrainingArguments
from transformers.trainer_callback import PrinterCallback
from transformers.trainer_pt_utils import get_length_grouped_indices

from xmodal.device import pick_device
from xmodal.disk import disk_full_explained
from xmodal.errors import InputError, XmodalError
from xmodal.progress import Reporter
from xmodal.training.config import TrainConfig
from xmodal.training.processes import PATIENCE, by_main, count, is_main, wait
from xmodal.training.runs import CHECKPOINTS, LOG, cut_curve, last_checkpoint
from xmodal.training.tracking import Tracker
from xmodal.training.watch import Watch

_STATE = "model.safetensors"
_MEMORY_WORDS = ("out of memory", "can't allocate memory", "not enough memory")
_OPTIMIZERS = {
    "adamw": (torch.optim.AdamW, {}),
    "adamw_torch": (torch.optim.AdamW, {}),
    "adam": (torch.optim.Adam, {}),
    "adagrad": (torch.optim.Adagrad, {}),
    "sgd": (torch.optim.SGD, {"momentum": 0.9}),
}
_DISK_WORDS = ("file write failed", "unexpected pos")  # torch.save's words for a full disk


def fit(
    model: nn.Module, rows: Sequence[dict], collate, config: TrainConfig, folder: Path,
    report: Reporter | None, cancel: threading.Event | None, *, resume: bool,
) -> None:  # fmt: skip
    """Train the model in place; checkpoints and `log.jsonl` go to `folder`.

    Args:
        model: Takes what the collator makes and returns a dictionary with `loss`.
        rows: Those to train on; with a `length`, rows of like length share a batch.
        collate: Rows to a batch.
        config: The settings.
        folder: Of the run.
        report: Told of each step.
        cancel: Stops after the step, with a checkpoint.
        resume: Go on from the last checkpoint in the folder, if there is one.

    Raises:
        CancelledError: It was stopped; the last checkpoint can be resumed from.
        DiskFullError: There was no room for a checkpoint; the one before is still there.
        XmodalError: Out of memory, or the loss is no number; says what to change.
    """
    start = last_checkpoint(folder) if resume else None
    kept, done = by_main(lambda: cut_curve(folder / LOG, int(start.name[11:]) if start else 0))
    with Tracker(folder, after=done) as tracker:
        watch = Watch(config, folder / LOG, report, cancel, tracker, kept[-1]["seconds"] if kept else 0.0)
        trainer = _Trainer(
            model=model, args=_arguments(config, folder), train_dataset=rows, data_collator=collate, callbacks=[watch],
            optimizer_cls_and_kwargs=_optimizer(config),
        )  # fmt: skip
        trainer.config, trainer.watch = config, watch
        trainer.order = _Order(rows, config.batch_size, config.seed, config.class_balance == "oversample")
        trainer.remove_callback(PrinterCallback)
        with memory_explained(config), disk_full_explained(folder, "a checkpoint"):
            trainer.train(resume_from_checkpoint=str(start) if start else None)
    if not _is_finite(model):
        watch.fail(trainer.state.global_step)
    if watch.problem:
        raise watch.problem


@contextmanager
def memory_explained(config: TrainConfig) -> Iterator[None]:
    """Turn "out of memory", of the GPU or of the machine, into advice."""
    try:
        yield
    except (MemoryError, RuntimeError) as error:
        words = str(error).lower()
        if isinstance(error, RuntimeError) and not any(phrase in words for phrase in _MEMORY_WORDS):
            raise
        advice = []
        if config.batch_size > 1:
            advice.append(f"set train.batch_size to {config.batch_size // 2} (it is {config.batch_size})")
        if config.trainable != "head":
            advice.append("train the head only (train.trainable: head)")
        text = ", or ".join(advice or ["choose a smaller model, or a machine with more memory"])
        raise XmodalError("There was not enough memory to train.", f"{text[0].upper()}{text[1:]}.") from error


def _optimizer(config: TrainConfig) -> tuple[type[torch.optim.Optimizer], dict] | None:
    """None for the one that is transformers' own."""
    if config.optimizer not in _OPTIMIZERS:
        return None
    kind, options = _OPTIMIZERS[config.optimizer]
    return kind, {"lr": config.rate, **options}


def _arguments(config: TrainConfig, folder: Path) -> TrainingArguments:
    device, processes = pick_device(), count()
    if config.batch_size % processes:
        raise InputError(
            f"Batches of {config.batch_size} rows cannot be shared by {processes} processes.",
            f"Set train.batch_size to a multiple of {processes}.",
        )
    arguments = TrainingArguments(
        output_dir=str(folder / CHECKPOINTS),
        per_device_train_batch_size=config.batch_size // processes,
        num_train_epochs=config.passes,
        max_steps=config.max_steps or -1,
        learning_rate=config.rate,
        lr_scheduler_type=config.lr_schedule,
        warmup_steps=config.warmup,
        weight_decay=config.weight_decay,
        optim="adafactor" if config.optimizer == "adafactor" else "adamw_torch",
        seed=config.seed,
        data_seed=config.seed,
        bf16=device.dtype == "bfloat16",
        use_cpu=device.name == "cpu",
        save_strategy="no",  # `Watch` asks for checkpoints
        logging_steps=1,
        logging_nan_inf_filter=False,
        report_to=[],
        disable_tqdm=True,
        remove_unused_columns=False,
        label_names=["labels"],
        dataloader_num_workers=0,
        ddp_timeout=int(PATIENCE.total_seconds()),
    )
    if arguments.n_gpu > 1:
        arguments._n_gpu = 1  # several GPUs are for `accelerate launch`, not for torch's DataParallel
    return arguments


class _Trainer(Trainer):
    config: TrainConfig
    watch: Watch
    order: Sampler
    staging: Path | None = None

    def _get_train_sampler(self, *args, **kwargs):
        return self.order

    def create_scheduler(self, num_training_steps, optimizer=None):
        """With a limit of time, progress is that of the steps or of the time, whichever is further."""
        if not self.config.max_minutes:
            return super().create_scheduler(num_training_steps, optimizer)

        def factor(step: int) -> float:
            return _rate_factor(self.config, max(step / num_training_steps, self.watch.time_share))

        self.lr_scheduler = torch.optim.lr_scheduler.LambdaLR(optimizer or self.optimizer, factor)
        self._created_lr_scheduler = True
        return self.lr_scheduler

    def _get_output_dir(self, *args, **kwargs):
        return str(self.staging or self.args.output_dir)

    def _save_checkpoint(self, model, trial):
        """Written beside its place and moved there when it is whole; only then the one before goes."""
        home = Path(self.args.output_dir)
        final = home / f"checkpoint-{self.state.global_step}"
        if final.exists() or self.watch.diverged or not _is_finite(self.model):
            return
        self.staging = home / "under-way"
        try:
            if is_main():
                shutil.rmtree(self.staging, ignore_errors=True)
                self.staging.mkdir(parents=True)
            wait()
            _explain_full_disk(super()._save_checkpoint, home, model, trial)
            wait()
            if is_main():
                _move(self.staging / final.name, final)
            wait()
        finally:
            if is_main():
                shutil.rmtree(self.staging, ignore_errors=True)
            self.staging = None

    def _save(self, output_dir=None, state_dict=None):
        """What was trained, and buffers; frozen weights come from where they came from."""
        from safetensors.torch import save_file

        if not self.args.should_save:
            return
        Path(output_dir).mkdir(parents=True, exist_ok=True)
        frozen = {name for name, value in self.model.named_parameters() if not value.requires_grad}
        state = {n: v.detach().cpu().clone() for n, v in self.model.state_dict().items() if n not in frozen}
        save_file({name: value.contiguous() for name, value in state.items()}, Path(output_dir) / _STATE)

    def _load_from_checkpoint(self, resume_from_checkpoint, model=None):
        from safetensors.torch import load_file

        model = model or self.model
        frozen = {name for name, value in model.named_parameters() if not value.requires_grad}
        stored, own = load_file(Path(resume_from_checkpoint) / _STATE), model.state_dict()
        fits = all(name in own and own[name].shape == value.shape for name, value in stored.items())
        if not fits or own.keys() - stored.keys() - frozen:
            raise InputError("The checkpoint is not of this model.", "Start the run again, without --resume.")
        model.load_state_dict(stored, strict=False)


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


def _rate_factor(config: TrainConfig, share: float) -> float:
    """The learning rate's factor when a share of the training is done; as transformers' schedules of these names."""
    if config.lr_schedule == "constant":
        return 1.0
    if share < config.warmup:
        return share / config.warmup
    rest = min(1.0, (share - config.warmup) / (1 - config.warmup))
    return 1 - rest if config.lr_schedule == "linear" else 0.5 * (1 + math.cos(math.pi * rest))


def _is_finite(model: nn.Module) -> bool:
    return all(bool(value.isfinite().all()) for value in model.parameters() if value.requires_grad)


def _explain_full_disk(save, folder: Path, *args) -> None:
    """torch.save does not say that the disk is full, only that it could not write."""
    try:
        save(*args)
    except RuntimeError as error:
        if any(words in str(error).lower() for words in _DISK_WORDS):
            raise OSError(28, "No space left on device", str(folder)) from error
        raise


def _move(made: Path, final: Path) -> None:
    for path in made.iterdir():
        with open(path, "rb+") as file:
            os.fsync(file.fileno())
    made.rename(final)
    for old in final.parent.glob("checkpoint-*"):
        if old != final:
            shutil.rmtree(old, ignore_errors=True)
