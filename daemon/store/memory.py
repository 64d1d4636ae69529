"""The store that forgets: the same promises without a disk, for simulation and for tests of the engine."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence

from msgspec.structs import replace

from daemon.errors.tree import StoreError
from daemon.outside import OutsideCall
from daemon.store.base import Fenced, Otherwise, RecordForgotten, Taken, Then, VersionConflict
from daemon.store.ops import (
    AddCommand,
    AddEvent,
    BeginUse,
    CloseCommand,
    Command,
    Contents,
    DropRecord,
    DropSecrets,
    EndUse,
    Event,
    KeepCalls,
    Lease,
    Op,
    Pruning,
    PutRecord,
    PutResource,
    PutSecret,
    PutSignal,
    Resource,
    Signal,
    TryToWrite,
    Use,
)
from state_machines.record import Record


class MemoryStore:
    """A store in dictionaries."""

    def __init__(self, new_id: str) -> None:
        self._daemon_id = new_id
        self._epoch = 0
        self._records: dict[str, Record] = {}
        self._resources: dict[tuple[str, str, str], Resource] = {}
        self._uses: dict[tuple[str, str, str], Use] = {}
        self._events: list[Event] = []
        self._signals: dict[tuple[str, str], Signal] = {}
        self._commands: dict[str, Command] = {}
        self._closed: set[str] = set()
        self._revision = 0
        self._begins = 1
        self._lived: float | None = None
        self._secrets: dict[str, bytes] = {}
        self._calls: list[OutsideCall] = []

    async def open(self) -> None:
        """Nothing to do."""

    async def close(self) -> None:
        """Nothing to do."""

    async def acquire(self, owner: str) -> Lease:
        self._epoch += 1
        return Lease(owner, self._epoch)

    def commit(
        self,
        lease: Lease,
        ops: Sequence[Op],
        then: Then | None = None,
        patient: bool = False,
        otherwise: Otherwise | None = None,
    ) -> asyncio.Future[list[Event]]:
        done: asyncio.Future[list[Event]] = asyncio.get_running_loop().create_future()
        try:
            events = self._commit(lease, ops)
            if then is not None:
                then(events)
            done.set_result(events)
        except (Fenced, VersionConflict) as error:
            done.set_exception(error)
            if otherwise is not None:
                otherwise(error)
                done.exception()  # it was told, whether or not anybody waits for the answer
        return done

    def _commit(self, lease: Lease, ops: Sequence[Op]) -> list[Event]:
        if lease.epoch < self._epoch:
            raise Fenced("Another daemon has taken over this database.")
        versions = {name: record.version for name, record in self._records.items()}
        for op in ops:
            if isinstance(op, PutRecord):
                if op.record.version > 1 and op.record.name not in versions:
                    raise RecordForgotten("A record that should be changed is gone.")
                if versions.get(op.record.name, op.record.version - 1) != op.record.version - 1:
                    raise VersionConflict("A record was changed by somebody else.")
                versions[op.record.name] = op.record.version
            elif isinstance(op, DropRecord):
                versions.pop(op.name, None)
        self._refuse_twice_claimed(ops)
        events: list[Event] = []
        for op in ops:
            self._do(op, events)
        return events

    def _refuse_twice_claimed(self, ops: Sequence[Op]) -> None:
        """No two owners hold a key at any moment of the commit."""
        if not any(isinstance(op, PutResource) and op.resource.claimed for op in ops):
            return
        held = dict(self._resources)
        for op in ops:
            if isinstance(op, DropRecord):
                held = {key: row for key, row in held.items() if row.owner != op.name}
            elif isinstance(op, PutResource):
                mine = op.resource
                others = (row for key, row in held.items() if key != mine.key)
                if mine.claimed and any(row.claimed == mine.claimed for row in others):
                    raise Taken("A key is claimed by somebody else.")
                held[mine.key] = mine

    def _do(self, op: Op, events: list[Event]) -> None:
        match op:
            case PutRecord(record):
                self._records[record.name] = record
            case DropRecord(name):
                self._drop(name)
            case PutResource(resource):
                self._resources[resource.key] = resource
            case BeginUse(use):
                self._uses.setdefault((use.shard, use.kind, use.id), use)
            case EndUse(shard, kind, id_, time):
                begun = self._uses.get((shard, kind, id_))
                if begun is not None and begun.ended is None:
                    self._uses[shard, kind, id_] = replace(begun, ended=time)
            case AddEvent(event):
                self._revision += 1
                events.append(replace(event, revision=self._revision))
                self._events.append(events[-1])
            case PutSignal(signal):
                self._signals[signal.record, signal.name] = signal
            case AddCommand(command):
                self._commands.setdefault(command.token, command)
            case CloseCommand(token, _):
                if token in self._commands:
                    self._closed.add(token)
            case PutSecret(name, _, sealed):
                self._secrets[name] = sealed
            case DropSecrets(prefix):
                self._secrets = {n: s for n, s in self._secrets.items() if not n.startswith(prefix)}
            case TryToWrite(time):
                self._lived = time
            case KeepCalls(calls):
                self._calls += calls

    def _drop(self, name: str) -> None:
        self._records.pop(name, None)
        self._resources = {k: r for k, r in self._resources.items() if r.owner != name}
        self._signals = {k: s for k, s in self._signals.items() if s.record != name}
        self._commands = {k: c for k, c in self._commands.items() if c.target != name}
        self._closed &= set(self._commands)
        self._uses = {k: u for k, u in self._uses.items() if u.shard != name}

    async def load(self) -> Contents:
        return Contents(
            self._daemon_id,
            self._revision,
            list(self._records.values()),
            list(self._resources.values()),
            list(self._signals.values()),
            [command for token, command in self._commands.items() if token not in self._closed],
            {token: command.target for token, command in self._commands.items()},
            dict(self._secrets),
            self._begins,
            self._lived,
            list(self._uses.values()),
        )

    def held_up(self) -> StoreError | None:
        return None

    async def prune(self, lease: Lease, what: Pruning) -> Pruning:
        if lease.epoch < self._epoch:
            raise Fenced("Another daemon has taken over this database.")
        piece = [event for event in self._events if event.revision > what.after][: what.piece]
        old = {e.revision for e in piece if e.time < what.before or e.revision <= what.until}
        kept = {e.revision for e in piece if e.kind == "transition" and e.record in self._records}
        self._events = [event for event in self._events if event.revision not in old - kept]
        before = max([what.before, *(event.time for event in piece if event.revision in old)])
        tokens = [t for t in self._closed if self._commands[t].time < before][: what.piece]
        for token in tokens:
            del self._commands[token]
        self._closed -= set(tokens)
        kept_from = max(0, len(self._calls) - what.calls)
        outdated = [
            one.id for at, one in enumerate(self._calls) if at < kept_from or one.id <= what.calls_until
        ][: what.piece]
        self._calls = [one for one in self._calls if one.id not in outdated]
        left = what.rest(sorted(old), tokens, len(outdated))
        self._begins = max(self._begins, left.begins)
        return left

    async def checkpoint(self) -> None:
        pass

    async def events(
        self,
        after: int = 0,
        limit: int = 1000,
        shard: str | None = None,
        record: str | None = None,
        kind: str | None = None,
        tail: bool = False,
    ) -> list[Event]:
        found = [
            event
            for event in self._events
            if event.revision > after
            and (not shard or event.shard == shard)
            and (not record or event.record == record)
            and (not kind or event.kind == kind)
        ]
        return found[-limit:] if tail else found[:limit]

    async def calls(
        self, after: int, limit: int, target: str | None, tail: bool, bodies: bool
    ) -> list[OutsideCall]:
        found = [one for one in self._calls if one.id > after and target in (None, one.target)]
        found = found[-limit:] if tail else found[:limit]
        return found if bodies else [replace(one, sent=None, answered=None) for one in found]
