"""A window on a real pseudo-terminal, as a bench needs it: press keys, see what is drawn, count bytes and CPU."""

from __future__ import annotations

import fcntl
import os
import pty
import select
import signal
import struct
import termios
import time
from collections.abc import Sequence
from typing import Self

SIZE = (24, 80)
PATIENCE = 20.0
QUIET = 0.03
"""Seconds without a byte after which a picture is complete."""


class Screen:
    """One process on a pseudo-terminal of its own; it ends with the block."""

    def __init__(self, command: Sequence[str], size: tuple[int, int] = SIZE) -> None:
        self.begun = time.perf_counter()
        self.pid, self._terminal = pty.fork()
        if self.pid == 0:
            os.environ.update(TERM="xterm-256color", COLORTERM="truecolor", COLUMNS="", LINES="")
            os.execv(command[0], list(command))
        fcntl.ioctl(self._terminal, termios.TIOCSWINSZ, struct.pack("HHHH", *size, 0, 0))
        self.seen = b""

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        os.kill(self.pid, signal.SIGKILL)
        os.waitpid(self.pid, 0)
        os.close(self._terminal)

    def read(self, within: float) -> bytes:
        """What was drawn meanwhile, at most for so long; empty if nothing was."""
        ready, _, _ = select.select([self._terminal], [], [], within)
        drawn = os.read(self._terminal, 65536) if ready else b""
        self.seen += drawn
        return drawn

    def until(self, text: bytes, within: float = PATIENCE) -> float:
        """The moment at which the text was drawn; only what is drawn from now on counts."""
        self.seen = self.seen[-len(text) :] if text not in self.seen else b""
        end = time.perf_counter() + within
        while text not in self.seen:
            left = end - time.perf_counter()
            assert left > 0, f"{text!r} did not show within {within:g} s; the last was {self.seen[-400:]!r}"
            self.read(left)
        return time.perf_counter()

    def during(self, seconds: float) -> int:
        """How many bytes are drawn in so many seconds."""
        end, drawn = time.perf_counter() + seconds, 0
        while (left := end - time.perf_counter()) > 0:
            drawn += len(self.read(left))
        return drawn

    def settle(self, quiet: float = QUIET) -> None:
        """Wait until nothing has been drawn for a while."""
        while self.read(quiet):
            pass

    def press(self, keys: bytes) -> float:
        """Press keys; answers the moment."""
        os.write(self._terminal, keys)
        return time.perf_counter()

    def paints_after(self, keys: bytes) -> float:
        """Real seconds from a key to the first byte that is drawn for it."""
        self.settle()
        pressed = self.press(keys)
        assert self.read(PATIENCE), "the key had no effect"
        return time.perf_counter() - pressed

    def cpu(self) -> float:
        """Seconds of processor time the process has used so far (proc(5), stat)."""
        with open(f"/proc/{self.pid}/stat") as file:
            fields = file.read().rpartition(")")[2].split()
        return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")
