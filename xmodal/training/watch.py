"""What goes on beside the steps: progress, the curve, when to store a checkpoint and when to stop."""

import json
import math
import threading
import time
from pathlib import Path

import torch
from transformers import TrainerCallback

from xmodal.errors import CancelledError, XmodalError
from xmodal.progress import Progress, Reporter
from xmodal.training.config import TrainConfig
from xmodal.training.processes import count, is_main
from xmodal.training.runs import path_in_run
from xmodal.training.tracking import Tracker


class Watch(TrainerCallback):
    """Reports each step, keeps the curve, asks for checkpoints, and stops on request, on time, or when the loss is NaN.

    Args:
        config: The settings.
        log: File of the curve; a line of JSON for each step.
        report: Told of each step.
        cancel: Stops it.
        tracker: Told of each loss.
        spent: Seconds of training before a resumption.

    Attributes:
        problem: Why it stopped early, if it did.
        diverged: The loss is no number; nothing is to be stored any more.
        spent: Seconds of training, those before a resumption included; the same in all processes.
    """

    def __init__(
        self, config: TrainConfig, log: Path, report: Reporter | None, cancel: threading.Event | None,
        tracker: Tracker, spent: float,
    ):  # fmt: skip
        self.config, self.log, self.report, self.cancel, self.tracker = config, log, report, cancel, tracker
        self.problem: XmodalError | None = None
        self.diverged = False
        self.spent = self.saved = self.before = spent
        self.first_step = 0
        self.started = time.monotonic()

    @property
    def time_share(self) -> float:
        """How much of `max_minutes` is over, 0 to 1; 0 without a limit."""
        return min(1.0, self.spent / 60 / self.config.max_minutes) if self.config.max_minutes else 0.0

    def on_train_begin(self, args, state, control, **kwargs):
        self.started, self.first_step = time.monotonic(), state.global_step

    def on_step_end(self, args, state, control, **kwargs):
        stop, self.spent = self._agree(args.device)
        if stop:
            self.problem = self.problem or CancelledError(
                f"Stopped at step {state.global_step} of {state.max_steps}, with a checkpoint.",
                f"Go on with: xmodal train --resume {[*path_in_run(self.log.parent), self.log.parent.name][0]}",
            )
        if stop or self.time_share == 1:
            control.should_training_stop = True
        minutes = self.config.checkpoint_minutes
        due = minutes and self.spent - self.saved >= 60 * minutes
        if due or control.should_training_stop:
            control.should_save = True
        self._tell(state)

    def on_epoch_end(self, args, state, control, **kwargs):
        if not self.config.checkpoint_minutes:
            control.should_save = True

    def on_save(self, args, state, control, **kwargs):
        self.saved = self.spent

    def on_log(self, args, state, control, logs=None, **kwargs):
        if not logs or "loss" not in logs:
            return
        loss, step = logs["loss"], state.global_step
        finite = math.isfinite(loss)
        if is_main():
            line = {"step": step, "epoch": logs.get("epoch"), "loss": loss if finite else None}
            line |= {"learning_rate": logs.get("learning_rate"), "seconds": round(self.spent, 2)}
            with open(self.log, "a", encoding="utf-8") as file:
                file.write(json.dumps(line) + "\n")
            self.tracker.log(step, {"loss": loss, "learning_rate": line["learning_rate"]})
        if not finite:
            self.fail(step)
            control.should_training_stop = True

    def fail(self, step: int) -> None:
        """Note that the numbers are lost."""
        self.diverged = True
        self.problem = XmodalError(
            f"Training failed at step {step}: the loss is no longer a number.",
            "Start again with a lower train.learning_rate (a third of it, say).",
        )

    def _agree(self, device: torch.device) -> tuple[bool, float]:
        """Whether any process was asked to stop, and the longest time: all must do the same."""
        asked = self.cancel is not None and self.cancel.is_set()
        spent = self.before + time.monotonic() - self.started
        if count() == 1:
            return asked, spent
        # In float32, which all backends have; exact to a tenth of a second over a week.
        values = torch.tensor([float(asked), spent], dtype=torch.float32, device=device)
        torch.distributed.all_reduce(values, op=torch.distributed.ReduceOp.MAX)
        return bool(values[0]), float(values[1])

    def _tell(self, state) -> None:
        if not self.report:
            return
        rate = (state.global_step - self.first_step) / max(self.spent - self.before, 1e-3)
        share = max(state.global_step / state.max_steps, self.time_share)
        self.report(Progress("train", "steps", state.global_step, round(state.global_step / share), "steps", rate))
