"""A copy of the database as it stands at one moment, while a daemon may be writing to it."""

from __future__ import annotations

import sqlite3
from contextlib import closing
from pathlib import Path

from daemon.errors.tree import StoreError

WAIT_SECONDS = 30.0
"""How long a lock of somebody else is waited for."""

_REMEDY = "See that there is room, then delete what came of the copy and give the command again."


def copy(database: Path, target: Path) -> int:
    """Copy it, with what stands in its write-ahead log, into a new file; how many lines its log has come to. The
    database is only read. Raises StoreError."""
    at = f"{database.absolute().as_uri()}?mode=ro"
    try:
        with (
            closing(sqlite3.connect(at, uri=True, timeout=WAIT_SECONDS)) as source,
            closing(sqlite3.connect(target)) as copied,
        ):
            source.backup(copied)
            last: int = copied.execute("SELECT coalesce(max(revision), 0) FROM events").fetchone()[0]
            copied.execute("PRAGMA journal_mode=DELETE")  # one file, whole by itself
    except sqlite3.Error as error:
        said = f"The database {database} could not be copied to {target}."
        raise StoreError("database", said, evidence=str(error), remedy=_REMEDY) from error
    return last
