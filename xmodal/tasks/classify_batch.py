"""Classification of a table, or of a folder of files: what cannot be used is named, and the rest is done."""

import threading
import time
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
import yaml

from xmodal.data.archives import unzip
from xmodal.data.columns import MEDIA_ROLES, choose_columns, require_column
from xmodal.data.config import DataConfig
from xmodal.data.folders import read_folder
from xmodal.data.images import load_image
from xmodal.data.media import probe
from xmodal.data.report import DataWarning
from xmodal.data.rows import build_rows
from xmodal.data.spreadsheets import cell_text, write_csv
from xmodal.data.tables import Table, read_table
from xmodal.device import pick_device
from xmodal.errors import InputError, UnknownModelError
from xmodal.models.adapters import Adapter, load_adapter
from xmodal.models.memory import model_memory
from xmodal.progress import Progress, Reporter, check_cancelled
from xmodal.tasks.predict import Classifier, load_classifier, predict

_BATCH = 32
_NO_LABEL = "\0label"


@dataclass(frozen=True)
class RowPrediction:
    """What was found for one row; where there is a `problem` there is no label."""

    label: str = ""
    score: float | None = None
    missing: tuple[str, ...] = ()
    problem: str = ""


@dataclass(frozen=True)
class BatchResult:
    """The rows done so far.

    Attributes:
        table: As it was read; `table.warnings` says what could not be, and of two texts which they are.
        inputs: Modality to the column it was taken from.
        predictions: One for each row from the first on; fewer than the rows until all are done.
        truth: The column with the true label; empty if there is none.
        model: Name of the adapter.
        seconds: How long it took.
    """

    table: Table
    inputs: dict[str, str]
    predictions: tuple[RowPrediction, ...] = ()
    truth: str = ""
    model: str = ""
    seconds: float = 0.0

    @property
    def counts(self) -> dict[str, int]:
        """Label to its number of rows, the commonest first."""
        return dict(Counter(row.label for row in self.predictions if not row.problem).most_common())

    @property
    def problems(self) -> dict[int, str]:
        """Number of the row, from 1, to why it was not classified."""
        return {i: row.problem for i, row in enumerate(self.predictions, start=1) if row.problem}

    @property
    def right(self) -> tuple[bool, ...]:
        """Whether the label is the true one, for each row that has both."""
        true = self.table.columns.get(self.truth, [])
        rows = zip(true, self.predictions, strict=False)
        return tuple(cell_text(value) == row.label for value, row in rows if cell_text(value) and not row.problem)


def read_batch(
    path: str | Path, unpack_to: Path, report: Reporter | None = None, cancel: threading.Event | None = None
) -> Table:
    """Rows to classify, with or without labels.

    Args:
        path: A csv, tsv, jsonl, json or parquet file, a folder, or a zip of any of these.
        unpack_to: An empty folder, to be kept as long as the table is used.
        report: Told of the progress.
        cancel: Stops it.

    Raises:
        InputError: There is nothing that can be read.
        DiskFullError: There is no room to unpack it.
        CancelledError: `cancel` was set.
    """
    path = Path(path)
    if path.is_dir():
        return read_folder(path)
    if path.suffix.lower() == ".zip":
        unzip(path, unpack_to, None, report, cancel)
        return read_folder(unpack_to)
    return read_table(path)


def guess_inputs(table: Table, wanted: Sequence[str]) -> dict[str, str]:
    """Modality to column, for those of the wanted modalities that the table has.

    Raises:
        InputError: It has none of them.
    """
    try:
        columns, _ = choose_columns(_with_label(table), _settings({}))
    except InputError:
        columns = {}
    found = {modality: columns[modality] for modality in wanted if modality in columns}
    if found:
        return found
    raise InputError(
        f"No column was found for {' or '.join(wanted)}; the columns are {', '.join(table.columns)}.",
        f"Choose the column, or name it {wanted[0]!r} in the file.",
    )


