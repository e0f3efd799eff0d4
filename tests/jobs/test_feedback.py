import sqlite3
from concurrent.futures import ThreadPoolExecutor
from threading import Barrier

import pytest

from xmodal.jobs import store
from xmodal.jobs.feedback import Feedback, add_comment, hash_file, list_feedback, save_feedback


def make_feedback(output: str, rating: int = 1) -> Feedback:
    return Feedback("transcribe", "whisper-base", "0" * 64, output, rating)


def test_stores_and_lists(tmp_path):
    path = tmp_path / "x.sqlite"
    number = save_feedback(make_feedback('it\'s "quoted"; 你好', -1), path)
    add_comment(number, "wrong name", path)
    save_feedback(Feedback("tag", "yamnet", "1" * 64, "Dog", 1), path)

    first, second = list_feedback(path=path)
    assert (first.output, first.rating, first.comment) == ('it\'s "quoted"; 你好', -1, "wrong name")
    assert first.time.endswith("+00:00")
    assert list_feedback("tag", path) == [second]


def test_many_writers_at_once_on_a_new_file(tmp_path):
    path = tmp_path / "x.sqlite"
    with ThreadPoolExecutor(8) as pool:
        numbers = list(pool.map(lambda i: save_feedback(make_feedback(str(i)), path), range(80)))
    assert sorted(numbers) == list(range(1, 81))
    assert {row.output for row in list_feedback(path=path)} == {str(i) for i in range(80)}


def test_many_open_a_new_file_at_the_same_moment(tmp_path):
    def open_it(path, barrier):
        barrier.wait()
        with store.connect(path) as connection:
            return connection.execute("SELECT count(*) FROM feedback").fetchone()[0]

    with ThreadPoolExecutor(16) as pool:
        for number in range(60):
            path, barrier = tmp_path / f"{number}.sqlite", Barrier(16)
            assert list(pool.map(lambda _, p=path, b=barrier: open_it(p, b), range(16))) == [0] * 16


def test_failed_write_leaves_nothing(tmp_path):
    path = tmp_path / "x.sqlite"
    with pytest.raises(sqlite3.IntegrityError):
        save_feedback(make_feedback("x", rating=5), path)
    assert list_feedback(path=path) == []


def test_database_is_wal_and_at_the_last_migration(tmp_path):
    with store.connect(tmp_path / "x.sqlite") as connection:
        assert connection.execute("PRAGMA journal_mode").fetchone()[0] == "wal"
        assert connection.execute("PRAGMA user_version").fetchone()[0] == len(store.MIGRATIONS)


def test_an_older_database_is_brought_up_to_date(tmp_path, monkeypatch):
    path = tmp_path / "x.sqlite"
    save_feedback(make_feedback("old"), path)
    monkeypatch.setattr(store, "MIGRATIONS", (*store.MIGRATIONS, "ALTER TABLE feedback ADD COLUMN extra TEXT"))
    with store.connect(path) as connection:
        assert connection.execute("SELECT output, extra FROM feedback").fetchone()["output"] == "old"


def test_hash_is_sha256(tmp_path):
    file = tmp_path / "a"
    file.write_bytes(b"abc")
    assert hash_file(file) == "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad"
