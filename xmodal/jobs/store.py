"""The SQLite file that holds what people made; its tables grow by numbered migrations that are only ever added to."""

import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from xmodal import paths

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
)


@contextmanager
def connect(path: Path | None = None) -> Iterator[sqlite3.Connection]:
    """A connection to the database, brought up to date; commits on success, rolls back on an error.

    Each call opens its own connection, so threads and processes may write at the same time: they wait for each other.

    Args:
        path: The SQLite file; `paths.database()` if not given.
    """
    connection = sqlite3.connect(path or paths.database(), timeout=30, isolation_level=None)
    try:
        connection.row_factory = sqlite3.Row
        connection.execute("PRAGMA journal_mode=WAL")
        _migrate(connection)
        with _transaction(connection):
            yield connection
    finally:
        connection.close()


@contextmanager
def _transaction(connection: sqlite3.Connection) -> Iterator[None]:
    """IMMEDIATE takes the write lock at the start, so two writers queue up instead of failing half way."""
    connection.execute("BEGIN IMMEDIATE")
    try:
        yield
    except BaseException:
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
