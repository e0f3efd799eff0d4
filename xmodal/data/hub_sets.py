"""Data sets of the Hugging Face Hub, through `datasets`, which runs no code of a data set."""

import logging
import os
import threading
from pathlib import Path

from xmodal.data.storage import keep_bytes, sniff_suffix
from xmodal.data.tables import Table, join_tables
from xmodal.errors import DownloadError, InputError
from xmodal.paths import home
from xmodal.progress import Progress, Reporter, check_cancelled
from xmodal.settings import settings

_log = logging.getLogger(__name__)
_EVERY = 200


def read_hub(
    source: str, max_rows: int | None = None, report: Reporter | None = None, cancel: threading.Event | None = None
) -> Table:
    """Rows of `owner/name` or `owner/name:config`, all its splits.

    Args:
        source: The data set, and its configuration where it has several.
        max_rows: Take at most this many rows of each split.
        report: Told of the progress.
        cancel: Stops it between rows; a download under way is finished first.

    Raises:
        DownloadError: The Hub cannot be reached.
        InputError: There is no such data set or configuration.
    """
    name, _, configuration = source.partition(":")
    _require(name)
    if report:
        report(Progress("download", name))
    splits = _load(name, configuration or None)
    check_cancelled(cancel)
    tables = []
    for split, rows in splits.items():
        if max_rows is not None and len(rows) > max_rows:
            rows = rows.select(range(max_rows))
        tables.append(_to_table(name, split, rows, report, cancel))
    return join_tables(tables)


def _require(name: str) -> None:
    """Ask for the data set first: this answers within seconds, where a load would try for minutes."""
    import httpx
    from huggingface_hub import HfApi
    from huggingface_hub.errors import HfHubHTTPError, HFValidationError, OfflineModeIsEnabled, RepositoryNotFoundError

    try:
        HfApi().dataset_info(name, timeout=5 * settings().hub_timeout_s)
    except (RepositoryNotFoundError, HFValidationError) as error:
        raise InputError(
            f"There is no data set {name} on the Hub, or it is private.",
            "Check its name, or log in with `hf auth login`.",
        ) from error
    except (httpx.HTTPError, HfHubHTTPError, OfflineModeIsEnabled, OSError) as error:
        raise DownloadError(
            f"The data set {name} could not be fetched: the Hugging Face Hub cannot be reached.",
            "Check the network, or use a sample set or a file of your own.",
        ) from error


def _load(name: str, configuration: str | None):
    """A dictionary of split to `datasets.Dataset`."""
    import datasets

    try:
        return datasets.load_dataset(name, configuration)
    except (ConnectionError, TimeoutError) as error:
        raise DownloadError(
            f"The download of {name} was interrupted.", "Try again; it goes on where it was."
        ) from error
    except (ValueError, FileNotFoundError, datasets.exceptions.DatasetGenerationError, RuntimeError) as error:
        _log.warning("%s: %s", name, error)
        first = str(error).strip().splitlines()[0][:200] if str(error).strip() else type(error).__name__
        raise InputError(
            f"The data set {name} cannot be loaded: {first}",
            "Name one of its configurations (hub:owner/name:config), or choose another data set.",
        ) from error


def _to_table(name: str, split: str, rows, report: Reporter | None, cancel: threading.Event | None) -> Table:
    """Plain values: class names for class numbers, paths for pictures and sounds."""
    import datasets
    from huggingface_hub.constants import HF_HUB_CACHE
    from huggingface_hub.file_download import repo_folder_name

    fetched = Path(HF_HUB_CACHE, repo_folder_name(repo_id=name, repo_type="dataset")).absolute()
    names = {}
    for column, feature in rows.features.items():
        if isinstance(feature, datasets.Image | datasets.Audio):
            rows = rows.cast_column(column, type(feature)(decode=False))
        elif isinstance(feature, datasets.ClassLabel):
            names[column] = feature.names
    columns = {column: [] for column in rows.column_names}
    for i, row in enumerate(rows):
        if i % _EVERY == 0:
            check_cancelled(cancel)
            if report:
                report(Progress("read", f"{name} {split}", i, len(rows), "rows"))
        for column, value in row.items():
            if column in names and value is not None:
                value = names[column][value] if value >= 0 else None  # -1 marks a hidden label
            columns[column].append(keep_media(value, fetched))
    # Names of files in it are a stranger's: they lead into a folder that holds nothing.
    return Table(columns, [home() / "hub" / name] * len(rows), [split] * len(rows))


def keep_media(value: object, fetched: Path | None = None) -> object:
    """`{"bytes": ..., "path": ...}` to the `Path` of a file with these bytes; other values as they are.

    Without bytes it is a `Path` only in the folder `fetched`, where the Hub's files are downloaded to; else the plain
    name, which can be any file of this machine.
    """
    if not (isinstance(value, dict) and set(value) == {"bytes", "path"}):
        return value
    path = Path(os.path.normpath(str(value["path"] or "")))
    if isinstance(value["bytes"], bytes):
        return keep_bytes(value["bytes"], path.suffix.lower()[:8] or sniff_suffix(value["bytes"]))
    return path if fetched and path.is_relative_to(fetched) else value["path"]
