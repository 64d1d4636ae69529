"""Finds out who else holds the lock of the database, for the one who has to end it."""

from __future__ import annotations

import fcntl
import os
import struct
from contextlib import suppress
from pathlib import Path

_FLOCK = "@hhqqi0q"
"""struct flock of Linux: kind, whence, start, length, process."""
_PLACES = (("", 0x40000000, 512), ("-shm", 120, 8))
"""Where SQLite locks: the bytes of the database itself, and in WAL mode those of the shared memory beside it."""


class Locker:
    """Asks the kernel who holds a lock on the files of a database.

    The files stay open as long as the database: closing one of them would let go of every lock that this process has
    on it. Close this after the connections.
    """

    def __init__(self, path: Path) -> None:
        self._path = path
        self._files: dict[str, int] = {}

    def look(self) -> None:
        """Open whichever of the files are there by now."""
        for ending, _, _ in _PLACES:
            if ending not in self._files:
                with suppress(OSError):
                    self._files[ending] = os.open(f"{self._path}{ending}", os.O_RDWR | os.O_CLOEXEC)

    def holder(self) -> str | None:
        """The process that holds a lock which keeps this one from writing; None when there is none to be seen."""
        for ending, start, length in _PLACES:
            if ending in self._files:
                asked = struct.pack(_FLOCK, fcntl.F_WRLCK, os.SEEK_SET, start, length, 0)
                with suppress(OSError):
                    answer = struct.unpack(_FLOCK, fcntl.fcntl(self._files[ending], fcntl.F_GETLK, asked))
                    if answer[0] != fcntl.F_UNLCK and answer[4] > 0:
                        return f"process {answer[4]}{_named(answer[4])}"
        return None

    def close(self) -> None:
        """Close the files, and with them every lock of this process on them."""
        for file in self._files.values():
            os.close(file)
        self._files.clear()


def _named(pid: int) -> str:
    """What the process is called, in brackets."""
    with suppress(OSError):
        return f" ({Path(f'/proc/{pid}/comm').read_text().strip()})"
    return ""
