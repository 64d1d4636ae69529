"""The ports for machines: where they listen, and what is said when they cannot."""

from __future__ import annotations

import asyncio
import socket
import stat
import threading
import time
from pathlib import Path
from typing import Any

import aiohttp
import pytest
from aiohttp import web

from daemon.clock import SystemClock
from daemon.errors.tree import StartError
from daemon.host.ports import listening, on_socket, opened
from daemon.spec.hosts import HostPort
from pxe.connections import TIME_LIMITS, ConnectionLimiter

LIMITER = ConnectionLimiter(10, 10, TIME_LIMITS)


def free_port() -> int:
    """A port that no other process listens at, at any address."""
    with socket.create_server(("", 0)) as held:
        return int(held.getsockname()[1])


async def test_a_name_whose_lookup_hangs_is_told_at_the_deadline_and_may_be_tried_again(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """The name server of this host does not answer."""
    answered = threading.Event()

    def silent(*asked: Any, **how: Any) -> Any:
        answered.wait(20)
        raise socket.gaierror(socket.EAI_AGAIN, "Temporary failure in name resolution")

    monkeypatch.setattr(socket, "getaddrinfo", silent)
    begun = time.monotonic()
    with pytest.raises(StartError) as told:
        async with opened(HostPort("jump.example", 8080), "boot.listen", lookup_seconds=0.3):
            pass
    answered.set()
    assert time.monotonic() - begun < 3
    assert told.value.passing, "whoever keeps the daemon alive starts it again"
    assert "the name jump.example cannot be looked up: no name server answers" in str(told.value)
    assert "boot.listen" in str(told.value)


async def test_a_name_that_nobody_knows_is_told_with_the_setting() -> None:
    with pytest.raises(StartError, match=r"nobody\.invalid is no address, and no name.*config\.listen"):
        async with opened(HostPort("nobody.invalid", 8080), "config.listen"):
            pass


@pytest.mark.parametrize("host", ["localhost", "127.0.0.1", "0.0.0.0"])
async def test_a_name_and_an_address_are_listened_on(host: str) -> None:
    at = HostPort(host, free_port())
    async with opened(at, "boot.listen") as port, listening(web.Application(), port, LIMITER):
        assert b" 404 " in await asked(at.port)


async def asked(port: int) -> bytes:
    """The first line of the answer to a machine that has been waiting."""
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    writer.write(b"GET / HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n")
    line = await reader.readline()
    writer.close()
    return line


async def test_a_port_that_was_opened_is_nobody_elses_until_it_is_served_and_who_came_before_is_answered() -> (
    None
):
    at = HostPort("127.0.0.1", free_port())
    async with opened(at, "boot.listen") as port:
        early = asyncio.create_task(asked(at.port))
        await asyncio.sleep(0.1)
        with pytest.raises(StartError, match=r"the port is in use.*config\.listen"):
            async with opened(at, "config.listen"):
                pass
        async with listening(web.Application(), port, LIMITER):
            assert b" 404 " in await early
    async with opened(at, "boot.listen"):
        pass


async def test_a_socket_that_somebody_removed_is_made_anew_with_its_rights(tmp_path: Path) -> None:
    path = tmp_path / "nxd.sock"

    async def here(request: web.Request) -> web.Response:
        return web.Response(text="here")

    app = web.Application()
    app.router.add_get("/", here)
    async with on_socket(app, path, lambda status, text: web.Response(), SystemClock()):
        for _ in range(2):
            path.unlink()
            end = time.monotonic() + 10
            while not path.is_socket():
                assert time.monotonic() < end
                await asyncio.sleep(0.05)
            await asyncio.sleep(0.05)
            assert stat.S_IMODE(path.stat().st_mode) == 0o660
            connector = aiohttp.UnixConnector(str(path))
            async with (
                aiohttp.ClientSession(connector=connector) as session,
                session.get("http://nxd/") as said,
            ):
                assert await said.text() == "here"
    assert not path.exists()
