"""A small cloud over HTTP that shows what the test puts into it, spoken to by the real SDK."""

from __future__ import annotations

import json
import ssl
from collections.abc import AsyncIterator
from concurrent.futures import ThreadPoolExecutor
from functools import cache
from pathlib import Path
from typing import Any

import pytest
from aiohttp import web

from daemon.clock import SystemClock
from daemon.drivers.ibm_calls import IbmCloud
from daemon.drivers.ibm_dns import open_dns
from daemon.drivers.ibm_vpc import open_vpc
from daemon.drivers.rates import TokenBucket
from daemon.platforms.ibm_nutanix.boot_images import BootImages
from daemon.platforms.ibm_nutanix.cvms import AT_ONCE
from daemon.platforms.ibm_nutanix.first_contact import FACTORY_LOGINS
from daemon.platforms.ibm_nutanix.node import NodeSteps
from daemon.platforms.ibm_nutanix.settings import IbmSettings
from daemon.platforms.ibm_nutanix.watch import ServerWatch
from daemon.settings.reading import load_settings
from daemon.sim.nutanix.certificates import make_certificate
from tests.daemon.platforms.cvm_room import FACTORY, Room
from tests.loopback import free_ports

SETTINGS = {
    "NXD_ENVIRONMENT": "lab",
    "NXD_BOOT_URL": "http://10.240.0.5:8080",
    "NXD_CONFIG_URL": "http://10.240.0.5:8081",
    "NXD_IBM_TRUSTED_PROFILE": "Profile-1",
}


class NoToken:
    """Calls go out without a token."""

    def at_hand(self) -> str:
        return "none"

    def renounce(self) -> None:
        """There is none."""


class Cloud:
    """Answers with what the test puts into ``shown``, by the last word of the path or the last two, and keeps what is
    sent."""

    def __init__(self) -> None:
        self.shown: dict[str, list[dict[str, Any]]] = {}
        self.objects: dict[str, dict[str, Any] | None] = {}
        """Last word of a path → the object that stands there; None: there is none."""
        self.refused: dict[str, int] = {}
        """Part of a path → with which status it is refused."""
        self.sent: list[tuple[str, str, Any]] = []

    async def answer(self, request: web.Request) -> web.Response:
        text = await request.text()
        word = request.path.rpartition("/")[2]
        self.sent.append((request.method, request.path, json.loads(text) if text else None))
        for part, status in self.refused.items():
            if part in request.path:
                return web.json_response({"errors": [{"code": "refused"}]}, status=status)
        if request.method == "POST":
            return web.json_response({"id": f"id-{len(self.sent)}"}, status=201)
        if word in self.objects:
            found = self.objects[word]
            return web.json_response(
                found or {"errors": [{"code": "not_found"}]}, status=200 if found else 404
            )
        place = "/".join(request.path.split("/")[-2:])
        if place in self.shown or word in self.shown:
            shown = self.shown[place if place in self.shown else word]
            return web.json_response({word: shown, "total_count": len(shown)})
        return web.json_response({"id": word, "lifecycle_state": "stable", "status": "running"})

    def deleted(self) -> list[str]:
        return [path.rpartition("/")[2] for method, path, _ in self.sent if method == "DELETE"]

    def posted(self) -> list[Any]:
        return [body for method, _, body in self.sent if method == "POST"]


@pytest.fixture
async def cloud(boot_images: Path) -> AsyncIterator[tuple[Cloud, NodeSteps]]:
    one, app = Cloud(), web.Application()
    app.router.add_route("*", "/{anything:.*}", one.answer)
    runner = web.AppRunner(app, access_log=None)
    await runner.setup()
    site = web.TCPSite(runner, "127.0.0.1", 0)
    await site.start()
    url, clock = f"http://127.0.0.1:{runner.addresses[0][1]}/v1", SystemClock()
    with ThreadPoolExecutor(4) as threads:
        shared = IbmCloud(NoToken(), threads, 4, (2.0, 2.0))  # type: ignore[arg-type]
        vpc = open_vpc(shared, url, TokenBucket(1000, clock))
        dns = open_dns(shared, url, TokenBucket(1000, clock))
        yield (
            one,
            NodeSteps(
                IbmSettings.of(load_settings(None, SETTINGS)),
                vpc,
                dns,
                clock,
                ServerWatch(vpc, clock, 30.0),
                BootImages(boot_images),
            ),
        )
        await vpc.close()
        await dns.close()
    await runner.cleanup()


@cache
def _context(address: str) -> ssl.SSLContext:
    """What the CVM at this address shows, in every test the same."""
    return make_certificate(address).context


@pytest.fixture
async def room() -> AsyncIterator[Room]:
    one = Room()
    app = web.Application()
    app.router.add_route("*", "/{anything:.*}", one.answer)
    runner = web.AppRunner(app, access_log=None)
    await runner.setup()
    (one.port,) = free_ports(1)
    for number in range(AT_ONCE + 4):
        address = f"127.61.0.{10 + number}"
        await web.TCPSite(runner, address, one.port, ssl_context=_context(address)).start()
        one.passwords[address] = {FACTORY_LOGINS[FACTORY].password}
    yield one
    await one.connections.close()
    await runner.cleanup()
