"""What a turn has still to write: it goes into the next commit, so that a step costs one trip to the disk.

What a call made is written down with the intent of the next call or with the change of state that follows. A change
of state is written with the first intent of the next step. What is not written yet when the daemon dies is found out
again: the intent alone stands for an object, and a step that had ended runs once more and finds its work done.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterable, Sequence

from msgspec import Struct

from daemon.faultpoints import point
from daemon.memory.journal import Journal
from daemon.store.base import RecordForgotten
from daemon.store.ops import Event, Op, PutResource, Resource
from state_machines.record import Record


class _StateChange(Struct):
    """A change of state on its way to the disk, and what follows it."""

    journal: Journal
    ops: Sequence[Op]
    then: Callable[[], None]
    committed: asyncio.Future[list[Event]] | None = None

    def send(self) -> asyncio.Future[list[Event]]:
        """Commit it, unless that was done; the answer is that of the commit."""
        if self.committed is None:
            self.committed = self.journal.submit(self.ops, self.then)
        return self.committed


class Draft:
    """The unwritten lines of one turn of one record."""

    def __init__(self, name: str, journal: Journal) -> None:
        self.name = name
        self._journal = journal
        self.acted = False
        """Whether anything was committed in this run of the step, or looked at outside that is work by itself."""
        self._notes: list[Op] = []
        self._change: _StateChange | None = None
        self._changed: Record | None = None
        """The record as it will be after a change of state that may not be durable yet."""

    @property
    def record(self) -> Record:
        """The record as it is committed now, or soon will be. Raises RecordForgotten once it is forgotten."""
        return self._changed or self._standing(self.name)

    @property
    def cluster(self) -> Record:
        """The record of the cluster this one belongs to (itself, for a cluster). Raises RecordForgotten."""
        record = self.record
        return record if record.name == record.shard else self._standing(record.shard)

    def _standing(self, name: str) -> Record:
        records = self._journal.mirror.records
        if name not in records:
            raise RecordForgotten(f"{name} is gone.")
        return records[name]

    def resource(self, owner: str, kind: str, name: str) -> Resource | None:
        """One row of the ledger, gone or not, as it will stand."""
        return self.row(owner, kind, name) or self._journal.mirror.resource(owner, kind, name)

    def row(self, owner: str, kind: str, name: str) -> Resource | None:
        """A ledger row that no commit holds yet."""
        found = None
        for op in (*self._change.ops, *self._notes) if self._change else self._notes:
            if type(op) is PutResource:
                row = op.resource
                if row.name == name and row.kind == kind and row.owner == owner:
                    found = row
        return found

    async def intend(self, row: Resource) -> None:
        """Write down, durably, what is about to be asked for outside."""
        point("before_intent", row.owner, row.kind, row.name)
        await self.commit(PutResource(row))
        point("after_intent", row.owner, row.kind, row.name)

    def note(self, *ops: Op) -> None:
        """Write this with whatever is committed next."""
        self._notes += ops

    def go_on(self, record: Record, ops: Iterable[Op], then: Callable[[], None]) -> None:
        """The step is done and the next one can run: the record stands as given. ``ops`` are committed with the first
        commit of what follows if that comes at once, else alone; ``then`` is called when they are."""
        self._change = _StateChange(self._journal, (*self._notes, *ops), then)
        self._changed = record
        self.acted = False
        self._notes.clear()
        self._journal.soon(self._change.send)

    async def written(self) -> None:
        """Wait until the change of state that led here is durable. Raises Fenced, VersionConflict, StoreError."""
        if self._change is not None:
            await self._change.send()
            self._change = self._changed = None

    async def save(self) -> None:
        """Commit what the step has seen to be made, and what no commit holds yet. Raises as ``commit``."""
        await self.written()
        if self._notes:
            await self.commit()

    async def commit(self, *ops: Op) -> None:
        """Write everything and ``ops``. Raises Fenced, VersionConflict, StoreError."""
        self.acted = self.acted or bool(ops)
        change, ops = self._change, (*self._notes, *ops)
        self._notes.clear()
        if change is not None and change.committed is None:
            change.ops = (*change.ops, *ops)
            await self.written()
        else:
            await self._journal.submit(ops)  # in order: the change of state is durable, or failed, before it
            await self.written()
