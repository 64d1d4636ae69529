"""What a step is handed: its record, what is known around it, its secrets, and who makes and deletes for it."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Mapping, Set
from typing import Any, Protocol

from msgspec.structs import replace

from daemon.clock import Clock
from daemon.engine.draft import Draft
from daemon.engine.effects import Effect, Effects
from daemon.engine.exactly_once import ExactlyOnce, Late
from daemon.engine.interrupts import checkpoint, keep_protected
from daemon.engine.objects import Disposal, Want
from daemon.errors.tree import NxdError
from daemon.memory.journal import Journal
from daemon.secrets.box import SecretBox
from daemon.secrets.references import revealed
from daemon.store.ops import (
    AddCommand,
    AddEvent,
    Command,
    DropRecord,
    DropSecrets,
    Event,
    PutRecord,
    PutSecret,
    Resource,
    Signal,
)
from state_machines.kind import Kind
from state_machines.outcome import Outcome
from state_machines.record import Record

Step = Callable[["StepContext"], Awaitable[Outcome]]
"""One step of a platform: it may run any number of times and says each time how things stand."""


class Dated(Protocol):
    """What a platform says of its kinds of objects."""

    def late(self, kind: str) -> float:
        """For how many seconds an accepted call may still take effect."""
        ...


class Tables(Protocol):
    """Who knows the tables of a record and its platform."""

    def kind(self, record: Record) -> Kind:
        """Its tables."""
        ...

    def platform(self, record: Record) -> Dated:
        """Its platform."""
        ...


class StepContext:
    """A step's window on the daemon. It is good for one turn of one record.

    A step may begin before the change of state that led to it is durable. ``ensure``, ``remove`` and whatever else
    commits wait for that; a step that changes something outside by other means awaits ``written`` first.
    """

    def __init__(
        self,
        name: str,
        journal: Journal,
        locks: Callable[[str], asyncio.Lock],
        box: SecretBox,
        wake: Callable[[str], None],
        tables: Tables,
    ) -> None:
        self._name = name
        self._journal = journal
        self._wake = wake
        self._tables = tables
        self._box = box
        self._draft = Draft(name, journal)
        self.go_on, self.written, self.save = self._draft.go_on, self._draft.written, self._draft.save
        self.clock: Clock = journal.clock
        self.lock = locks
        self._objects_made: ExactlyOnce | None = None
        self._effects_made: Effects | None = None

    def _late(self) -> Late:
        tables, draft = self._tables, self._draft
        return lambda kind: tables.platform(draft.record).late(kind)

    @property
    def _objects(self) -> ExactlyOnce:
        """Made when it is first asked for: most turns only look."""
        if self._objects_made is None:
            self._objects_made = ExactlyOnce(self._journal, self._draft, self.lock, self._late())
        return self._objects_made

    @property
    def _effects(self) -> Effects:
        if self._effects_made is None:
            self._effects_made = Effects(self._journal, self._draft, self._late())
        return self._effects_made

    async def ensure(self, want: Want) -> Resource:
        """See ``ExactlyOnce.ensure``."""
        return await self._objects.ensure(want)

    async def shared(self, want: Want) -> Resource:
        """See ``ExactlyOnce.shared``."""
        return await self._objects.shared(want)

    async def remove(self, row: Resource, disposal: Disposal) -> bool:
        """See ``ExactlyOnce.remove``."""
        return await self._objects.remove(row, disposal)

    def waited_out(self, row: Resource) -> float | None:
        """See ``ExactlyOnce.waited_out``."""
        return self._objects.waited_out(row)

    async def update(self, row: Resource, **data: Any) -> Resource:
        """See ``ExactlyOnce.update``."""
        return await self._objects.update(row, **data)

    async def note_present(self, kind: str, name: str, cloud_id: str, **data: Any) -> Resource:
        """See ``ExactlyOnce.note_present``."""
        return await self._objects.note_present(kind, name, cloud_id, **data)

    async def note_absent(self, row: Resource) -> None:
        """See ``ExactlyOnce.note_absent``."""
        await self._objects.note_absent(row)

    async def vanished(self, row: Resource, disposal: Disposal) -> bool:
        """See ``ExactlyOnce.vanished``."""
        return await self._objects.vanished(row, disposal)

    def is_certain(self, row: Resource) -> bool:
        """See ``ExactlyOnce.is_certain``."""
        return self._objects.is_certain(row)

    async def claim(self, kind: str, key: str) -> Resource:
        """See ``Effects.claim``."""
        return await self._effects.claim(kind, key)

    async def give_back(self, row: Resource) -> None:
        """See ``Effects.give_back``."""
        await self._effects.give_back(row)

    async def bring(self, effect: Effect) -> bool:
        """See ``Effects.bring``."""
        return await self._effects.bring(effect)

    async def take_back(self, row: Resource, effect: Effect) -> bool:
        """See ``Effects.take_back``."""
        return await self._effects.take_back(row, effect)

    @property
    def record(self) -> Record:
        """The record as it is committed now, or soon will be. Raises RecordForgotten once it is forgotten."""
        return self._draft.record

    @property
    def cluster(self) -> Record:
        """The record of the cluster this one belongs to (itself, for a cluster). Raises RecordForgotten."""
        return self._draft.cluster

    @property
    def acted(self) -> bool:
        """Whether the step made, deleted, ordered or remembered anything in this run."""
        return self._draft.acted

    def looked(self) -> None:
        """The step had something to do although it changes nothing: how long that takes is worth remembering."""
        self._draft.acted = True

    @property
    def members(self) -> list[Record]:
        """The nodes of the cluster."""
        return self._journal.mirror.members(self.record.shard)

    def where(self, rule: Callable[[Record], bool]) -> Set[str]:
        """The names of all records of the daemon for which a rule holds; see ``Mirror.where``."""
        return self._journal.mirror.where(rule)

    def resources(self, kind: str | None = None, owner: str | None = None) -> list[Resource]:
        """Ledger rows that are not gone; the record's own unless another owner is named."""
        stored = self._journal.mirror.resources(owner or self._name)
        rows = [self._draft.row(*row.key) or row for row in stored]
        return [row for row in rows if row.state != "gone" and kind in (None, row.kind)]

    def resource(self, kind: str, name: str, owner: str | None = None) -> Resource | None:
        """One ledger row, gone or not; the record's own unless another owner is named."""
        return self._draft.resource(owner or self._name, kind, name)

    def held(self, address: str) -> bool:
        """Whether any record has an object of this address, or means to."""
        return self._journal.mirror.is_held(address)

    def signals(self) -> Mapping[str, Signal]:
        """What was last reported for the record, by name, however early it came."""
        return self._journal.mirror.signals(self._name)

    def checkpoint(self) -> None:
        """A safe point: raises Interrupted when a verb waits to be carried out."""
        checkpoint(self._journal.mirror, self._name)

    async def remember(self, **facts: Any) -> None:
        """Keep facts with the record, durably, before going on."""
        record = self.record
        kept = {**record.facts, **facts}
        await self._draft.commit(PutRecord(replace(record, facts=kept, version=record.version + 1)))

    def keep_protected(self) -> None:
        """Nothing is deleted while the cluster is, or is about to be, protected. Raises Protected."""
        keep_protected(self._journal.mirror, self.cluster)

    def is_asked(self, target: str) -> bool:
        """Whether a verb waits to be carried out for another record."""
        return self._journal.mirror.asked(target)

    def all_records(self) -> list[Record]:
        """Every record of the daemon: for what is done once for a cluster, and not at each look."""
        return list(self._journal.mirror.records.values())

    async def give(self, target: str, verb: str, **args: Any) -> None:
        """Put a verb into another record's inbox, unless the same one waits there already; ``facts`` among ``args``
        are what the other record remembers from then on. Raises Protected."""
        other = self._journal.mirror.records.get(target, self.record)
        if self._tables.kind(other).effect(verb).deletes == "always":
            self.keep_protected()
        if any(command.verb == verb for command in self._journal.mirror.commands(target)):
            return
        clock = self.clock
        command = Command(clock.new_id(), target, self.record.shard, verb, self._name, clock.now(), args)
        await self._draft.commit(AddCommand(command))
        self._wake(target)

    async def secret(self, name: str, make: Callable[[], str]) -> str:
        """The record's secret of that name; made and sealed first if there is none."""
        full = f"{self._name}/{name}"
        if full not in self._journal.mirror.secrets:
            await self._draft.commit(PutSecret(full, self.record.shard, self._box.seal(make())))
        return self.known_secret(name)

    def known_secret(self, name: str) -> str:
        """A secret that was made before. Raises NxdError when there is none."""
        known = self.secret_if_any(name)
        if known is None:
            raise NxdError("bug", f"There is no secret {self._name}/{name}.")
        return known

    def secret_if_any(self, name: str) -> str | None:
        """A secret, if it was made before."""
        sealed = self._journal.mirror.secrets.get(f"{self._name}/{name}")
        return None if sealed is None else self._box.open(sealed)

    async def reveal(self, reference: Mapping[str, str]) -> str:
        """The secret that a part of the cluster's spec refers to, read now. Raises NxdError."""
        return await revealed(reference, self.record.shard, self._journal.mirror.secrets, self._box)

    async def forget_secrets(self) -> None:
        """Forget every secret of the record."""
        await self._draft.commit(DropSecrets(f"{self._name}/"))

    async def forget(self, member: Record) -> None:
        """A node of which nothing is left leaves the store; its log stays. Good for the cluster's own steps."""
        message = f"{member.name} left {member.shard} and is forgotten"
        told = {"forgotten": [member.name]}
        said = AddEvent(Event(self.clock.now(), member.shard, member.name, "note", message, data=told))
        await self._draft.commit(DropRecord(member.name), DropSecrets(f"{member.name}/"), said)
