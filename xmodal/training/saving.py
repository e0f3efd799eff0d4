"""A trained model as an adapter, with all that is needed to know how it was made."""

import datetime
import time
from importlib.metadata import version
from pathlib import Path

from xmodal import __version__
from xmodal.data.config import bare_name
from xmodal.device import pick_device
from xmodal.modalities import MODALITIES
from xmodal.models.adapters import Adapter, save_adapter
from xmodal.training.config import Recipe
from xmodal.training.learners.base import Learner
from xmodal.training.processes import count

_PACKAGES = ("torch", "transformers", "peft", "accelerate", "datasets", "timm")


def save_trained(learner: Learner, folder: Path, started: float) -> Adapter:
    """Store what was trained.

    Args:
        learner: With its recipe and data.
        folder: Of the adapter.
        started: When the training was, by `time.perf_counter`.
    """
    recipe, data = learner.recipe, learner.data
    adapter = Adapter(
        name=recipe.name,
        family=learner.family,
        task=recipe.task,
        base=learner.base,
        labels=tuple(data.labels),
        settings={
            **learner.settings(),
            "train": recipe.train.model_dump(mode="json"),
            "processes": count(),
            "device": pick_device().label,
            "seconds": round(time.perf_counter() - started, 1),
        },
        data={
            "source": ", ".join(map(bare_name, recipe.data.sources)),
            "fingerprint": data.report.fingerprint,
            "measured_fingerprint": data.report.measured_fingerprint,
            "train_rows": data.report.train_rows,
            "check_rows": data.report.check_rows,
            "columns": data.report.columns,
            "licence": recipe.licence or data.report.licence,
            "languages": list(recipe.languages),
        },
        recipe=_settled(recipe, learner).to_yaml(),
        versions={"xmodal": __version__, **{name: version(name) for name in _PACKAGES}},
        created=f"{datetime.datetime.now(datetime.UTC):%Y-%m-%dT%H:%M:%SZ}",
    )
    return save_adapter(adapter, learner.tensors(), folder)


def _settled(recipe: Recipe, learner: Learner) -> Recipe:
    """The recipe with defaults written out, so that it gives the same when they change, and no path of this machine."""
    towers = {role: entry["model"] for role, entry in learner.base.items() if role in MODALITIES}
    train = recipe.train.model_copy(update={"learning_rate": recipe.train.rate, "epochs": recipe.train.passes})
    return recipe.with_sources(bare_name).model_copy(update={"towers": towers, "train": train})
