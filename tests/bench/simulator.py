"""The simulated cloud under load: how many requests it answers in a second, and its memory at 1,000 nodes."""

from __future__ import annotations

import asyncio
import json
import subprocess
import time
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import Any

import aiohttp
from figures import Figure, python, resident_mb

NODES = 1000
AT_ONCE = 32
READS = 4000
SPEED = 20_000.0
VERSION = "version=2026-10-06&generation=2"
NETWORKS = ("127.29.0.0/20", "127.29.16.0/20")
PROFILE = "Profile-4f1c0de0-0000-4000-8000-000000000070"
SUBNET = "0717-4f1c0de0-0000-4000-8000-000000000010"
VPC = "r006-4f1c0de0-0000-4000-8000-000000000001"
IMAGE = "r006-4f1c0de0-0000-4000-8000-000000000030"
STARTED = "import sys; sys.argv = ['nxd', *sys.argv[1:]]\nfrom daemon.cli import main\nmain()"


@dataclass
class Cloud:
    """The simulated VPC API, with a token for it."""

    http: aiohttp.ClientSession
    url: str
    control: str
    pid: int

    async def ask(self, method: str, path: str, body: Any = None) -> Any:
        joint = "&" if "?" in path else "?"
        async with self.http.request(method, f"{self.url}{path}{joint}{VERSION}", json=body) as answer:
            assert answer.status < 300, await answer.text()
            return await answer.json() if answer.content_length else None

    async def each(self, count: int, work: Callable[[int], Awaitable[Any]]) -> float:
        """Do ``work`` for each number, a few at once; how many were done in a second."""
        numbers = iter(range(count))

        async def worker() -> None:
            for number in numbers:
                await work(number)

        begun = time.perf_counter()
        await asyncio.gather(*(worker() for _ in range(AT_ONCE)))
        return count / (time.perf_counter() - begun)


@asynccontextmanager
async def cloud() -> AsyncIterator[Cloud]:
    """A simulator in a process of its own, as `nxd sim` starts it."""
    options = ["--speed", str(SPEED), "--json", "--quota", f"server={NODES}"]
    command = [*python(STARTED), "sim", *options, "--management", NETWORKS[0], "--workload", NETWORKS[1]]
    child = await asyncio.create_subprocess_exec(*command, stdout=subprocess.PIPE)
    try:
        assert child.stdout is not None
        urls = json.loads(await child.stdout.readline())
        async with aiohttp.ClientSession() as plain:
            token = await _token(plain, urls["metadata_url"])
        headers = {"Authorization": f"Bearer {token}"}
        async with aiohttp.ClientSession(headers=headers) as http:
            yield Cloud(http, urls["vpc_url"], urls["control_url"], child.pid)
    finally:
        child.terminate()
        await child.wait()


async def _token(http: aiohttp.ClientSession, url: str) -> str:
    flavor = {"Metadata-Flavor": "ibm"}
    path = f"{url}/instance_identity/v1"
    async with http.put(f"{path}/token?version=2022-03-01", json={}, headers=flavor) as answer:
        identity = (await answer.json())["access_token"]
    bearer = {**flavor, "Authorization": f"Bearer {identity}"}
    wanted = {"trusted_profile": {"id": PROFILE}}
    async with http.post(f"{path}/iam_token?version=2022-03-01", json=wanted, headers=bearer) as answer:
        token: str = (await answer.json())["access_token"]
    return token


async def _order(here: Cloud, number: int) -> str:
    """Three addresses, an interface and a server; the server's id."""
    ips = [
        (await here.ask("POST", f"/subnets/{SUBNET}/reserved_ips", {"name": f"b-n{number}-{role}-ip"}))["id"]
        for role in ("mgmt", "ahv", "cvm")
    ]
    interface = {
        "name": f"b-n{number}-mgmt-vni",
        "primary_ip": {"id": ips[0]},
        "ips": [{"id": key} for key in ips[1:]],
    }
    vni = (await here.ask("POST", "/virtual_network_interfaces", interface))["id"]
    order = {
        "name": f"b-n{number}-host-bms",
        "profile": {"name": "bx2d-metal-96x384"},
        "zone": {"name": "us-south-1"},
        "vpc": {"id": VPC},
        "initialization": {"image": {"id": IMAGE}, "keys": [], "user_data": "#!ipxe\nshell"},
        "primary_network_attachment": {"virtual_network_interface": {"id": vni}},
    }
    key: str = (await here.ask("POST", "/bare_metal_servers", order))["id"]
    return key


async def _measure() -> list[Figure]:
    async with cloud() as here:
        empty = resident_mb(here.pid)
        keys: list[str] = []

        async def order(number: int) -> None:
            keys.append(await _order(here, number))

        orders = await here.each(NODES, order)
        running = 0
        while running < NODES:
            async with here.http.get(f"{here.control}/counts") as answer:
                counts = await answer.json()
            running = counts["existing"]["server"] if not await _pending(here) else 0
        full = resident_mb(here.pid)
        reads = await here.each(READS, lambda n: here.ask("GET", f"/bare_metal_servers/{keys[n % NODES]}"))
        pages = await here.each(
            READS // 20, lambda n: here.ask("GET", f"/subnets/{SUBNET}/reserved_ips?limit=100")
        )
    return [
        Figure("sim.memory_empty", empty, "MB"),
        Figure("sim.memory_1000_nodes", full, "MB", 300),
        Figure("sim.creates_per_second", orders * 5, "requests/s", None, "higher"),
        Figure("sim.reads_per_second", reads, "requests/s", 500, "higher"),
        Figure("sim.pages_per_second", pages, "pages of 100 of 3,000/s", None, "higher"),
    ]


async def _pending(here: Cloud) -> bool:
    """Whether a server of the first page has not come up yet; the newest come first."""
    page = await here.ask("GET", "/bare_metal_servers?limit=100")
    return any(server["status"] != "running" for server in page["bare_metal_servers"])


def thousand() -> list[Figure]:
    """The simulator's requests per second and its memory with 1,000 servers in one process."""
    return asyncio.run(_measure())
