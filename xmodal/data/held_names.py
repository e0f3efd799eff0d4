"""Which names of things are kept out of training, to measure whether a model tells what it never had."""

import hashlib

_ONE_IN = 4


def is_held_out(name: str) -> bool:
    """Whether pictures of it are only for measuring: one name in four, by its last word, one or many of it."""
    word = name.lower().split()[-1].removesuffix("es").removesuffix("s") if name.split() else ""
    return int(hashlib.sha256(word.encode()).hexdigest(), 16) % _ONE_IN == 0
