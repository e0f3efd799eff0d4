"""Folders of runs in `XMODAL_HOME/runs`: what was asked, how far it came, and what came out.

`recipe.yaml` is what was asked, `log.jsonl` the curve (a line for each step), `status.json` how it stands,
`result.json` what came out, `checkpoints` what an unfinished run goes on from. JSON and YAML are replaced whole.
"""

import json
import shutil
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Literal

from filelock import FileLock, Timeout

from xmodal.disk import disk_full_explained, replace_text
from xmodal.errors import InputError
from xmodal.paths import home
from xmodal.training.config import Recipe, load_recipe

RECIPE, LOG, STATUS, RESULT, CHECKPOINTS, LOCK = (
    "recipe.yaml", "log.jsonl", "status.json", "result.json", "checkpoints", "run.lock"
)  # fmt: skip
State = Literal["new", "running", "interrupted", "stopped", "failed", "finished"]


@dataclass(frozen=True)
class Run:
    """A run as its folder tells it.

    Attributes:
        id: Name of its folder.
        folder: Where it is.
        state: `interrupted` is one whose process died.
        status: Content of `status.json`: `state`, `time`, and `out`, `fingerprint` (of the data), `problem`, `advice`
            where there are any.
        result: Content of `result.json`; None until it is finished.
    """

    id: str
    folder: Path
    state: State
    status: dict
    result: dict | None

    @property
    def recipe(self) -> Recipe:
        """What was asked, with the full path of the data."""
        return load_recipe(self.folder / RECIPE, kept=True)

    @property
    def curve(self) -> list[dict]:
        """`step`, `epoch`, `loss`, `rate` and `seconds` for each step."""
        return read_curve(self.folder / LOG)


def runs_dir() -> Path:
    """The folder of all runs."""
    folder = home() / "runs"
    with disk_full_explained(folder, "the folder of the runs"):
        folder.mkdir(exist_ok=True)
    return folder


def path_in_run(folder: Path) -> tuple[str, ...]:
    """The run's name and what follows it, such as `("20260101-120000-a", "folds", "1")`; empty for other folders."""
    return folder.relative_to(runs_dir()).parts if runs_dir() in folder.parents else ()


def create_run(recipe: Recipe, status: dict) -> str:
    """A folder with the recipe in it; named by the time and the recipe's name."""
    stem = f"{datetime.now():%Y%m%d-%H%M%S}-{recipe.name}"
    name, number = stem, 1
    with disk_full_explained(runs_dir(), "the run"):
        while True:
            try:
                (runs_dir() / name).mkdir()
                break
            except FileExistsError:
                number += 1
                name = f"{stem}-{number}"
        write_status(runs_dir() / name, "running", **status)
        replace_text(runs_dir() / name / RECIPE, recipe.to_yaml())
    return name


def read_run(name: str) -> Run:
    """A run by its name.

    Raises:
        InputError: There is none.
    """
    folder = runs_dir() / name
    if not name or Path(name).name != name or not (folder / RECIPE).is_file():
        known = ", ".join(run.id for run in list_runs()[:5])
        raise InputError(f"There is no run {name!r}.", f"The last ones are: {known}." if known else "There are none.")
    status, result = _read(folder / STATUS), _read(folder / RESULT)
    state = "finished" if result else status.get("state", "new")
    if state == "running" and not _is_held(folder):
        state = "interrupted"
    return Run(name, folder, state, status, result)


def list_runs() -> list[Run]:
    """All runs, the newest first."""
    names = [path.parent.name for path in runs_dir().glob(f"*/{RECIPE}")]
    return [read_run(name) for name in sorted(names, reverse=True)]


def write_status(folder: Path, state: State, **more: str) -> None:
    """Say how a run stands; what was said before under other keys stays, except a problem that is over."""
    old = {k: v for k, v in _read(folder / STATUS).items() if k not in ("problem", "advice")}
    content = {**old, **more, "state": state, "time": f"{datetime.now().astimezone():%Y-%m-%dT%H:%M:%S%z}"}
    replace_text(folder / STATUS, json.dumps(content, ensure_ascii=False, indent=2) + "\n")


def hold_to_data(folder: Path, fingerprint: str) -> None:
    """Remember the data of a run; once something was made of it, it may not change, or rows change sides unseen.

    A run of an older version, which did not remember it, goes on.

    Raises:
        InputError: The run began with other data.
    """
    known = _read(folder / STATUS).get("fingerprint", fingerprint)
    begun = any((folder / made).exists() for made in (CHECKPOINTS, "folds"))
    if begun and known != fingerprint:
        raise InputError("The data has changed since the run began.", "Start a new run.")
    write_status(folder, "running", fingerprint=fingerprint)


def hold(folder: Path) -> FileLock:
    """Take a run for this process; the system lets go of it when the process ends, however it ends.

    Raises:
        InputError: Another process has it.
    """
    lock = FileLock(folder / LOCK)
    try:
        lock.acquire(timeout=0.2)
    except Timeout as error:
        raise InputError(f"The run {folder.name} is in progress.", "Wait for it, or stop it first.") from error
    return lock


def last_checkpoint(folder: Path) -> Path | None:
    """The checkpoint to go on from; those under way have other names."""
    found = [path for path in (folder / CHECKPOINTS).glob("checkpoint-*") if path.name[11:].isdigit()]
    return max(found, key=lambda path: int(path.name[11:]), default=None)


def clear_checkpoints(folder: Path) -> None:
    """Free the space of those in the folder and in folders in it, once nothing is to go on from them."""
    for place in [folder / CHECKPOINTS, *folder.glob(f"**/{CHECKPOINTS}")]:
        shutil.rmtree(place, ignore_errors=True)


def read_curve(log: Path) -> list[dict]:
    """Its lines; one that a dying process left unfinished is left out."""
    try:
        lines = log.read_text(encoding="utf-8").splitlines()
    except FileNotFoundError:
        return []
    return [line for line in map(_parse, lines) if line]


def cut_curve(log: Path, step: int) -> tuple[list[dict], int]:
    """Drop the steps after a checkpoint's from the file, as they will be done again.

    Returns:
        The lines that stay, and the last step that had been done.
    """
    lines = read_curve(log)
    kept = [line for line in lines if line["step"] <= step]
    if log.exists():
        replace_text(log, "".join(json.dumps(line) + "\n" for line in kept))
    return kept, lines[-1]["step"] if lines else 0


def _parse(line: str) -> dict | None:
    try:
        return json.loads(line)
    except ValueError:
        return None


def _read(path: Path) -> dict:
    try:
        content = json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return {}
    return content if isinstance(content, dict) else {}


def _is_held(folder: Path) -> bool:
    lock = FileLock(folder / LOCK)
    try:
        with lock.acquire(timeout=0.05):
            return False
    except Timeout:
        return True
