"""The store's seam: what any database must offer the engine."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Sequence
from typing import Protocol

from daemon.errors.tree import StoreError
from daemon.outside import OutsideCall
from daemon.store.ops import Contents, Event, Lease, Op, Pruning

Then = Callable[[list[Event]], None]
"""What follows a commit, given its events."""
Otherwise = Callable[[Exception], None]
"""What follows a commit that came to nothing, given why."""


class Fenced(Exception):
    """Another writer took over; this one must stop."""


class VersionConflict(Exception):
    """A record is not at the version the commit was made for."""


class RecordForgotten(VersionConflict):
    """The commit would change a record that was dropped meanwhile."""


class Taken(VersionConflict):
    """The commit would claim a key that somebody else holds."""


class Mark(Protocol):
    """Stands outside the database and tells which one it is, and how far that had come. Asked in any thread."""

    def check(self, daemon_id: str, revision: int) -> None:
        """See that this is the database, and not older than what is known of it. Raises StateLost."""

    def check_here(self) -> None:
        """See that the database is still where it is looked for. Raises StoreError."""

    def reach(self, revision: int) -> None:
        """The log up to this revision is durable. Raises OSError."""


class Store(Protocol):
    """A ledger with one writer. Use it between ``open`` and ``close`` only."""

    async def open(self) -> None:
        """Get ready, bringing an older database up to date. Raises StoreError."""

    async def acquire(self, owner: str) -> Lease:
        """Take the right to write; whoever had it is fenced from now on."""

    def commit(
        self,
        lease: Lease,
        ops: Sequence[Op],
        then: Then | None = None,
        patient: bool = False,
        otherwise: Otherwise | None = None,
    ) -> asyncio.Future[list[Event]]:
        """Do all of it or nothing, after everything that was asked for before. The answer comes when it is durable: the
        events with their revisions, or Fenced, VersionConflict or StoreError. ``then`` is called first, in the order
        of the commits, if it was done, else ``otherwise``. ``patient``: it may wait a moment for others, to share their
        trip to the disk."""

    async def load(self) -> Contents:
        """Everything a starting daemon needs."""

    async def events(
        self,
        after: int = 0,
        limit: int = 1000,
        shard: str | None = None,
        record: str | None = None,
        kind: str | None = None,
        tail: bool = False,
    ) -> list[Event]:
        """A piece of the log, oldest first: what follows ``after``, or with ``tail`` the last ``limit``."""

    async def calls(
        self, after: int, limit: int, target: str | None, tail: bool, bodies: bool
    ) -> list[OutsideCall]:
        """Calls to something outside, oldest first: what follows the number ``after``, or with ``tail`` the last
        ``limit``; without their bodies unless these are wanted."""

    def held_up(self) -> StoreError | None:
        """Who keeps commits waiting now, as the error that they end with; None while nobody is seen to."""

    async def prune(self, lease: Lease, what: Pruning) -> Pruning:
        """Forget a piece of what is old; what is left to do after it. Raises Fenced, StoreError."""

    async def checkpoint(self) -> None:
        """Move what was written into the file of the database, where that is another one. Raises nothing."""

    async def close(self) -> None:
        """Let go of everything; what was committed stays."""
