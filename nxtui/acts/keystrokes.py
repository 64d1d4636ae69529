"""How fast keys come: a text that is pasted without brackets arrives as keys, and nobody types so fast."""

from __future__ import annotations

import asyncio
from collections import deque

MANY, WITHIN = 10, 0.03
"""So many keys within so many seconds nobody types."""
PASTED = (
    "These keys came faster than anybody types, so nothing was done. If it was meant: press the key again."
)


class Keystrokes:
    """Remembers when the last keys came, by the clock of the terminal's driver."""

    def __init__(self) -> None:
        self._received: deque[float] = deque(maxlen=MANY)

    def received(self, moment: float) -> None:
        """A key came, in seconds of that clock."""
        self._received.append(moment)

    @property
    def is_flood(self) -> bool:
        """Whether the last keys came faster than anybody types."""
        return len(self._received) == MANY and self._received[-1] - self._received[0] <= WITHIN

    async def are_typed(self) -> bool:
        """Whether the last key was typed; for that it is seen what comes right behind it."""
        await asyncio.sleep(WITHIN)
        return not self.is_flood
