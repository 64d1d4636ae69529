"""Whoever waits for a daemon that does not answer is told so before the deadline, at a terminal and nowhere else."""

from __future__ import annotations

import os
import pty
import select
import socket
import subprocess
import sys
from pathlib import Path

import pytest


@pytest.mark.e2e
@pytest.mark.parametrize("asked", [["status"], ["wait", "demo"], ["events"]], ids=" ".join)
@pytest.mark.parametrize("terminal", [True, False], ids=["terminal", "pipe"])
def test_a_daemon_that_is_silent_is_told_of_at_a_terminal_while_it_is_waited_for(
    tmp_path: Path, terminal: bool, asked: list[str]
) -> None:
    path = tmp_path / "nxd.sock"
    read, write = pty.openpty() if terminal else os.pipe()
    with socket.socket(socket.AF_UNIX) as silent:
        silent.bind(str(path))
        silent.listen()
        command = [sys.executable, "-P", "-m", "daemon.cli", "--socket", str(path), *asked]
        with subprocess.Popen(command, stdin=subprocess.DEVNULL, stderr=write) as child:
            heard = select.select([read], [], [], 15 if terminal else 6)[0]
            child.kill()
    said = os.read(read, 4096).decode() if heard else ""
    os.close(read)
    os.close(write)
    assert ("has not answered yet" in said and str(path) in said) is terminal, said
