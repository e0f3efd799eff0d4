"""Questions with short answers out of the captions that several people wrote for one photograph, by rule.

A question is only asked where the captions agree; most photographs get few.
"""

from collections import Counter
from collections.abc import Collection, Sequence

import numpy as np

from xmodal.data.english import NUMBERS, counted, plural
from xmodal.data.scene_words import CANNOT_TELL
from xmodal.training.caption_reading import Action, Mention, Reading, count_named, read_action, read_caption
from xmodal.training.caption_words import (
    ALWAYS_PLURAL,
    ANIMALS,
    ASKED,
    ING,
    PEOPLE,
    PLAIN_COLOURS,
    THINGS,
    WORN,
    find_noun,
)
from xmodal.training.normalise import normalise_answer

_DIGITS = {"zero": "0", "one": "1", "two": "2", "three": "3", "four": "4", "five": "5", "six": "6", "seven": "7",
           "eight": "8", "nine": "9", "ten": "10", "eleven": "11", "twelve": "12"}  # fmt: skip
_HELD = ("ride", "hold", "carry", "throw", "kick", "catch", "chase", "pull", "push", "hit", "read", "climb", "eat")
_SAME_VERB = {"leap": "jump", "lay": "lie", "cycle": "ride", "bike": "ride"}
_UNKNOWN = (
    "what is the name of the {who}?", "how old is the {who}?", "what is the {who} thinking about?",
    "who took this picture?", "what day of the week is it?", "in which city is this?", "where was this picture taken?",
    "what time is it?", "when was this picture taken?", "what happened before this picture?",
    "where does the {who} live?", "what will the {who} do next?", "what is the {who} saying?",
    "what country is this?", "how much did this cost?", "who is the owner?", "what is the temperature?",
)  # fmt: skip
_COLOURED = frozenset({"dog", "cat", "horse", "bird", "bike", "car", "boat", "ball", "frisbee", "umbrella", "truck"})
# In most pictures; if they were asked for as often as the rest, others would have to deny them all the time.
_COMMON = {"person": 0.05, "child": 0.15, "man": 0.15, "woman": 0.3, "boy": 0.3, "girl": 0.3, "dog": 0.4}
_NO_ROLE = ("person", "someone", "somebody", "adult", "individual", "human", "male", "female", "youth")
_RIVALS = {"man": "boy", "boy": "man", "woman": "girl", "girl": "woman"}


def questions_of(captions: Sequence[str], random: np.random.Generator) -> list[tuple[str, str, str]]:
    """Questions about the photograph.

    Args:
        captions: What four or five people wrote about it, in English.
        random: Of the draw of what is asked where there is more than one way.

    Returns:
        Kind (`object`, `count`, `colour`, `action`, `presence`, `unknown`), question and answer, in lower case except
        for "I can't tell.". Of presence there are none, or one with yes and one with no.
    """
    readings = [read_caption(caption) for caption in captions]
    people, animals = _Group(readings, PEOPLE), _Group(readings, ANIMALS)
    asked = [
        *_ask_objects(people, animals),
        *_ask_counts(people, animals, random),
        *_ask_colours(readings, people, animals),
        *_ask_actions(readings, people, animals),
        *_ask_presence(readings, random),
        *_ask_unknown(readings, people, animals, random),
    ]
    return list(dict.fromkeys(asked))


def short_answer_key(text: str) -> str:
    """What answers that mean the same share: small letters, digits, no articles and punctuation, `cannot`."""
    words = normalise_answer(text).replace("can not", "cannot").split()
    return " ".join("cannot" if word == "cant" else _DIGITS.get(word, word) for word in words)


