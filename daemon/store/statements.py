"""Which SQL writes which op, and the row it is given: data for whoever owns the connection."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from daemon.store import rows
from daemon.store.ops import (
    AddCommand,
    AddEvent,
    AddSignal,
    CloseCommand,
    DropRecord,
    DropSecrets,
    PutRecord,
    PutResource,
    PutSecret,
)


def _insert(verb: str, table: str, columns: str) -> str:
    marks = ", ".join("?" * (columns.count(",") + 1))
    return f"{verb} INTO {table} ({columns}) VALUES ({marks})"


def _put_sql(table: str, columns: str, key: tuple[str, ...]) -> str:
    """Write a row, in place of the one with the same key if there is one."""
    others = [column for column in columns.split(", ") if column not in key]
    changes = ", ".join(f"{column} = excluded.{column}" for column in others)
    return f"{_insert('INSERT', table, columns)} ON CONFLICT ({', '.join(key)}) DO UPDATE SET {changes}"


PUT_RECORD = (
    _put_sql("records", rows.RECORD_COLUMNS, ("name",)) + " WHERE records.version = excluded.version - 1"
)
_PUT_RESOURCE = _put_sql("resources", rows.RESOURCE_COLUMNS, ("owner", "kind", "name"))
_ADD_EVENT = _insert("INSERT", "events", rows.EVENT_COLUMNS)
_ADD_SIGNAL = _insert("INSERT OR IGNORE", "signals", rows.SIGNAL_COLUMNS)
_ADD_COMMAND = _insert("INSERT OR IGNORE", "commands", rows.COMMAND_COLUMNS)
_CLOSE_COMMAND = "UPDATE commands SET closed = 1 WHERE token = ?"
_PUT_SECRET = _insert("INSERT OR REPLACE", "secrets", "name, shard, sealed")
_DROP_SECRETS = "DELETE FROM secrets WHERE substr(name, 1, length(?1)) = ?1"
_DROP_RECORD = (
    "DELETE FROM records WHERE name = ?",
    "DELETE FROM resources WHERE owner = ?",
    "DELETE FROM signals WHERE record = ?",
    "DELETE FROM commands WHERE target = ?",
)


WRITES: dict[type, tuple[tuple[str, Callable[[Any], rows.Row]], ...]] = {
    PutRecord: ((PUT_RECORD, lambda op: rows.record_row(op.record)),),
    PutResource: ((_PUT_RESOURCE, lambda op: rows.resource_row(op.resource)),),
    AddEvent: ((_ADD_EVENT, lambda op: rows.event_row(op.event)),),
    AddSignal: ((_ADD_SIGNAL, lambda op: rows.signal_row(op.signal)),),
    AddCommand: ((_ADD_COMMAND, lambda op: rows.command_row(op.command)),),
    CloseCommand: ((_CLOSE_COMMAND, lambda op: (op.token,)),),
    PutSecret: ((_PUT_SECRET, lambda op: (op.name, op.shard, op.sealed)),),
    DropSecrets: ((_DROP_SECRETS, lambda op: (op.prefix,)),),
    DropRecord: tuple((statement, lambda op: (op.name,)) for statement in _DROP_RECORD),
}
"""Op → each statement that writes it, with the row it is given."""
