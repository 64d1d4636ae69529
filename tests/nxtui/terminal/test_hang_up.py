"""A window whose terminal is gone ends by itself: quietly, at once, and without turning in circles."""

from __future__ import annotations

import asyncio
import fcntl
import os
import pty
import select
import signal
import struct
import subprocess
import sys
import termios
import time
from pathlib import Path
from typing import Any

import pytest
from pseudo_terminal import PseudoTerminal

from nxtui.terminal.control import HUNG_UP

pytestmark = pytest.mark.e2e

ROOT = Path(__file__).parents[3]


@pytest.mark.parametrize("told", [False, True], ids=["nobody says so", "by SIGHUP"])
async def test_a_window_whose_terminal_is_gone_ends_by_itself(daemon: Any, told: bool) -> None:
    code = await asyncio.to_thread(_hang_up, daemon.socket, told)
    assert code in ((HUNG_UP, -signal.SIGHUP) if told else (HUNG_UP,))


def _hang_up(socket: Path, told: bool) -> int:
    """Open a window on a pseudo-terminal, take that away once it draws, and wait for the window's end."""
    parent, child = pty.openpty()
    fcntl.ioctl(child, termios.TIOCSWINSZ, struct.pack("HHHH", 24, 80, 0, 0))
    window = subprocess.Popen(
        [sys.executable, "-m", "nxtui.main", "--socket", str(socket)],
        cwd=ROOT,
        stdin=child,
        stdout=child,
        stderr=child,
        env={**os.environ, "TERM": "xterm-256color"},
        start_new_session=True,  # without a controlling terminal no signal comes by itself
    )
    os.close(child)
    try:
        drawn, end = b"", time.monotonic() + 40
        while b"node01" not in drawn:
            assert time.monotonic() < end, drawn[-500:]
            if select.select([parent], [], [], 0.2)[0]:
                drawn += os.read(parent, 65536)
        os.close(parent)
        if told:
            window.send_signal(signal.SIGHUP)
        return window.wait(10)
    finally:
        if window.poll() is None:
            window.kill()
            window.wait()


def _unheard(socket: Path, home: Path) -> int:
    with PseudoTerminal("--socket", str(socket), home=home, controlling=True, deaf=True) as window:
        window.until("node01")
        window.hang_up()
        return window.process.wait(10)


async def test_so_does_one_that_does_not_hear_the_signal_of_its_end(daemon: Any, tmp_path: Path) -> None:
    assert await asyncio.to_thread(_unheard, daemon.socket, tmp_path) == HUNG_UP
