"""nxtui on a pseudo-terminal of its own: bytes go in as one write, whatever is drawn can be looked at."""

from __future__ import annotations

import fcntl
import os
import pty
import re
import select
import signal
import struct
import subprocess
import sys
import termios
import time
from collections.abc import Mapping
from functools import partial
from pathlib import Path
from typing import Self

ROOT = Path(__file__).parents[2]
SEQUENCE = re.compile(rb"\x1b\[[0-9;?<>=]*[a-zA-Z]|\x1b\][^\x07]*\x07|\x1b[()][A-Z0-9]")


DRAWN = re.compile("LIVE|REPLAY")
"""What stands on every screen: the state of its link."""
NOT_GIVEN = ("EDITOR", "VISUAL", "TMUX", "COLUMNS", "LINES")
"""What a window does not get from whoever runs the tests. A process that pytest shares its tests with has a size in its
environment, which readline leaves there, and a window that has one asks its terminal for none."""


def _prepare(controlling: bool, deaf: bool) -> None:
    if controlling:
        fcntl.ioctl(0, termios.TIOCSCTTY, 0)
    if deaf:
        signal.signal(signal.SIGHUP, signal.SIG_IGN)


class PseudoTerminal:
    """A window with a home of its own; it ends with the block. ``faults`` is where it keeps what went wrong.
    ``controlling``: the terminal sends it signals; ``deaf``: it does not hear the one of its terminal's end."""

    def __init__(
        self,
        *arguments: str,
        home: Path,
        environment: Mapping[str, str] | None = None,
        controlling: bool = False,
        deaf: bool = False,
    ) -> None:
        self.parent, child = pty.openpty()
        self._resize(24, 80)
        ours = {key: value for key, value in os.environ.items() if key not in NOT_GIVEN}
        own = {"TERM": "xterm-256color", "PYTHONPATH": str(ROOT), "HOME": str(home)}
        own |= {"XDG_STATE_HOME": str(home / "state"), "XDG_CONFIG_HOME": str(home / "config")}
        self.process = subprocess.Popen(
            [sys.executable, "-P", "-m", "nxtui.main", *arguments],
            cwd=home,
            stdin=child,
            stdout=child,
            stderr=child,
            env=ours | own | dict(environment or {}),
            start_new_session=True,
            preexec_fn=partial(_prepare, controlling, deaf),
        )
        os.close(child)
        self.faults = home / "state" / "nxd" / "nxtui-faults.log"
        self.drawn = b""

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        if self.process.poll() is None:
            self.process.kill()
        self.process.wait(10)
        self.hang_up()

    def hang_up(self) -> None:
        """Take the terminal away."""
        if self.parent >= 0:
            os.close(self.parent)
            self.parent = -1

    def _resize(self, rows: int, columns: int) -> None:
        fcntl.ioctl(self.parent, termios.TIOCSWINSZ, struct.pack("HHHH", rows, columns, 0, 0))

    def write(self, text: str) -> None:
        """Keys, all of them in one write."""
        os.write(self.parent, text.encode())

    def read(self, within: float = 0.05) -> bool:
        """Take in what is drawn; False once the window's side is closed."""
        if select.select([self.parent], [], [], within)[0]:
            try:
                self.drawn += os.read(self.parent, 65536)
            except OSError:
                return False
        return True

    def settle(self) -> None:
        """Read until nothing more is drawn for a moment."""
        before = -1
        while before != len(self.drawn):
            before = len(self.drawn)
            self.read(0.3)

    def until(self, text: str, within: float = 30.0) -> None:
        """Wait until a text is drawn."""
        end = time.monotonic() + within
        while text not in self.text and self.read():
            assert time.monotonic() < end, f"waited in vain for {text!r}:\n{self.text[-1500:]}"
        assert text in self.text, f"the window ended without {text!r}:\n{self.text[-1500:]}"

    @property
    def text(self) -> str:
        """What was drawn, without colours and places."""
        return SEQUENCE.sub(b"", self.drawn).decode(errors="replace")

    def goes_on(self, within: float = 30.0) -> bool:
        """Whether the window draws itself anew for another size; False if it ended meanwhile."""
        before = len(DRAWN.findall(self.text))
        self._resize(26, 90)
        self.process.send_signal(signal.SIGWINCH)
        end = time.monotonic() + within
        while len(DRAWN.findall(self.text)) == before:
            if not self.read() or self.process.poll() is not None:
                return False
            if self.text.endswith("Enter leads back to nxtui. "):  # after a console that could not be opened
                self.write("\r")
            assert time.monotonic() < end, f"the window neither draws nor ends:\n{self.text[-1500:]}"
        return True
