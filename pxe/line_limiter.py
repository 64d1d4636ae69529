"""Keeps a source that asks again and again from filling a log: so many lines of each in a time, then a number."""

from __future__ import annotations

import math
from dataclasses import dataclass


@dataclass(slots=True)
class _Window:
    """What one source said since then: the lines that it had room for, their bytes, and those beyond."""

    since: float
    lines: int = 0
    size: int = 0
    beyond: int = 0


class LineLimiter:
    """So many lines and bytes of one source are told in so many seconds, and so many lines of all of them. So many
    sources are remembered; a flood from more of them begins anew."""

    def __init__(
        self,
        lines: int = 5,
        seconds: float = 60.0,
        in_all: int = 300,
        sources: int = 4096,
        size: float = math.inf,
    ) -> None:
        self._lines = lines
        self._size = size
        self._seconds = seconds
        self._in_all = max(lines, in_all)
        self._sources = sources
        self._told: dict[str, _Window] = {}
        self._window = (0.0, 0)
        """Since when, and how many lines were told since then."""

    def take(self, source: str, now: float, size: int = 0) -> int | None:
        """How many lines of the source were left out before this one, which has ``size`` bytes; None if this one is
        left out too."""
        window, untold = self._told.get(source), 0
        if window is None or not 0 <= now - window.since < self._seconds:  # a clock may go back
            untold = window.beyond if window else 0
            window = _Window(now)
        if len(self._told) >= self._sources and source not in self._told:
            self._told.clear()
        self._told[source] = window
        if window.lines >= self._lines or window.size + size > self._size:
            window.beyond += 1
            return None
        window.lines += 1
        window.size += size
        return untold if self._room(now) else None

    def _room(self, now: float) -> bool:
        """Whether one more line of anybody may be told."""
        since, count = self._window
        if not 0 <= now - since < self._seconds:
            since, count = now, 0
        self._window = (since, count + 1)
        return count < self._in_all

    def over(self, now: float) -> list[tuple[str, int]]:
        """The sources that have gone quiet since lines of theirs were left out, with how many; each is told once."""
        found = []
        for source, window in list(self._told.items()):
            if not 0 <= now - window.since < self._seconds:
                del self._told[source]
                if window.beyond:
                    found.append((source, window.beyond))
        return found


def left_out(count: int) -> str:
    """What stands at the end of a line before which others were left out."""
    return f" ({count} more {'was' if count == 1 else 'were'} left out)" if count else ""