def iter_classify_batch(
    model: str,
    table: Table,
    inputs: dict[str, str] | None = None,
    *,
    untrusted: bool = True,
    report: Reporter | None = None,
    cancel: threading.Event | None = None,
) -> Iterator[BatchResult]:
    """Classify the rows of a table.

    Args:
        model: Name or folder of an adapter.
        table: From `read_batch`.
        inputs: Modality to column; guessed if not given.
        untrusted: The table may only name files in its own folder; always so for what came out of a zip.
        report: Told of downloads and of the rows done.
        cancel: Stops it; what was yielded before holds.

    Yields:
        The result so far, about every 32 rows, and once more at the end.

    Raises:
        XmodalError: The adapter cannot be used, the table does not fit it, or `cancel` was set.
    """
    started = time.perf_counter()
    adapter = load_adapter(model)
    if adapter.family != "classifier":
        raise UnknownModelError(f"The adapter {adapter.name} does not classify.", "Choose a classifier.")
    wanted = tuple(adapter.base)
    inputs = _checked(table, inputs, wanted, adapter.name) if inputs is not None else guess_inputs(table, wanted)
    pair, remarks = _find_pair(table, adapter, inputs)
    table, read = replace(table, warnings=[*table.warnings, *remarks]), inputs | pair
    rows = build_rows(_with_label(table), {**read, "label": _NO_LABEL}, _settings(read), untrusted)[0]
    _require_files(rows, inputs)
    result = BatchResult(table, inputs, truth=_find_truth(table, inputs, adapter.labels), model=adapter.name)
    key = (adapter.name, str(adapter.path), adapter.created, pick_device())  # as in `classify`
    done: list[RowPrediction] = []
    with model_memory().use(key, lambda: load_classifier(adapter, report)) as classifier:
        for start in range(0, len(rows), _BATCH):
            check_cancelled(cancel)
            done += _classify_some(classifier, adapter, rows[start : start + _BATCH], tuple(inputs), cancel)
            if report:
                report(Progress("classify", adapter.name, len(done), len(rows), "rows"))
            yield replace(result, predictions=tuple(done), seconds=round(time.perf_counter() - started, 3))


def write_batch(result: BatchResult, path: Path) -> Path:
    """Write a csv for spreadsheets with the columns of the table and `label`, `score`, `missing` and `problem`.

    Where the table has a column of one of these names, the new one is called `predicted_label` and so on.
    """
    table, names = result.table, list(result.table.columns)
    media = {column for modality, column in result.inputs.items() if modality in MEDIA_ROLES} | {"file_name"}
    added = [name if name not in names else f"predicted_{name}" for name in ("label", "score", "missing", "problem")]

    def rows() -> Iterator[list[str]]:
        for i, folder in enumerate(table.folders):
            cells = [cell_text(table.columns[name][i], str(folder) if name in media else "") for name in names]
            row = result.predictions[i] if i < len(result.predictions) else RowPrediction(problem="Not reached.")
            score = "" if row.score is None else f"{row.score:.4f}"
            yield [*cells, row.label, score, ", ".join(row.missing), row.problem]

    return write_csv(path, [*names, *added], rows())


def _with_label(table: Table) -> Table:
    """The table with an empty column for the label, which is what is looked for and need not be there."""
    return replace(table, columns={**table.columns, _NO_LABEL: [None] * len(table)})


def _settings(inputs: dict[str, str]) -> DataConfig:
    return DataConfig(source="batch", columns={**inputs, "label": _NO_LABEL}, check_fraction=1)


def _find_pair(table: Table, adapter: Adapter, inputs: dict[str, str]) -> tuple[dict[str, str], list[DataWarning]]:
    """The column with the second of two texts, where the adapter was trained on two, and what is to be known of it."""
    trained = _trained_columns(adapter).get("text_pair")
    if not isinstance(trained, str) or "text" not in inputs:
        return {}, []
    found = trained
    if found not in table.columns:
        found = choose_columns(_with_label(table), _settings(inputs))[0].get("text_pair")
    if not found or found == inputs["text"]:
        message = f"{adapter.name} was trained on two texts; the second, such as {trained}, was not found here."
        return {}, [DataWarning("columns", message)]
    message = f"Each text is {inputs['text']} and, on a new line, {found}, as in the training."
    return {"text_pair": found}, [DataWarning("columns", message)]


