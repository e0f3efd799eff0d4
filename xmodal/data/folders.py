"""Folders in the Hugging Face conventions: class folders, or a metadata file with `file_name`; with or without splits.

https://huggingface.co/docs/datasets/image_dataset and audio_dataset.
"""

import re
from pathlib import Path

from xmodal.data.columns import AUDIO_SUFFIXES, IMAGE_SUFFIXES
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
    parts = {child: split_name(child.name) for child in _children(folder) if child.is_dir()}
    if not _find_metadata(folder) and any(parts.values()):
        return join_tables([_read_part(child, split) for child, split in parts.items() if split])
    return _read_part(folder, "")


def _read_part(folder: Path, split: str) -> Table:
    metadata = _find_metadata(folder)
    if metadata is not None:
        return read_table(metadata, split)
    tables = [path for path in _children(folder) if path.is_file() and path.suffix.lower() in TABLE_SUFFIXES]
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
    files, labels = [], []
    for path in sorted(folder.rglob("*")):
        inside = path.relative_to(folder).parts
        if path.suffix.lower() in _MEDIA and path.is_file() and not any(part.startswith(".") for part in inside):
            files.append(str(path))
            labels.append(inside[0] if len(inside) > 1 else None)
    if not files:
        raise InputError(
            f"There is no data set in the folder {folder.name}.",
            "Use one sub-folder of pictures or sounds for each class, or a metadata.csv with a file_name column.",
            "no_data_set",
        )
    columns = {"file_name": files, "label": labels} if any(labels) else {"file_name": files}
    return Table(columns, [folder] * len(files), [split] * len(files) if split else [])


def _find_metadata(folder: Path) -> Path | None:
    return next((folder / name for name in _METADATA if (folder / name).is_file()), None)


def _children(folder: Path) -> list[Path]:
    return sorted(child for child in folder.iterdir() if not child.name.startswith((".", "__")))


def _descend(folder: Path) -> Path:
    """Zips often wrap everything into one folder."""
    children = _children(folder)
    while len(children) == 1 and children[0].is_dir() and not split_name(children[0].name):
        below = _children(children[0])
        if all(path.suffix.lower() in _MEDIA for path in below):  # the one class there is
            break
        folder, children = children[0], below
    return folder
