"""The one source of time, sleep, randomness and ids, so that a test can hold all of them.

No other module reads the wall clock, sleeps or draws a random number. Seconds are *daemon seconds*: in
production they are ordinary ones; a rehearsal lets them pass faster, in the simulated world and in the
daemon alike, so that waits and deadlines keep their proportion.
"""

from __future__ import annotations

import asyncio
import heapq
import random
import time
import uuid
from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from typing import Protocol

_held: ContextVar[list[float] | None] = ContextVar("held", default=None)


def count_held(before: float = 0.0) -> None:
    """From now on count how long this task is held up by the daemon itself, as it was for so long ``before``."""
    _held.set([before])


def take_held() -> float:
    """How long this task was held up since that was asked last."""
    counted = _held.get()
    if counted is None:
        return 0.0
    seconds, counted[0] = counted[0], 0.0
    return seconds


@contextmanager
def held(clock: Clock) -> Iterator[None]:
    """Within this block a limit of our own is waited for, and nobody outside can be blamed for the time."""
    began = clock.now()
    try:
        yield
    finally:
        counted = _held.get()
        if counted is not None:
            counted[0] += clock.now() - began


class Clock(Protocol):
    """What everybody who waits, stamps or draws is handed."""

    @property
    def speed(self) -> float:
        """How many daemon seconds pass in one real second."""

    def now(self) -> float:
        """Unix time in daemon seconds."""

    async def sleep(self, seconds: float) -> None:
        """Wait for ``seconds`` of daemon time."""

    def uniform(self, low: float, high: float) -> float:
        """A random number between the two, for jitter; not for secrets."""

    def new_id(self) -> str:
        """A random identifier that nobody else has."""

    def new_token(self) -> str:
        """An unguessable word of 43 characters that is safe in a URL."""


class _Draws:
    """Randomness: repeatable from a seed, except for tokens, which nobody may guess."""

    def __init__(self, seed: int | None) -> None:
        self._random = random.Random(seed)

    def uniform(self, low: float, high: float) -> float:
        return self._random.uniform(low, high)

    def new_id(self) -> str:
        return str(uuid.UUID(int=self._random.getrandbits(128), version=4))

    def new_token(self) -> str:
        from secrets import token_urlsafe  # brings much with it that a starting daemon need not wait for

        return token_urlsafe(32)


class SystemClock(_Draws):
    """Real time, or real time that passes ``speed`` times as fast since the Unix time ``origin``.

    Two processes with the same ``origin`` and ``speed`` agree on the time, and so does one that was restarted. Once
    it runs, it follows the system's clock as that is corrected bit by bit, but no jump of it: a wait lasts as long
    as it was meant to.
    """

    def __init__(self, speed: float = 1.0, origin: float = 0.0, seed: int | None = None) -> None:
        super().__init__(seed)
        self._speed = speed
        self._origin = origin
        self._ahead = time.time() - time.monotonic()

    @property
    def speed(self) -> float:
        return self._speed

    def now(self) -> float:
        return self._origin + (time.monotonic() + self._ahead - self._origin) * self._speed

    async def sleep(self, seconds: float) -> None:
        await asyncio.sleep(max(0.0, seconds) / self._speed)


class ManualClock(_Draws):
    """Time that stands still until a test moves it with ``advance``."""

    speed = 1.0

    def __init__(self, now: float = 1_700_000_000.0, seed: int = 1) -> None:
        super().__init__(seed)
        self._now = now
        self._sleepers: list[tuple[float, int, asyncio.Future[None]]] = []
        self._order = 0

    def now(self) -> float:
        return self._now

    async def sleep(self, seconds: float) -> None:
        if seconds <= 0:
            await asyncio.sleep(0)
            return
        woken: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self._order += 1
        heapq.heappush(self._sleepers, (self._now + seconds, self._order, woken))
        await woken

    def advance(self, seconds: float) -> None:
        """Move time on and wake everybody whose time has come, in order."""
        self._now += seconds
        while self._sleepers and self._sleepers[0][0] <= self._now:
            woken = heapq.heappop(self._sleepers)[2]
            if not woken.done():
                woken.set_result(None)