def _trained_columns(adapter: Adapter) -> dict:
    """Role to column as the adapter says, or, of older ones, as far as its recipe does."""
    told = adapter.data.get("columns")
    if told is None and adapter.recipe:
        told = yaml.safe_load(adapter.recipe).get("data", {}).get("columns")
    return told if isinstance(told, dict) else {}


def _checked(table: Table, inputs: dict[str, str], wanted: Sequence[str], name: str) -> dict[str, str]:
    for modality, column in inputs.items():
        if modality not in wanted:
            raise InputError(f"{name} does not take {modality}.", f"It takes: {', '.join(wanted)}.")
        require_column(table, column, f"for {modality}")
    if not inputs:
        raise InputError("No column is chosen.", f"Choose the column for {' or '.join(wanted)}.")
    return {modality: inputs[modality] for modality in wanted if modality in inputs}


def _require_files(rows: list[dict], inputs: dict[str, str]) -> None:
    """Say so at once where none of the files is there, as when only the table was uploaded."""
    for modality in MEDIA_ROLES:
        named = [row[modality] for row in rows if row.get(modality)]
        if named and not any(Path(path).is_file() for path in named):
            first = Path(named[0]).name
            raise InputError(
                f"None of the files that the column {inputs[modality]!r} names is there, such as {first}.",
                "Put the table and its files into one zip file.",
            )


def _find_truth(table: Table, inputs: dict[str, str], labels: Sequence[str]) -> str:
    """The first column of which every value is one of the labels; one that is named `label` before others."""
    for name in sorted(table.columns, key=lambda name: name.strip().lower() not in ("label", "标签")):
        present = {cell_text(value).strip() for value in table.columns[name]} - {""}
        if name not in inputs.values() and present and present <= set(labels):
            return name
    return ""


def _classify_some(
    classifier: Classifier, adapter: Adapter, rows: list[dict], modalities: Sequence[str], cancel
) -> list[RowPrediction]:
    given = [{m: row[m] for m in modalities if row[m] is not None} for row in rows]
    outcomes: dict[int, np.ndarray | str] = {
        i: why for i, row in enumerate(given) if (why := _problem(row, modalities))
    }
    outcomes |= _predict(classifier, {i: row for i, row in enumerate(given) if i not in outcomes}, cancel)
    found = []
    for i, row in enumerate(given):
        outcome = outcomes[i]
        if isinstance(outcome, str):
            found.append(RowPrediction(problem=outcome))
            continue
        best = int(outcome.argmax())
        missing = tuple(m for m in adapter.base if m not in row)
        found.append(RowPrediction(adapter.labels[best], round(float(outcome[best]), 4), missing))
    return found


def _problem(given: dict[str, str], modalities: Sequence[str]) -> str:
    """Why a row cannot be classified, as far as a quick look can tell."""
    if not given:
        return f"There is no {' or '.join(modalities)} in this row."
    for modality in set(given) & set(MEDIA_ROLES):
        path = Path(given[modality])
        if not path.is_file():
            return f"There is no file {path.name}."
        try:
            if modality == "image":
                load_image(path, check_only=True)
            else:
                probe(path)
        except InputError as error:
            return error.problem
    return ""


def _predict(classifier: Classifier, given: dict[int, dict], cancel) -> dict[int, np.ndarray | str]:
    """Scores, or what is wrong, by row number; a batch that fails is halved until the row at fault is found."""
    if not given:
        return {}
    numbers = list(given)
    try:
        return dict(zip(numbers, predict(classifier, list(given.values()), None, cancel), strict=True))
    except InputError as error:
        if len(numbers) == 1:
            return {numbers[0]: error.problem}
    half = len(numbers) // 2
    first, second = ({i: given[i] for i in part} for part in (numbers[:half], numbers[half:]))
    return _predict(classifier, first, cancel) | _predict(classifier, second, cancel)
