"""Reads an English caption by rule: who and what it names, how many, of which colour, and what they are doing."""

import re
from collections.abc import Collection, Sequence
from dataclasses import dataclass

from xmodal.training.caption_words import (
    ALONE,
    ANIMALS,
    BASE,
    COLOURS,
    COMPOUNDS,
    FROM_ING,
    FROM_THIRD,
    ING,
    NUMBERS,
    PEOPLE,
    PREPOSITIONS,
    SAME_COLOUR,
    SMALL_WORDS,
    UNCOUNTED,
    UNREAL,
    VAGUE,
    find_noun,
)

_WORD = re.compile(r"'s|[a-z]+(?:[-'][a-z]+)*|[.,;:!?]")
_BEFORE = {"a", "an", "the", "his", "her", "its", "their", "this", "that", "these", "those", "some", "no", "each"}
_PARTICLES = {"up", "down", "out", "off", "back", "around", "along", "together"}
_ADVERBS = {"high", "fast", "low", "close", "still", "midair", "mid-air", "barefoot", "upside", "hard", "alone",
            "head", "backwards", "forward", "sideways", "right", "left", "really", "outdoors", "indoors"}  # fmt: skip
_AFTER = {"in", "on", "through", "over", "across", "along", "down", "up", "into", "at", "under", "around",
          "off", "onto", "behind", "against", "between", "towards", "toward", "above", "underneath", "from",
          "out"}  # fmt: skip
_AFTER_SOME = {"with": {"play", "dance", "wrestle", "fight", "talk"}, "for": {"reach", "pose", "wait", "look"},
               "to": {"talk", "listen", "point"}}  # fmt: skip
_LINKS = (("in", "front", "of"), ("on", "top", "of"), ("next", "to"), ("out", "of"), ("off", "of"))
_MOST_WORDS = 4
# Nouns that need no article.
_BARE = {"soccer", "tennis", "hockey", "rugby", "golf", "music", "food", "mud", "dirt", "ice", "tag", "water", "snow",
         "sand", "grass", "football", "basketball", "volleyball", "baseball", "guitar"}  # fmt: skip


@dataclass(frozen=True)
class Mention:
    """Something that a caption names.

    Attributes:
        name: What it is, such as `dog` for a puppy.
        start: Its first word's place in the caption, without article or number.
        end: Its last word's place.
        number: How many; None where the caption does not say.
        plural: More than one.
        new: It is not `the` or `his` and so not one that was named before.
        colours: As told just before it.
    """

    name: str
    start: int
    end: int
    number: int | None
    plural: bool
    new: bool
    colours: frozenset[str]


@dataclass(frozen=True)
class Reading:
    """A caption's words in lower case, and what it names in their order."""

    words: tuple[str, ...]
    mentions: tuple[Mention, ...]

    def of(self, names: Collection[str]) -> list[Mention]:
        """Mentions of these."""
        return [mention for mention in self.mentions if mention.name in names]


@dataclass(frozen=True)
class Action:
    """What someone does.

    Attributes:
        verb: Such as `ride`.
        phrase: Such as `riding a red bike`.
        noun: What the last noun of the phrase names, or that noun itself; empty where there is none.
        direct: It is what the verb is done to, not a place.
    """

    verb: str
    phrase: str
    noun: str
    direct: bool


def read_caption(text: str) -> Reading:
    """The caption's words and what they name."""
    words = _WORD.findall(text.lower().replace("-and-", " and ").replace("’", "'"))
    words = (*(SAME_COLOUR.get(word, word) for word in words), ".")
    found = (_read_mention(words, i) for i in range(len(words)))
    return Reading(words, tuple(mention for mention in found if mention))


def count_named(reading: Reading, names: Collection[str]) -> int | None:
    """How many of these the caption names together, 0 if it names none; None where that is not clear."""
    mentions = reading.of(names)
    if not mentions:
        return 0
    if any(mention.number is None for mention in mentions) or not all(mention.new for mention in mentions[1:]):
        return None
    total = sum(mention.number for mention in mentions)
    # "Another" or "the other" without a noun may be one more.
    alone = {
        word
        for i, word in enumerate(reading.words[:-1])
        if reading.words[i - 1] not in ("each", "one") and _ends_noun(reading.words[i + 1])
    }
    more = alone & {"another", "others"} or (alone & {"other", "one", "both"} and (len(mentions) > 1 or total == 1))
    return None if more else total


def read_action(reading: Reading, subject: Mention) -> Action | None:
    """The first thing that the subject is said to do; None where that is not clear."""
    words = reading.words
    for i in range(subject.end + 1, len(words)):
        if words[i] in ".;:" or any(other.end == i for other in reading.of(PEOPLE | ANIMALS)):
            return None
        verb = _verb_at(words, i, subject)
        if verb == "wear" or verb is None:
            continue
        return None if verb in VAGUE else _read_phrase(words, i, verb)
    return None


def _read_mention(words: Sequence[str], i: int) -> Mention | None:
    noun = find_noun(words[i])
    if noun is None or _is_modifier(words, i, noun[0]):
        return None
    name, plural = noun
    start = _start_of(words, i)
    before = words[start - 1] if start else ""
    bare = start == i and not (before in _BEFORE or before in NUMBERS or before in PREPOSITIONS)
    if bare and (words[i] in BASE or words[i] in FROM_THIRD):  # a verb: swings, waves
        return None
    if name == "group" and words[i + 1] == "of":
        return None
    number = NUMBERS.get(before)
    if plural and number == 1:
        number = None
    if not plural:
        number = 1 if name != "group" and words[i] not in UNCOUNTED else None
    colours = _colours(words[start:i])
    two = start > 2 and before in NUMBERS and words[start - 2] == "and" and words[start - 3] in COLOURS
    if two or UNREAL & set(words[start:i]):  # "a brown and a white dog" are two
        number, colours = None, frozenset({"?"})
    return Mention(name, start, i, number, plural, before not in _BEFORE - {"a", "an"}, colours)


