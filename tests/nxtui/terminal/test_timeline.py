"""The tick that moves the present sends little: of each row in sight its cells up to now, and nothing of the rest."""

from __future__ import annotations

import asyncio
import re
from pathlib import Path
from typing import Any

import pytest
from pseudo_terminal import PseudoTerminal

pytestmark = pytest.mark.e2e

A_ROW = 250
"""Bytes that the tick may send for a row, and for the line of the present: Textual sends a line from its beginning to
the cell that changed."""


async def test_the_tick_that_moves_now_sends_the_rows_up_to_it_and_no_other_line(
    daemon: Any, tmp_path: Path
) -> None:
    loop = asyncio.get_running_loop()

    def later(seconds: float) -> None:
        daemon.now += seconds
        daemon.say(type="heartbeat")

    def drawn(window: PseudoTerminal, seconds: float) -> bytes:
        before = len(window.drawn)
        loop.call_soon_threadsafe(later, seconds)
        for _ in range(50):
            window.read()
        return bytes(window.drawn[before:])

    def watch() -> tuple[bytes, bytes]:
        with PseudoTerminal("--socket", str(daemon.socket), home=tmp_path) as window:
            window.until("LIVE")
            window.write("T")
            window.until("creating the server")
            for _ in range(40):
                window.read()
            return drawn(window, 5.0), drawn(window, 180.0)

    within, across = await asyncio.to_thread(watch)
    assert set(re.findall(rb"\x1b\[(\d+);\d+H", within)) <= {b"1"}, "the clock of the title alone"
    assert "▼" in across.decode(errors="replace")
    title_and_axis = 3  # the title is as long as two rows
    assert len(across) <= A_ROW * (len(daemon.nodes) + len(daemon.clusters) + title_and_axis), len(across)
