"""Shared by all tests."""

import os
import signal

# A shell that starts the tests in the background has them ignore Ctrl-C, and what they start would inherit that.
signal.signal(signal.SIGINT, signal.default_int_handler)

if "PYTEST_XDIST_WORKER" in os.environ:
    # Two workers with two threads each get in each other's way on two cores. Read when torch is imported, also in what
    # the tests start.
    os.environ.setdefault("OMP_NUM_THREADS", "1")
