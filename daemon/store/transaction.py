"""What happens in the thread of the writing connection: a group of commits becomes one transaction.

Rows are written many at a time, which costs a quarter less than one at a time.
"""

from __future__ import annotations

import logging
import sqlite3
from collections.abc import Sequence

from msgspec.structs import replace

from daemon.faultpoints import point
from daemon.store import rows
from daemon.store.base import Fenced, RecordForgotten, Taken, VersionConflict
from daemon.store.ops import AddEvent, Event, KeepCalls, Lease, Op
from daemon.store.statements import ADD_EVENT, KEEP_CALL, PUT_RECORD, WRITES, Statement

log = logging.getLogger("nxd.store")

ROWS_AT_ONCE = 64
"""So many rows at most are written by one statement: more make none of them cheaper, and it takes long to compile."""

CLAIMED = "resources.kind, resources.name"
"""Names the columns in which a claim differs from every other one."""
FORGOTTEN = "the record is gone"
"""What the trigger ``record_gone`` says."""

Commit = tuple[Lease, Sequence[Op]]
"""What somebody wants committed, and by which right."""
_Waiting = dict[str, tuple[Statement, list[object]]]
"""Table → the statement that writes it next, and the values of all rows that it shall write, in order."""


def transact(db: sqlite3.Connection, commits: Sequence[Commit], revision: int) -> list[list[Event]]:
    """All of them or none; the lines of the log of each, numbered from the one after ``revision``. Raises Fenced,
    VersionConflict (Gone), sqlite3.Error."""
    try:
        db.execute("BEGIN IMMEDIATE")
        point("batch_begun")
        check_epoch(db, [lease.epoch for lease, _ in commits])
        given = _apply(db, commits, revision)
        db.execute("COMMIT")
    except BaseException:
        _undo(db)
        raise
    return given


def check_epoch(db: sqlite3.Connection, epochs: Sequence[int]) -> None:
    """See that no newer writer has come, and note the newest. Raises Fenced."""
    stored = int(db.execute("SELECT value FROM meta WHERE key = 'epoch'").fetchone()[0])
    newest = max(epochs)
    if min(epochs) < max(stored, newest):
        raise Fenced("Another daemon has taken over this database.")
    if newest > stored:
        db.execute("UPDATE meta SET value = ? WHERE key = 'epoch'", (str(newest),))


def _apply(db: sqlite3.Connection, commits: Sequence[Commit], revision: int) -> list[list[Event]]:
    given: list[list[Event]] = []
    waiting: _Waiting = {}
    for _, ops in commits:
        events: list[Event] = []
        for op in ops:
            if type(op) is AddEvent:
                revision += 1
                event = replace(op.event, revision=revision)
                events.append(event)
                _collect(db, waiting, ADD_EVENT, rows.event_row(event))
                continue
            if type(op) is KeepCalls:
                for call in op.calls:
                    _collect(db, waiting, KEEP_CALL, rows.call_row(call))
                continue
            for statement, row_of in WRITES[type(op)]:
                _collect(db, waiting, statement, row_of(op))
        given.append(events)
    for statement, values in waiting.values():
        _flush(db, statement, values)
    return given


def _collect(db: sqlite3.Connection, waiting: _Waiting, statement: Statement, row: rows.Row) -> None:
    """One more row for the statement. What waits for the same table and is another statement is written before it, so
    that the rows of a table are written in the order of the ops."""
    before = waiting.get(statement.table)
    if before is not None and before[0] is statement:
        before[1].extend(row)
        return
    if before is not None:
        _flush(db, *before)
    waiting[statement.table] = statement, list(row)


def _flush(db: sqlite3.Connection, statement: Statement, values: Sequence[object]) -> None:
    try:
        written = _write(db, statement, values)
    except sqlite3.IntegrityError as error:
        if statement is PUT_RECORD and str(error) == FORGOTTEN:
            raise RecordForgotten("A record that should be changed is gone.") from error
        if CLAIMED in str(error):
            raise Taken("A key is claimed by somebody else.") from error
        raise
    if statement is PUT_RECORD and written != len(values) // statement.columns:
        raise VersionConflict("A record was changed by somebody else.")


def _write(db: sqlite3.Connection, statement: Statement, values: Sequence[object]) -> int:
    """How many rows were written. A statement is one for a power of two of rows, so that there are few of them and
    SQLite knows them already."""
    written, begin, size = 0, 0, ROWS_AT_ONCE if statement.marks else 1
    while begin < len(values):
        while size * statement.columns > len(values) - begin:
            size //= 2
        end = begin + size * statement.columns
        written += db.execute(statement.sql(size), values[begin:end]).rowcount
        begin = end
    return written


def _undo(db: sqlite3.Connection) -> None:
    """End a transaction that cannot be committed; SQLite may have done so itself, and a full disk hinders it."""
    try:
        if db.in_transaction:
            db.execute("ROLLBACK")
    except sqlite3.Error as error:
        log.error("rollback_failed", extra={"evidence": error})
