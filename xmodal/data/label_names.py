"""Chinese names of the classes of ImageNet (pictures) and AudioSet (sounds), which the towers name in English."""

from functools import cache
from pathlib import Path
from typing import Literal

_FOLDER = Path(__file__).parent / "names"


def chinese_name(label: str, of: Literal["pictures", "sounds"]) -> str:
    """The label in Chinese, or as it is where it is not of those classes."""
    return _names(of).get(label, label)


@cache
def _names(of: str) -> dict[str, str]:
    lines = (_FOLDER / f"{of}_zh.tsv").read_text(encoding="utf-8").splitlines()
    return dict(line.split("\t") for line in lines)
