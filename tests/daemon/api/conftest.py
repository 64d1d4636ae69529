"""The toy house behind its real socket, with the real client."""

from __future__ import annotations

import tempfile
from collections.abc import AsyncIterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import httpx
import pytest
from aiohttp import web

from daemon.client import AsyncClient
from daemon.engine.context import StepContext
from daemon.errors.tree import OutsideError
from pxe.app import protocol_log
from pxe.connections import SocketSite
from state_machines.outcome import Done

SPEC = "platform: toy\ncluster: demo\nnodes:\n  - name: node01\n  - name: node02\n"


@dataclass
class Door:
    """The way into a house: its socket, a client, and requests that no client would make."""

    socket: Path
    client: AsyncClient
    raw: httpx.AsyncClient
    runner: web.AppRunner
    spec: str = SPEC

    async def post(self, path: str, body: Any) -> tuple[int, Any]:
        """Status and JSON of a POST; a text is sent as it is."""
        if isinstance(body, str | bytes):
            answer = await self.raw.post(path, content=body)
        else:
            answer = await self.raw.post(path, json=body)
        return answer.status_code, answer.json()

    async def get(self, path: str) -> tuple[int, Any]:
        answer = await self.raw.get(path)
        return answer.status_code, answer.json()


@pytest.fixture
async def door(house: Any, monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[Door]:
    monkeypatch.setattr("daemon.api.app.states", lambda platform: dict.fromkeys(house.toy.steps, 0.0))
    monkeypatch.setattr("daemon.api.app.spec_model", lambda platform: house.toy.model)
    runner = web.AppRunner(house.api.app(), access_log=None, logger=protocol_log, shutdown_timeout=0.1)
    await runner.setup()
    with tempfile.TemporaryDirectory(prefix="nx") as directory:
        path = Path(directory) / "nxd.sock"
        await SocketSite(runner, str(path), house.api.nonsense).start()
        transport = httpx.AsyncHTTPTransport(uds=str(path), verify=False)
        async with (
            AsyncClient(path) as client,
            httpx.AsyncClient(transport=transport, base_url="http://nxd", trust_env=False) as raw,
        ):
            yield Door(path, client, raw, runner)
        await runner.cleanup()


@pytest.fixture
async def failed(house: Any, door: Any) -> Any:
    """A node that made a thing and then failed."""

    async def make(ctx: StepContext) -> Done:
        await ctx.ensure(house.toy.outside.want("a"))
        return Done()

    house.toy.script = {"making": make, "settling": [OutsideError("bad_request", "No.", evidence="HTTP 400")]}
    await house.begin()
    return door.client
