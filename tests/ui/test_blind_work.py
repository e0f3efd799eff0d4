"""Blind comparisons without a browser: which row comes next, and what counts as seen."""

from functools import partial

import gradio as gr
import pytest
import torch

from xmodal.errors import CancelledError, InputError
from xmodal.jobs.check_rows import CheckRow
from xmodal.jobs.ratings import pair_blindly, save_comparison
from xmodal.models.adapters import Adapter, adapters_dir, save_adapter
from xmodal.ui.blind_events import BlindEvents
from xmodal.ui.blind_tab import build_blind
from xmodal.ui.blind_work import BlindSession, answer_both, find_row, row_name
from xmodal.ui.sessions import Sessions

TUNED, BASE = "english-review-sentiment", "multilingual-e5-small (untrained)"
VISITOR = gr.Request(session_hash="a", username="ann")


@pytest.fixture
def session(empty_home, tmp_path):
    """Three models, and two pictures of one name that were held out for the first."""
    base, labels = {"image": {"model": "efficientnet-lite2"}}, ("cat", "dog")
    for name in ("one", "two", "three"):
        made = Adapter(name, "classifier", "classify", base, labels=labels)
        save_adapter(made, {"head": {"w": torch.zeros(1)}}, adapters_dir() / name)
    rows = []
    for label in labels:
        path = tmp_path / f"{label}s" / "001.jpg"
        path.parent.mkdir()
        path.write_bytes(b"")
        rows.append(CheckRow({"image": str(path)}, label))
    found = BlindSession()
    found.rows = {(str(adapters_dir() / "one"), created("one")): rows}
    return found


def created(name: str) -> str:
    from xmodal.models.adapters import read_adapter

    return read_adapter(adapters_dir() / name).created


def next_row(session: BlindSession, *names: str) -> str:
    found = []
    find_row(session, "classify", names, None, "user:ann", found.append)
    return row_name(found[-1])


def test_what_a_pair_was_compared_on_is_not_offered_to_it_again(session):
    assert [next_row(session, "one", "two") for _ in range(2)] == ["cats/001.jpg"] * 2, "nothing came of the first time"
    session.seen.add((frozenset(("two", "one")), "cats/001.jpg"))
    assert next_row(session, "one", "two") == "dogs/001.jpg"
    assert next_row(session, "one", "three") == "cats/001.jpg"
    save_comparison(pair_blindly("classify", "dogs/001.jpg", {"one": "cat", "two": "dog"}), "left", "user:ann")
    with pytest.raises(InputError, match="You have seen all"):
        next_row(session, "one", "two")


def test_an_input_that_cannot_be_used_counts_as_seen_and_a_stopped_one_does_not(session):
    compare = partial(answer_both, session, "classify", "one", "two")
    session.note({"image": "no.jpg"})
    session.cancel.set()
    with pytest.raises(CancelledError):
        compare({"image": "no.jpg"}, print)
    assert not session.seen
    session.note({"text": "no picture"})
    with pytest.raises(InputError):
        compare({"text": "no picture"}, print)
    assert session.seen == {(frozenset(("one", "two")), "no picture")}


def test_a_row_keeps_its_name_and_target_until_something_else_is_given(session, empty_home):
    with gr.Blocks():
        events = BlindEvents(build_blind(), Sessions(lambda: session), gr.BrowserState())
    pair = ("classify", "one", "two")
    following = events.on_next("", *pair, VISITOR)
    while not session.name:
        next(following)
    following.close()
    assert (session.name, session.target) == ("cats/001.jpg", "cat")
    for shown, name, target in (("001.jpg", "cats/001.jpg", "cat"), ("mine.jpg", "mine.jpg", "")):
        run = events.on_run(*pair, None, None, str(empty_home / "page" / shown), None, VISITOR)
        next(run)
        run.close()
        assert (session.name, session.target) == (name, target)


@pytest.mark.slow
def test_what_both_have_answered_counts_as_seen():
    session, said = BlindSession(), []
    given = {"text": "The room was lovely."}
    session.note(given)
    answer_both(session, "classify", TUNED, BASE, given, said.append)
    assert set(said[-1]) == {TUNED, BASE} and all(said[-1].values())
    assert session.seen == {(frozenset((TUNED, BASE)), "The room was lovely.")}
