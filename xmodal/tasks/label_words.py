"""What labels of a picture say, as a sentence."""

import re
from collections.abc import Sequence

from xmodal.data.english import plural, with_article
from xmodal.data.label_names import chinese_name
from xmodal.models.label_names import imagenet_names
from xmodal.tasks.results import LabelScore

_CERTAIN, _SURE, _PERHAPS = 0.5, 0.3, 0.05
_ANIMALS = range(398)
"""Numbers of the classes of ImageNet that are animals."""
_KINDS = {"dog": (range(151, 269),), "cat": (range(281, 286),), "bird": (range(7, 25), range(80, 101), range(127, 147))}
"""Words that a small model has for animals, and the classes that they are right for."""


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

    A small model has few names: a lion is a dog to it. Then only the labels are told.
    """
    best, names = labels[0], imagenet_names()
    number = names.index(best.label) if best.label in names else -1
    kinds = [kind for kind, of in _KINDS.items() if any(number in one for one in of)]
    if best.score < _CERTAIN or any(_names(told, word) for word in (best.label.split()[-1], *kinds)):
        return told
    if number in _ANIMALS and any(_names(told, kind) for kind in _KINDS):
        return describe_labels(labels)
    return f"{told} By its labels: {with_article(best.label)}."


def _names(text: str, word: str) -> bool:
    """Whether one or more of them are named."""
    return bool(re.search(rf"\b(?:{re.escape(word)}|{re.escape(plural(word))})\b", text, re.IGNORECASE))
