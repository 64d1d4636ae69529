"""A command of nxd on a terminal of its own, and who types there."""

from __future__ import annotations

import contextlib
import os
import pty
import select
import subprocess
import sys
import termios
import time
from collections.abc import Sequence
from typing import Any

WITHIN = 30.0
"""Real seconds in which something shows up."""


class Keyboard:
    """A command on a terminal of its own."""

    def __init__(self, stage: Any, *arguments: str) -> None:
        self.ours, theirs = pty.openpty()
        self.theirs = theirs
        self.before = termios.tcgetattr(theirs)
        self.process = subprocess.Popen(
            nxd(stage, *arguments), stdin=theirs, stdout=theirs, stderr=theirs, start_new_session=True
        )
        self.shown = b""

    def shows(self, text: str) -> None:
        """Read on until it stands there."""
        end = time.monotonic() + WITHIN
        while text.encode() not in self.shown:
            assert time.monotonic() < end, self.shown.decode(errors="replace")
            if select.select([self.ours], [], [], 0.1)[0]:
                with contextlib.suppress(OSError):
                    self.shown += os.read(self.ours, 65536)

    def press(self, keys: bytes) -> None:
        os.write(self.ours, keys)

    def is_as_before(self) -> bool:
        """Whether the terminal is again what it was."""
        return termios.tcgetattr(self.theirs) == self.before

    def ended(self) -> int:
        return self.process.wait(WITHIN)

    def close(self) -> None:
        if self.process.poll() is None:
            self.process.kill()
            self.process.wait()
        os.close(self.ours)
        os.close(self.theirs)


def nxd(stage: Any, *arguments: str) -> Sequence[str]:
    return [sys.executable, "-m", "daemon.cli", "--config", str(stage.config), *arguments]