class _Group:
    """The people, or the animals, that the captions of one photograph name.

    Attributes:
        absent: No caption names any.
        number: How many they agree on, else None.
        name: What they all are, such as `boy`; empty if that is not clear.
        plural: They are more than one.
        role: The word that three captions have for the one there is, such as `surfer`; else empty.
    """

    def __init__(self, readings: Sequence[Reading], names: Collection[str]):
        self.names = names
        self.mentions = [reading.of(names) for reading in readings]
        self.named_in = sum(bool(mentions) for mentions in self.mentions)
        self.absent = not self.named_in
        self.number = self._agree(readings)
        alone = [mentions[0] for mentions in self.mentions if len(mentions) == 1]
        self.plural = self.number != 1 and bool(alone) and all(mention.plural for mention in alone)
        self.name = self._name()
        roles = Counter(reading.words[m.end] for reading, of in zip(readings, self.mentions, strict=True) for m in of)
        fitting = (role for role, times in roles.items() if times >= 3 and find_noun(role) == ("person", False))
        self.role = next((role for role in fitting if role not in _NO_ROLE), "")

    def _agree(self, readings: Sequence[Reading]) -> int | None:
        """The number that two captions at least tell (three where it is one) and none speaks against."""
        counts = [count_named(reading, self.names) for reading in readings]
        known = Counter(count for count in counts if count)
        if len(known) != 1:
            return None
        number, times = next(iter(known.items()))
        for count, mentions in zip(counts, self.mentions, strict=True):
            if count is None and not (number > 1 and len(mentions) == 1 and _is_open(mentions[0])):
                return None
        return number if times >= (3 if number == 1 else 2) else None

    def _name(self) -> str:
        wide = {"animal"} if "animal" in self.names else {"person", "group"}
        each = [{mention.name for mention in mentions} for mentions in self.mentions]
        narrow = Counter(name for names in each for name in names - wide)
        mixed = any(len(names) > 1 for names in each)
        for name in ("boy", "girl"):
            if narrow.keys() == {name, "child"} and narrow[name] >= 2 and not mixed:
                return name
        if len(narrow) == 1 and max(narrow.values()) >= 2 and not mixed:
            return next(iter(narrow))
        if "animal" in self.names or self.absent:
            return ""
        young = narrow.keys() <= {"boy", "girl", "child", "baby"} and not any(
            names & wide and names - wide for names in each
        )
        return "child" if young and sum(narrow.values()) >= 2 else "person"


def _is_open(mention: Mention) -> bool:
    """Of more than one, but not of how many."""
    return mention.plural and mention.number is None and mention.name != "group"


def _ask_objects(people: _Group, animals: _Group) -> list[tuple[str, str, str]]:
    asked = []
    if people.number and people.number < len(NUMBERS) and animals.absent and people.named_in >= 3:
        name = people.role if people.number == 1 and people.name == "person" else people.name
        if name:
            asked.append(("object", "who is in the picture?", counted(people.number, name)))
    if animals.name and animals.named_in >= 3:
        number = animals.number if animals.number and animals.number < len(NUMBERS) else None
        if number or animals.plural:
            answer = counted(number, animals.name) if number else plural(animals.name)
            asked.append(("object", f"what {'animal is' if number == 1 else 'animals are'} in the picture?", answer))
    return asked


def _ask_counts(people: _Group, animals: _Group, random: np.random.Generator) -> list[tuple[str, str, str]]:
    """One of something is asked for less often, as it is by far the most common."""
    asked = []
    for group in (people, animals):
        number = group.number
        if number and group.name and number < len(NUMBERS) and (number > 1 or random.random() < 0.15):
            name = "person" if group is people and random.random() < 0.4 else group.name
            asked.append(("count", f"how many {plural(name)} are there?", NUMBERS[number]))
    return asked


def _ask_colours(readings: Sequence[Reading], people: _Group, animals: _Group) -> list[tuple[str, str, str]]:
    asked = []
    for name in sorted({mention.name for reading in readings for mention in reading.mentions} - PEOPLE):
        if name in ANIMALS and (animals.number != 1 or animals.name != name):
            continue
        if name in WORN and (people.number != 1 or not animals.absent):
            continue
        mentions = [reading.of({name}) for reading in readings]
        several = any(len(each) > 1 or (each and each[0].plural and name not in ALWAYS_PLURAL) for each in mentions)
        told = Counter(each[0].colours for each in mentions if each and each[0].colours)
        if several or len(told) != 1 or max(told.values()) < 2:
            continue
        colours = next(iter(told))
        if colours <= PLAIN_COLOURS and len(colours) <= 2:
            owner = f"{people.name}'s " if name in WORN else ""
            verb = "are" if name in ALWAYS_PLURAL else "is"
            asked.append(("colour", f"what color {verb} the {owner}{name}?", " and ".join(sorted(colours))))
    return asked


