"""What a data set is and how it is to be read, as it stands in a recipe."""

from collections.abc import Callable
from pathlib import Path
from typing import Annotated, Literal

from pydantic import BaseModel, ConfigDict, Field, ValidationError, model_validator

from xmodal.errors import InputError

Role = Literal[
    "text",
    "text_pair",
    "image",
    "audio",
    "label",
    "transcription",
    "question",
    "context",
    "answer",
    "answer_start",
    "id",
    "split",
]
"""What a column can be to a task."""

Task = Literal["classify", "answer", "transcribe", "describe"]


class DataConfig(BaseModel):
    """One data set and its split; frozen, unknown keys are errors.

    Attributes:
        source: A csv, tsv, jsonl, json or parquet file, a folder (imagefolder or audiofolder), a zip of any of these,
            `sample:NAME`, or `hub:owner/name[:config]`.
        more_sources: Further data sets of the same task, joined to it; the ids of their rows begin with their names.
        more_share: Share of the rows of the further data sets that is used, drawn at random; rows of one picture or
            group stay together. Those that are measured are used whole, unless all are.
        measured: Hold out rows of `all` data sets, or only of the `first`, or of the first so many; what the others'
            own split holds out is then not used at all.
        task: What the rows are for.
        columns: Role to column name, for those that are not to be guessed; a `text_pair` is put below the text.
        check_fraction: Share of the rows held out, where the data has no split of its own. 1 holds out all of them
            (to evaluate), 0 none.
        split_column: A column whose values say on which side a row is, such as `fold`.
        check_values: Values of `split_column` that are held out; without them, everything not in `train_values`.
        train_values: Values that are trained on; without them, everything not in `check_values`.
        group_column: Rows with one value here are never on both sides, such as a speaker or an article.
        max_rows: Use at most this many, drawn at random.
        seed: Of the split and the draw.
        label_names: What classes are to be called, by how the data calls them, such as "0" to "negative".
        missing: `keep` rows that lack an input (the value is None; classifiers learn a stand-in for it), `drop` them,
            or `fill` in the mean of the training rows' features (classifiers only).
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    source: str = Field(min_length=1)
    more_sources: tuple[str, ...] = ()
    more_share: float = Field(default=1.0, gt=0, le=1)
    measured: Literal["all", "first"] | Annotated[int, Field(ge=1)] = "all"
    task: Task = "classify"
    columns: dict[Role, str] = Field(default_factory=dict)
    check_fraction: float = Field(default=0.1, ge=0, le=1)
    split_column: str | None = None
    check_values: tuple[str, ...] = ()
    train_values: tuple[str, ...] = ()
    group_column: str | None = None
    max_rows: int | None = Field(default=None, ge=1)
    seed: int = Field(default=0, ge=0, lt=2**32)
    label_names: dict[str, str] = Field(default_factory=dict)
    missing: Literal["keep", "drop", "fill"] = "keep"

    @property
    def sources(self) -> tuple[str, ...]:
        """All data sets, the first one first."""
        return (self.source, *self.more_sources)

    @property
    def measured_sources(self) -> tuple[str, ...]:
        """The data sets of which rows are held out."""
        return self.sources[: {"all": None, "first": 1}.get(self.measured, self.measured)]

    def map_sources(self, change: Callable[[str], str]) -> "DataConfig":
        """The same with each source changed, such as to an absolute path or to a bare name."""
        more = tuple(change(source) for source in self.more_sources)
        return self.model_copy(update={"source": change(self.source), "more_sources": more})

    @model_validator(mode="after")
    def _check_split(self) -> "DataConfig":
        if (self.check_values or self.train_values) and not self.split_column:
            raise ValueError("check_values and train_values need a split_column")
        if self.split_column and not (self.check_values or self.train_values):
            raise ValueError("split_column needs check_values or train_values")
        both = set(self.check_values) & set(self.train_values)
        if both:
            raise ValueError(f"{', '.join(sorted(both))} cannot be both trained on and held out")
        return self


def is_file(source: str) -> bool:
    """Whether a source is a file or folder, not a sample set or one of the Hub."""
    return not source.startswith(("sample:", "hub:"))


def bare_name(source: str) -> str:
    """A source without the folders of this machine."""
    return Path(source).name if is_file(source) else source


def make_data_config(**values: object) -> DataConfig:
    """A `DataConfig` from loose values, with an error in plain words.

    Raises:
        InputError: A key is unknown or a value cannot be used.
    """
    try:
        return DataConfig(**values)
    except ValidationError as error:
        first = error.errors()[0]
        key = ".".join(str(part) for part in first["loc"]) or "data"
        raise InputError(
            f"The data setting {key} cannot be used: {first['msg'].removeprefix('Value error, ')}.",
            f"The settings are {', '.join(DataConfig.model_fields)}.",
        ) from error
