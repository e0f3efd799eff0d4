"""Which column is what: guessed from its name and its values, or as the settings say."""

from collections.abc import Iterable
from pathlib import Path

from xmodal.data.config import DataConfig
from xmodal.data.storage import sniff_suffix
from xmodal.data.tables import Table
from xmodal.errors import InputError

IMAGE_SUFFIXES = (
    *(".jpg", ".jpeg", ".jfif", ".png", ".gif", ".bmp", ".webp", ".tif", ".tiff", ".avif", ".heic", ".heif", ".jp2"),
    ".ppm",
)
AUDIO_SUFFIXES = (
    *(".wav", ".flac", ".mp3", ".ogg", ".oga", ".opus", ".m4a", ".aac", ".aif", ".aiff", ".amr", ".wma", ".webm"),
    *(".mp4", ".mkv", ".mov", ".au", ".w64"),
)
MEDIA_ROLES = ("image", "audio")
INPUTS = {
    "classify": ("text", "image", "audio"),
    "answer": ("question", "context", "image", "audio"),
    "transcribe": ("audio",),
    "describe": ("image", "question"),
}
"""The roles a model of the task can be given; a `text_pair` is read as more of the text."""
TARGETS = {"classify": "label", "answer": "answers", "transcribe": "transcription", "describe": "text"}
"""The role it is to give back."""
_NEEDED = {"classify": ("label",), "answer": ("question", "answer"), "transcribe": ("audio", "transcription"),
           "describe": ("image", "text")}  # fmt: skip
_ANY_INPUT = "text, image or audio"
_LOOK_AT = 1_000
# In order: the first name that a table has is taken.
_NAMES = {
    "label": "label labels class category topic sentiment target intent emotion 标签 类别 分类 情感 主题 类 y",
    "text": "text sentence review content comment document body message title utterance sentence1 premise "
    "文本 内容 评论 句子 正文 评价 标题 text_a review_body tweet description",
    "text_pair": "text_pair sentence2 hypothesis text_b 文本2 句子2",
    "image": "image image_file_name image_path img picture photo 图片 图像 图片路径",
    "audio": "audio audio_file_name audio_path sound recording speech wav clip 音频 声音 录音",
    "transcription": "transcription transcript text sentence normalized_text 文本 转写 文字 内容 抄本",
    "question": "question query 问题 提问",
    "context": "context passage paragraph document article text 上下文 原文 段落 文章 背景",
    "answer": "answers answer 答案 回答 response",
    "answer_start": "answer_start start 答案位置",
    "id": "id uid guid 编号 序号",
    "split": "split subset set 划分",
}
_CAPTIONS = ("text", "caption", "captions", "caption_0", "caption_1", "description", "alt_text", "描述", "说明", "标题")
# A table of questions about pictures has answers instead of descriptions.
_CAPTIONS += tuple(_NAMES["answer"].split())
_FILES = ("file_name", "filename", "file", "path", "filepath", "file_path", "文件名", "文件", "路径")


def choose_columns(table: Table, config: DataConfig) -> tuple[dict[str, str], tuple[str, ...]]:
    """Role to column, and the roles that were guessed.

    Raises:
        InputError: A column named in the settings is not there, or one the task needs is not found.
    """
    there = list(table.columns)
    for role, column in config.columns.items():
        require_column(table, column, f"for {role}")
    chosen: dict[str, str] = dict(config.columns)
    for role in _order(config.task):
        if role in chosen:
            continue
        column = _guess(role, table, config, set(chosen.values()))
        if column is not None:
            chosen[role] = column
    if "text_pair" in chosen and "text" not in chosen:  # nothing to be the second of
        chosen["text"] = chosen.pop("text_pair")
    needed = [role for role in _NEEDED[config.task] if role not in chosen]
    if config.task == "classify" and not any(role in chosen for role in INPUTS["classify"]):
        needed.append(_ANY_INPUT)
    if needed:
        raise InputError(
            f"No column was found for {needed[0]}; the columns are {', '.join(there)}.",
            f"Choose it, in a recipe with columns: {{{needed[0].split(',')[0]}: NAME}}, or add it to the file.",
            "missing_input" if needed[0] == _ANY_INPUT else "missing_column", role=needed[0], columns=", ".join(there),
        )  # fmt: skip
    return chosen, tuple(role for role in chosen if role not in config.columns)


