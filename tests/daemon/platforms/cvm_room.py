"""CVMs at addresses of their own, and a cluster whose steps ask them."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass, field
from typing import Any

from aiohttp import BasicAuth, web
from msgspec.structs import replace

from daemon.drivers.prism import Connections, fetch_certificate
from daemon.platforms.ibm_nutanix.cluster import ClusterSteps
from daemon.platforms.ibm_nutanix.cvms import Cvms
from daemon.platforms.ibm_nutanix.membership import Membership
from daemon.platforms.ibm_nutanix.settings import IbmSettings
from daemon.settings.reading import load_settings
from daemon.store.ops import PutRecord, PutResource, Resource
from state_machines.outcome import Outcome, Wait

FACTORY = 0
SETTINGS = {
    "NXD_ENVIRONMENT": "lab",
    "NXD_BOOT_URL": "http://10.240.0.5:8080",
    "NXD_CONFIG_URL": "http://10.240.0.5:8081",
    "NXD_IBM_TRUSTED_PROFILE": "Profile-1",
}


@dataclass
class Room:
    """CVMs, each at an address of its own, with the passwords that each takes."""

    port: int = 0
    pause: float = 0.0
    passwords: dict[str, set[str]] = field(default_factory=dict)
    changed: list[str] = field(default_factory=list)
    shown: dict[str, Any] = field(default_factory=dict)
    """End of a path → what every CVM answers to it."""
    broken: set[str] = field(default_factory=set)
    """The CVMs whose service fails."""
    heard: list[tuple[str, str]] = field(default_factory=list)
    bodies: list[Any] = field(default_factory=list)
    asked: int = 0
    most: int = 0
    connections: Connections = field(default_factory=Connections)
    """Those of whoever asks."""

    async def answer(self, request: web.Request) -> web.Response:
        transport = request.transport
        assert transport is not None
        address = str(transport.get_extra_info("sockname")[0])
        self.asked += 1
        self.most = max(self.most, self.asked)
        await asyncio.sleep(self.pause)
        self.asked -= 1
        self.heard.append((request.method, address))
        if address in self.broken:
            return web.Response(status=503)
        sent = BasicAuth.decode(request.headers["Authorization"]).password
        if sent not in self.passwords[address]:
            return web.Response(status=401)
        body = await request.json() if request.method == "POST" else {}
        self.bodies += [body] if body else []
        if "newPassword" in body:
            self.passwords[address] = {body["newPassword"]}
            self.changed.append(address)
        word = request.path.rpartition("/")[2]
        return web.json_response(self.shown.get(word, {}))


async def stage(house: Any, room: Room, nodes: int, **spec: Any) -> ClusterSteps:
    """A formed cluster of so many nodes, whose step `gathering` is the test's."""
    settings = IbmSettings.of(load_settings(None, {**SETTINGS, "NXD_PRISM_PORT": str(room.port)}))
    names = [f"node{number:02d}" for number in range(nodes)]
    await house.sow(*names, nodes=names, **spec)
    rows = [Resource("demo", "demo", "nutanix_cluster", "demo", "present", "u-1", 1, {"members": names})]
    for name, address in zip(names, room.passwords, strict=False):
        pin = await fetch_certificate(address, room.port, 5)
        facts = {"pin": pin, "factory_login": FACTORY}
        record = house.record(name)
        await house.commit(
            PutRecord(
                replace(record, state="ready", facts=facts, spec={"first": name == "node00"}, version=2)
            )
        )
        rows.append(ip(name, "cvm", address))
    rows.append(ip("node00", "cluster", "127.61.0.9"))
    await house.commit(*(PutResource(row) for row in rows))
    cvms = Cvms(settings, room.connections)
    return ClusterSteps(settings, None, cvms, Membership(settings, cvms), None, house.clock)  # type: ignore[arg-type]


def ip(owner: str, role: str, address: str) -> Resource:
    data = {"role": role, "address": address}
    return Resource(owner, "demo", "reserved_ip", f"{owner}-{role}", "present", f"{owner}-{role}", 1, data)


async def answered(house: Any, step: Any) -> Any:
    """What the step answers in the cluster's next turn."""
    told: asyncio.Future[Any] = asyncio.get_running_loop().create_future()

    async def run(ctx: Any) -> Outcome:
        outcome = await step(ctx)
        if not told.done():
            told.set_result(outcome)
        return Wait("the test", "it goes on", 1e9)

    house.toy.script["gathering"] = run
    if house.record("demo").state == "pending":
        await house.ask("demo", "start")
    else:
        house.engine.poke("demo")
    return await asyncio.wait_for(told, 20)


def host(address: str, **more: Any) -> dict[str, Any]:
    return {"service_vmexternal_ip": address, "state": "NORMAL", "is_degraded": False, **more}
