"""Keeps whoever knocks and knocks from filling a log: so many lines of each in a time, then a number."""

from __future__ import annotations


class Sparing:
    """So many lines of one source are told in so many seconds, and so many of all of them. So many sources are
    remembered; a flood from more of them begins anew."""

    def __init__(self, lines: int = 5, seconds: float = 60.0, in_all: int = 300, sources: int = 4096) -> None:
        self._lines = lines
        self._seconds = seconds
        self._in_all = max(lines, in_all)
        self._sources = sources
        self._told: dict[str, tuple[float, int]] = {}
        self._window = (0.0, 0)
        """Since when, and how many lines were told since then."""

    def take(self, source: str, now: float) -> int | None:
        """How many lines of the source were left out before this one; None if this one is left out too."""
        since, count = self._told.get(source, (now, 0))
        if not 0 <= now - since < self._seconds:  # a clock may go back
            since, left_out, count = now, max(0, count - self._lines), 0
        else:
            left_out = 0
        if len(self._told) >= self._sources and source not in self._told:
            self._told.clear()
        self._told[source] = (since, count + 1)
        return left_out if count < self._lines and self._room(now) else None

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
        for source, (since, count) in list(self._told.items()):
            if not 0 <= now - since < self._seconds:
                del self._told[source]
                if count > self._lines:
                    found.append((source, count - self._lines))
        return found


def left_out(count: int) -> str:
    """What stands at the end of a line before which others were left out."""
    return f" ({count} more were left out)" if count else ""
