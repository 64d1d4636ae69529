"""The serial consoles of the machines: what each of them said, who reads along, and who may."""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field

CONSOLE_LINES = 400
SCREEN_LINES = 40
"""So many lines said before are shown to who opens the console."""
WAITING_LINES = 1000
"""So many lines wait for a reader who is slow; the oldest are lost, as on a real serial line."""


class SerialConsole:
    """What one machine said, and the queues of those who read along; ``type_to`` is where its keys go, while a machine
    that stands elsewhere has a line."""

    def __init__(self) -> None:
        self.type_to: Callable[[bytes], None] | None = None
        self._lines: deque[str] = deque(maxlen=CONSOLE_LINES)
        self._readers: list[asyncio.Queue[str]] = []

    def __iter__(self) -> Iterator[str]:
        return iter(self._lines)

    def append(self, text: str) -> None:
        """The machine says a line."""
        self._lines.append(text)
        for reader in self._readers:
            if reader.full():
                reader.get_nowait()
            reader.put_nowait(text)

    def listen(self) -> asyncio.Queue[str]:
        """A queue that begins with the last screen and goes on with every line, until ``leave``."""
        reader: asyncio.Queue[str] = asyncio.Queue(WAITING_LINES)
        for line in list(self._lines)[-SCREEN_LINES:]:
            reader.put_nowait(line)
        self._readers.append(reader)
        return reader

    def leave(self, reader: asyncio.Queue[str]) -> None:
        self._readers.remove(reader)


@dataclass(slots=True)
class ConsoleGrant:
    """What one token lets its bearer do, once and until then."""

    server: str
    kind: str
    force: bool
    until: float


@dataclass
class ConsoleGrants:
    """The tokens that nobody has used yet, and the one serial session of each server."""

    grants: dict[str, ConsoleGrant] = field(default_factory=dict)
    sessions: dict[str, asyncio.Future[str]] = field(default_factory=dict)
    """Server → set to the reason for which its session has to end."""
