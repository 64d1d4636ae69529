"""The window: from its start to the first rows on a real pseudo-terminal."""

from __future__ import annotations

import fcntl
import os
import pty
import select
import signal
import struct
import sys
import termios
import time

from figures import Figure, python, side_by_side, wall
from whole import PROPORTIONATE, deploy, stage

SIZE = (24, 80)
PATIENCE = 20.0


def first_frame() -> list[Figure]:
    """First frame against the bare import of the framework."""
    with stage(PROPORTIONATE) as one:
        deploy(one)
        command = [sys.executable, "-m", "nxtui.main", "--socket", str(one.socket)]
        shown, imported = side_by_side(
            lambda: until_shown(command, b"node03"), lambda: wall(python("import textual.app"))
        )
    return [
        Figure("tui.first_frame", shown * 1000, "ms"),
        Figure("tui.first_frame_over_import", shown / imported, "x import textual.app", 1.8),
    ]


def until_shown(command: list[str], text: bytes) -> float:
    """Real seconds from the start of a command to the moment its screen shows ``text``."""
    begun = time.perf_counter()
    pid, terminal = pty.fork()
    if pid == 0:
        os.environ.update(TERM="xterm-256color", COLORTERM="truecolor")
        os.execv(command[0], command)
    fcntl.ioctl(terminal, termios.TIOCSWINSZ, struct.pack("HHHH", *SIZE, 0, 0))
    seen = b""
    try:
        while text not in seen:
            ready, _, _ = select.select([terminal], [], [], PATIENCE)
            assert ready, f"{text!r} did not show within {PATIENCE:g} s"
            seen += os.read(terminal, 65536)
        return time.perf_counter() - begun
    finally:
        os.kill(pid, signal.SIGKILL)
        os.waitpid(pid, 0)
        os.close(terminal)
