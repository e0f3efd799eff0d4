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
_FEW = ("dog", "cat", "bird")
"""Words that a small model has for animals, be they others."""
_EVERYDAY = {
    "dog": (range(151, 269), range(273, 276)), "cat": (range(281, 286),), "fish": (range(7), range(389, 398)),
    "bird": (range(7, 25), range(80, 101), range(127, 147)), "chicken": (range(7, 9),), "rooster": (range(7, 8),),
    "duck": (range(97, 99),), "swan": (range(100, 101),), "frog": (range(30, 33),), "turtle": (range(33, 38),),
    "lizard": (range(38, 49),), "crocodile": (range(49, 51),), "alligator": (range(49, 51),),
    "snake": (range(52, 69),), "spider": (range(72, 77),), "crab": (range(118, 122),), "whale": (range(147, 149),),
    "wolf": (range(269, 273),), "fox": (range(277, 281),), "bear": (range(294, 298), range(388, 389)),
    "beetle": (range(300, 308),), "bug": (range(300, 321),), "insect": (range(300, 327),),
    "butterfly": (range(321, 327),), "rabbit": (range(330, 333),), "squirrel": (range(335, 336),),
    "horse": (range(339, 341),), "pig": (range(338, 339), range(341, 344)), "cow": (range(345, 348),),
    "bull": (range(345, 348),), "sheep": (range(348, 350),), "goat": (range(348, 351),),
    "deer": (range(351, 354),), "antelope": (range(351, 354),), "camel": (range(354, 356),),
    "ape": (range(365, 370),), "monkey": (range(365, 385),), "elephant": (range(101, 102), range(385, 387)),
    "panda": (range(387, 389),),
}  # fmt: skip
"""What people call animals, and the classes of ImageNet that it is right for."""


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
    number = names.index(best.label) if names.count(best.label) == 1 else -1  # the bird and the machine are a crane
    called = [word for word, classes in _EVERYDAY.items() if any(number in some for some in classes)]
    if best.score < _CERTAIN or any(_names(told, word) for word in (best.label.split()[-1], *called)):
        return told
    if number in _ANIMALS and any(_names(told, word) for word in _FEW):
        return describe_labels(labels)
    return f"{told} By its labels: {with_article(best.label)}."


def _names(text: str, word: str) -> bool:
    """Whether one or more of them are named."""
    return bool(re.search(rf"\b(?:{re.escape(word)}|{re.escape(plural(word))})\b", text, re.IGNORECASE))
