"""Which SQL writes which op, and the row it is given: data for whoever owns the connection."""

from __future__ import annotations

from collections.abc import Callable
from functools import cache
from typing import Any

from msgspec import Struct

from daemon.store import rows
from daemon.store.ops import (
    AddCommand,
    BeginUse,
    CloseCommand,
    DropRecord,
    DropSecrets,
    EndUse,
    PutRecord,
    PutResource,
    PutSecret,
    PutSignal,
    TryToWrite,
)


class Statement(Struct, frozen=True, eq=False):
    """SQL that writes a row of ``table``. ``marks`` is the part that is repeated to write several rows at once; without
    it there is one row at a time."""

    table: str
    head: str
    columns: int = 1
    marks: str = ""
    tail: str = ""

    def sql(self, rows: int) -> str:
        """The text for so many rows, which are given as one long list of values."""
        return _sql(self, rows)


@cache
def _sql(statement: Statement, rows: int) -> str:
    return statement.head + ", ".join([statement.marks] * rows) + statement.tail


def _insert(verb: str, table: str, columns: str, tail: str = "") -> Statement:
    count = columns.count(",") + 1
    return Statement(
        table, f"{verb} INTO {table} ({columns}) VALUES ", count, f"({', '.join('?' * count)})", tail
    )


def _put(table: str, columns: str, key: tuple[str, ...], condition: str = "") -> Statement:
    """Write a row, in place of the one with the same key if there is one."""
    others = [column for column in columns.split(", ") if column not in key]
    changes = ", ".join(f"{column} = excluded.{column}" for column in others)
    tail = f" ON CONFLICT ({', '.join(key)}) DO UPDATE SET {changes}{condition}"
    return _insert("INSERT", table, columns, tail)


PUT_RECORD = _put("records", rows.RECORD_COLUMNS, ("name",), " WHERE records.version = excluded.version - 1")
ADD_EVENT = _insert("INSERT", "events", rows.EVENT_COLUMNS)
KEEP_CALL = _insert("INSERT OR REPLACE", "calls", rows.CALL_COLUMNS)
_PUT_RESOURCE = _put("resources", rows.RESOURCE_COLUMNS, ("owner", "kind", "name"))
_BEGIN_USE = _insert("INSERT OR IGNORE", "uses", rows.USE_COLUMNS)
_END_USE = Statement(
    "uses", "UPDATE uses SET ended = ? WHERE shard = ? AND kind = ? AND id = ? AND ended IS NULL", 4
)
_PUT_SIGNAL = _put("signals", rows.SIGNAL_COLUMNS, ("record", "name"))
_ADD_COMMAND = _insert("INSERT OR IGNORE", "commands", rows.COMMAND_COLUMNS)
_CLOSE_COMMAND = Statement("commands", "UPDATE commands SET closed = 1 WHERE token = ?")
_PUT_SECRET = _insert("INSERT OR REPLACE", "secrets", "name, shard, sealed")
_DROP_SECRETS = Statement("secrets", "DELETE FROM secrets WHERE substr(name, 1, length(?1)) = ?1")
_TRY_TO_WRITE = Statement("meta", "INSERT OR REPLACE INTO meta (key, value) VALUES ('lived', ?)")
_DROP_RECORD = (
    Statement("records", "DELETE FROM records WHERE name = ?"),
    Statement("resources", "DELETE FROM resources WHERE owner = ?"),
    Statement("signals", "DELETE FROM signals WHERE record = ?"),
    Statement("commands", "DELETE FROM commands WHERE target = ?"),
    Statement("uses", "DELETE FROM uses WHERE shard = ?"),
)


WRITES: dict[type, tuple[tuple[Statement, Callable[[Any], rows.Row]], ...]] = {
    PutRecord: ((PUT_RECORD, lambda op: rows.record_row(op.record)),),
    PutResource: ((_PUT_RESOURCE, lambda op: rows.resource_row(op.resource)),),
    BeginUse: ((_BEGIN_USE, lambda op: rows.use_row(op.use)),),
    EndUse: ((_END_USE, lambda op: (op.time, op.shard, op.kind, op.id)),),
    PutSignal: ((_PUT_SIGNAL, lambda op: rows.signal_row(op.signal)),),
    AddCommand: ((_ADD_COMMAND, lambda op: rows.command_row(op.command)),),
    CloseCommand: ((_CLOSE_COMMAND, lambda op: (op.token,)),),
    PutSecret: ((_PUT_SECRET, lambda op: (op.name, op.shard, op.sealed)),),
    DropSecrets: ((_DROP_SECRETS, lambda op: (op.prefix,)),),
    TryToWrite: ((_TRY_TO_WRITE, lambda op: (f"{op.time} {op.text}",)),),
    DropRecord: tuple((statement, lambda op: (op.name,)) for statement in _DROP_RECORD),
}
"""Op → each statement that writes it, with the row it is given. A line of the log is numbered first
(``ADD_EVENT``), and calls come many at a time (``KEEP_CALL``)."""
