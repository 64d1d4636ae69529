"""How records, resources, events, signals and commands look as rows, and back."""

from __future__ import annotations

import json
from typing import Any

from daemon.store.ops import Command, Event, Resource, Signal
from state_machines.record import Record

RECORD_COLUMNS = (
    "name, kind, shard, state, since, version, step, attempt, tries, deadline, wake_at, forget, wait, error,"
    " spec, facts"
)
RESOURCE_COLUMNS = "owner, shard, kind, name, state, cloud_id, sent, data"
EVENT_COLUMNS = "revision, time, shard, record, kind, level, actor, message, data"
SIGNAL_COLUMNS = "record, shard, round, name, seq, time, data"
COMMAND_COLUMNS = "token, target, shard, verb, actor, time"

Row = tuple[Any, ...]


def _dump(value: object) -> str:
    return json.dumps(value, separators=(",", ":"))


def _dump_or_null(value: object) -> str | None:
    return None if value is None else _dump(value)


def _load_or_null(text: str | None) -> Any:
    return None if text is None else json.loads(text)


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
        _dump_or_null(record.wait),
        _dump_or_null(record.error),
        _dump(record.spec),
        _dump(record.facts),
    )


def record_of(row: Row) -> Record:
    return Record(
        *row[:11],
        bool(row[11]),
        _load_or_null(row[12]),
        _load_or_null(row[13]),
        json.loads(row[14]),
        json.loads(row[15]),
    )


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
    return Resource(*row[:7], json.loads(row[7]))


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
    revision, time, shard, record, kind, level, actor, message, data = row
    return Event(time, shard, record, kind, message, level, actor, json.loads(data), revision)


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
    return Signal(*row[:6], json.loads(row[6]))


def command_row(command: Command) -> Row:
    return (command.token, command.target, command.shard, command.verb, command.actor, command.time)


def command_of(row: Row) -> Command:
    return Command(*row)
