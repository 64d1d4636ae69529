"""How records, resources, events, signals and commands look as rows, and back."""

from __future__ import annotations

import json
from typing import Any

import orjson

from daemon.store.ops import Command, Event, Resource, Signal
from state_machines.record import Record

RECORD_COLUMNS = (
    "name, kind, shard, state, since, version, step, attempt, tries, deadline, wake_at, forget, "
    "protected, stop_after, wait, error, "
    "spec, facts"
)
RESOURCE_COLUMNS = "owner, shard, kind, name, state, cloud_id, sent, data"
EVENT_COLUMNS = "revision, time, shard, record, kind, level, actor, message, data"
SIGNAL_COLUMNS = "record, shard, round, name, seq, time, data"
COMMAND_COLUMNS = "token, target, shard, verb, actor, time, args"

Row = tuple[Any, ...]


_told_slowly = json.JSONEncoder(separators=(",", ":")).encode


def _dump(value: object) -> str:
    """Compact JSON. Text that is no Unicode, such as half a surrogate pair in somebody's evidence, is escaped."""
    try:
        return orjson.dumps(value).decode()
    except TypeError:
        return _told_slowly(value)


def _dump_or_null(value: object) -> str | None:
    return None if value is None else _dump(value)


def _by_name(columns: str, row: Row) -> dict[str, Any]:
    return dict(zip(columns.split(", "), row, strict=True))


def record_row(record: Record) -> Row:
    return (
        record.name,
        record.kind,
        record.shard,
        record.state,
        record.since,
        record.version,
        record.step,
        record.attempt,
        record.tries,
        record.deadline,
        record.wake_at,
        int(record.forget),
        int(record.protected),
        record.stop_after,
        _dump_or_null(record.wait),
        _dump_or_null(record.error),
        _dump(record.spec),
        _dump(record.facts),
    )


def record_of(row: Row) -> Record:
    values = _by_name(RECORD_COLUMNS, row)
    for column in ("wait", "error"):
        values[column] = None if values[column] is None else orjson.loads(values[column])
    for column in ("spec", "facts"):
        values[column] = orjson.loads(values[column])
    for column in ("forget", "protected"):
        values[column] = bool(values[column])
    return Record(**values)


def resource_row(resource: Resource) -> Row:
    return (
        resource.owner,
        resource.shard,
        resource.kind,
        resource.name,
        resource.state,
        resource.cloud_id,
        resource.sent,
        _dump(resource.data),
    )


def resource_of(row: Row) -> Resource:
    values = _by_name(RESOURCE_COLUMNS, row)
    return Resource(**{**values, "data": orjson.loads(values["data"])})


def event_row(event: Event) -> Row:
    return (
        event.revision,
        event.time,
        event.shard,
        event.record,
        event.kind,
        event.level,
        event.actor,
        event.message,
        _dump(event.data),
    )


def event_of(row: Row) -> Event:
    values = _by_name(EVENT_COLUMNS, row)
    return Event(**{**values, "data": orjson.loads(values["data"])})


def signal_row(signal: Signal) -> Row:
    return (
        signal.record,
        signal.shard,
        signal.round,
        signal.name,
        signal.seq,
        signal.time,
        _dump(signal.data),
    )


def signal_of(row: Row) -> Signal:
    values = _by_name(SIGNAL_COLUMNS, row)
    return Signal(**{**values, "data": orjson.loads(values["data"])})


def command_row(command: Command) -> Row:
    return (
        command.token,
        command.target,
        command.shard,
        command.verb,
        command.actor,
        command.time,
        _dump(command.args),
    )


def command_of(row: Row) -> Command:
    values = _by_name(COMMAND_COLUMNS, row)
    return Command(**{**values, "args": orjson.loads(values["args"])})
