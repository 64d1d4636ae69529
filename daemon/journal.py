"""Commits, then remembers, then tells: the only door to the store for everybody in the daemon."""

from __future__ import annotations

from collections.abc import Sequence

from daemon.bus import Bus, Notice
from daemon.clock import Clock
from daemon.faultpoints import armed, point
from daemon.history import READ_BACK, History
from daemon.mirror import Mirror
from daemon.store.base import Store
from daemon.store.ops import DropRecord, Event, Lease, Op, PutRecord, PutResource, concerned


class Journal:
    """The store with the lease, the mirror that follows it, and the bus that tells of it."""

    def __init__(self, store: Store, lease: Lease, mirror: Mirror, bus: Bus, clock: Clock) -> None:
        self._store = store
        self._lease = lease
        self.mirror = mirror
        self.bus = bus
        self.clock = clock
        self.history = History()
        self.started = clock.now()

    async def read_back(self) -> None:
        """Learn from the log how long things took before this daemon started. Raises StoreError."""
        self.history.take(await self._store.events(0, READ_BACK, None, None, "transition", True))

    async def commit(self, *ops: Op) -> list[Event]:
        """All of it or nothing, durable when it returns. Raises Fenced, VersionConflict, StoreError."""
        about = tuple(map(concerned, ops)) if armed() else ()
        point("before_commit", *about)
        events = await self._store.commit(self._lease, ops)
        point("after_commit", *about)
        self.mirror.apply(ops)
        if events:
            self.history.take(events)
            self.mirror.revision = max(self.mirror.revision, events[-1].revision)
        if self.bus.heard:
            self.bus.publish(_notice(ops, events))
        return events

    async def events(
        self,
        after: int = 0,
        limit: int = 1000,
        shard: str | None = None,
        record: str | None = None,
        kind: str | None = None,
        tail: bool = False,
    ) -> list[Event]:
        """A piece of the log, oldest first. Raises StoreError."""
        return await self._store.events(after, limit, shard, record, kind, tail)


def _notice(ops: Sequence[Op], events: Sequence[Event]) -> Notice:
    """What is told of a commit."""
    removed = frozenset(op.name for op in ops if isinstance(op, DropRecord))
    changed = {op.record.name for op in ops if isinstance(op, PutRecord)}
    changed |= {op.resource.owner for op in ops if isinstance(op, PutResource)}
    return Notice(events, frozenset(changed) - removed, removed)
