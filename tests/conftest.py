"""Shared by all tests."""

import os
import signal

# A shell that starts the tests in the background has them ignore Ctrl-C, and what they start would inherit that.
signal.signal(signal.SIGINT, signal.default_int_handler)

if "PYTEST_XDIST_WORKER" in os.environ:
    # Two workers with two threads each get in each other's way on two cores. Read when torch is imported, also in what
    # the tests start.
    os.environ.setdefault("OMP_NUM_THREADS", "1")
    # Each worker keeps models in memory; together they are to fit.
    os.environ.setdefault("XMODAL_MEMORY_BUDGET_MB", "2000")


def pytest_configure(config):
    # Else pytest-xdist begins with the files that have the most tests, and ends with the few that take minutes.
    if hasattr(config.option, "loadscopereorder"):
        config.option.loadscopereorder = False


def pytest_collection_modifyitems(items):
    """Files with slow tests first, so that the workers end together; the order within a file stays."""
    slow = {item.path for item in items if item.get_closest_marker("slow")}
    items.sort(key=lambda item: item.path not in slow)
