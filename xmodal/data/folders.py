"""Folders in the Hugging Face conventions: class folders, or a metadata file with `file_name`; with or without splits.

https://huggingface.co/docs/datasets/image_dataset and audio_dataset.
"""

import re
from collections.abc import Iterator
from pathlib import Path

from xmodal.data.columns import AUDIO_SUFFIXES, IMAGE_SUFFIXES
from xmodal.data.report import DataWarning
from xmodal.data.tables import TABLE_SUFFIXES, Table, join_tables, read_table
from xmodal.errors import InputError

_SPLITS = {
    "train": "train", "training": "train", "validation": "validation", "valid": "validation", "val": "validation",
    "dev": "validation", "eval": "validation", "test": "test", "testing": "test",
    "训练": "train", "训练集": "train", "验证": "validation", "验证集": "validation", "测试": "test", "测试集": "test",
}  # fmt: skip
_METADATA = ("metadata.csv", "metadata.tsv", "metadata.jsonl", "metadata.parquet")
_MEDIA = (*IMAGE_SUFFIXES, *AUDIO_SUFFIXES)


def split_name(name: str) -> str:
    """`train`, `validation` or `test` for the many words for them; empty for any other name."""
    words = [name.lower(), *re.split(r"[-_.\s]+", name.lower())]
    return next((_SPLITS[word] for word in words if word in _SPLITS), "")


def read_folder(folder: Path) -> Table:
    """Rows of a folder.

    Raises:
        InputError: Nothing in it is a data set.
    """
    folder = _descend(folder.absolute())
    splits = {} if _find_metadata(folder) else _find_splits(folder)
    if splits:
        return join_tables([_read_part(child, split) for child, split in splits.items()])
    return _read_part(folder, "")


def _find_splits(folder: Path) -> dict[Path, str]:
    """The sub-folders that are splits.

    There are none where another one holds pictures or sounds: all are classes then, unless several that are named like
    splits hold classes themselves.
    """
    children = [child for child in _children(folder) if child.is_dir()]
    splits = {child: split for child in children if (split := split_name(child.name))}
    if [child for child in children if _find_tables(child)] == list(splits):  # the others hold what these name
        return splits
    nested = {split for child, split in splits.items() if any(map(_holds_media, _children(child)))}
    if "train" in nested and len(nested) > 1:
        return splits
    others = [child for child in children if child not in splits]
    return {} if any(map(_holds_media, others)) else splits


def _read_part(folder: Path, split: str) -> Table:
    metadata = _find_metadata(folder)
    if metadata is not None:
        return read_table(metadata, split)
    tables = _find_tables(folder)
    if len(tables) == 1:
        return read_table(tables[0], split)
    if tables:
        return _join_named(folder, tables, split)
    return _read_classes(folder, split)


def _join_named(folder: Path, tables: list[Path], split: str) -> Table:
    names = {path: split or split_name(path.stem) for path in tables}
    if not all(names.values()):
        raise InputError(
            f"It is not clear which table of {folder.name} to use: {', '.join(path.name for path in tables[:8])}.",
            "Choose one of the files, or name them train, validation and test.", "several_tables",
            tables=", ".join(path.name for path in tables[:8]),
        )  # fmt: skip
    return join_tables([read_table(path, name) for path, name in names.items()])


def _read_classes(folder: Path, split: str) -> Table:
    """Each sub-folder's name is the label of the files below it."""
    files = sorted(_find_media(folder))
    if not files:
        raise InputError(
            f"There is no data set in the folder {folder.name}.",
            "Use one sub-folder of pictures or sounds for each class, or a metadata.csv with a file_name column.",
            "no_data_set",
        )
    inside = [path.relative_to(folder).parts for path in files]
    labels = [parts[0] if len(parts) > 1 else None for parts in inside]
    columns = {"file_name": [str(path) for path in files]} | ({"label": labels} if any(labels) else {})
    # With folders of their own below them these can be splits.
    doubtful = list(dict.fromkeys(parts[0] for parts in inside if len(parts) > 2 and split_name(parts[0])))
    warnings = [_tell_classes(doubtful)] if doubtful else []
    return Table(columns, [folder] * len(files), [split] * len(files) if split else [], warnings=warnings)


def _tell_classes(names: list[str]) -> DataWarning:
    values = {"names": ", ".join(names)}
    message = (
        f"These folders were read as classes, though they are named like splits: {values['names']}; to have them read "
        "as splits, take the other folders away."
    )
    return DataWarning("split", message, code="class_folders", values=values)


def _find_tables(folder: Path) -> list[Path]:
    return [path for path in _children(folder) if path.is_file() and path.suffix.lower() in TABLE_SUFFIXES]


def _holds_media(folder: Path) -> bool:
    return folder.is_dir() and next(_find_media(folder), None) is not None


def _find_media(folder: Path) -> Iterator[Path]:
    """Pictures and sounds at any depth."""
    for path in folder.rglob("*"):
        hidden = any(part.startswith(".") for part in path.relative_to(folder).parts)
        if path.suffix.lower() in _MEDIA and path.is_file() and not hidden:
            yield path


def _find_metadata(folder: Path) -> Path | None:
    return next((folder / name for name in _METADATA if (folder / name).is_file()), None)


def _children(folder: Path) -> list[Path]:
    return sorted(child for child in folder.iterdir() if not child.name.startswith((".", "__")))


def _descend(folder: Path) -> Path:
    """Zips often wrap everything into one folder."""
    children = _children(folder)
    while len(children) == 1 and children[0].is_dir():
        below = _children(children[0])
        if all(path.suffix.lower() in _MEDIA for path in below):  # the one class there is
            break
        folder, children = children[0], below
    return folder
