"""What keeps steps out of each other's way: named locks, and a bucket of tokens for each API's rate."""

from __future__ import annotations

import asyncio

from daemon.clock import Clock


class Locks:
    """Locks by name: one address allocator per subnet, one DNS writer per zone."""

    def __init__(self) -> None:
        self._locks: dict[str, asyncio.Lock] = {}

    def __call__(self, name: str) -> asyncio.Lock:
        """The lock of that name."""
        return self._locks.setdefault(name, asyncio.Lock())


class TokenBucket:
    """Lets ``rate`` calls a second through, and a burst of as many; the others wait their turn."""

    def __init__(self, rate: float, clock: Clock) -> None:
        self._rate = rate
        self._clock = clock
        self._free_at = clock.now()

    async def take(self) -> None:
        """Wait until a call may be made."""
        now = self._clock.now()
        self._free_at = max(self._free_at, now - 1.0) + 1.0 / self._rate
        if self._free_at > now:
            await self._clock.sleep(self._free_at - now)
