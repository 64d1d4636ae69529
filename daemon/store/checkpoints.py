"""When the pages of the write-ahead log move into the file of the database, and the mark that tells how far that is.

All of it happens in the thread of the writing connection.
"""

from __future__ import annotations

import logging
import sqlite3

from daemon.faultpoints import point
from daemon.store.base import Mark
from daemon.store.retention import log_begins

log = logging.getLogger("nxd.store")

CHECKPOINT_ROWS = 8_000
"""How many rows are written before the pages of the write-ahead log move into the database."""


class Checkpoints:
    """Those of one database. The first line of the log that stands only beside the file of the database moves the mark,
    before anybody acts on it: the file alone is behind its mark from then on. The lines after it cost nothing."""

    def __init__(self, mark: Mark | None) -> None:
        self._mark = mark
        self._written = -CHECKPOINT_ROWS
        """Rows written before the last checkpoint. The first commit is followed by one: a daemon that is killed again
        and again comes to no other."""
        self._in_file = self._marked = 0
        """The line of the log up to which it may stand in the file of the database, and that of the mark."""

    def check(self, db: sqlite3.Connection) -> None:
        """See, before anything is written, that the database is the one that was left here. Raises StateLost."""
        owner = db.execute("SELECT value FROM meta WHERE key = 'daemon_id'").fetchone()
        if self._mark is not None and owner is not None:
            self._mark.check(owner[0], last_revision(db))

    def check_here(self) -> None:
        """See, before anything more is written, that the database was not moved away. Raises StoreError."""
        if self._mark is not None:
            self._mark.check_here()

    def begin(self, revision: int) -> None:
        """The log ends here as the database is opened."""
        self._in_file = self._marked = revision

    def is_behind(self, revision: int) -> bool:
        """Whether the file of the database lacks lines of the log."""
        return revision > self._in_file

    def wrote(self, revision: int) -> None:
        """The log is durable up to this line."""
        if self._marked <= self._in_file < revision:
            self._reach(revision)

    def is_due(self, db: sqlite3.Connection) -> bool:
        """Whether the write-ahead log has grown so much that it is to be moved into the database."""
        return db.total_changes - self._written >= CHECKPOINT_ROWS

    def move(self, db: sqlite3.Connection, revision: int, how: str = "PASSIVE") -> None:
        """Move the write-ahead log into the database. A failure loses nothing: what was committed stands there."""
        self._written, self._in_file = db.total_changes, revision
        point("before_checkpoint")
        try:
            db.execute(f"PRAGMA wal_checkpoint({how})").fetchall()
        except sqlite3.Error as error:
            log.warning("checkpoint_failed", extra={"evidence": error})
        point("after_checkpoint")

    def end(self, db: sqlite3.Connection, revision: int) -> None:
        """Leave everything in the file of the database, with the mark at its end."""
        db.execute("PRAGMA busy_timeout=1000")
        self.move(db, revision, "TRUNCATE")
        if revision > self._marked:
            self._reach(revision)

    def _reach(self, revision: int) -> None:
        if self._mark is None:
            return
        try:
            self._mark.reach(revision)
        except OSError as error:
            log.warning("mark_failed", extra={"evidence": error})
        else:
            self._marked = revision


def last_revision(db: sqlite3.Connection) -> int:
    """The last line of the log, though it may be forgotten."""
    last: int = db.execute("SELECT coalesce(max(revision), 0) FROM events").fetchone()[0]
    return max(last, log_begins(db) - 1)
