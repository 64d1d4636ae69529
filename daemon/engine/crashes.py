"""Remembers which records had steps running when the daemon died, so that one that kills it again and again is held.

The file is a few lines long and is written without waiting for the disk: what a dead process wrote stays with the
system, and after a loss of power nothing here matters.
"""

from __future__ import annotations

import os
from collections.abc import Iterable
from contextlib import suppress
from pathlib import Path

LONGEST = 1024 * 1024
"""Bytes after which the file is begun anew."""


class CrashLog:
    """``+name`` when a turn's steps begin, ``-name`` when they have ended whatever the answer, ``!name 2`` for what
    counts."""

    def __init__(self, path: Path | None) -> None:
        self._path = path
        self._running: set[str] = set()
        self._ended: set[str] = set()
        """Whose steps have ended since the last ``flush``: they are marked as running still."""
        self.counts: dict[str, int] = {}
        """Record → deaths of the daemon in a row during which its step ran."""
        if path is not None:
            self._read(path)
            self._begin(path)

    def _read(self, path: Path) -> None:
        try:
            lines = path.read_text(encoding="utf-8", errors="replace").splitlines()
        except FileNotFoundError:
            return
        running: set[str] = set()
        for line in lines:
            mark, name = line[:1], line[1:]
            if mark == "+":
                running.add(name)
            elif mark == "-":
                running.discard(name)
                self.counts.pop(name, None)
            elif mark == "!":
                name, _, count = name.rpartition(" ")
                self.counts[name] = int(count)
        for name in running:
            self.counts[name] = self.counts.get(name, 0) + 1

    def _begin(self, path: Path) -> None:
        """A new file that says no more than what counts."""
        fresh = path.with_suffix(".new")
        self._ended.clear()
        counts = [f"!{name} {count}\n" for name, count in self.counts.items()]
        fresh.write_text("".join([*counts, *(f"+{name}\n" for name in self._running)]), encoding="utf-8")
        fresh.replace(path)
        self._file = os.open(path, os.O_WRONLY | os.O_APPEND)
        self._size = 0

    def suspects(self, name: str, deaths: int) -> bool:
        """Whether the daemon died so often while a step of this record ran, and none of its steps has ended since."""
        return self.counts.get(name, 0) >= deaths

    def begin(self, name: str, others: Iterable[str] = ()) -> None:
        """From now on a death of the daemon counts against this record, and against those of the others that are under
        no suspicion: they come next, and one call marks thousands."""
        if name in self._running:
            return
        lines = []
        for one in (name, *(other for other in others if other not in self.counts)):
            if one not in self._running:
                self._running.add(one)
                if one in self._ended:
                    self._ended.discard(one)
                else:
                    lines.append(f"+{one}\n")
        if lines:
            self._mark("".join(lines))

    def passed(self, name: str) -> None:
        """A step has led on, durably: the deaths before count no longer."""
        if self.counts.pop(name, None):
            self._mark(f"-{name}\n+{name}\n")

    def end(self, name: str) -> None:
        """Its steps have ended; from the next ``flush`` on a death counts against it no longer, and neither do those
        before."""
        if name in self._running:
            self._running.discard(name)
            if self.counts.pop(name, None):
                self._mark(f"-{name}\n")
            else:
                self._ended.add(name)

    def flush(self) -> None:
        """Mark all that have ended, with one call: thousands end at once."""
        if self._ended:
            lines = "".join(f"-{name}\n" for name in self._ended)
            self._ended.clear()
            self._mark(lines)

    def _mark(self, line: str) -> None:
        if self._path is None:
            return
        with suppress(OSError):  # a full disk is told by the database; here it only makes the guard forgetful
            self._size += os.write(self._file, line.encode())
            if self._size > LONGEST:
                os.close(self._file)
                self._begin(self._path)

    def close(self) -> None:
        """No step runs any more: let go of the file."""
        self._ended |= self._running
        self.flush()
        if self._path is not None:
            os.close(self._file)
            self._path = None
