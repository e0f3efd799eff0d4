import json
import threading
from concurrent.futures import ThreadPoolExecutor
from itertools import pairwise

import pytest
import torch
from tiny_text import SIZE, make_tower

from xmodal.errors import CancelledError, InputError
from xmodal.models.span_qa import SpanConfig, SpanModel
from xmodal.tasks.spans import find_many, find_spans, is_cut, make_windows, whole_characters

LONG = "The tower is on a hill. " * 40


@pytest.fixture(scope="module")
def model(tmp_path_factory):
    torch.manual_seed(1)
    config = SpanConfig("tiny", SIZE, max_length=64, stride=16, max_answer=12, null_threshold=100.0)
    return SpanModel(config, make_tower(tmp_path_factory.mktemp("tiny"))).eval()


def windows_of(model, question, passage):
    return list(make_windows(model, [question], [passage]))


class TestWindows:
    def test_they_overlap_and_leave_nothing_out(self, model):
        windows = windows_of(model, "Where is it?", LONG)
        assert len(windows) > 5
        assert max(len(window.input_ids) for window in windows) == 64
        for before, after in pairwise(windows):
            assert before.offsets[-16:].tolist() == after.offsets[:16].tolist()
        assert windows[0].offsets[0, 0] == 0
        assert windows[-1].offsets[-1, 1] >= len(LONG.rstrip())

    def test_a_long_question_is_cut(self, model):
        windows = windows_of(model, "Where is the tower " * 30 + "?", LONG)
        (first,) = {window.first for window in windows}
        assert 64 // 4 - 1 <= first <= 64 // 4 + 1

    def test_the_end_of_a_long_question_is_read(self, model):
        (window,) = windows_of(model, f"{LONG} Where is it?", "On a hill.")
        read = model.tower.tokenizer.decode(window.input_ids[: window.first], skip_special_tokens=True)
        assert read.replace(" ", "").endswith("it?")
        assert is_cut(model, f"{LONG} Where is it?") and not is_cut(model, "Where?")

    def test_there_are_none_without_text(self, model):
        assert list(make_windows(model, ["a?"] * 3, ["", "  \n", "\u3000"])) == []

    def test_several_ask_one_model_at_a_time(self, model):
        question = f"{LONG} Where is it?"
        start = threading.Barrier(8)

        def ask(_) -> set[int]:
            start.wait()
            assert all(is_cut(model, question) for _ in range(40))
            return {len(windows_of(model, question, LONG)) for _ in range(40)}

        with ThreadPoolExecutor(8) as pool:
            found = list(pool.map(ask, range(8)))
        assert found == [{len(windows_of(model, question, LONG))}] * 8

    @pytest.mark.parametrize(
        ("passage", "answer"),
        [
            ("The head is  Anna Berg, since May.", "Anna Berg"),
            ("馆长是王建国。", "建国"),
            ("他说：馆长是ＡＢＣ１２３，对。", "ＡＢＣ１２３"),
            ("😀😀 the 👨‍👩‍👧 tower 塔😀", "塔"),
            ("cafe\u0301 is in the café", "café"),
            ("\ufeffThe end", "end"),
        ],
    )
    def test_characters_and_tokens_find_each_other(self, model, passage, answer):
        start = passage.rindex(answer)
        (window,) = windows_of(model, "谁？", passage)
        first, last = window.locate(start, start + len(answer))
        given = window.offsets[[first - window.first, last - window.first]]
        begin, end = whole_characters(passage, int(given[0, 0]), int(given[1, 1]))
        assert passage[begin:end] == answer

    def test_an_answer_outside_is_none_of_the_window_and_one_cut_in_two_is_left_out(self, model):
        windows = windows_of(model, "Where?", LONG)
        end = int(windows[0].offsets[-1, 1])
        assert windows[0].locate(end + 5, end + 9) == (0, 0)
        assert windows[0].locate(end - 2, end + 3) is None
        assert windows[1].locate(0, 3) == (0, 0)


@pytest.mark.parametrize(
    ("text", "span", "whole"),
    [
        ("a  bc ", (1, 6), (3, 5)),
        ("   ", (0, 3), (3, 3)),
        ("cafe\u0301s", (0, 4), (0, 5)),
        ("a\u0301b", (1, 3), (0, 3)),
        ("x👨‍👩‍👧y", (1, 2), (1, 6)),
        ("x👨‍👩‍👧y", (5, 7), (1, 7)),
        ("👍🏽", (0, 1), (0, 2)),
    ],
)
def test_spans_do_not_cut_what_is_one_character_to_people(text, span, whole):
    assert whole_characters(text, *span) == whole


