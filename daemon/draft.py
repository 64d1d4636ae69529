"""What a turn has still to write: it goes into the next commit, so that a step costs one trip to the disk.

What a call made is written down with the intent of the next call or with the change of state that follows. A change
of state is written with the first intent of the next step. What is not written yet when the daemon dies is found out
again: the intent alone stands for an object, and a step that had ended runs once more and finds its work done.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass

from daemon.journal import Journal
from daemon.store.ops import Event, Op, PutResource, Resource
from state_machines.record import Record


@dataclass(slots=True)
class _Move:
    """A change of state on its way to the disk, and what follows it."""

    record: Record
    ops: Sequence[Op]
    then: Callable[[], None]
    committed: asyncio.Future[list[Event]] | None = None


class Draft:
    """The unwritten lines of one turn of one record."""

    def __init__(self, journal: Journal) -> None:
        self._journal = journal
        self._notes: list[Op] = []
        self._move: _Move | None = None

    @property
    def record(self) -> Record | None:
        """The record as it will be after a change of state that may not be durable yet."""
        return self._move.record if self._move else None

    def rows(self, owner: str) -> Mapping[tuple[str, str], Resource]:
        """The ledger rows of an owner that no commit holds yet, by kind and name."""
        unwritten = (*self._move.ops, *self._notes) if self._move else self._notes
        rows = [op.resource for op in unwritten if isinstance(op, PutResource)]
        return {(row.kind, row.name): row for row in rows if row.owner == owner}

    def note(self, *ops: Op) -> None:
        """Write this with whatever is committed next."""
        self._notes += ops

    def go_on(self, record: Record, ops: Iterable[Op], then: Callable[[], None]) -> None:
        """The record stands as given as soon as ``ops`` are committed: with the first commit of what follows if that
        comes at once, else alone. ``then`` is called when they are."""
        self._move = _Move(record, (*self._notes, *ops), then)
        self._notes.clear()
        asyncio.get_running_loop().call_soon(self._send, self._move)

    async def settled(self) -> None:
        """Wait until the change of state is durable. Raises Fenced, VersionConflict, StoreError."""
        if self._move is not None:
            await self._send(self._move)
            self._move = None

    async def save(self) -> None:
        """Write everything. Raises Fenced, VersionConflict, StoreError."""
        await self.settled()
        if self._notes:
            await self.commit()

    async def commit(self, *ops: Op) -> None:
        """Write everything and ``ops``. Raises Fenced, VersionConflict, StoreError."""
        move, ops = self._move, (*self._notes, *ops)
        self._notes.clear()
        if move is not None and move.committed is None:
            move.ops = (*move.ops, *ops)
            await self.settled()
        else:
            committed = self._journal.submit(ops)
            await self.settled()
            await committed

    def _send(self, move: _Move) -> asyncio.Future[list[Event]]:
        if move.committed is None:
            move.committed = self._journal.submit(move.ops, move.then)
        return move.committed
