import csv
import json
import threading
from types import SimpleNamespace

import pytest
import torch
from gradio import get_image

from xmodal.errors import CancelledError, InputError, UnknownModelError
from xmodal.jobs.check_rows import CheckRow, load_check_rows
from xmodal.jobs.contestants import (
    Contestant,
    answer,
    can_meet,
    check_pair,
    find_contestant,
    find_opponent,
    list_contestants,
)
from xmodal.models.adapters import Adapter, adapters_dir, load_adapter, save_adapter

TEXT = {"text": {"model": "multilingual-e5-small"}}
SPEECH = {"audio": {"model": "whisper-base"}}


def store(name: str, **values) -> Adapter:
    made = Adapter(name, **{"family": "classifier", "task": "classify", "base": TEXT, "labels": ("a", "b"), **values})
    return save_adapter(made, {"head": {"w": torch.zeros(1)}}, adapters_dir() / name)


def contestant(name: str, task: str = "classify", takes=("text",), labels=("a", "b"), **values) -> Contestant:
    return Contestant(name, task, takes, labels, **values)


def test_own_models_come_first_and_untuned_ones_last(home):
    store("old", created="2026-01-01T00:00:00Z")
    store("new", created="2026-02-01T00:00:00Z")
    names = [one.name for one in list_contestants("classify")]
    assert names[:2] == ["new", "old"]
    assert names[-1] == "multilingual-e5-small (untrained)"
    store("speech", family="transcriber", task="transcribe", base=SPEECH, labels=())
    speech = list_contestants("transcribe")
    assert (speech[0].name, speech[0].base) == ("speech", "whisper-base")
    assert "whisper-base" in [one.name for one in speech]


def test_what_describes_and_what_answers_can_be_compared_too(home):
    store("teller", family="generator", task="describe", base={"image": {"model": "efficientnet-lite2"}, **TEXT})
    store("marker", family="span_qa", task="answer")
    store("about-pictures", family="generator", task="answer")
    telling, marking = list_contestants("describe"), list_contestants("answer")
    teller = next(one for one in telling if one.name == "teller")
    assert teller.takes == ("image",)
    assert find_opponent(teller, telling).name == "efficientnet-lite2 (labels)" == telling[-1].name
    assert [one.takes for one in marking] == [("question", "text")] * len(marking)
    assert "marker" in [one.name for one in marking] and "about-pictures" not in [one.name for one in marking]
    pair = (contestant("m", "answer", ("question", "text"), ()), contestant("n", "answer", ("question", "text"), ()))
    assert find_opponent(pair[0], pair) == pair[1]
    with pytest.raises(InputError, match="A question and a text"):
        check_pair(*pair, {"question": "Why?", "image": "left over.png"})
    check_pair(*pair, {"question": "Why?", "text": "Because."})


def test_the_opponent_is_what_a_model_was_made_from_else_one_of_its_classes():
    tuned, base = contestant("tuned", base="base"), contestant("base", labels=())
    other, alike = contestant("other", labels=("x", "y")), contestant("alike")
    assert find_opponent(tuned, [tuned, other, alike, base]) == base
    assert find_opponent(base, [tuned, other, base]) == tuned
    assert find_opponent(tuned, [tuned, other, alike]) == alike
    assert find_opponent(tuned, [tuned, other]) is None


@pytest.mark.parametrize(
    ("second", "given", "problem"),
    [
        (contestant("first"), {"text": "x"}, "same model"),
        (contestant("w", "transcribe", ("audio",), ()), {"audio": "x"}, "different things"),
        (contestant("s", labels=("c", "d")), {"text": "x"}, "no class in common"),
        (contestant("s"), {"audio": "x.wav"}, "nothing to work on"),
        (contestant("s", takes=("image",)), {"text": "x"}, "s has nothing to work on"),
    ],
)
def test_what_cannot_be_compared(second, given, problem):
    with pytest.raises(InputError, match=problem):
        check_pair(contestant("first"), second, given)


def test_two_untrained_classifiers_are_refused_and_a_trained_one_beside_is_not():
    untrained = contestant("u", labels=())
    with pytest.raises(InputError, match="nothing to compare"):
        check_pair(untrained, contestant("v", labels=()), {"text": "x"})
    check_pair(contestant("first"), untrained, {"text": "x"})


@pytest.mark.parametrize(
    ("other", "expected"),
    [
        (contestant("alike"), True),
        (contestant("untrained", labels=()), True),
        (contestant("others", labels=("x", "y")), False),
        (contestant("seeing", takes=("image",)), False),
        (contestant("first"), False),
    ],
)
def test_only_what_can_be_compared_is_offered(other, expected):
    assert can_meet(contestant("first"), other) is expected
    assert not can_meet(contestant("u", labels=()), contestant("v", labels=()))