def _ends_noun(after: str) -> bool:
    """Whether the word can follow a noun phrase, so that what stands before it is the end of one."""
    return after in SMALL_WORDS or after in NUMBERS or after in FROM_THIRD or after in FROM_ING or after in BASE


def _is_modifier(words: Sequence[str], i: int, name: str) -> bool:
    """Whether the noun only tells what kind the next noun is of: dog park, ball cap."""
    after = words[i + 1] if i + 1 < len(words) else "."
    if name in PEOPLE or name in ANIMALS:
        return after in COMPOUNDS or (find_noun(after) is not None and not _ends_noun(after))
    return after == "'s" or not (_ends_noun(after) or after.endswith(("ing", "ed", "ly")))


def _start_of(words: Sequence[str], i: int) -> int:
    """Where the words that belong to the noun at `i` begin, without its article or number."""
    start = i
    while start and i - start < 6:
        word, before = words[start - 1], words[start - 2] if start > 1 else ""
        joins = word in ("and", ",") and before in COLOURS and words[start] in COLOURS
        joins |= word == "," and start < i and before not in SMALL_WORDS and find_noun(before) is None
        if joins:
            start -= 1
            continue
        if word in SMALL_WORDS or word in NUMBERS or word in FROM_THIRD:
            break
        if word in FROM_ING or word.endswith("ing"):
            described = before in _BEFORE or before in NUMBERS or (before not in SMALL_WORDS and not find_noun(before))
            if not before or not described:
                break
        noun, noun_before = find_noun(word), find_noun(before)
        if (noun and noun[1]) or (word in BASE and noun_before and noun_before[1]):
            break
        start -= 1
    return start


def _colours(words: Sequence[str]) -> frozenset[str]:
    """Those among the words; a pattern that goes with plain colours is left out, one by itself is kept."""
    colours = {word for word in words if word in COLOURS}
    plain = colours - {"colored"}
    if len(plain - {"spotted", "striped", "plaid", "checkered"}) > 1:
        plain -= {"spotted", "striped", "plaid", "checkered"}
    return frozenset(plain or colours)


def _verb_at(words: Sequence[str], i: int, subject: Mention) -> str | None:
    """The verb, where the word is one that the subject does."""
    word, before = words[i], words[i - 1]
    follows = before.endswith("ly") or find_noun(before) is not None or before in COLOURS
    if word in FROM_ING:
        return FROM_ING[word] if follows or before in ("is", "are", "and", ",", "while", "also") else None
    if not follows:
        return None
    if word in FROM_THIRD and not subject.plural:
        return FROM_THIRD[word]
    return word if word in BASE and subject.plural and i == subject.end + 1 else None


def _read_phrase(words: Sequence[str], i: int, verb: str) -> Action | None:
    """The verb with its object, or with one place or the like."""
    told = [ING[verb]]
    k = i + 1
    while words[k] in _ADVERBS or words[k].endswith("ly"):
        k += 1
    link = next((link for link in _LINKS if words[k : k + len(link)] == link), ())
    if not link and words[k] in _PARTICLES and (words[k + 1] in PREPOSITIONS or words[k + 1] in ".,"):
        told.append(words[k])
        k += 1
    if not link and (words[k] in _AFTER or verb in _AFTER_SOME.get(words[k], ())):
        link = (words[k],)
    end = _end_of(words, k + len(link))
    if end and (link or words[k] not in PREPOSITIONS):
        told += [*link, *words[k + len(link) : end]]
        noun = words[end - 1]
        if words[end] == "of" and (further := _end_of(words, end + 1)):
            told += words[end:further]
            noun = words[further - 1]
        known = find_noun(noun)
        phrase = re.sub(r"\ba (?=[aeio])", "an ", " ".join(told))
        return Action(verb, phrase, known[0] if known else noun, not link)
    alone = verb in ALONE and (words[k] in SMALL_WORDS or words[k] in FROM_ING)
    return Action(verb, " ".join(told), "", False) if alone else None


def _end_of(words: Sequence[str], k: int) -> int:
    """Where the noun with its article and adjectives that begins at `k` ends; 0 if there is none."""
    start = k
    if words[k] in _BEFORE or words[k] in NUMBERS:
        k += 1
    first = k
    while words[k] not in SMALL_WORDS and words[k] not in NUMBERS and k - first < _MOST_WORDS + 1:
        if k > first and (words[k] in FROM_ING or words[k] in FROM_THIRD or words[k].endswith("ly")):
            break
        k += 1
        if words[k] == "and" and words[k - 1] in COLOURS and words[k + 1] in COLOURS:
            k += 1
    last = words[k - 1]
    known = find_noun(last) is not None
    wrong = last in COLOURS or last in _ADVERBS or (not known and last.endswith(("ly", "ing", "ed")))
    bare = first == start and not (last.endswith("s") or last in _BARE)
    return 0 if k == first or k - first > _MOST_WORDS or wrong or bare else k
