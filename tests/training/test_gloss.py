"""Questions told word by word in the other language."""

import pytest

from xmodal.errors import InputError
from xmodal.training.config import parse_recipe
from xmodal.training.gloss import Glossary, add_glossed, add_glossed_texts, load_glossary


@pytest.fixture(scope="module")
def glossary() -> Glossary:
    frequent = ["谁", "什么", "桥", "城市", "在", "多少", "高血压"]
    return load_glossary({word: rank for rank, word in enumerate(frequent)})


@pytest.mark.parametrize(
    ("asked", "words"),
    [
        ("谁建造了这座桥？", ["who", "construct", "bridge"]),
        ("你如何缓解高血压？", ["you", "how", "high blood pressure"]),
        ("Who crossed the bridges?", ["谁", "桥"]),
        ("How do I lower high blood pressure?", ["高血压"]),
        ("In 1984, what city?", ["1984", "什么", "城市"]),
        ("The 1984 city", ["1984", "城市"]),
        ("Who was?", ["谁", "?"]),
    ],
)
def test_words_are_told_in_the_other_language(glossary, asked, words):
    told = glossary.gloss(asked)
    places = [told.find(word) for word in words]
    assert -1 not in places and places == sorted(places), told


@pytest.mark.parametrize("asked", ["", "?!", "🦊", "Zxqv Bnnk", "1984"])
def test_what_is_not_in_the_dictionary_stays(glossary, asked):
    assert glossary.gloss(asked) == asked


def test_a_share_of_the_rows_is_asked_again(glossary):
    rows = [{"id": str(i), "question": "谁在桥上？", "context": "塔", "answers": {"text": []}} for i in range(20)]
    made = add_glossed(rows, 0.25, 3, glossary)
    assert made[:20] == rows and len(made) == 25
    assert made == add_glossed(rows, 0.25, 3, glossary) != add_glossed(rows, 0.25, 4, glossary)
    assert all(row["id"].endswith("-glossed") and "who" in row["question"] for row in made[20:])
    assert add_glossed(rows, 0, 3, glossary) == rows


@pytest.mark.parametrize(
    ("question", "context", "answer", "glossed"),
    [
        ("Who is on the bridge?", "There is a fox on the bridge in the city.", "a fox", "狐"),
        ("谁在桥上？", "狐狸在桥上。", "狐狸", "fox"),
        ("Who?", "the", "the", "the"),
        ("When?", "It was in the 1960s.", "the 1960s", "1960"),
    ],
)
def test_texts_are_told_with_the_answer_in_its_place(glossary, question, context, answer, glossed):
    answers = {"text": ["gone", answer], "answer_start": [-1, context.index(answer)]}
    row = {"id": "1", "question": question, "context": context, "answers": answers}
    first, told = add_glossed_texts([row], 1, 0, glossary)
    assert first == row and told["question"] == question
    (text,), (start,) = told["answers"].values()
    assert glossed in text and told["context"][start : start + len(text)] == text
    empty = {"text": [], "answer_start": []}
    assert add_glossed_texts([{**row, "answers": empty}], 1, 0, glossary)[1]["answers"] == empty


def test_only_questions_are_told_so():
    with pytest.raises(InputError, match=r"train\.glossed is only for the task answer"):
        parse_recipe({"name": "a", "data": {"source": "x.csv"}, "train": {"glossed": 0.5}})
