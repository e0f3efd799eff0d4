"""What labels of a picture say, as a sentence."""

import re
from collections.abc import Sequence

from xmodal.data.english import plural, with_article
from xmodal.data.label_names import chinese_name
from xmodal.tasks.results import LabelScore

_CERTAIN, _SURE, _PERHAPS = 0.5, 0.3, 0.05


def describe_labels(labels: Sequence[LabelScore], language: str = "en") -> str:
    """A sentence, English or Chinese (`zh`), that says as much as the scores allow."""
    best = labels[0]
    others = [one.label for one in labels if one.score >= _PERHAPS][:3]
    if language == "zh":
        names = [chinese_name(label, "pictures") for label in others]
        if best.score >= _SURE:
            return f"图中是{names[0]}。"
        return f"图中可能是{'或'.join(names)}。" if names else "无法确定图中是什么。"
    if best.score >= _SURE:
        return f"The picture shows {with_article(best.label)}."
    if not others:
        return "It cannot be said with any certainty what the picture shows."
    return f"The picture may show {' or '.join(map(with_article, others))}."


def settle(told: str, labels: Sequence[LabelScore]) -> str:
    """What a model told; and what the labels say, where they are certain of something that it does not name.

    A small model has few names: a lion is a dog to it.
    """
    best = labels[0]
    word = best.label.split()[-1]
    named = re.search(rf"\b(?:{re.escape(word)}|{re.escape(plural(word))})\b", told, re.IGNORECASE)
    return told if best.score < _CERTAIN or named else f"{told} By its labels: {with_article(best.label)}."
