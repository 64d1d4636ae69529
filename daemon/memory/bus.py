"""Tells subscribers what was committed, after it was committed, and never waits for a slow one."""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import Iterator, Sequence
from contextlib import contextmanager

from msgspec import Struct, field

from daemon.outside import OutsideCall
from daemon.store.ops import Event

QUEUE_LENGTH = 2000
"""Notices a subscriber may be behind before it is told that it lags."""


class Notice(Struct, frozen=True):
    """One commit: its log lines, and the names of the records that changed or are gone.

    ``written`` is where the first reader leaves the lines as it wrote them, for the others.
    """

    events: Sequence[Event]
    changed: frozenset[str]
    removed: frozenset[str]
    written: list[bytes] = field(default_factory=list)


class Subscription:
    """One listener's queue. ``lagged`` is set, and nothing more is queued, once it was too slow; ``over`` when there is
    nothing more to come."""

    def __init__(self) -> None:
        self.queue: asyncio.Queue[Notice] = asyncio.Queue()
        self.calls: deque[OutsideCall] = deque(maxlen=QUEUE_LENGTH)
        """Calls that were made since the listener looked last: they wake nobody, and the oldest give way."""
        self.lagged = False
        self.over = False

    def offer(self, notice: Notice) -> None:
        """Queue the notice, or mark the listener as lagging."""
        if self.queue.qsize() >= QUEUE_LENGTH:
            self.lagged = True
        if not self.lagged:
            self.queue.put_nowait(notice)

    def end(self) -> None:
        """Let the listener go, who may be waiting."""
        self.over = True
        self.queue.put_nowait(Notice((), frozenset(), frozenset()))


class Bus:
    """Everybody who listens."""

    def __init__(self) -> None:
        self._subscriptions: set[Subscription] = set()

    @contextmanager
    def subscribe(self) -> Iterator[Subscription]:
        """Listen from now on, until the block ends."""
        subscription = Subscription()
        self._subscriptions.add(subscription)
        try:
            yield subscription
        finally:
            self._subscriptions.discard(subscription)

    @property
    def has_subscribers(self) -> bool:
        """Whether anybody listens: a notice need not be put together otherwise."""
        return bool(self._subscriptions)

    def publish(self, notice: Notice) -> None:
        """Tell everybody."""
        for subscription in self._subscriptions:
            subscription.offer(notice)

    def tell(self, call: OutsideCall) -> None:
        """A call was made: everybody is told with what comes next."""
        for subscription in self._subscriptions:
            subscription.calls.append(call)

    def close(self) -> None:
        """Let everybody go: the daemon ends."""
        for subscription in self._subscriptions:
            subscription.end()
