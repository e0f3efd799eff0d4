import threading
import time

import pytest

from xmodal.models.memory import ModelMemory


class Toy:
    def __init__(self, nbytes: int):
        self.nbytes = nbytes


def test_a_model_is_loaded_once_by_many_threads():
    memory, loads, seen = ModelMemory(100), [], []

    def load():
        loads.append(1)
        time.sleep(0.05)
        return Toy(10)

    def work():
        with memory.use("a", load) as model:
            seen.append(model)

    threads = [threading.Thread(target=work) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(loads) == 1
    assert len(set(map(id, seen))) == 1


def test_the_least_recently_used_is_evicted():
    memory = ModelMemory(25)
    for key in ("a", "b", "a", "c"):
        with memory.use(key, lambda: Toy(10)):
            pass
    assert list(memory.loaded()) == ["a", "c"]


def test_a_model_in_use_stays():
    memory = ModelMemory(15)
    with memory.use("a", lambda: Toy(10)):
        with memory.use("b", lambda: Toy(10)):
            assert set(memory.loaded()) == {"a", "b"}
        with memory.use("c", lambda: Toy(10)):
            assert "a" in memory.loaded()
            assert "b" not in memory.loaded()


def test_a_failed_load_leaves_nothing_and_may_be_tried_again():
    memory = ModelMemory(100)

    def fail():
        raise RuntimeError("broken")

    with pytest.raises(RuntimeError), memory.use("a", fail):
        pass
    assert memory.loaded() == {}
    with memory.use("a", lambda: Toy(1)) as model:
        assert model.nbytes == 1
