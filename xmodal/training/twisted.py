"""Questions of which a detail is changed, so that their passage does not answer them any more.

People who write questions that cannot be answered do the same (Rajpurkar et al. 2018, table 1: names and numbers
exchanged, words turned into their opposites). A changed question and the one it came from differ in little but the
answer, so that a model has to read all of a question.
"""

import re
from collections.abc import Iterator, Sequence

import numpy as np

_SAID = re.compile(r"""
    (?P<number>\d+(?:[.,]\d+)*)
  | (?P<title>《[^》]+》|[“"][^”"]{2,40}[”"])
  | (?P<name>[A-Z][\w'’-]*(?:\s(?:(?:of|the|de|and)\s)?[A-Z][\w'’-]*)*)
""", re.VERBOSE)  # fmt: skip
_ENDS = tuple(".!?。！？")
_PAIRS = """
    before after, first last, most least, more less, largest smallest, biggest smallest, highest lowest,
    higher lower, oldest youngest, older younger, longest shortest, best worst, better worse, earliest latest,
    north south, northern southern, east west, eastern western, inside outside, always never, increase decrease,
    increased decreased, rise fall, win lose, won lost, begin end, began ended, start end, started ended,
    open close, buy sell, male female, men women, major minor, common rare, strong weak, 最大 最小, 最高 最低,
    最多 最少, 最早 最晚, 最长 最短, 之前 之后, 第一 第二, 首次 最后一次, 增加 减少, 开始 结束, 成立 解散,
    上升 下降, 东 西, 南 北
"""
_OPPOSITE = {
    one: other
    for first, second in map(str.split, _PAIRS.split(","))
    for one, other in ((first, second), (second, first))
}
_NEGATED = re.compile(r"\b(?:is|was|are|were|did|does|has|had)\b(?!')")
_NEGATED_SHARE = 0.3
_TURNED = re.compile(
    rf"\b(?:{'|'.join(word for word in _OPPOSITE if word.isascii())})\b(?!')"
    rf"|{'|'.join(sorted((word for word in _OPPOSITE if not word.isascii()), key=len, reverse=True))}"
)


def add_twisted(rows: Sequence[dict], share: float, seed: int) -> list[dict]:
    """The rows, and some of the answerable ones again, with a detail of the question changed and without an answer.

    A word is turned into its opposite; a name or number is exchanged for one of another passage of the group or, where
    the question has further details that must hold as well, of the same passage. Some that have nothing of the kind are
    negated. Now and then such a question can be answered all the same.

    Args:
        rows: With `question`, `context`, `answers` and `group`.
        share: Of the answerable rows, as far as they have something to change.
        seed: Of the draw.
    """
    if not share:
        return list(rows)
    random = np.random.default_rng([seed, 2])
    passages: dict[str, dict[str, None]] = {}
    for row in rows:
        passages.setdefault(row["group"] or "", {})[row["context"]] = None
    details = {passage: _details(passage) for of in passages.values() for passage in of}
    answerable = [row for row in rows if row["answers"]["text"] and row["context"]]
    added: list[dict] = []
    for number in random.permutation(len(answerable)):
        if len(added) >= round(share * len(answerable)):
            break
        row = answerable[number]
        near = [details[one] for one in passages[row["group"] or ""] if one != row["context"]] if row["group"] else []
        twists = list(_twists(row, details[row["context"]], near, random))
        if not twists and random.random() < _NEGATED_SHARE and _NEGATED.search(row["question"]):
            twists = [_NEGATED.sub(r"\g<0>n't", row["question"], count=1)]
        if twists:
            twist = twists[random.integers(len(twists))]
            added.append({**row, "id": f"{row['id']}-twisted", "question": twist,
                          "answers": {"text": [], "answer_start": []}})  # fmt: skip
    return [*rows, *added]


def _twists(row: dict, here: dict[str, list[str]], near: Sequence[dict[str, list[str]]], random) -> Iterator[str]:
    """Questions that differ from the row's in a detail each."""
    question, context = row["question"], row["context"]
    for found in _TURNED.finditer(question):
        yield question[: found.start()] + _OPPOSITE[found[0]] + question[found.end() :]
    asked = [(kind, said) for kind, of in _details(question).items() for said in of if said in context]
    for kind, said in asked:
        elsewhere = [one for details in near for one in details[kind] if one not in context]
        others = [*elsewhere, *(here[kind] if len(asked) > 1 else [])]
        others = [one for one in others if _is_other(one, said, question, row["answers"]["text"])]
        if others:
            yield question.replace(said, others[random.integers(len(others))])


def _is_other(one: str, said: str, question: str, answers: Sequence[str]) -> bool:
    """Whether it can take the place of what was said, being like it, not in the question, and not the answer."""
    alike = one.isdigit() == said.isdigit() and (len(one) == len(said) or not one.isdigit())
    return alike and one not in question and not any(one in answer or answer in one for answer in answers)


def _details(text: str) -> dict[str, list[str]]:
    """Numbers, titles and names; words that begin a sentence with a capital letter are none."""
    found: dict[str, list[str]] = {"number": [], "title": [], "name": []}
    for match in _SAID.finditer(text):
        start = match.start()
        begins = not start or text[max(start - 3, 0) : start].rstrip().endswith(_ENDS)
        if not (begins and match.lastgroup == "name" and " " not in match[0]):
            found[match.lastgroup].append(match[0])
    return found
