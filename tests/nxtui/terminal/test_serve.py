"""The browser mode serves only the person who started it, on this machine alone, or says what is missing."""

from __future__ import annotations

import asyncio
import importlib.util
import os
import select
import shlex
import subprocess
import sys
import time
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import aiohttp
import pytest
from aiohttp import web

from nxtui.terminal import serve
from tests.loopback import free_ports

ROOT = Path(__file__).parents[3]
KEY = "a-key"


@pytest.fixture
async def address() -> AsyncIterator[str]:
    """A server behind the guard, on a free port."""

    async def answer(request: web.Request) -> web.Response:
        return web.Response(text="the window")

    runner = web.AppRunner(web.Application())
    await runner.setup()
    site = web.TCPSite(runner, "127.0.0.1", 0)
    await site.start()
    port = runner.addresses[0][1]
    await runner.cleanup()
    app = web.Application(middlewares=[serve.make_guard(KEY, port)])
    app.router.add_get("/", answer)
    runner = web.AppRunner(app)
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", port).start()
    yield f"http://127.0.0.1:{port}"
    await runner.cleanup()


@pytest.mark.parametrize(
    ("path", "headers", "status"),
    [
        ("/", {}, 403),
        ("/?key=another", {}, 403),
        (f"/?key={KEY}", {}, 200),
        ("/", {"Cookie": f"{serve.COOKIE}={KEY}"}, 200),
        (f"/?key={KEY}", {"Host": "evil.example"}, 403),
        (f"/?key={KEY}", {"Origin": "http://evil.example"}, 403),
    ],
)
async def test_only_who_has_the_key_and_asked_this_host_is_let_in(
    address: str, path: str, headers: dict[str, str], status: int
) -> None:
    async with aiohttp.ClientSession() as session, session.get(address + path, headers=headers) as answer:
        assert answer.status == status
        assert ("the window" in await answer.text()) is (status == 200)


async def test_the_key_becomes_a_cookie_that_no_other_site_can_send(address: str) -> None:
    async with aiohttp.ClientSession() as session, session.get(f"{address}/?key={KEY}") as answer:
        cookie = answer.headers["Set-Cookie"]
        assert "SameSite=Strict" in cookie and "HttpOnly" in cookie


def test_a_tab_runs_the_same_command_with_the_same_options() -> None:
    words = shlex.split(serve.command(["--socket", "/run/a b.sock", "--read-only"]))
    assert words == [sys.executable, "-P", "-m", "nxtui.main", "--socket", "/run/a b.sock", "--read-only"]


INSTALLED = importlib.util.find_spec("textual_serve") is not None


@pytest.mark.skipif(INSTALLED, reason="textual-serve is installed")
def test_without_the_optional_part_one_sentence_says_what_to_install() -> None:
    ended = subprocess.run(
        [sys.executable, "-m", "nxtui.main", "--serve"], cwd=ROOT, capture_output=True, text=True, timeout=60
    )
    assert ended.returncode == 2
    assert "pip install 'nxd[browser]'" in ended.stderr
    assert ended.stderr.count("\n") == 1


@pytest.mark.skipif(not INSTALLED, reason="textual-serve is not installed")
@pytest.mark.e2e
async def test_a_browser_that_has_the_key_gets_the_window(daemon: Any, unused_port: int) -> None:
    child = _start("--socket", str(daemon.socket), "--serve", "--port", str(unused_port))
    try:
        url = await asyncio.to_thread(_printed, child)
        assert url.startswith(f"http://127.0.0.1:{unused_port}/?key=")
        base, _, key = url.partition("/?key=")
        await _listens(unused_port)
        async with aiohttp.ClientSession() as session:
            async with session.get(base) as answer:
                assert answer.status == 403
            jar = {"Cookie": f"{serve.COOKIE}={key}"}
            async with session.get(url) as answer:
                assert answer.status == 200
            socket = f"{base}/ws?width=100&height=30".replace("http", "ws", 1)
            async with session.ws_connect(socket, headers=jar) as page:
                drawn = b""
                while b"node02" not in drawn:
                    message = await page.receive(timeout=20)
                    drawn += message.data if isinstance(message.data, bytes) else str(message.data).encode()
    finally:
        child.terminate()
        printed, _ = await asyncio.to_thread(child.communicate, timeout=10)
    assert key.encode() not in printed, "the address is printed once, and no log has it"


def _start(*arguments: str) -> subprocess.Popen[bytes]:
    return subprocess.Popen(
        [sys.executable, "-m", "nxtui.main", *arguments],
        cwd=ROOT,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
    )


async def _listens(port: int) -> None:
    """The address is printed just before the port is open."""
    end = time.monotonic() + 20
    while True:
        try:
            _, writer = await asyncio.open_connection("127.0.0.1", port)
        except ConnectionRefusedError:
            assert time.monotonic() < end, f"nobody listens on {port}"
            await asyncio.sleep(0.05)
        else:
            writer.close()
            await writer.wait_closed()
            return


def _printed(child: subprocess.Popen[bytes]) -> str:
    assert child.stdout is not None
    text, end = b"", time.monotonic() + 20
    while b"   (Ctrl-C" not in text:
        assert time.monotonic() < end, text
        if select.select([child.stdout], [], [], 0.2)[0]:
            text += os.read(child.stdout.fileno(), 4096)
    return next(word for word in text.decode().split() if word.startswith("http"))


@pytest.fixture
def unused_port() -> int:
    return free_ports(1)[0]
