"""Puts a SQLite file into WAL mode, also while others do the same."""

import sqlite3
from time import sleep

TRIES_MAX = 300
PAUSE_SECONDS = 0.1


def use_wal(connection: sqlite3.Connection) -> None:
    """Let the connection commit through a WAL with full sync; a lock is waited for 30 s."""
    for tries_left in reversed(range(TRIES_MAX)):
        if _is_changed(connection, must_be=tries_left == 0):
            break
        sleep(PAUSE_SECONDS)
    connection.execute("PRAGMA synchronous = FULL")


def _is_changed(connection: sqlite3.Connection, *, must_be: bool) -> bool:
    # For the change of mode SQLite gives up at a lock at once, whatever its busy timeout.
    try:
        connection.execute("PRAGMA journal_mode = WAL")
    except sqlite3.OperationalError as error:
        if must_be or error.sqlite_errorcode & 0xFF != sqlite3.SQLITE_BUSY:
            raise
        return False
    return True