def _ask_actions(readings: Sequence[Reading], people: _Group, animals: _Group) -> list[tuple[str, str, str]]:
    """What those who are named first do, if nobody else is there who could be meant."""
    group, other = (people, animals) if not people.absent else (animals, people)
    if not other.absent or not group.name or not (group.number or group.plural):
        return []
    subject = group.name if group.number == 1 else plural(group.name)
    actions = []
    for reading, mentions in zip(readings, group.mentions, strict=True):
        action = read_action(reading, mentions[0]) if len(mentions) == 1 else None
        if action:
            actions.append(action)
    times = Counter(_SAME_VERB.get(action.verb, action.verb) for action in actions)
    if not times or times.most_common(1)[0][1] < 2:
        return []
    verb = times.most_common(1)[0][0]
    same = [action for action in actions if _SAME_VERB.get(action.verb, action.verb) == verb]
    are = "is" if group.number == 1 else "are"
    asked = []
    told = _best_phrase(same, readings)
    if told:
        asked.append(("action", f"what {are} the {subject} doing?", told))
    held = [action for action in same if action.direct and action.verb in _HELD]
    nouns = [find_noun(action.phrase.split()[-1]) for action in held]
    if len(held) >= 2 and len(set(nouns)) == 1 and nouns[0] and nouns[0][0] in THINGS and not nouns[0][1]:
        asked.append(("object", f"what {are} the {subject} {ING[held[0].verb]}?", counted(1, nouns[0][0])))
    return asked


def _best_phrase(actions: Sequence[Action], readings: Sequence[Reading]) -> str:
    """The shortest that ends with a noun of two captions; else the verb alone, if one of the captions leaves it so."""
    named = Counter(word for reading in readings for word in {*reading.words, *(m.name for m in reading.mentions)})
    known = [action for action in actions if action.noun and named[action.noun] >= 2]
    if known:
        return min(known, key=lambda action: (len(action.phrase.split()), len(action.phrase))).phrase
    return min((action.phrase for action in actions if not action.noun), key=len, default="")


def _ask_presence(readings: Sequence[Reading], random: np.random.Generator) -> list[tuple[str, str, str]]:
    """One thing that the captions name, and one that none names and that cannot be there under another name."""
    there, absent = [], _absent(readings)
    for name in ASKED:
        names = {"person": PEOPLE, "child": {"child", "boy", "girl", "baby"}}.get(name, {name})
        times = sum(bool(reading.of(names)) for reading in readings)
        rival = any(reading.of({_RIVALS.get(name, "")}) for reading in readings)
        if times >= (3 if name in PEOPLE else 2) and not rival:
            there.append(name)
    weights = [_COMMON.get(name, 1) for name in there]
    if not there or not absent or random.random() > sum(weights):
        return []
    asked = ((_draw(there, weights, random), "yes"), (_draw(absent, [ASKED[name][0] for name in absent], random), "no"))
    return [("presence", f"is there {counted(1, name)}?", answer) for name, answer in asked]


def _ask_unknown(
    readings: Sequence[Reading], people: _Group, animals: _Group, random: np.random.Generator
) -> list[tuple[str, str, str]]:
    """Something that no picture tells, or about someone or something that is not there."""
    absent = [name for name in _absent(readings) if name in _COLOURED or name in PEOPLE]
    if absent and random.random() < 0.5:
        name = str(random.choice(absent))
        of_it = f"what is the {name} doing?" if name in PEOPLE else f"what color is the {name}?"
        question = of_it if random.random() < 0.6 else f"where is the {name}?"
        return [("unknown", question, CANNOT_TELL)]
    group = people if people.name else animals
    who = group.name if group.name and group.number == 1 else ""
    fitting = [question for question in _UNKNOWN if who or "{who}" not in question]
    return [("unknown", str(random.choice(fitting)).format(who=who), CANNOT_TELL)]


def _absent(readings: Sequence[Reading]) -> list[str]:
    """What can be asked for and is not there, by all words of the captions."""
    words = {word for reading in readings for word in reading.words}
    names = {found[0] for word in words if (found := find_noun(word))}
    return [
        name for name, (_, near, beginnings) in ASKED.items()
        if not names & {name, *near.split()}
        and not (beginnings and any(word.startswith(tuple(beginnings.split())) for word in words))
    ]  # fmt: skip


def _draw(names: Sequence[str], weights: Sequence[float], random: np.random.Generator) -> str:
    return str(random.choice(names, p=np.asarray(weights) / sum(weights)))
