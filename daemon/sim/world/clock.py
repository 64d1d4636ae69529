"""The world's own time: it passes some times as fast as the real one, and can be moved on at once."""

from __future__ import annotations

import asyncio
import heapq

from daemon.clock import SystemClock

_TASKS_RUN = 20
"""How often everybody may go on before the next sleeper is woken."""


class WorldClock(SystemClock):
    """A clock whose ``advance`` moves time past everybody who sleeps, in order, as if it had passed.

    What waits for an answer over the network does not sleep: it goes on when the answer comes, at a later time.
    """

    def __init__(self, speed: float, origin: float, seed: int) -> None:
        super().__init__(speed, origin, seed)
        self._moved_on = 0.0
        self._sleepers: list[tuple[float, int, asyncio.Future[None]]] = []
        self._order = 0

    def now(self) -> float:
        return super().now() + self._moved_on

    async def sleep(self, seconds: float) -> None:
        """Wait for ``seconds`` of virtual time, however it passes."""
        if seconds <= 0:
            await super().sleep(0.0)
            return
        self._forget()
        loop = asyncio.get_running_loop()
        woken: asyncio.Future[None] = loop.create_future()
        self._order += 1
        heapq.heappush(self._sleepers, (self.now() + seconds, self._order, woken))
        alarm = loop.call_later(seconds / self.speed, _wake, woken)
        try:
            await woken
        finally:
            alarm.cancel()
            woken.cancel()

    async def advance(self, seconds: float) -> None:
        """Move time on by ``seconds``, and wake everybody whose time has come, each at that time."""
        until = self.now() + seconds
        while True:
            self._forget()
            if not self._sleepers or self._sleepers[0][0] > until:
                break
            due = self._sleepers[0][0]
            self._moved_on += max(0.0, due - self.now())
            while self._sleepers and self._sleepers[0][0] <= due:
                _wake(heapq.heappop(self._sleepers)[2])
            for _ in range(_TASKS_RUN):
                await super().sleep(0.0)
        self._moved_on += max(0.0, until - self.now())

    def _forget(self) -> None:
        """Let go of those who do not sleep any more."""
        while self._sleepers and self._sleepers[0][2].done():
            heapq.heappop(self._sleepers)


def _wake(woken: asyncio.Future[None]) -> None:
    if not woken.done():
        woken.set_result(None)
