"""The world's time passes by itself, or at once when it is told to; one seed makes the same world twice."""

from __future__ import annotations

import asyncio
from dataclasses import replace
from typing import TYPE_CHECKING, Any

import pytest

from daemon.sim.run import SimOptions, SimUrls, serve
from daemon.sim.world import initial as f
from daemon.sim.world.clock import WorldClock

if TYPE_CHECKING:
    from tests.daemon.sim.conftest import Sim


async def test_sleepers_wake_in_order_each_at_its_time() -> None:
    clock, woke = WorldClock(1.0, 0.0, 1), list[tuple[str, int]]()
    begun = clock.now()

    async def sleeper(name: str, *naps: float) -> None:
        for nap in naps:
            await clock.sleep(nap)
            woke.append((name, round(clock.now() - begun)))

    async with asyncio.TaskGroup() as group:
        group.create_task(sleeper("long", 7000.0))
        group.create_task(sleeper("short", 100.0, 100.0, 6000.0))
        await asyncio.sleep(0)
        await clock.advance(7200.0)
    assert woke == [("short", 100), ("short", 200), ("short", 6200), ("long", 7000)]
    assert clock.now() - begun == pytest.approx(7200.0, abs=5.0)


async def test_who_sleeps_longer_sleeps_on_and_who_has_gone_is_forgotten() -> None:
    clock = WorldClock(1.0, 0.0, 1)
    later = asyncio.create_task(clock.sleep(7200.0))
    gone = asyncio.create_task(clock.sleep(10.0))
    await asyncio.sleep(0)
    gone.cancel()
    await asyncio.sleep(0)
    await clock.advance(7000.0)
    assert (later.done(), gone.cancelled()) == (False, True)
    await clock.advance(300.0)
    assert later.done()


async def test_time_passes_some_times_as_fast() -> None:
    clock = WorldClock(5000.0, 0.0, 1)
    before = clock.now()
    async with asyncio.timeout(10):
        await clock.sleep(100.0)
    assert clock.now() - before >= 100.0


class TestInRealTime:
    """A world in which a second is a second: nothing comes about in a test unless time is moved on."""

    @pytest.fixture
    def speed(self) -> float:
        return 20.0

    async def test_a_test_can_say_an_hour_later(self, sim: Sim) -> None:
        ip = await sim.address("test-node01-mgmt-ip")
        vni = await sim.interface("test-node01-mgmt-vni", ip["id"])
        server = await sim.server("test-node01-server-bms", vni["id"])
        assert server["status"] == "pending"
        before = (await sim.control("/healthz"))["now"]
        after = (await sim.tell("/clock", {"advance": 3600}))["now"]
        assert after - before >= 3600
        got = (await sim.call(sim.vpc.get_bare_metal_server, server["id"])).get_result()
        assert (got["status"], got["lifecycle_state"]) == ("running", "stable")

    @pytest.mark.parametrize("seconds", [-1, None, "60", True, 1e9])
    async def test_time_does_not_go_back_or_anywhere(self, sim: Sim, seconds: Any) -> None:
        assert "advance" in (await sim.tell("/clock", {"advance": seconds}))["error"]


async def history(options: SimOptions) -> list[dict[str, Any]]:
    """What stands in a world after the same calls, one after the other, without who asked and when."""
    import aiohttp
    from ibm_cloud_sdk_core.authenticators import VPCInstanceAuthenticator
    from ibm_vpc import VpcV1

    stop = asyncio.Event()
    ready: asyncio.Future[SimUrls] = asyncio.get_running_loop().create_future()
    world = asyncio.create_task(serve(options, ready.set_result, stop))
    urls = await ready
    authenticator = VPCInstanceAuthenticator(iam_profile_id=f.TRUSTED_PROFILE, url=urls.metadata_url)
    vpc = VpcV1(version="2026-10-06", authenticator=authenticator)
    vpc.set_service_url(urls.vpc_url)
    for number in range(3):
        ip = await asyncio.to_thread(vpc.create_subnet_reserved_ip, f.MANAGEMENT, name=f"ip-{number}")
        await asyncio.to_thread(
            vpc.create_virtual_network_interface,
            name=f"vni-{number}",
            primary_ip={"id": ip.get_result()["id"]},
        )
    async with aiohttp.ClientSession() as http, http.get(urls.control_url + "/inventory") as response:
        found = (await response.json())["objects"]
    vpc.get_http_client().close()
    stop.set()
    await world
    left_out = ("created", "deleted", "request_id", "state")
    return [{key: value for key, value in one.items() if key not in left_out} for one in found]


async def test_the_same_seed_and_the_same_calls_make_the_same_world(options: SimOptions) -> None:
    first = await history(options)
    assert {one["kind"] for one in first} == {"subnet", "reserved_ip", "vni", "dns_zone"}
    assert await history(options) == first
    assert await history(replace(options, seed=2)) != first