def require_column(table: Table, column: str, what: str) -> None:
    """Raise `InputError`, with the columns there are, unless the table has this one."""
    if column not in table.columns:
        raise InputError(
            f"There is no column {column!r} {what}; the columns are {', '.join(table.columns)}.",
            "Name one of these columns.", "no_such_column", column=column, columns=", ".join(table.columns),
        )  # fmt: skip


def numbered_columns(table: Table, column: str) -> list[str]:
    """The column, and after `caption_0` also `caption_1` and so on: several descriptions of one picture."""
    stem, number = column[:-1], column[-1:]
    if number not in ("0", "1"):
        return [column]
    found = []
    while f"{stem}{int(number) + len(found)}" in table.columns:
        found.append(f"{stem}{int(number) + len(found)}")
    return found


def media_kind(values: Iterable[object]) -> str | None:
    """`image` or `audio` if most of the values are names of such files, or the Hub's dictionaries of them."""
    names = [_file_name(value) for value in values if value not in (None, "")]
    for kind, suffixes in (("image", IMAGE_SUFFIXES), ("audio", AUDIO_SUFFIXES)):
        if names and sum(name.lower().endswith(suffixes) for name in names) > 0.8 * len(names):
            return kind
    return None


def _file_name(value: object) -> str:
    if isinstance(value, dict):
        return str(value.get("path") or sniff_suffix(value.get("bytes") or b""))
    return str(value) if isinstance(value, str | Path) and len(str(value)) < 1_000 else ""


def _order(task: str) -> list[str]:
    """Roles to guess; media first, so that a column of file names is not taken for text."""
    roles = {
        "classify": ["image", "audio", "label", "text", "text_pair"],
        "answer": ["image", "audio", "question", "answer", "answer_start", "context"],
        "transcribe": ["audio", "transcription"],
        "describe": ["image", "question", "text"],
    }[task]
    return [*roles, "id", "split"]


def _guess(role: str, table: Table, config: DataConfig, taken: set[str]) -> str | None:
    reserved = {config.split_column, config.group_column} | taken
    free = {name: values[:_LOOK_AT] for name, values in table.columns.items() if name not in reserved}
    by_name = {_plain(name): name for name in reversed(free)}
    names = _CAPTIONS if (role, config.task) == ("text", "describe") else _NAMES[role].split()
    if role in MEDIA_ROLES:
        return _guess_media(role, free, [*names, *_FILES], by_name)
    for name in names:
        column = by_name.get(name)
        if column is not None and media_kind(free[column]) is None and _fits(role, free[column], config.task):
            return column
    if role == "label":
        return _guess_label(free)
    if role == "text" and config.task == "classify":
        return _guess_text(free)
    return None


def _guess_media(role: str, free: dict[str, list], names: list[str], by_name: dict[str, str]) -> str | None:
    of_kind = [name for name, values in free.items() if media_kind(values) == role]
    for name in names:
        if by_name.get(name) in of_kind:
            return by_name[name]
    return next(iter(of_kind), None)


def _fits(role: str, values: list, task: str) -> bool:
    """A label repeats; a column named `text` or `title` with two values is not the text."""
    present = [value for value in values if value not in (None, "")]
    if role == "label":
        return all(isinstance(value, str | int | float | bool) for value in present)
    if role in ("answer", "answer_start", "id", "split", "transcription") or task == "describe":
        return True
    return all(isinstance(value, str) for value in present)


def _guess_label(free: dict[str, list]) -> str | None:
    """The column with the fewest values that repeat."""
    counts = {}
    for name, values in free.items():
        present = [str(value) for value in values if value not in (None, "") and not isinstance(value, dict | list)]
        kinds = len(set(present))
        if 2 <= kinds <= min(100, len(present) // 2) and max(map(len, present)) <= 60:
            counts[name] = kinds
    return min(counts, key=counts.get) if counts else None


def _guess_text(free: dict[str, list]) -> str | None:
    """The column with the longest strings."""
    lengths = {}
    for name, values in free.items():
        present = [value for value in values if isinstance(value, str) and value.strip()]
        numbers = sum(value.replace(".", "").replace("-", "").isdigit() for value in present)
        if present and not numbers and media_kind(present) is None and len(set(present)) > len(present) // 2:
            lengths[name] = sum(map(len, present)) / len(present)
    return max(lengths, key=lengths.get) if lengths else None


def _plain(name: str) -> str:
    return name.strip().lower().replace(" ", "_").replace("-", "_")
