"""In a real terminal: the command starts, draws, answers keys, survives the daemon and leaves cleanly."""

from __future__ import annotations

import asyncio
import fcntl
import os
import pty
import re
import select
import struct
import subprocess
import sys
import termios
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from nxtui.terminal import clipboard

ROOT = Path(__file__).parents[3]


@pytest.mark.e2e
async def test_in_a_real_terminal_it_draws_acts_survives_and_leaves(terminal: Any, daemon: Any) -> None:
    command = f"cd {ROOT} && LC_ALL=C.UTF-8 {sys.executable} -m nxtui.main --socket {daemon.socket}"
    await terminal.start(f"{command}; echo code=$?; exec cat")
    await terminal.shows(lambda s: "node02" in s and "LIVE" in s, "the fleet")
    screen = await terminal.shows(
        lambda s: "security group lets port 8080" in s, "the story of the failed node"
    )
    assert all(len(line) <= 80 for line in screen.splitlines())
    await terminal.press("r")
    await terminal.shows(lambda s: "y retry" in s, "the question")
    await terminal.press("y")
    await terminal.shows(lambda s: "will be tried again" in s, "the answer")
    assert [verb["target"] for verb in daemon.verbs] == ["node02"]
    await daemon.stop()
    await terminal.shows(lambda s: "LOST" in s, "the loss")
    await daemon.start()
    await terminal.shows(lambda s: "LIVE" in s, "the return")
    await terminal.press("q")
    screen = await terminal.shows(lambda s: "code=" in s, "the end")
    assert "code=0" in screen
    assert "goes on working" in screen
    assert "Traceback" not in screen


@pytest.mark.e2e
@pytest.mark.parametrize(("columns", "rows"), [(80, 24), (140, 45)])
async def test_a_real_terminal_shows_what_keys_led_to(
    terminal: Any, daemon: Any, golden: Callable[[str, str], None], columns: int, rows: int
) -> None:
    """The fleet with its failed node, and the question before a retry, on the real screen."""
    window = f"{sys.executable} -m nxtui.main --socket {daemon.socket}"
    command = f"cd {ROOT} && unset COLUMNS LINES && LC_ALL=C.UTF-8 {window}"
    await terminal.start(command, columns, rows)
    wanted = ("❯    ✗ node02", "LIVE", "✗ node02 The server did not")
    screen = await terminal.at_rest(lambda s: all(text in s for text in wanted), "the fleet")
    golden(f"terminal-fleet-{columns}x{rows}", screen)
    await terminal.press("r")
    screen = await terminal.at_rest(lambda s: "Try node02 again?" in s and "y retry" in s, "the question")
    golden(f"terminal-retry-{columns}x{rows}", screen)


def _run(environment: dict[str, str], *arguments: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-m", "nxtui.main", *arguments],
        cwd=ROOT,
        env=os.environ | environment,
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        timeout=60,
    )


@pytest.mark.e2e
def test_without_a_terminal_it_says_what_to_use_and_writes_no_escapes() -> None:
    ended = _run({"TERM": "xterm"}, "--socket", "/nowhere")
    assert ended.returncode == 2
    assert ended.stdout == ""
    assert "nxd status" in ended.stderr and "nxd events" in ended.stderr
    assert "\x1b" not in ended.stderr
    assert ended.stderr.count("\n") == 1


@pytest.mark.e2e
def test_settings_that_cannot_be_read_are_one_sentence_and_code_2() -> None:
    ended = _run({"NXD_CONFIG": "/nowhere/nxd.yaml", "NXD_SOCKET": ""})
    assert ended.returncode == 2
    assert ended.stderr == "The settings /nowhere/nxd.yaml cannot be read (No such file or directory).\n"


@pytest.mark.e2e
def test_help_is_there_before_textual_is_loaded() -> None:
    code = """
import sys
import nxtui.main
try:
    nxtui.main.main(["--help"])
except SystemExit:
    assert not {"textual", "httpx", "aiohttp"} & set(sys.modules)
"""
    subprocess.run([sys.executable, "-c", code], cwd=ROOT, check=True, capture_output=True)


