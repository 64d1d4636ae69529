"""Forgets what is old, in small pieces, in the thread of the writing connection: lines of the log, closed commands,
calls."""

from __future__ import annotations

import sqlite3
from collections.abc import Callable

from daemon.store.ops import Lease, Pruning

_OLD = "SELECT revision, time FROM events WHERE revision > ? ORDER BY revision LIMIT ?"
_FORGET = (
    "DELETE FROM events WHERE revision > ? AND revision <= ? "
    "AND NOT (kind = 'transition' AND record IN (SELECT name FROM records))"
)
_BEGINS = (
    "INSERT INTO meta (key, value) VALUES ('log_begins', ?1) ON CONFLICT (key) "
    "DO UPDATE SET value = ?1 WHERE CAST(value AS INTEGER) < CAST(?1 AS INTEGER)"
)
_FORGET_COMMANDS = (
    "DELETE FROM commands WHERE token IN (SELECT token FROM commands WHERE closed = 1 AND time < ? LIMIT ?) "
    "RETURNING token"
)
_FORGET_CALLS = (
    "DELETE FROM calls WHERE id IN (SELECT id FROM calls WHERE id <= max(?, coalesce("
    "(SELECT id FROM calls ORDER BY id DESC LIMIT 1 OFFSET ?), 0)) ORDER BY id LIMIT ?)"
)


def log_begins(db: sqlite3.Connection) -> int:
    """The revision from which on the log holds every line."""
    row = db.execute("SELECT value FROM meta WHERE key = 'log_begins'").fetchone()
    return int(row[0]) if row else 1


def prune(
    db: sqlite3.Connection,
    check: Callable[[sqlite3.Connection, list[int]], None],
    lease: Lease,
    what: Pruning,
) -> Pruning:
    """One piece of it; what is left to do after it. Raises Fenced, sqlite3.Error."""
    db.execute("BEGIN IMMEDIATE")
    try:
        check(db, [lease.epoch])
        rows = db.execute(_OLD, (what.after, what.piece)).fetchall()
        old = [revision for revision, time in rows if time < what.before or revision <= what.until]
        before = what.before
        if old:
            db.execute(_FORGET, (what.after, old[-1]))
            db.execute(_BEGINS, (str(old[-1] + 1),))
            before = max(before, rows[len(old) - 1][1])
        tokens = [token for (token,) in db.execute(_FORGET_COMMANDS, (before, what.piece))]
        calls = db.execute(_FORGET_CALLS, (what.calls_until, what.calls, what.piece)).rowcount
        db.execute("COMMIT")
    except BaseException:
        if db.in_transaction:
            db.execute("ROLLBACK")
        raise
    return what.rest(old, tokens, calls)
