"""Commits, then remembers, then tells: the only door to the store for everybody in the daemon."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Sequence
from functools import partial

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
        self._soon: list[Callable[[], object]] = []

    async def read_back(self) -> None:
        """Learn from the log how long things took before this daemon started. Raises StoreError."""
        self.history.take(await self._store.events(0, READ_BACK, None, None, "transition", True))

    async def commit(self, *ops: Op) -> list[Event]:
        """All of it or nothing, durable when it returns. Raises Fenced, VersionConflict, StoreError."""
        return await self.submit(ops)

    def submit(
        self, ops: Sequence[Op], then: Callable[[], None] | None = None
    ) -> asyncio.Future[list[Event]]:
        """Commit, and go on meanwhile. Once it is durable it is remembered, ``then`` follows, and the answer comes,
        which is that of ``commit``."""
        if armed():
            point("before_commit", *map(concerned, ops))
        return self._store.commit(self._lease, ops, partial(self._follow, ops, then))

    def soon(self, call: Callable[[], object]) -> None:
        """Call it when everybody who can go on now has done so."""
        if not self._soon:
            asyncio.get_running_loop().call_soon(self._call_all)
        self._soon.append(call)

    def _call_all(self) -> None:
        calls, self._soon = self._soon, []
        for call in calls:
            call()

    def _follow(self, ops: Sequence[Op], then: Callable[[], None] | None, events: list[Event]) -> None:
        if armed():
            point("after_commit", *map(concerned, ops))
        self.mirror.apply(ops)
        if armed():
            _pass_results(ops)
        if events:
            self.history.take(events)
            self.mirror.revision = events[-1].revision
        if self.bus.heard:
            self.bus.publish(_notice(ops, events))
        if then is not None:
            then()

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


def _pass_results(ops: Sequence[Op]) -> None:
    for op in ops:
        if isinstance(op, PutResource) and op.resource.state == "present":
            point("after_result", *op.resource.key)


def _notice(ops: Sequence[Op], events: Sequence[Event]) -> Notice:
    """What is told of a commit."""
    removed = frozenset(op.name for op in ops if isinstance(op, DropRecord))
    changed = {op.record.name for op in ops if isinstance(op, PutRecord)}
    changed |= {op.resource.owner for op in ops if isinstance(op, PutResource)}
    return Notice(events, frozenset(changed) - removed, removed)