def test_unknown_names_tell_the_known_ones(home):
    with pytest.raises(UnknownModelError, match="whisper-base"):
        find_contestant("transcribe", "nope")
    with pytest.raises(UnknownModelError, match="Two models are needed"):
        find_contestant("transcribe", None)


@pytest.fixture
def trained(home, tmp_path):
    """An adapter with the folder of the run that made it."""
    data = tmp_path / "rows.csv"
    with open(data, "w", newline="") as file:
        table = csv.writer(file)
        table.writerows([("text", "label"), *((f"row {i}", "ab"[i % 2]) for i in range(40))])
    adapter = store("mine")
    run = home / "runs" / "20260101-000000-mine"
    run.mkdir(parents=True)
    (run / "recipe.yaml").write_text(f"name: mine\ndata: {{source: {data}, check_fraction: 0.25}}\n")
    (run / "result.json").write_text(json.dumps({"adapter": str(adapter.path), "metrics": {}, "seconds": 1}))
    return adapter


def test_the_rows_held_out_are_those_of_the_run(trained):
    rows = load_check_rows(trained)
    assert len(rows) == 10
    assert {row.target for row in rows} == {"a", "b"}
    assert rows == load_check_rows(trained), "always in one order"
    assert all(row.given["text"].startswith("row ") for row in rows)


def test_a_strangers_data_is_not_shown(trained):
    with pytest.raises(InputError, match="not on this machine"):
        load_check_rows(trained, owner="someone else")


def test_rows_of_a_sample_set_may_be_seen_by_all(home, monkeypatch):
    row = {"id": "1", "text": "x", "image": None, "audio": "a.wav", "label": "yes"}
    read = []

    def load(config, *_, **__):
        read.append(config.source)
        return SimpleNamespace(check=[row], roles=("text", "image", "audio", "label"))

    monkeypatch.setattr("xmodal.jobs.check_rows.load_data", load)  # the real one makes 960 pictures and sounds
    adapter = store("chimes", recipe="name: c\ndata: {source: 'sample:chime-shapes'}\n")
    assert load_check_rows(adapter, owner="anyone") == [CheckRow({"text": "x", "audio": "a.wav"}, "yes")]
    assert read == ["sample:chime-shapes"]


@pytest.mark.parametrize(
    ("data", "row", "expected"),
    [
        ("task: answer\ndata: {source: 'sample:x'}", {"question": "q", "context": "c", "answers": {"text": ["a", "b"]}},
         CheckRow({"question": "q", "text": "c"}, "a")),
        ("task: answer\ndata: {source: 'sample:x'}", {"question": "q", "context": "c", "answers": {"text": []}},
         CheckRow({"question": "q", "text": "c"}, "")),
        ("task: describe\ndata: {source: 'sample:x'}", {"image": "i.png", "text": "a dog"},
         CheckRow({"image": "i.png"}, "a dog")),
    ],
)  # fmt: skip
def test_rows_of_questions_and_of_descriptions(home, monkeypatch, data, row, expected):
    target = "answers" if "answers" in row else "text"
    found = SimpleNamespace(check=[row], roles=("image", "question", target))
    monkeypatch.setattr("xmodal.jobs.check_rows.load_data", lambda *_, **__: found)
    assert load_check_rows(store("s", recipe=f"name: c\n{data}\n")) == [expected]


@pytest.mark.slow
def test_the_labels_describe_without_training(models):
    labels = find_contestant("describe", "efficientnet-lite2 (labels)")
    assert answer(labels, {"image": str(get_image("lion.jpg"))}) == "The picture shows a lion."


@pytest.mark.slow
def test_an_untrained_text_model_names_the_nearest_class(models):
    untrained = find_contestant("classify", "multilingual-e5-small (untrained)")
    labels = ("football", "cooking")
    assert answer(untrained, {"text": "The goalkeeper saved the penalty."}, labels) == "football"
    assert answer(untrained, {"text": "Fry the onions in butter."}, labels) == "cooking"


@pytest.mark.slow
def test_a_stopped_comparison_does_not_begin(models):
    cancel = threading.Event()
    cancel.set()
    shipped = load_adapter("english-review-sentiment")
    with pytest.raises(CancelledError):
        answer(Contestant("e", "classify", ("text",), shipped.labels, "", shipped), {"text": "x"}, cancel=cancel)
