"""The staged schedule: first what belongs to one modality, each by itself, then the fusion with the rest at rest."""

import threading
from collections.abc import Sequence
from pathlib import Path

import torch
from safetensors.torch import load_file, save_file

from xmodal.disk import disk_full_explained
from xmodal.models.classifier import Stage
from xmodal.models.classifier_model import ClassifierModel
from xmodal.progress import Progress, Reporter
from xmodal.training.config import TrainConfig
from xmodal.training.processes import by_main
from xmodal.training.runs import CHECKPOINTS, clear_checkpoints
from xmodal.training.trainer import fit

STAGES: tuple[Stage, ...] = ("heads", "fusion")


def fit_stages(
    model: ClassifierModel, rows: Sequence[dict], collate, config: TrainConfig, folder: Path,
    report: Reporter | None, cancel: threading.Event | None, *, resume: bool,
) -> None:  # fmt: skip
    """As `fit`, in two stages, each with a folder of its own in `folder` (`stage-1`, `stage-2`).

    With `resume`, a finished stage is loaded instead of run.
    """
    for number, stage in enumerate(STAGES, 1):
        if report:
            report(Progress("stage", stage, number, len(STAGES), "stages"))
        torch.manual_seed(config.seed)  # heads for the first stage alone are drawn here
        model.enter_stage(stage)
        place, state = folder / f"stage-{number}", folder / CHECKPOINTS / f"stage-{number}.safetensors"
        if resume and by_main(state.exists):
            model.load_state_dict(load_file(state), strict=False)
            continue
        by_main(lambda place=place: place.mkdir(parents=True, exist_ok=True))
        fit(model, rows, collate, config, place, report, cancel, resume=resume)
        by_main(lambda place=place, state=state: _finish(model, place, state))
    model.enter_stage("all")


def _finish(model: ClassifierModel, place: Path, state: Path) -> None:
    """Keep what the stage trained, in place of its checkpoints, until the run is finished."""
    frozen = {name for name, value in model.named_parameters() if not value.requires_grad}
    tensors = {name: value.detach().cpu().clone() for name, value in model.state_dict().items() if name not in frozen}
    with disk_full_explained(state.parent, "a finished stage"):
        state.parent.mkdir(parents=True, exist_ok=True)
        staged = state.with_suffix(".part")
        save_file({name: value.contiguous() for name, value in tensors.items()}, staged)
        staged.replace(state)
    clear_checkpoints(place)
