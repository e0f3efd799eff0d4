"""Notices of made-up places with questions about them, for the question answering sample set."""

import numpy as np

_PLACES = {
    "en": ("Harbour Museum", "Linden Library", "Northside Pool", "Old Mill Theatre", "Maple Garden", "Castle Cinema"),
    "zh": ("海港博物馆", "椴树图书馆", "城北游泳馆", "老磨坊剧院", "枫叶花园", "城堡电影院"),
}
_TOWNS = {
    "en": ("Brookfield", "Eastham", "Larkspur", "Millbridge", "Stonehaven", "Westcliff"),
    "zh": ("清河镇", "东湖镇", "云溪镇", "石桥镇", "白沙镇", "西岭镇"),
}
_NAMES = {
    "en": ("Anna Berg", "Tom Okafor", "Grace Lin", "Peter Novak", "Maya Singh", "Hugo Laurent"),
    "zh": ("李梅", "王建国", "陈思远", "赵雅琴", "孙立", "周晓峰"),
}
_DAYS = {
    "en": ("Mondays", "Tuesdays", "Wednesdays", "Thursdays", "Fridays"),
    "zh": ("星期一", "星期二", "星期三", "星期四", "星期五"),
}
# Fact: sentence with its answer at {}, and the question about the place {}.
_FACTS = {
    "en": {
        "year": ("It was opened in {}.", "When was the {} opened?"),
        "head": ("The director is {}.", "Who is the director of the {}?"),
        "price": ("A ticket for adults costs {}.", "How much does an adult pay at the {}?"),
        "closed": ("It is closed on {}.", "On which day is the {} closed?"),
        "hours": ("On other days the doors open at {}.", "At what time does the {} open its doors?"),
        "phone": ("For bookings, call {}.", "Which number takes bookings for the {}?"),
        "seats": ("Up to {} guests fit in.", "How many guests fit in the {}?"),
        "bus": ("The nearest stop is served by bus {}.", "Which bus goes to the {}?"),
    },
    "zh": {
        "year": ("它于{}开放。", "{}是什么时候开放的？"),
        "head": ("馆长是{}。", "{}的馆长是谁？"),
        "price": ("成人票价为{}。", "{}的成人票多少钱？"),
        "closed": ("每逢{}闭馆。", "{}在哪一天闭馆？"),
        "hours": ("其他日子从{}开门。", "{}几点开门？"),
        "phone": ("预约电话是{}。", "{}的预约电话是多少？"),
        "seats": ("最多可容纳{}位客人。", "{}最多能容纳多少人？"),
        "bus": ("最近的车站有{}公交车。", "坐哪路公交车可以到{}？"),
    },
}
_TOLD = 5


def make_notice(random: np.random.Generator, number: int) -> list[dict[str, str]]:
    """One notice in English or Chinese with a question about each fact; those it does not tell have no answer."""
    language = ("en", "zh")[number % 2]
    place, town = (str(random.choice(words[language])) for words in (_PLACES, _TOWNS))
    facts = _FACTS[language]
    told = [str(fact) for fact in random.permutation(list(facts))[:_TOLD]]
    context = f"The {place} is in {town}." if language == "en" else f"{place}位于{town}。"
    places = {}
    for fact in told:
        before, after = facts[fact][0].split("{}")
        context += (" " if language == "en" else "") + before
        answer = _answer(random, fact, language)
        places[fact] = (answer, len(context))
        context += answer + after
    rows = []
    for fact, (_, question) in facts.items():
        answer, start = places.get(fact, ("", ""))
        rows.append(
            {
                "id": f"{number}-{fact}",
                "group": str(number),
                "context": context,
                "question": question.format(place),
                "answer": answer,
                "answer_start": str(start),
            }
        )
    return rows


def _answer(random: np.random.Generator, fact: str, language: str) -> str:
    english = language == "en"
    number = int(random.integers(2, 90))
    return {
        "year": f"{1900 + number}" if english else f"{1900 + number}年",
        "head": str(random.choice(_NAMES[language])),
        "price": f"{number} euros" if english else f"{number}元",
        "closed": str(random.choice(_DAYS[language])),
        "hours": f"{7 + number % 4}:{15 * (number % 4):02}",
        "phone": f"555 {number:02}{(number * 37) % 100:02}",
        "seats": str(number * 10),
        "bus": f"{number}" if english else f"{number}路",
    }[fact]
