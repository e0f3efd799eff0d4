"""xmodal's own questions about texts in English and Chinese."""

import json
from collections import Counter
from pathlib import Path

import pytest

from xmodal.data.bilingual import read_bilingual
from xmodal.tasks.languages import language_of, main_language

PAIRS = Path(__file__).parent / "cross_lingual_pairs.jsonl"


@pytest.mark.parametrize(("aside", "least"), [(False, 2_000), (True, 300)])
def test_every_answer_stands_where_it_is_said_to(aside, least):
    rows = read_bilingual(aside=aside)
    assert len({row["id"] for row in rows}) == len(rows) > least
    for row in rows:
        (text, start) = (row["answers"]["text"], row["answers"]["answer_start"])
        assert len(text) == len(start) <= 1
        if text:
            assert row["context"][start[0] : start[0] + len(text[0])] == text[0] == text[0].strip(" .,?!。，？！")


@pytest.mark.parametrize(("aside", "low", "high"), [(False, 0.3, 0.5), (True, 0.4, 0.6)])
def test_each_question_is_asked_in_both_languages_about_both_texts(aside, low, high):
    rows = read_bilingual(aside=aside)
    kinds = Counter((language_of(row["question"]), main_language(row["context"])) for row in rows)
    assert kinds.keys() == {("en", "en"), ("en", "zh"), ("zh", "en"), ("zh", "zh")} and len(set(kinds.values())) == 1
    told = Counter(bool(row["answers"]["text"]) for row in rows)
    assert low < told[False] / told.total() < high


def test_none_is_among_those_that_are_measured_with():
    measured = [json.loads(line) for line in PAIRS.read_text(encoding="utf-8").splitlines()]
    trained, aside = (
        {value for row in read_bilingual(aside=aside) for value in (row["context"], row["question"])}
        for aside in (False, True)
    )
    measured = {value for row in measured for value in (row["context"], row["question"])}
    assert not trained & measured and not aside & measured and not trained & aside
