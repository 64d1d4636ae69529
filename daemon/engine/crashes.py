"""Remembers which records had steps running when the daemon died, so that one that kills it again and again is held.

The file is a few lines long and is written without waiting for the disk: what a dead process wrote stays with the
system, and after a loss of power nothing here matters.
"""

from __future__ import annotations

import os
from collections.abc import Iterable
from contextlib import suppress

LONGEST = 1024 * 1024
"""Bytes after which the file is begun anew."""


class CrashLog:
    """``+name`` when a turn's steps begin, ``-name`` when they have ended whatever the answer, ``!name 2`` for what
    counts."""

    def __init__(self, folder: int | None, name: str = "") -> None:
        """``folder``: the descriptor of the state directory, in which the file of this name is kept; None: nowhere."""
        self._folder, self._name = folder, name
        self._running: set[str] = set()
        self._ended: set[str] = set()
        """Whose steps have ended since the last ``flush``: they are marked as running still."""
        self.counts: dict[str, int] = {}
        """Record → deaths of the daemon in a row during which its step ran."""
        if folder is not None:
            self._read()
            self._begin()

    def _read(self) -> None:
        try:
            kept = os.open(self._name, os.O_RDONLY | os.O_CLOEXEC, dir_fd=self._folder)
        except FileNotFoundError:
            return
        with open(kept, encoding="utf-8", errors="replace") as file:
            lines = file.read().splitlines()
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

    def _begin(self) -> None:
        """A new file that says no more than what counts."""
        self._ended.clear()
        counts = [f"!{record} {count}\n" for record, count in self.counts.items()]
        text = "".join([*counts, *(f"+{running}\n" for running in self._running)])
        fresh = f"{self._name}.new"
        written = os.open(
            fresh, os.O_WRONLY | os.O_CREAT | os.O_TRUNC | os.O_CLOEXEC, 0o600, dir_fd=self._folder
        )
        with open(written, "w", encoding="utf-8") as file:
            file.write(text)
        os.rename(fresh, self._name, src_dir_fd=self._folder, dst_dir_fd=self._folder)
        self._file = os.open(self._name, os.O_WRONLY | os.O_APPEND | os.O_CLOEXEC, dir_fd=self._folder)
        self._size = 0

    def suspects(self, name: str, deaths: int) -> bool:
        """Whether the daemon died so often while a step of this record ran, and none of its steps has ended since."""
        return self.counts.get(name, 0) >= deaths

    def begin(self, name: str, others: Iterable[str] = ()) -> None:
        """From now on a death of the daemon counts against this record, and against those of the others that are under
        no suspicion, as it is itself: they come next, and one call marks thousands."""
        if name in self._running:
            return
        lines = []
        together = () if name in self.counts else (other for other in others if other not in self.counts)
        for one in (name, *together):
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
        if self._folder is None:
            return
        with suppress(OSError):  # a full disk is told by the database; here it only makes the guard forgetful
            self._size += os.write(self._file, line.encode())
            if self._size > LONGEST:
                os.close(self._file)
                self._begin()

    def close(self) -> None:
        """No step runs any more: let go of the file."""
        self._ended |= self._running
        self.flush()
        if self._folder is not None:
            os.close(self._file)
            self._folder = None
