"""Over SSH: the window draws and acts, alone and inside GNU screen, where it outlives the link."""

from __future__ import annotations

import asyncio
import os
import shutil
import sys
import uuid
from collections.abc import AsyncIterator, Awaitable, Callable
from pathlib import Path
from typing import Any

import asyncssh
import pytest

ROOT = Path(__file__).parents[3]
SSH = "ssh -tt -o StrictHostKeyChecking=no -o UserKnownHostsFile=/dev/null -o LogLevel=ERROR"

pytestmark = [
    pytest.mark.e2e,
    pytest.mark.skipif(
        shutil.which("ssh") is None, reason="no ssh is installed (apt-get install openssh-client)"
    ),
]


class Host(asyncssh.SSHServer):
    """A host on loopback that lets everybody in."""

    def begin_auth(self, username: str) -> bool:
        return False


async def _login(process: asyncssh.SSHServerProcess[bytes]) -> None:
    """What sshd does: the command in a terminal of its own, of the size and kind that the client has."""
    columns, rows, *_ = process.term_size
    run = f"stty cols {columns} rows {rows} -echo; cd {ROOT}; {process.command}"
    child = await asyncio.create_subprocess_exec(
        sys.executable,
        "-c",
        f"import pty; pty.spawn(['sh', '-c', {run!r}])",
        stdin=asyncio.subprocess.PIPE,
        stdout=asyncio.subprocess.PIPE,
        env={**os.environ, "TERM": process.term_type or "dumb", "LC_ALL": "C.UTF-8"},
    )
    assert child.stdin is not None and child.stdout is not None
    keys = asyncio.create_task(_pass_on(process.stdin.read, child.stdin.write))
    await _pass_on(child.stdout.read, process.stdout.write)
    keys.cancel()
    process.exit(await child.wait())


async def _pass_on(read: Callable[[int], Awaitable[bytes]], write: Callable[[bytes], object]) -> None:
    while some := await read(65536):
        write(some)


@pytest.fixture
async def host() -> AsyncIterator[asyncssh.SSHAcceptor]:
    key = asyncssh.generate_private_key("ssh-ed25519")
    async with await asyncssh.listen(
        "127.0.0.1", 0, server_factory=Host, server_host_keys=[key], process_factory=_login, encoding=None
    ) as one:
        yield one


def _link(host: asyncssh.SSHAcceptor, command: str) -> str:
    return f"{SSH} -p {host.get_port()} operator@127.0.0.1 '{command}'; echo code=$?; exec cat"


async def test_over_ssh_it_draws_acts_and_leaves(
    terminal: Any, daemon: Any, host: asyncssh.SSHAcceptor
) -> None:
    await terminal.start(_link(host, f"{sys.executable} -m nxtui.main --socket {daemon.socket}"))
    await terminal.shows(lambda s: "❯    ✗ node02" in s and "LIVE" in s, "the fleet")
    await terminal.press("r")
    await terminal.shows(lambda s: "y retry" in s, "the question")
    await terminal.press("y")
    await terminal.shows(lambda s: "will be tried again" in s, "the answer")
    assert [verb["target"] for verb in daemon.verbs] == ["node02"]
    await terminal.press("q")
    assert "code=0" in await terminal.shows(lambda s: "code=" in s, "the end")


@pytest.mark.skipif(
    shutil.which("screen") is None, reason="GNU screen is not installed (apt-get install screen)"
)
async def test_inside_screen_it_outlives_the_link_and_is_found_again(
    terminal: Any, daemon: Any, host: asyncssh.SSHAcceptor
) -> None:
    name = f"nxtui-test-{uuid.uuid4().hex[:12]}"
    window = f"{sys.executable} -m nxtui.main --socket {daemon.socket}"
    try:
        await terminal.start(_link(host, f"screen -U -S {name} {window}"))
        await terminal.shows(lambda s: "❯    ✗ node02" in s and "LIVE" in s, "the fleet")
        await terminal.press("L")
        await terminal.shows(lambda s: "node02 › log" in s, "the log of the node")
        await terminal.press("C-a", "d")
        await terminal.shows(lambda s: "code=0" in s, "the end of the link")
        await terminal.tmux("respawn-pane", "-k", _link(host, f"screen -U -r {name}"))
        await terminal.shows(lambda s: "node02 › log" in s and "LIVE" in s, "the same page")
        await terminal.press("q")
        await terminal.shows(lambda s: "code=0" in s, "the end")
    finally:
        left = await asyncio.create_subprocess_exec(
            "screen", "-S", name, "-X", "quit", stdout=asyncio.subprocess.DEVNULL
        )
        await left.wait()
