"""Runs a task in a thread and hands what it says to the page, at a pace a browser can follow."""

import logging
import queue
import threading
import time
from collections.abc import Callable, Iterator

from xmodal.errors import XmodalError

log = logging.getLogger(__name__)

INTERVAL_S = 0.3


def stream(work: Callable[[Callable[[object], None]], None], cancel: threading.Event) -> Iterator[list[object]]:
    """Run `work(emit)` in a thread and yield what it emitted, gathered into lists.

    Of several things of one type emitted within `INTERVAL_S` only the last is kept: progress and growing results
    replace one another. If the reader goes away, `cancel` is set.

    Args:
        work: Gets `emit`; may raise.
        cancel: Set when nobody reads any more.

    Yields:
        What came since the last time, oldest first, never empty.

    Raises:
        Exception: What `work` raised, after everything emitted before has been yielded.
    """
    inbox: queue.SimpleQueue = queue.SimpleQueue()
    done = object()
    failure: list[Exception] = []

    def run() -> None:
        try:
            work(inbox.put)
        except Exception as error:
            if not isinstance(error, XmodalError):
                log.exception("a task failed")
            failure.append(error)
        finally:
            inbox.put(done)

    threading.Thread(target=run, name="xmodal-task", daemon=True).start()
    try:
        running = True
        while running:
            news = {}
            item = inbox.get()
            until = time.monotonic() + INTERVAL_S
            while item is not done:
                news.pop(type(item), None)
                news[type(item)] = item
                try:
                    item = inbox.get(timeout=max(until - time.monotonic(), 0))
                except queue.Empty:
                    break
            running = item is not done
            if news:
                yield list(news.values())
    finally:
        cancel.set()
    if failure:
        raise failure[0]
