"""The description of an adapter, and the checks of a folder that says it is one."""

import json
import re
from dataclasses import dataclass, field, fields
from pathlib import Path
from typing import Any, Literal, get_args

from xmodal.errors import InputError, IntegrityError

FORMAT = 1
DESCRIPTION, CARD, WEIGHTS = "adapter.json", "README.md", ".safetensors"
Family = Literal["classifier", "span_qa", "transcriber", "generator"]
NAME_PATTERN = re.compile(r"[A-Za-z0-9_-][A-Za-z0-9._-]{0,99}")
_UNSAFE = {".bin", ".pt", ".pth", ".ckpt", ".pkl", ".pickle", ".joblib", ".npy", ".npz", ".keras", ".py"}


@dataclass(frozen=True)
class Adapter:
    """What `adapter.json` says.

    Attributes:
        name: How people call it.
        family: Which kind of model loads it.
        task: What it does: `classify`, `answer`, `transcribe`, `describe`.
        base: Role (modality) to the pretrained model it stands on: `model` (registered name or Hub repository),
            `source` (`hub` or `index`) and `revision`.
        labels: Classes in the order of the logits; empty where there are none.
        settings: Settings of the head and of the training.
        data: What it learnt from: `source`, `fingerprint`, `rows`, `licence`, and `languages` if known.
        metrics: `before` and `after` on the same held-out rows, and whatever else was measured.
        recipe: The YAML that makes it again.
        versions: Of the packages it was made with.
        created: Time in ISO 8601, UTC; filled on saving if empty.
        files: Weights to `sha256` and `bytes`; filled on saving.
        format: Of the folder.
        path: The folder it was read from; not written.
    """

    name: str
    family: Family
    task: str
    base: dict[str, dict]
    labels: tuple[str, ...] = ()
    settings: dict[str, Any] = field(default_factory=dict)
    data: dict[str, Any] = field(default_factory=dict)
    metrics: dict[str, Any] = field(default_factory=dict)
    recipe: str = ""
    versions: dict[str, str] = field(default_factory=dict)
    created: str = ""
    files: dict[str, dict] = field(default_factory=dict)
    format: int = FORMAT
    path: Path | None = None


def check_name(name: str) -> str:
    """The name, if a folder and a repository can bear it.

    Raises:
        InputError: They cannot.
    """
    if not NAME_PATTERN.fullmatch(name):
        raise InputError(
            f"An adapter cannot be named {name!r}.",
            "Use up to 100 letters (a-z, A-Z), digits, hyphens, underscores and dots, and no dot at the beginning.",
        )
    return name


def read_adapter(folder: Path) -> Adapter:
    """The description in a folder, checked; of the weights only that they are there, in full size.

    Raises:
        InputError: The description cannot be used.
        IntegrityError: A file is missing or cut short, or not of the one format that is safe to load.
    """
    folder = Path(folder)
    try:
        values = json.loads((folder / DESCRIPTION).read_text(encoding="utf-8"))
    except FileNotFoundError as error:
        raise InputError(f"{folder} is not an adapter: it has no {DESCRIPTION}.", "Choose another folder.") from error
    except (OSError, ValueError) as error:
        raise InputError(f"{folder / DESCRIPTION} cannot be read.", "Copy or train the adapter again.") from error
    adapter = _parse(values, folder)
    unsafe = [path.name for path in folder.iterdir() if path.suffix.lower() in _UNSAFE]
    if unsafe:
        raise IntegrityError(
            f"The adapter in {folder} holds {unsafe[0]}, a kind of file that can run code.",
            "Delete that file if you trust the rest; xmodal reads weights from safetensors only.",
        )
    for file, entry in adapter.files.items():
        path = folder / file
        if not path.is_file() or path.stat().st_size != entry["bytes"]:
            raise IntegrityError(
                f"The file {file} of the adapter {adapter.name} is missing or cut short.",
                "Copy or train the adapter again.",
            )
    return adapter


def _parse(values: Any, folder: Path) -> Adapter:
    """The object in `adapter.json`, field by field."""
    where = folder / DESCRIPTION
    if not isinstance(values, dict) or values.get("format") != FORMAT:
        version = values.get("format") if isinstance(values, dict) else None
        raise InputError(f"{where} has the format {version!r}; this xmodal reads {FORMAT}.", "Update xmodal.")
    expected = {item.name: item for item in fields(Adapter) if item.name != "path"}
    unknown, absent = sorted(set(values) - set(expected)), sorted(set(expected) - set(values))
    if unknown or absent:
        what = f"has unknown keys: {', '.join(unknown)}" if unknown else f"lacks: {', '.join(absent)}"
        raise InputError(f"{where} {what}.", "Update xmodal, or train the adapter again.")
    kinds = {"labels": list, "recipe": str, "created": str, "task": str, "name": str, "family": str, "format": int}
    wrong = [key for key in expected if not isinstance(values[key], kinds.get(key, dict))]
    if not wrong and values["family"] not in get_args(Family):
        wrong = ["family"]
    if wrong:
        raise InputError(f"{where} has a {wrong[0]} that cannot be used.", "Train the adapter again.")
    check_name(values["name"])
    for file, entry in values["files"].items():
        if not file.endswith(WEIGHTS) or not NAME_PATTERN.fullmatch(file):
            raise IntegrityError(
                f"{where} lists the file {file!r}; weights must be safetensors files in the same folder.",
                "Do not use this adapter unless you know where it comes from.",
            )
        if not isinstance(entry, dict) or {type(entry.get("sha256")), type(entry.get("bytes"))} != {str, int}:
            raise InputError(f"{where} has no digest of {file}.", "Train the adapter again.")
    return Adapter(**{**values, "labels": tuple(values["labels"]), "path": folder})
