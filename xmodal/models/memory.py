"""Loaded models: each once in memory, the least recently used evicted when the budget is full."""

import threading
from collections import OrderedDict
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

from xmodal.settings import settings


class ModelMemory:
    """A small cache that is safe for several users at once.

    A model is loaded by one thread while others that want it wait; models in use are never evicted.

    Args:
        budget_bytes: Evict when the models' `nbytes` add up to more than this.
    """

    def __init__(self, budget_bytes: int):
        self.budget_bytes = budget_bytes
        self._entries: OrderedDict[Any, _Entry] = OrderedDict()
        self._lock = threading.Lock()

    @contextmanager
    def use(self, key, load: Callable[[], Any]) -> Iterator[Any]:
        """Borrow the model of that key, loading it first if needed.

        Args:
            key: Anything hashable that names the model, its device and format.
            load: Makes the model, which has an `nbytes`.
        """
        with self._lock:
            entry = self._entries.setdefault(key, _Entry())
            entry.users += 1
            self._entries.move_to_end(key)
        try:
            with entry.lock:
                if entry.model is None:
                    entry.model = load()
            self._evict()
            yield entry.model
        finally:
            with self._lock:
                entry.users -= 1
                if entry.model is None and not entry.users:
                    self._entries.pop(key, None)

    def loaded(self) -> dict[Any, int]:
        """Bytes of each loaded model by key."""
        with self._lock:
            return {key: entry.model.nbytes for key, entry in self._entries.items() if entry.model is not None}

    def _evict(self) -> None:
        with self._lock:
            sizes = {key: entry.model.nbytes for key, entry in self._entries.items() if entry.model is not None}
            for key in list(sizes):
                if sum(sizes.values()) <= self.budget_bytes:
                    return
                if not self._entries[key].users:
                    del self._entries[key], sizes[key]


class _Entry:
    def __init__(self):
        self.model = None
        self.users = 0
        self.lock = threading.Lock()


_memory: ModelMemory | None = None
_memory_lock = threading.Lock()


def model_memory() -> ModelMemory:
    """The cache of this process; `XMODAL_MEMORY_BUDGET_MB` sets its size, else half of the RAM."""
    global _memory
    with _memory_lock:
        if _memory is None:
            import psutil

            budget = settings().memory_budget_mb * 1_000_000 or psutil.virtual_memory().total // 2
            _memory = ModelMemory(budget)
        return _memory
