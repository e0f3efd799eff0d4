"""The health collection in assets/sources and the hand-written pairs of question and paragraph in two languages."""

import json
import re
from pathlib import Path

import pytest

SOURCES = Path(__file__).parents[2] / "assets" / "sources"
PAIRS = Path(__file__).parent / "cross_lingual_pairs.jsonl"
EMERGENCY = {"en": "local emergency number", "zh": "当地急救电话"}


def read_lines(path):
    return [json.loads(line) for line in path.read_text(encoding="utf-8").splitlines()]


def read_health(language):
    return read_lines(SOURCES / f"health-{language}.jsonl")


def is_chinese(text):
    return len(re.findall(r"[\u4e00-\u9fff]", text)) > len(re.findall(r"[A-Za-z]", text))


def length(text):
    """Characters of a Chinese text, words of any other."""
    return len(text) if is_chinese(text) else len(text.split())


def numbers(text):
    return set(re.findall(r"\d+(?:\.\d+)?", text.replace("（中国大陆为120）", "")))


@pytest.mark.parametrize(("language", "low", "high"), [("en", 70, 130), ("zh", 120, 220)])
def test_sixty_short_passages_in_a_language(language, low, high):
    rows = read_health(language)
    assert [list(row) for row in rows] == [["id", "title", "text"]] * 60
    for key in ("id", "title", "text"):
        assert len({row[key] for row in rows}) == 60, key
    assert {row["id"]: length(row["text"]) for row in rows if not low <= length(row["text"]) <= high} == {}
    for text in (row[key] for row in rows for key in ("title", "text")):
        assert is_chinese(text) == (language == "zh"), text
        assert text == text.strip()


def test_both_languages_say_the_same():
    """A dose, a time or a limit must not differ, nor the call for help be missing in one language."""
    english, chinese = read_health("en"), read_health("zh")
    assert [row["id"] for row in english] == [row["id"] for row in chinese]
    for one, other in zip(english, chinese, strict=True):
        assert numbers(one["text"]) == numbers(other["text"]), one["id"]
        assert (EMERGENCY["en"] in one["text"]) == (EMERGENCY["zh"] in other["text"]), one["id"]


def test_chinese_is_punctuated_as_chinese():
    wrong = re.compile(r"[,;:?!()]|(?<!\d)\.|\.(?!\d)")
    assert [row["id"] for row in read_health("zh") if wrong.search(row["title"] + row["text"])] == []


def test_each_answer_stands_in_its_paragraph():
    pairs = read_lines(PAIRS)
    assert [list(pair) for pair in pairs] == [["question", "context", "answers"]] * 30
    assert len({pair["question"] for pair in pairs}) == len({pair["context"] for pair in pairs}) == 30
    for pair in pairs:
        low, high = (100, 200) if is_chinese(pair["context"]) else (60, 120)
        assert low <= length(pair["context"]) <= high, pair["question"]
        assert pair["answers"]
        assert [answer for answer in pair["answers"] if not answer or answer not in pair["context"]] == []


def test_half_of_the_pairs_go_either_way():
    ways = [(is_chinese(pair["question"]), is_chinese(pair["context"])) for pair in read_lines(PAIRS)]
    assert ways.count((False, True)) == ways.count((True, False)) == 15