class TestFind:
    def test_spans_are_where_they_say(self, model):
        passages = ["馆长是王建国😀。\n塔在山上，cafe\u0301 ＡＢＣ。", "", LONG]
        found = find_spans(model, "谁是馆长？", passages, top=8)
        assert len(found.spans) == 8
        for span in found.spans:
            assert passages[span.passage][span.start : span.end] == span.text == span.text.strip() != ""
            assert 0 <= span.confidence <= 1
        assert [span.score for span in found.spans] == sorted((span.score for span in found.spans), reverse=True)
        for i, one in enumerate(found.spans):
            for other in found.spans[:i]:
                assert one.passage != other.passage or one.end <= other.start or other.end <= one.start

    def test_the_question_is_never_marked(self, model):
        found = find_spans(model, "Who is Zoe?", ["abc"], top=20)
        assert all(span.text in "abc" for span in found.spans)

    def test_many_give_what_each_gives_alone(self, model):
        asked = [("Who?", ["The head is Anna.", "abc"]), ("哪里？", ["塔在山上。"]), ("When?", [LONG])]
        for (question, passages), found in zip(asked, find_many(model, asked, top=3), strict=True):
            alone = find_spans(model, question, passages, top=3)
            assert [(s.passage, s.start, s.end) for s in found.spans] == [
                (s.passage, s.start, s.end) for s in alone.spans
            ]
            assert found.null_score == pytest.approx(alone.null_score, abs=1e-2)

    def test_of_alike_passages_the_first_is_taken(self, model):
        passages = ["abc", "The head is Anna."] * 2
        plain, later = (find_spans(model, "Who?", passages, later=later, top=99) for later in (0, 0.5))
        odds = {(span.passage, span.start, span.end): span.score for span in plain.spans}
        for span in later.spans:
            assert span.score == pytest.approx(odds[span.passage, span.start, span.end] - 0.5 * span.passage, abs=1e-3)
        assert later.spans[0].passage < 2 and later.null_score == -later.spans[0].score

    def test_the_threshold_decides(self, model):
        passages = ["The head is Anna."]
        found = find_spans(model, "Who?", passages)
        assert found.answerable
        assert found.text == found.spans[0].text
        strict = SpanModel(
            SpanConfig("tiny", SIZE, null_threshold=found.null_score - 1, answerable_odds=(1.0, 0.0)), model.tower
        )
        strict.head = model.head
        refused = find_spans(strict, "Who?", passages)
        assert (refused.answerable, refused.text) == (False, "")
        assert refused.spans[0].text == found.text
        assert refused.confidence == pytest.approx(1 / (1 + torch.tensor(-found.null_score).exp().item()), abs=1e-3)

    def test_each_language_has_its_own_threshold(self, model):
        passages = ["The head is Anna."]
        config = SpanConfig("tiny", SIZE, null_threshold=1e3, by_language={"crossed": {"null_threshold": -1e3}})
        split = SpanModel(SpanConfig.from_dict(json.loads(json.dumps(config.to_dict()))), model.tower)
        split.head = model.head
        english, chinese = find_many(split, [("Who?", passages), ("谁是馆长？", passages)])
        assert (english.answerable, chinese.answerable) == (True, False)
        assert chinese.spans
        assert find_spans(split, "谁是馆长？", ["馆长是王建国。"]).answerable

    def test_no_text_is_no_answer(self, model):
        found = find_spans(model, "Who?", ["", " "])
        assert (found.answerable, found.text, found.spans, found.confidence) == (False, "", (), 1.0)

    def test_an_empty_question_is_refused(self, model):
        with pytest.raises(InputError, match="no question"):
            find_spans(model, " ", ["abc"])

    def test_broken_surrogates_are_read_over(self, model):
        assert find_spans(model, "Who\ud83d?", ["abc \udc00 def"]).spans

    def test_it_reports_and_stops(self, model):
        seen, cancel = [], threading.Event()
        find_spans(model, "Where?", [LONG * 4], report=lambda progress: (seen.append(progress), cancel.set()))
        assert seen[-1].done == seen[-1].total > 16
        with pytest.raises(CancelledError):
            find_spans(model, "Where?", [LONG], cancel=cancel)


def test_no_answer_begins_in_a_heading(model):
    heading = "Where is the tower?\n"
    passages = [heading + "It is on a hill.", "It is white."]
    free = find_spans(model, "Where is the tower?", passages, top=50)
    bound = find_spans(model, "Where is the tower?", passages, leads=[len(heading), 0], top=50)
    assert min(span.start for span in free.spans if not span.passage) < len(heading)
    assert min(span.start for span in bound.spans if not span.passage) >= len(heading)
    assert {span.passage for span in bound.spans} == {0, 1}
