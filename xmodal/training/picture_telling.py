"""What a generator tells of many pictures, batch by batch."""

import threading
from collections.abc import Callable, Sequence
from typing import TypeVar

import torch

from xmodal.models.generator_adapter import Generator
from xmodal.models.generator_text import LONG, SHORT, answer_texts, generate_texts
from xmodal.progress import Progress, Reporter, check_cancelled
from xmodal.tasks.features import tower_tokens

_BATCH = 32
Told = TypeVar("Told")


def tell_asked(
    generator: Generator, asked: Sequence[tuple[str, str]], report: Reporter | None = None,
    cancel: threading.Event | None = None,
) -> list[str]:  # fmt: skip
    """The model's text for each picture's file and instruction."""
    return _in_batches(generate_texts, "describe", generator, asked, report, cancel)


def answer_asked(
    generator: Generator, asked: Sequence[tuple[str, str]], report: Reporter | None = None,
    cancel: threading.Event | None = None,
) -> list[tuple[str, float]]:  # fmt: skip
    """Answer and its log probability, before calibration, for each picture's file and question."""
    return _in_batches(answer_texts, "calibrate", generator, asked, report, cancel)


def _in_batches(
    tell: Callable[..., list[Told]], stage: str, generator: Generator, asked: Sequence[tuple[str, str]],
    report: Reporter | None, cancel: threading.Event | None,
) -> list[Told]:  # fmt: skip
    """What stands there twice is told once."""
    # Of like length, as a batch takes as long as its longest.
    order = sorted(dict.fromkeys(asked), key=lambda pair: (pair[1] in (SHORT, LONG), pair[1] == LONG))
    pictures = list(dict.fromkeys(picture for picture, _ in order))
    seen = dict(zip(pictures, tower_tokens(generator.model.tower, pictures, report, cancel), strict=True))
    told: dict[tuple[str, str], Told] = {}
    for start in range(0, len(order), _BATCH):
        check_cancelled(cancel)
        part = order[start : start + _BATCH]
        tokens = torch.stack([seen[picture] for picture, _ in part]).float()
        texts = tell(generator.model, generator.processor, tokens, [words for _, words in part])
        told |= dict(zip(part, texts, strict=True))
        if report:
            report(Progress(stage, "", len(told), len(order), "texts"))
    return [told[pair] for pair in asked]
