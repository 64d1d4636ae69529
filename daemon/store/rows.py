"""How records, resources, events, signals and commands look as rows, and back."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import orjson

from daemon.outside import OutsideCall
from daemon.store.ops import Command, Event, Resource, Signal, Use
from state_machines.record import Record

# The columns stand in the order of the fields, but for those of events.
RECORD_COLUMNS = (
    "name, kind, shard, state, since, version, step, attempt, tries, deadline, wake_at, forget, "
    "protected, stop_after, wait, error, "
    "spec, facts"
)
RESOURCE_COLUMNS = "owner, shard, kind, name, state, cloud_id, sent, data, nature"
USE_COLUMNS = "shard, kind, id, sort, began, ended"
EVENT_COLUMNS = "revision, time, shard, record, kind, level, actor, message, data"
SIGNAL_COLUMNS = "record, shard, name, round, boot, time, data"
COMMAND_COLUMNS = "token, target, shard, verb, actor, time, args"
CALL_COLUMNS = (
    "service, method, server, path, query, intent, id, time, target, tries, status, why, ms, request_id, sent, "
    "answered"
)

Row = tuple[Any, ...]


def _dump(value: object) -> str:
    """Compact JSON. Text that is no Unicode, such as half a surrogate pair in somebody's evidence, is escaped."""
    try:
        return orjson.dumps(value).decode()
    except TypeError:
        import json  # rarely needed, and a starting daemon need not wait for it

        return json.dumps(value, separators=(",", ":"))


def _dump_or_null(value: object) -> str | None:
    return None if value is None else _dump(value)


def _load_or_null(text: str | None) -> Any:
    return None if text is None else orjson.loads(text)


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
    *plain, forget, protected, stop_after, wait, error, spec, facts = row
    flags, shown = (bool(forget), bool(protected)), (_load_or_null(wait), _load_or_null(error))
    fields = (*plain, *flags, stop_after, *shown, orjson.loads(spec), orjson.loads(facts))
    return Record(*fields)


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
        resource.nature,
    )


def resource_of(row: Row) -> Resource:
    return Resource(*(*row[:-2], orjson.loads(row[-2]), row[-1]))


def use_row(use: Use) -> Row:
    return use.shard, use.kind, use.id, use.sort, use.began, use.ended


def use_of(row: Row) -> Use:
    return Use(*row)


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
    return Event(time, shard, record, kind, message, level, actor, orjson.loads(data), revision)


def signal_row(signal: Signal) -> Row:
    return (
        signal.record,
        signal.shard,
        signal.name,
        signal.round,
        signal.boot,
        signal.time,
        _dump(signal.data),
    )


def signal_of(row: Row) -> Signal:
    return Signal(*(*row[:-1], orjson.loads(row[-1])))


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
    return Command(*(*row[:-1], orjson.loads(row[-1])))


def call_row(call: OutsideCall) -> Row:
    return (
        call.service,
        call.method,
        call.server,
        call.path,
        call.query,
        call.intent,
        call.id,
        call.time,
        call.target,
        call.tries,
        call.status,
        call.why,
        call.ms,
        call.request_id,
        call.sent,
        call.answered,
    )


def call_of(row: Row) -> OutsideCall:
    return OutsideCall(*row)


def lived_of(found: Sequence[tuple[str]]) -> float | None:
    """When the daemon was seen to live last, as the database keeps it: a time, and a text that nobody reads."""
    return float(found[0][0].partition(" ")[0]) if found else None
