"""The heavy imports, after the page is up and before the first task.

Two threads that import transformers' lazy modules at the same time get half-made ones, so tasks wait for this.
"""

import importlib
import logging
import threading

log = logging.getLogger(__name__)

_HEAVY = {
    "torch": (),
    "transformers": ("AutoTokenizer", "WhisperForConditionalGeneration", "WhisperFeatureExtractor"),
    "librosa": ("feature",),
}
_lock = threading.Lock()
_done = threading.Event()


def start_warm_up() -> None:
    """Import in the background; nothing is loaded or fetched."""
    threading.Thread(target=wait_until_warm, name="warm-up", daemon=True).start()


def wait_until_warm() -> None:
    """Return once all is imported, by this thread or by another."""
    with _lock:
        if _done.is_set():
            return
        for name, attributes in _HEAVY.items():
            try:
                module = importlib.import_module(name)
                for attribute in attributes:
                    getattr(module, attribute)
            except ImportError:
                log.warning("%s could not be imported; what needs it will say so", name, exc_info=True)
        _done.set()
