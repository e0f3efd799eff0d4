"""The processes of one run, where `accelerate launch` or `torchrun` started several: the main one writes, all train.

Started without a launcher there is one process, which is the main one, and nothing here waits.
"""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import timedelta
from typing import TypeVar

from accelerate import PartialState
from accelerate.utils import broadcast_object_list

from xmodal.device import pick_device

T = TypeVar("T")
PATIENCE = timedelta(days=2)
"""How long the others wait while the main process computes features, measures or stores."""


def join_processes() -> PartialState:
    """This process among the others of the run; the first call makes the connection."""
    on_cpu = pick_device().name == "cpu"
    return PartialState(cpu=True, timeout=PATIENCE) if on_cpu else PartialState(timeout=PATIENCE)


def is_main() -> bool:
    """Whether this process is the one that writes, prints and measures."""
    return join_processes().is_main_process


def count() -> int:
    """How many processes the run has."""
    return join_processes().num_processes


@contextmanager
def main_first() -> Iterator[None]:
    """The main process goes through the block before the others, which then find what it stored."""
    with join_processes().main_process_first():
        yield


def by_main(work: Callable[[], T]) -> T:
    """Do something in the main process only; all get its result, which must be picklable."""
    result = [work() if is_main() else None]
    if count() > 1:
        broadcast_object_list(result)
    return result[0]


def wait() -> None:
    """Until all processes are here."""
    join_processes().wait_for_everyone()


def leave() -> None:
    """End the connection, if there is one."""
    join_processes().destroy_process_group()
