import pytest

from xmodal.errors import InputError
from xmodal.tasks.answer import MAX_QUESTION, _distinct, check_question
from xmodal.tasks.languages import language_of
from xmodal.tasks.spans import Span


def span(text: str, confidence: float, passage: int = 0) -> Span:
    return Span(passage, 0, len(text), text, 0.0, confidence)


def test_an_answer_is_named_once():
    found = [span("Four years.", 0.6), span("four years", 0.4, 1), span("1998", 0.3), span("a shop", 0.001)]
    assert _distinct(found) == [found[0], found[2]]
    assert _distinct([span("...", 0.001), span("!", 0.5)]) == [span("...", 0.001), span("!", 0.5)]
    assert _distinct([]) == []


def test_the_language_is_the_questions():
    assert language_of("你如何缓解高血压？") == "zh"
    assert language_of("What does 盐 mean?") == "zh"
    assert language_of("Qu'est-ce que c'est ?") == "en"


@pytest.mark.parametrize("question", ["", " \n\t", "?" * (MAX_QUESTION + 1)])
def test_questions_that_cannot_be_asked(question):
    with pytest.raises(InputError):
        check_question(question)
    assert check_question(" Why? ") == "Why?"