@pytest.mark.e2e
def test_the_window_loads_neither_the_server_nor_an_sdk_and_httpx_only_after_the_first_frame() -> None:
    code = "import sys, nxtui.app; print(*{name.partition('.')[0] for name in sys.modules})"
    ended = subprocess.run([sys.executable, "-c", code], cwd=ROOT, check=True, capture_output=True, text=True)
    assert not {"aiohttp", "ibm_vpc", "httpx", "pydantic", "transitions"} & set(ended.stdout.split())


@pytest.mark.parametrize("kind", ["dumb", ""])
def test_a_terminal_that_cannot_be_drawn_on_is_refused(kind: str, monkeypatch: pytest.MonkeyPatch) -> None:
    from nxtui import main

    monkeypatch.setattr(sys.stdin, "isatty", lambda: True, raising=False)
    monkeypatch.setattr(sys.stdout, "isatty", lambda: True, raising=False)
    reason = main.why_no_window({"TERM": kind})
    assert reason is not None and "nxd status" in reason
    assert main.why_no_window({"TERM": "xterm"}) is None


@pytest.mark.e2e
@pytest.mark.parametrize(
    ("environment", "has", "has_not"),
    [
        ({"TERM": "xterm"}, rb"\x1b\[[0-9;]*\b(3|9)[0-7]\b", rb"[34]8;[25];"),
        ({"TERM": "xterm-256color"}, rb"38;5;", rb"[34]8;2;"),
        ({"TERM": "screen-256color"}, rb"38;5;", rb"[34]8;2;"),
        ({"TERM": "xterm-256color", "COLORTERM": "truecolor"}, rb"38;2;", rb"38;5;"),
        ({"TERM": "linux", "LC_ALL": "C.UTF-8"}, rb"x\W+node02|x.{1,60}node02", "✗".encode()),
        ({"TERM": "xterm-256color", "NO_COLOR": "1"}, rb"node02", rb"38;2;242;116;74"),
        ({"TERM": "xterm-256color", "LANG": "C", "LC_ALL": "", "LC_CTYPE": ""}, rb"node02", "✗".encode()),
    ],
    ids=["16", "256", "screen", "truecolor", "console", "no-colour", "no signs"],
)
async def test_it_sends_a_terminal_only_the_colours_and_signs_that_it_has(
    daemon: Any, environment: dict[str, str], has: bytes, has_not: bytes
) -> None:
    command = [sys.executable, "-m", "nxtui.main", "--socket", str(daemon.socket)]
    drawn = await asyncio.to_thread(_drawn, command, environment)
    assert re.search(has, drawn, re.DOTALL)
    assert not re.search(has_not, drawn)


def _drawn(command: list[str], environment: dict[str, str]) -> bytes:
    """What a command draws on a pseudo-terminal until the fleet and the link are there."""
    ours = {
        key: value for key, value in os.environ.items() if key not in ("COLORTERM", "NO_COLOR", "STY", "TMUX")
    }
    parent, child = pty.openpty()
    fcntl.ioctl(child, termios.TIOCSWINSZ, struct.pack("HHHH", 24, 80, 0, 0))
    process = subprocess.Popen(
        command,
        cwd=ROOT,
        stdin=child,
        stdout=child,
        stderr=child,
        env=ours | environment,
        start_new_session=True,
    )
    os.close(child)
    drawn, end = b"", time.monotonic() + 20
    try:
        while not (b"node03" in drawn and b"LIVE" in drawn):
            assert time.monotonic() < end, drawn[-500:]
            if select.select([parent], [], [], 0.2)[0]:
                drawn += os.read(parent, 65536)
        return drawn
    finally:
        process.terminate()
        process.wait(10)
        os.close(parent)


@pytest.mark.e2e
async def test_what_is_copied_in_tmux_as_it_comes_can_be_pasted_there(terminal: Any, daemon: Any) -> None:
    window = f"{sys.executable} -m nxtui.main --socket {daemon.socket}"
    await terminal.start(f"cd {ROOT} && LC_ALL=C.UTF-8 {window}")
    await terminal.shows(lambda s: "❯    ✗ node02" in s and "LIVE" in s, "the fleet")
    await terminal.press("y")
    await terminal.shows(lambda s: "Copied into tmux" in s, "what became of it")
    assert (await terminal.tmux("show-buffer")).startswith("node02\tfailed")


def test_where_nobody_is_known_to_have_taken_a_text_it_is_not_called_copied() -> None:
    assert clipboard.keep_in_tmux("x", {}) == "Sent to the terminal's clipboard."
