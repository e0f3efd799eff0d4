"""The SQLite file that holds what people made; its tables grow by numbered migrations that are only ever added to."""

import shutil
import sqlite3
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from xmodal import paths
from xmodal.disk import disk_full

_ROOM_BYTES = 1 << 20
_WAIT_S = 30

MIGRATIONS = (
    # 1: ratings of results
    """
    CREATE TABLE feedback (
        id INTEGER PRIMARY KEY,
        time TEXT NOT NULL,
        task TEXT NOT NULL,
        model TEXT NOT NULL,
        input_sha256 TEXT NOT NULL,
        output TEXT NOT NULL,
        rating INTEGER NOT NULL CHECK (rating IN (-1, 1)),
        comment TEXT NOT NULL DEFAULT ''
    )
    """,
    # 2: training jobs; times are seconds since 1970, `place` orders the queue, `attempt` counts the starts
    """
    CREATE TABLE jobs (
        id INTEGER PRIMARY KEY AUTOINCREMENT,
        run TEXT NOT NULL UNIQUE,
        owner TEXT NOT NULL,
        name TEXT NOT NULL,
        task TEXT NOT NULL,
        recipe TEXT NOT NULL,
        state TEXT NOT NULL DEFAULT 'queued'
            CHECK (state IN ('queued', 'running', 'finished', 'failed', 'cancelled', 'interrupted')),
        place INTEGER NOT NULL,
        submitted REAL NOT NULL,
        started REAL,
        ended REAL,
        attempt INTEGER NOT NULL DEFAULT 0,
        deaths INTEGER NOT NULL DEFAULT 0,
        death_mark INTEGER NOT NULL DEFAULT -1,
        device TEXT NOT NULL DEFAULT '',
        pid INTEGER,
        pid_started REAL,
        beat REAL,
        cancel_at REAL,
        progress TEXT,
        problem TEXT NOT NULL DEFAULT '',
        advice TEXT NOT NULL DEFAULT '',
        adapter TEXT NOT NULL DEFAULT '',
        summary TEXT,
        result TEXT
    )
    """,
    # 3: which of two results a person liked better, without knowing whose they were
    """
    CREATE TABLE ratings (
        id INTEGER PRIMARY KEY,
        time TEXT NOT NULL,
        owner TEXT NOT NULL,
        task TEXT NOT NULL,
        input TEXT NOT NULL,
        left_model TEXT NOT NULL,
        right_model TEXT NOT NULL,
        left_output TEXT NOT NULL,
        right_output TEXT NOT NULL,
        choice TEXT NOT NULL CHECK (choice IN ('left', 'right', 'same', 'neither'))
    )
    """,
    # 4: what was judged, as JSON: `text` as it is, `image` and `audio` as paths that may be gone
    "ALTER TABLE feedback ADD COLUMN inputs TEXT NOT NULL DEFAULT '{}'",
)


@contextmanager
def connect(path: Path | None = None, *, reading: bool = False) -> Iterator[sqlite3.Connection]:
    """A connection to the database, brought up to date; commits on success, rolls back on an error.

    Each call opens its own connection, so threads and processes may write at the same time: they wait for each other.

    Args:
        path: The SQLite file; `paths.database()` if not given.
        reading: Nothing will be written, so that nobody is waited for.

    Raises:
        DiskFullError: There is no room for what was to be written.
    """
    file = path or paths.database()
    connection = _open(file, reading)
    try:
        with _transaction(connection, "DEFERRED" if reading else "IMMEDIATE"):
            yield connection
    except sqlite3.OperationalError as error:
        if _lacks_room(error, file):
            raise disk_full(file.parent, "a record") from error
        raise
    finally:
        connection.close()


def _open(file: Path, reading: bool) -> sqlite3.Connection:
    connection = sqlite3.connect(file, timeout=_WAIT_S, isolation_level=None)
    try:
        _use_wal(connection)
        _migrate(connection)
    except sqlite3.OperationalError as error:
        connection.close()
        if not _lacks_room(error, file):
            raise
        if not reading:
            raise disk_full(file.parent, "a record") from error
        # Even who reads needs room beside the file, to see what others write; on a full disk nobody does.
        connection = sqlite3.connect(f"{file.absolute().as_uri()}?immutable=1", uri=True, isolation_level=None)
    connection.row_factory = sqlite3.Row
    return connection


def _use_wal(connection: sqlite3.Connection) -> None:
    """Try on while others open the same new file: here SQLite refuses at once, where elsewhere it waits."""
    last_try = time.monotonic() + _WAIT_S
    while True:
        try:
            connection.execute("PRAGMA journal_mode=WAL")
            return
        except sqlite3.OperationalError as error:
            if error.sqlite_errorcode & 0xFF != sqlite3.SQLITE_BUSY or time.monotonic() > last_try:
                raise
        time.sleep(0.01)


def _lacks_room(error: sqlite3.OperationalError, file: Path) -> bool:
    """Whether the disk is full, which SQLite also words as an error of reading and writing."""
    code = error.sqlite_errorcode & 0xFF
    unclear = code in (sqlite3.SQLITE_IOERR, sqlite3.SQLITE_CANTOPEN)
    return code == sqlite3.SQLITE_FULL or (unclear and shutil.disk_usage(file.parent).free < _ROOM_BYTES)


@contextmanager
def _transaction(connection: sqlite3.Connection, kind: str = "IMMEDIATE") -> Iterator[None]:
    """IMMEDIATE takes the write lock at the start, so two writers queue up instead of failing half way."""
    connection.execute(f"BEGIN {kind}")
    try:
        yield
    except BaseException:
        # SQLite has rolled back by itself where the disk ran full.
        if connection.in_transaction:
            connection.execute("ROLLBACK")
        raise
    connection.execute("COMMIT")


def _migrate(connection: sqlite3.Connection) -> None:
    if _version(connection) == len(MIGRATIONS):
        return
    with _transaction(connection):
        # Read again under the lock: another process may have migrated since.
        for number in range(_version(connection), len(MIGRATIONS)):
            connection.execute(MIGRATIONS[number])
            connection.execute(f"PRAGMA user_version = {number + 1}")


def _version(connection: sqlite3.Connection) -> int:
    return connection.execute("PRAGMA user_version").fetchone()[0]
