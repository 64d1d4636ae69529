"""The cloud's synchronous SDK behind our threads: calls a second at 32 in flight, and how long the loop is held up.

Run as a program it is the cloud: `python adapter.py PORT` answers each request after 50 ms with about 2 kB.
"""

from __future__ import annotations

import asyncio
import socket
import statistics
import subprocess
import sys
import time
from concurrent.futures import ThreadPoolExecutor

from aiohttp import web
from figures import Figure

from daemon.clock import SystemClock
from daemon.drivers.ibm_calls import IbmCloud
from daemon.drivers.ibm_vpc import IbmVpc, open_vpc
from daemon.drivers.rates import TokenBucket

LATENCY = 0.05
AT_ONCE = 32
CALLS = 960
ROUNDS = 3
TICK = 0.002


class Nobody:
    """A profile that needs no token."""

    def at_hand(self) -> str:
        return "none"

    def renounce(self) -> None:
        """There is nothing to drop."""


async def _lag(worst: list[float]) -> None:
    """Sleep a little again and again; what the latest awakening was late is kept."""
    while True:
        begun = time.perf_counter()
        await asyncio.sleep(TICK)
        worst[0] = max(worst[0], time.perf_counter() - begun - TICK)


async def _calls(vpc: IbmVpc, count: int) -> float:
    """Calls a second with so many in flight."""
    numbers = iter(range(count))

    async def worker() -> None:
        for number in numbers:
            assert await vpc.vpc(f"r006-{number}")

    begun = time.perf_counter()
    await asyncio.gather(*(worker() for _ in range(AT_ONCE)))
    return count / (time.perf_counter() - begun)


async def _round(port: int) -> tuple[float, float]:
    with ThreadPoolExecutor(AT_ONCE) as threads:
        cloud = IbmCloud(Nobody(), threads, AT_ONCE, (5.0, 30.0))  # type: ignore[arg-type]
        vpc = open_vpc(cloud, f"http://127.0.0.1:{port}/v1", TokenBucket(100_000.0, SystemClock()))
        await _calls(vpc, AT_ONCE * 2)
        worst = [0.0]
        lag = asyncio.create_task(_lag(worst))
        rate = await _calls(vpc, CALLS)
        lag.cancel()
        await vpc.close()
    return rate, worst[0]


def adapter() -> list[Figure]:
    """G9."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    child = subprocess.Popen([sys.executable, __file__, str(port)], stdout=subprocess.PIPE)
    try:
        assert child.stdout is not None
        child.stdout.readline()
        rows = [asyncio.run(_round(port)) for _ in range(ROUNDS)]
    finally:
        child.kill()
        child.communicate()
    rate, lag = (statistics.median(column) for column in zip(*rows, strict=True))
    ideal = AT_ONCE / LATENCY
    return [
        Figure("sdk.calls_per_second", rate, f"calls/s, {AT_ONCE} in flight"),
        Figure("sdk.calls_over_ideal", rate / ideal, f"ratio to {ideal:g}/s", 0.9, "higher", 0.8),
        Figure("sdk.loop_lag", lag * 1000, "ms at most", 25.0, "lower", 50.0),
    ]


async def _serve(port: int) -> None:
    async def answer(request: web.Request) -> web.Response:
        await asyncio.sleep(LATENCY)
        return web.json_response({"id": request.match_info["id"], "name": "x" * 1900})

    app = web.Application()
    app.add_routes([web.get("/v1/vpcs/{id}", answer)])
    runner = web.AppRunner(app, access_log=None)
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", port).start()
    print("ready", flush=True)
    await asyncio.sleep(3600)


if __name__ == "__main__":
    asyncio.run(_serve(int(sys.argv[1])))
