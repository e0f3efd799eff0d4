"""Job bodies in place of training, quick to start: they write what training would write. The queue around is real."""

import fcntl
import json
import os
import signal
import threading
import time
from pathlib import Path

from xmodal.errors import CancelledError
from xmodal.jobs.places import checkpoint_step, run_dir
from xmodal.paths import home
from xmodal.progress import Progress

STEPS, STEP_S = 12, float(os.environ.get("TOY_STEP_S", "0.03"))


def train(job, report, cancel: threading.Event):
    """Counts to 12 with a checkpoint at each step; the sum they carry tells whether a step was lost or done again."""
    folder = run_dir(job.run)
    note(folder / "starts.jsonl", {"attempt": job.attempt})
    alone = open(folder / "alone", "w")  # noqa: SIM115 - held until the process ends
    try:
        fcntl.flock(alone, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        (folder / "twice").touch()
    total = sum(read_checkpoint(folder)) if checkpoint_step(job.run) else 0
    for step in range(checkpoint_step(job.run) + 1, STEPS + 1):
        if cancel.is_set():
            raise CancelledError(f"Stopped at step {step - 1}, with a checkpoint.", "Go on.")
        time.sleep(STEP_S)
        total += step
        note(folder / "log.jsonl", {"step": step, "epoch": step / STEPS, "loss": 1 / step})
        save_checkpoint(folder, step, [total])
        report(Progress("train", "steps", step, STEPS, "steps", 1 / STEP_S))
    adapter = home() / "adapters" / job.name
    adapter.mkdir(parents=True, exist_ok=True)
    (adapter / "adapter.json").write_text(json.dumps({"total": total}))
    metrics = {"metric": "accuracy", "before": {"accuracy": 0.5}, "after": {"accuracy": total / 78}, "check_rows": 10}
    return str(adapter), metrics, 1.0


def train_slowly(job, report, cancel):
    """Takes a minute, unless stopped."""
    for step in range(600):
        report(Progress("train", "steps", step, 600, "steps", 10))
        if cancel.wait(0.1):
            raise CancelledError("Stopped.", "Go on.")


def fill_memory(job, report, cancel):
    """What the system does to a process that takes too much memory."""
    os.kill(os.getpid(), signal.SIGKILL)


def fill_disk(job, report, cancel):
    """One whole checkpoint, then one that is bigger than the disk."""
    folder = run_dir(job.run)
    save_checkpoint(folder, 1, [1])
    staged = folder / "checkpoints" / "tmp-checkpoint-2"
    staged.mkdir()
    (staged / "model.safetensors").write_bytes(bytes(64 << 20))


def break_down(job, report, cancel):
    """A bug."""
    raise KeyError("no such thing")


def read_checkpoint(folder: Path) -> list[int]:
    step = max(int(path.name[11:]) for path in (folder / "checkpoints").glob("checkpoint-*"))
    return json.loads((folder / "checkpoints" / f"checkpoint-{step}" / "trainer_state.json").read_text())


def save_checkpoint(folder: Path, step: int, content: list[int]) -> None:
    staged = folder / "checkpoints" / f"tmp-checkpoint-{step}"
    staged.mkdir(parents=True, exist_ok=True)
    (staged / "trainer_state.json").write_text(json.dumps(content))
    staged.rename(folder / "checkpoints" / f"checkpoint-{step}")


def note(file: Path, line: dict) -> None:
    with open(file, "a", encoding="utf-8") as out:
        out.write(json.dumps(line) + "\n")
