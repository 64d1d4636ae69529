"""Inside GNU screen: keys arrive, colours are those it has, and what is meant for the terminal reaches it."""

from __future__ import annotations

import asyncio
import base64
import re
import shutil
import sys
import time
import uuid
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest

from nxtui.terminal.control import is_screen, mouse_fits

ROOT = Path(__file__).parents[3]


@pytest.fixture
async def inside(terminal: Any, daemon: Any, tmp_path: Path) -> AsyncIterator[Any]:
    """Starts the window inside screen, which runs inside a terminal whose bytes are kept."""
    if shutil.which("screen") is None:
        pytest.skip("screen is not installed")
    name = f"nxtui-{uuid.uuid4().hex[:12]}"

    async def start(kind: str) -> Path:
        window = f"{sys.executable} -m nxtui.main --socket {daemon.socket}"
        plain = "env -u TMUX -u TMUX_PANE -u COLORTERM -u NO_COLOR LC_ALL=C.UTF-8 TERM=xterm-256color"
        script = f"cd {ROOT} && unset COLUMNS LINES && TERM={kind} {window}; echo code=$?; exec cat"
        kept = tmp_path / "bytes"
        kept.touch()
        await terminal.start(f"{plain} screen -S {name} -c /dev/null -U sh -c '{script}'; exec cat")
        await terminal.tmux("pipe-pane", f"cat >{kept}")
        await terminal.shows(lambda s: "❯    ✗ node02" in s and "LIVE" in s, "the fleet")
        return kept

    yield start
    ended = await asyncio.create_subprocess_exec(
        "screen", "-S", name, "-X", "quit", stdout=asyncio.subprocess.DEVNULL
    )
    await ended.wait()


def _put_on_clipboard(kept: Path) -> bytes | None:
    """What the terminal was last told to put there."""
    found = re.findall(rb"\x1b\]52;c;([\w+/=]+)\x07", kept.read_bytes())
    return found[-1] if found else None


@pytest.mark.e2e
@pytest.mark.parametrize(
    ("kind", "colour"), [("screen-256color", r"38;5;\d+m"), ("screen", r"\x1b\[(?:1;)?[39][1-7]m")]
)
async def test_inside_screen_keys_colours_and_the_clipboard_work(
    inside: Any, terminal: Any, kind: str, colour: str
) -> None:
    kept: Path = await inside(kind)
    coloured = await terminal.screen(colours=True)
    assert re.search(colour, coloured)
    if kind == "screen":
        assert "38;5;" not in coloured and "38;2;" not in coloured
    await terminal.press("?")
    await terminal.shows(lambda s: "Esc closes" in s, "the keys")
    await terminal.press("Escape")
    await terminal.shows(lambda s: "Esc closes" not in s and "node03" in s, "Esc to close them")
    await terminal.press("Down")
    await terminal.shows(lambda s: "❯    ◐ node03" in s, "the cursor on node03")
    await terminal.press("y")
    await terminal.shows(lambda s: "Sent to the terminal" in s, "the copy")
    end = time.monotonic() + 10
    while not (found := _put_on_clipboard(kept)):
        assert time.monotonic() < end, "nothing for the clipboard reached the terminal"
        await asyncio.sleep(0.05)
    assert base64.b64decode(found).decode().startswith("node03\tinstalling")
    await terminal.press("q")
    screen = await terminal.shows(lambda s: "code=" in s, "the end")
    assert "code=0" in screen and "]52;" not in screen


@pytest.mark.parametrize(
    ("environment", "inside_screen"),
    [
        ({"TERM": "screen"}, True),
        ({"TERM": "screen.xterm-256color", "STY": "1.x"}, True),
        ({"TERM": "xterm-256color", "STY": "1.x"}, True),
        ({"TERM": "screen-256color", "TMUX": "/tmp/x,1,0"}, False),
        ({"TERM": "xterm-256color", "STY": "1.x", "TMUX": "/tmp/x,1,0"}, False),
        ({"TERM": "xterm"}, False),
    ],
)
def test_the_mouse_is_left_to_the_terminal_in_screen_which_would_hold_back_esc(
    environment: dict[str, str], inside_screen: bool
) -> None:
    assert is_screen(environment) is inside_screen
    assert mouse_fits(environment) is not inside_screen
