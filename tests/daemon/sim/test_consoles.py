"""The console of a simulated server over a real WebSocket, as strict as the service is known to be."""

from __future__ import annotations

from typing import Any

import aiohttp
import pytest

from tests.daemon.sim.conftest import Sim
from tests.daemon.sim.test_models import console


async def refused(sim: Sim, url: str) -> int:
    with pytest.raises(aiohttp.WSServerHandshakeError) as caught:
        await sim.http.ws_connect(url)
    return caught.value.status


async def another(sim: Sim, token: dict[str, Any], force: bool = False) -> str:
    """The address that a second token opens."""
    server = token["href"].split("/bare_metal_servers/")[1].split("/")[0]
    method = sim.vpc.create_bare_metal_server_console_access_token
    return str((await sim.call(method, server, "serial", force=force)).get_result()["href"])


async def test_a_token_opens_one_session_and_no_second_one(sim: Sim) -> None:
    token = await console(sim)
    async with sim.http.ws_connect(token["href"]) as line:
        await line.send_bytes(b"hello\r")
        seen = b""
        while b"# " not in seen:
            seen += (await line.receive(10)).data
        assert b"hello" in seen
    assert await refused(sim, token["href"]) == 401
    assert await refused(sim, token["href"].partition("?")[0]) == 401


async def test_a_token_opens_nothing_once_it_has_expired(sim: Sim) -> None:
    token = await console(sim)
    await sim.tell("/clock", {"advance": 181})
    assert await refused(sim, token["href"]) == 401


async def test_one_session_at_a_time_unless_it_is_taken_over(sim: Sim) -> None:
    token = await console(sim)
    async with sim.http.ws_connect(token["href"]) as line:
        assert await refused(sim, await another(sim, token)) == 409
        async with sim.http.ws_connect(await another(sim, token, force=True)) as second:
            while (message := await line.receive(10)).type is aiohttp.WSMsgType.BINARY:
                pass
            assert (line.close_code, message.extra) == (4001, "another session was opened by force")
            await second.send_bytes(b"mine\r")
            assert (await second.receive(10)).type is aiohttp.WSMsgType.BINARY


async def test_a_session_that_is_idle_ends(sim: Sim) -> None:
    token = await console(sim)
    async with sim.http.ws_connect(token["href"]) as line:
        for _ in range(20):
            await sim.tell("/clock", {"advance": 60})
        while (message := await line.receive(20)).type is aiohttp.WSMsgType.BINARY:
            pass
        assert "idle" in str(message.extra) or "60 minutes" in str(message.extra)
