"""The rows that were held out when an adapter was trained, to be looked at one by one."""

import random
import threading
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import yaml

from xmodal.data.config import is_file
from xmodal.data.sets import load_data
from xmodal.errors import InputError
from xmodal.jobs.records import list_jobs
from xmodal.jobs.uploads import is_upload
from xmodal.modalities import MODALITIES
from xmodal.models.adapters import Adapter
from xmodal.progress import Reporter
from xmodal.training.config import Recipe, parse_recipe
from xmodal.training.runs import list_runs


@dataclass(frozen=True)
class CheckRow:
    """A row held out.

    Attributes:
        given: Modality, or `question`, to text or file.
        target: What the data says is right; empty where a text does not answer its question.
    """

    given: dict[str, str]
    target: str


def load_check_rows(
    adapter: Adapter,
    owner: str | None = None,
    report: Reporter | None = None,
    cancel: threading.Event | None = None,
) -> list[CheckRow]:
    """The rows in an order drawn once, so that rows of one class do not follow each other.

    Args:
        adapter: What was trained.
        owner: Whose data may be read; None for everybody's. Sample sets may always be.
        report: Told of the progress.
        cancel: Stops it.

    Raises:
        InputError: The data is not on this machine, or is someone else's.
        XmodalError: The data cannot be read any more.
    """
    recipe = next(_recipes(adapter, owner), None)
    if recipe is None:
        raise InputError(
            f"The examples that {adapter.name} was checked on are not on this machine.",
            "Give an example of your own, or choose a model that was trained here.",
        )
    untrusted = any(is_upload(source) for source in recipe.data.sources)
    data = load_data(recipe.data, report, cancel, untrusted=untrusted)
    rows = [
        _check_row(row, data.roles[-1]) for row in data.check if recipe.task != "describe" or not row.get("question")
    ]
    random.Random(0).shuffle(rows)
    return rows


def _check_row(row: dict, target: str) -> CheckRow:
    """Questions about a text have it as `text`; descriptions have theirs as the target."""
    if target == "answers":
        return CheckRow({"question": row["question"], "text": row["context"]}, next(iter(row["answers"]["text"]), ""))
    if target == "text":
        return CheckRow({"image": row["image"]}, row["text"])
    return CheckRow({role: row[role] for role in MODALITIES if row.get(role)}, str(row[target]))


def _recipes(adapter: Adapter, owner: str | None) -> Iterator[Recipe]:
    """Recipes that lead to the data, the run's first: its paths are whole."""
    for job in list_jobs(owner, ("finished",)):
        if Path(job.adapter) == adapter.path:
            yield parse_recipe(yaml.safe_load(job.recipe))
    for run in list_runs() if owner is None else ():
        if Path((run.result or {}).get("adapter", "")) == adapter.path:
            yield run.recipe
    if adapter.recipe:
        recipe = parse_recipe(yaml.safe_load(adapter.recipe))
        if not any(map(is_file, recipe.data.sources)):
            yield recipe
