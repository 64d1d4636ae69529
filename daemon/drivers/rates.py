"""A bucket of tokens for each API: how many calls a second it is asked, learnt from its refusals."""

from __future__ import annotations

import logging

from daemon.clock import Clock

log = logging.getLogger("nxd.rates")

LEAST = 0.5
"""Calls a second that are made however often the other side refuses."""
MOST = 10.0
"""How many times the first rate it may become."""
PAUSE = 1.0
"""Seconds without a call after a refusal that names no time."""
LONGEST_PAUSE = 60.0
"""Seconds after which an API is asked again whatever it said: the call that was refused waits for its own time."""


class TokenBucket:
    """Lets ``rate`` calls a second through at first, and a burst of as many; the others wait their turn.

    The rate learns what the other side allows: it halves when a call is refused as one too many, and while it makes
    calls wait and none is refused it grows by a twentieth of the first rate each second, to ``MOST`` times as much.
    """

    def __init__(self, rate: float, clock: Clock, api: str = "") -> None:
        self.rate = rate
        self._least, self._most = min(LEAST, rate), rate * MOST
        self._growth = rate / 20
        self.clock = clock
        self.api = api
        self._free_at = clock.now()
        self._learns_from = clock.now()
        """Until then refusals are of calls that were sent at the old rate."""

    async def take(self) -> None:
        """Wait until a call may be made."""
        now = self.clock.now()
        self._free_at = max(self._free_at, now - 1.0) + 1.0 / self.rate
        if self._free_at > now:
            if now >= self._learns_from:
                self.rate = min(self._most, self.rate + self._growth / self.rate)
            await self.clock.sleep(self._free_at - now)

    def refused(self, after: float | None) -> None:
        """A call was one too many: nobody calls for ``after`` seconds, if the other side named a time, and everybody
        seldomer from then on."""
        now = self.clock.now()
        pause = min(PAUSE if after is None else after, LONGEST_PAUSE)
        self._free_at = max(self._free_at, now + pause)
        if now >= self._learns_from:
            self.rate = max(self._least, self.rate / 2)
            log.warning("rate_halved", extra={"api": self.api, "rate": self.rate, "pause": pause})
        self._learns_from = max(self._learns_from, now + max(PAUSE, pause))
