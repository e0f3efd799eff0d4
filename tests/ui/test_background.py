import threading
import time

import pytest

from xmodal.errors import InputError
from xmodal.ui import background
from xmodal.ui.background import stream


def test_everything_of_different_types_arrives_and_the_last_of_one_type():
    def work(emit):
        for number in range(1000):
            emit(number)
        emit("end")

    items = [item for items in stream(work, threading.Event()) for item in items]
    assert 999 in items and items[-1] == "end" and len(items) < 1000


def test_results_come_before_the_error():
    def work(emit):
        emit("part")
        raise InputError("problem.", "advice.")

    seen = []
    with pytest.raises(InputError):
        for items in stream(work, threading.Event()):
            seen += items
    assert seen == ["part"]


def test_slow_results_are_not_held_back(monkeypatch):
    monkeypatch.setattr(background, "INTERVAL_S", 0.05)
    go = threading.Event()

    def work(emit):
        emit("first")
        go.wait(5)
        emit("second")

    events = stream(work, threading.Event())
    assert next(events) == ["first"]
    go.set()
    assert next(events) == ["second"]
    assert list(events) == []


def test_a_reader_who_leaves_stops_the_work():
    cancel, stopped = threading.Event(), threading.Event()

    def work(emit):
        while not cancel.is_set():
            emit(1)
            time.sleep(0.01)
        stopped.set()

    events = stream(work, cancel)
    next(events)
    events.close()
    assert stopped.wait(5)
