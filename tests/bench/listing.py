"""Ten thousand nodes in one answer: how long it takes, and how long everybody else waits meanwhile.

Run as a program it is the server: `python listing.py SOCKET` serves our API, and the same answer by way of the
standard library's json at /json.
"""

from __future__ import annotations

import asyncio
import json
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Sequence
from typing import Any

from aiohttp import web
from cryptography.fernet import Fernet
from figures import Figure
from toy import Toy

from daemon import wire
from daemon.api.app import Api
from daemon.api.views import Views
from daemon.clock import SystemClock
from daemon.engine.engine import Engine
from daemon.engine.pace import Pace
from daemon.host.heap import collect_rarely, freeze
from daemon.memory.bus import Bus
from daemon.memory.journal import Journal
from daemon.memory.mirror import Mirror
from daemon.requests.consoles import Consoles
from daemon.requests.specs import Specs
from daemon.requests.verbs import Verbs
from daemon.secrets.box import SecretBox
from daemon.store.memory import MemoryStore
from daemon.store.ops import Contents, Lease, Resource
from state_machines.record import Record

NODES = 10_000
RESOURCES = 3
ASKED = 9
ROUNDS = 3
OURS, THEIRS, PING = "/v1/nodes", "/json", "/v1/healthz"


class Shown(Toy):
    """A toy that can be looked at."""

    def addresses(self, record: Record, resources: Sequence[Resource]) -> dict[str, str]:
        """The addresses in the ledger."""
        return {row.kind: row.data["address"] for row in resources}


def _contents() -> Contents:
    cluster = Record("c", "toy.cluster", "c", "active", 1.0, 1)
    nodes = [Record(f"n{n}", "toy.node", "c", "active", 1.0, 1) for n in range(NODES)]
    rows = [
        Resource(node.name, "c", f"ip{n}", f"{node.name}-ip{n}", "present", f"0717-{node.name}-{n}", 1, data)
        for node in nodes
        for n, data in enumerate([{"address": "10.0.0.1"}] * RESOURCES)
    ]
    return Contents("bench", 0, [cluster, *nodes], rows, [], [], {}, {})


def _api() -> web.Application:
    clock, box = SystemClock(), SecretBox(Fernet.generate_key())
    journal = Journal(MemoryStore("bench"), Lease("bench", 1), Mirror(_contents()), Bus(), clock)
    engine = Engine(journal, {"toy": Shown(lambda: None)}, box, Pace())  # type: ignore[dict-item]
    verbs = Verbs(journal, engine)
    about = wire.DaemonView(id="b", version="0", api=wire.API_VERSION, environment="bench", started=1.0)
    views = Views(journal, engine, verbs, about)
    app = Api(
        journal, engine, verbs, Specs(journal, engine), views, box, Consoles(journal, engine, box)
    ).app()
    return app


async def _serve(socket: str) -> None:
    app = _api()
    same: list[Any] = []

    async def by_the_library(request: web.Request) -> web.Response:
        return web.Response(body=json.dumps(same).encode(), content_type="application/json")

    app.add_routes([web.get(THEIRS, by_the_library)])
    collect_rarely()
    freeze()
    runner = web.AppRunner(app, access_log=None, shutdown_timeout=0.1)
    await runner.setup()
    await web.UnixSite(runner, socket).start()
    _, cold, body = await _ask(socket, OURS)
    same += json.loads(body)
    print(cold, flush=True)
    await asyncio.sleep(3600)


async def _ask(socket: str, path: str) -> tuple[str, float, bytes]:
    """One request on a connection of its own: the path, the seconds until all of it was there, and the body."""
    begun = time.perf_counter()
    reader, writer = await asyncio.open_unix_connection(socket, limit=2**24)
    writer.write(f"GET {path} HTTP/1.1\r\nHost: nxd\r\nConnection: close\r\n\r\n".encode())
    head = await reader.readuntil(b"\r\n\r\n")
    assert b" 200 " in head, head
    body = await reader.read(-1)
    taken = time.perf_counter() - begun
    writer.close()
    return path, taken, body


async def _pings(socket: str, worst: list[float]) -> None:
    """Ask for the daemon's health again and again; what the slowest took is kept."""
    while True:
        worst[0] = max(worst[0], (await _ask(socket, PING))[1])


def _stall(socket: str, path: str) -> float:
    """Seconds that somebody else waits at most while the path is asked for, in a process of its own."""
    child = subprocess.Popen(
        [sys.executable, __file__, socket, PING], stdin=subprocess.PIPE, stdout=subprocess.PIPE
    )
    assert child.stdin and child.stdout
    child.stdout.readline()
    asyncio.run(_ask(socket, path))
    told, _ = child.communicate(b"\n")
    return float(told)


async def _watch(socket: str) -> None:
    """Ping until told to stop; then say what the slowest took."""
    worst = [0.0]
    await _ask(socket, PING)
    print("pinging", flush=True)
    pings = asyncio.create_task(_pings(socket, worst))
    await asyncio.get_running_loop().run_in_executor(None, sys.stdin.readline)
    pings.cancel()
    print(worst[0], flush=True)


def _round() -> tuple[float, ...]:
    with tempfile.TemporaryDirectory() as name:
        socket = f"{name}/s"
        child = subprocess.Popen([sys.executable, __file__, socket], stdout=subprocess.PIPE)
        try:
            assert child.stdout is not None
            cold = float(child.stdout.readline())
            taken: dict[str, list[float]] = {OURS: [], THEIRS: []}
            for _ in range(ASKED):
                for path in taken:
                    taken[path].append(asyncio.run(_ask(socket, path))[1])
            ours, theirs = (statistics.median(times) for times in taken.values())
            stalls = [(_stall(socket, OURS), _stall(socket, THEIRS)) for _ in range(3)]
            stall, other = (statistics.median(column) for column in zip(*stalls, strict=True))
            return cold, ours, theirs, stall, other
        finally:
            child.kill()
            child.communicate()


def listing() -> list[Figure]:
    """G8."""
    rows = [_round() for _ in range(ROUNDS)]
    cold, ours, theirs, stall, other = (statistics.median(column) for column in zip(*rows, strict=True))
    unit = "x a handler with the library's json"
    return [
        Figure("api.nodes_10000_first", cold * 1000, "ms, nothing kept yet"),
        Figure("api.nodes_10000", ours * 1000, "ms"),
        Figure("api.nodes_10000_over_json", ours / theirs, unit, 0.12, "lower", 0.35),
        Figure("api.nodes_10000_stall", stall * 1000, "ms that others wait"),
        Figure("api.nodes_10000_stall_over_json", stall / other, unit, 0.2, "lower"),
    ]


if __name__ == "__main__":
    asyncio.run(_watch(sys.argv[1]) if PING in sys.argv else _serve(sys.argv[1]))
