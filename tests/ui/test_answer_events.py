"""Two questions of one visitor that overlap; the page's components are stand-ins."""

import threading
from collections import defaultdict
from types import SimpleNamespace

import pytest

from xmodal.errors import CancelledError
from xmodal.progress import check_cancelled
from xmodal.tasks.results import AnswerResult, Evidence
from xmodal.ui import answer_events
from xmodal.ui.answer_events import AnswerEvents
from xmodal.ui.answer_work import AnswerSession, Wish

PLACE = Evidence("text", "a.txt", 0, 3, "new", "new", 0, "", 0, 0.5)


class Tab:
    """Each component is its own name."""

    rating = SimpleNamespace(cleared=dict, shown=dict)

    def __getattr__(self, name: str) -> str:
        return name


@pytest.fixture
def session(tmp_path):
    session = AnswerSession()
    session.index = SimpleNamespace(passages=())
    session.make_folder = lambda: tmp_path
    return session


@pytest.fixture
def events(monkeypatch, session):
    """A question is answered once `may[question]` is set, whether it was stopped or not if it says `late`."""
    may: dict[str, threading.Event] = defaultdict(threading.Event)

    def work(wish, session, cancel, emit):
        assert may[wish.question].wait(20)
        if wish.question != "late":
            check_cancelled(cancel)
        emit(AnswerResult(wish.question, wish.question.upper(), True, 0.8, "en", (PLACE,), (), "m", 0.1))

    monkeypatch.setattr(answer_events, "work", work)
    events = AnswerEvents(Tab(), SimpleNamespace(get=lambda request: session))
    events.may = may
    return events


def ask(events, question: str):
    return events._run(Wish(question, "", False, (), "", False, ""), None)


@pytest.mark.parametrize("first", ["late", "soon"])
def test_a_question_asked_meanwhile_takes_the_page_over(events, session, first):
    old, new = ask(events, first), ask(events, "new")
    next(old)
    next(new)
    events.may[first].set()
    assert list(old) == []  # neither its answer nor that it was stopped
    events.may["new"].set()
    (drawn,) = list(new)
    assert "NEW" in drawn["answer"] and [one.answer for one in session.results] == ["NEW"]


def test_a_question_that_was_stopped_says_so(events, session):
    run = ask(events, "soon")
    next(run)
    session.cancel.set()
    events.may["soon"].set()
    (drawn,) = list(run)
    assert "answer" not in drawn and "run" in drawn and not session.results
    with pytest.raises(CancelledError):
        check_cancelled(session.cancel)
