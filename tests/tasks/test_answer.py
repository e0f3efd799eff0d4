import threading
from contextlib import nullcontext
from types import SimpleNamespace

import pytest

from xmodal.data.documents import Document, Part
from xmodal.errors import InputError
from xmodal.tasks import answer as module
from xmodal.tasks.answer import MAX_QUESTION, _distinct, answer, answer_from, check_question
from xmodal.tasks.languages import language_of
from xmodal.tasks.results import Evidence
from xmodal.tasks.retrieval import build_index
from xmodal.tasks.spans import Span, SpanResult


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


@pytest.fixture
def models(monkeypatch):
    """Models that find "One", "Two" and "Six" in the first passage, and see what `seen` is set to."""
    spans = [span("One", 0.9), Span(0, 4, 7, "Two", 0.0, 0.2), Span(0, 8, 11, "Six", 0.0, 0.1)]
    chosen = SimpleNamespace(seen=[], notes=(), told=[])
    adapter = SimpleNamespace(name="reader", path="", created="")
    monkeypatch.setattr(module, "find_answerers", lambda name: (adapter, SimpleNamespace(name="looker")))
    monkeypatch.setattr(module, "model_memory", lambda: SimpleNamespace(use=lambda key, load: nullcontext()))
    monkeypatch.setattr(module, "find_spans", lambda *_, **__: SpanResult(tuple(spans), True, 0.0, 0.9))
    monkeypatch.setattr(module, "is_cut", lambda *_: False)
    monkeypatch.setattr(
        module, "look_for_answers", lambda *given: chosen.told.append(given) or (chosen.seen, chosen.notes)
    )
    return chosen


def seen(text: str, score: float) -> Evidence:
    return Evidence("image", "a.png", 0, 0, text, text, 0, "", 0, score)


def test_what_pictures_show_stands_among_the_candidates_by_its_score(models):
    index = build_index([Document("a.txt", (Part("One Two Six"),))])
    models.seen, models.notes = [seen("a lion", 0.5), seen("a cat", 0.3)], ("Not all.",)
    cancel = threading.Event()
    found = answer_from(index, "How many?", cancel=cancel, top=3)
    assert (found.answer, found.model, found.notes) == ("One", "reader", ("Not all.",))
    assert [one.text for one in found.evidence] == ["One", "a lion", "a cat"]
    assert models.told[0][-1] is cancel
    models.seen = [seen("a lion", 0.95), seen("a cat", 0.3)]
    found = answer_from(index, "How many?")
    assert (found.answer, found.model) == ("a lion", "looker")
    assert [one.text for one in found.evidence] == ["a lion", "One", "a cat", "Two", "Six"]


def test_sources_are_told_apart_and_blank_ones_left_out(models, tmp_path, monkeypatch):
    indexed = []

    def index(documents, **_):
        indexed.append([one.name for one in documents])
        return build_index([Document("a.txt", (Part("One Two Six"),))])

    monkeypatch.setattr(module, "build_index", index)
    for folder in (tmp_path / "a", tmp_path / "b"):
        folder.mkdir()
        (folder / "a.txt").write_text("One Two Six")
    answer("How many?", text=[tmp_path / "a" / "a.txt", tmp_path / "b" / "a.txt"], passage=" \n")
    answer("How many?", passage="\t")
    assert indexed == [["a.txt", "a.txt (2)"], ["health-en.jsonl"]]
