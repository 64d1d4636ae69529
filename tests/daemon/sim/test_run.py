"""The world starts or says in one sentence why not, and leaves nothing behind when it ends."""

from __future__ import annotations

import asyncio
import os
import socket
import threading
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from daemon.sim.nutanix.certificates import make_certificate
from daemon.sim.run import SimError, SimOptions, SimUrls, serve
from daemon.sim.world.durations import DURATIONS
from daemon.sim.world.world import World
from tests.loopback import free_ports

if TYPE_CHECKING:
    from tests.daemon.sim.conftest import Nodes, Sim


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ({"speed": 0.0}, "speed"),
        ({"page_size": 0}, "page size"),
        ({"management": "nonsense"}, "not an IPv4 network"),
        ({"management": "10.0.0.0/24"}, "loopback"),
        ({"management": "127.31.30.0/31"}, "prefix"),
        ({"management": "127.31.30.0/24", "workload": "127.31.30.0/25"}, "overlap"),
        ({"fail": ("node01:nonsense",)}, "NODE:STEP"),
        ({"host": "192.0.2.1"}, "cannot be bound"),
        ({"vpc_port": 70_000}, "port"),
        ({"state_dir": Path("/nowhere/at/all")}, "does not exist"),
    ],
)
async def test_a_wrong_option_is_one_sentence_with_a_remedy(
    options: SimOptions, change: dict[str, Any], words: str
) -> None:
    with pytest.raises(SimError, match=words) as caught:
        await serve(replace(options, **change), lambda urls: None, asyncio.Event())
    text = str(caught.value)
    assert text.endswith(".")
    assert "\n" not in text


async def test_a_port_in_use_is_named(options: SimOptions) -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = taken.getsockname()[1]
        with pytest.raises(SimError, match=f"127.0.0.1:{port} for the dns service is in use"):
            await serve(replace(options, dns_port=port), lambda urls: None, asyncio.Event())


async def test_two_worlds_do_not_share_a_network(sim: Sim, options: SimOptions) -> None:
    with pytest.raises(SimError, match="in use by another simulated world"):
        await serve(options, lambda urls: None, asyncio.Event())


async def test_fixed_ports_are_taken(options: SimOptions) -> None:
    (port,) = free_ports(1)
    stop = asyncio.Event()
    seen: list[SimUrls] = []

    def ready(urls: SimUrls) -> None:
        seen.append(urls)
        stop.set()

    await serve(replace(options, vpc_port=port), ready, stop)
    assert seen[0].vpc_url == f"http://127.0.0.1:{port}/v1"
    assert (seen[0].management, seen[0].workload) == (options.management, options.workload)


def traces() -> tuple[set[asyncio.Task[Any]], int, int]:
    """The tasks, threads and open files of this process."""
    return asyncio.all_tasks(), threading.active_count(), len(os.listdir("/proc/self/fd"))


async def test_the_world_ends_without_a_trace(options: SimOptions) -> None:
    left = []
    for _ in range(3):
        stop = asyncio.Event()
        stop.set()
        await serve(options, lambda urls: None, stop)
        left.append(traces())
    assert left[0] == left[1] == left[2]  # the loop itself opens files with the first connection


async def test_a_world_that_breaks_says_so_and_ends(
    options: SimOptions, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def broken() -> None:
        raise ZeroDivisionError("a mistake of ours")

    def populate(world: World, management: str, workload: str) -> None:
        world.spawn(broken(), "a broken task")

    monkeypatch.setattr("daemon.sim.run.populate", populate)
    with pytest.raises(SimError, match="a mistake of ours"):
        await serve(options, lambda urls: None, asyncio.Event())


async def test_a_world_full_of_work_ends_at_once(sim: Sim, nodes: Nodes) -> None:
    """The fixture stops this world in the middle of two installations."""
    await nodes.order(2)

    async def reporting() -> bool:
        return "node02" in nodes.boot.reports

    await sim.until(reporting, "node02 installs itself")


def test_keys_leave_no_file_behind(tmp_path: Path) -> None:
    certificate = make_certificate("127.0.0.1", tmp_path)
    assert len(certificate.fingerprint) == 64
    assert list(tmp_path.iterdir()) == []


async def test_the_same_seed_gives_the_same_ids(options: SimOptions) -> None:
    async def first_ids() -> list[str]:
        import aiohttp

        stop = asyncio.Event()
        ready: asyncio.Future[SimUrls] = asyncio.get_running_loop().create_future()
        world = asyncio.create_task(serve(options, ready.set_result, stop))
        urls = await ready
        async with (
            aiohttp.ClientSession() as http,
            http.get(urls.control_url + "/inventory?kind=reserved_ip") as response,
        ):
            ids = [thing["id"] for thing in (await response.json())["objects"]]
        stop.set()
        await world
        return ids

    assert await first_ids() == await first_ids()


async def test_the_inventory_says_who_made_what_and_when(sim: Sim) -> None:
    made = await sim.address("test-node01-mgmt-ip")
    await sim.call(sim.vpc.delete_subnet_reserved_ip, made["href"].split("/")[-3], made["id"])

    async def deleted() -> Any:
        objects = (await sim.control("/inventory?kind=reserved_ip"))["objects"]
        mine = next(thing for thing in objects if thing["id"] == made["id"])
        return mine if mine["deleted"] else None

    mine = await sim.until(deleted, "the address is deleted")
    assert (mine["name"], mine["state"], mine["by_provider"]) == ("test-node01-mgmt-ip", "gone", False)
    assert mine["agent"].startswith("vpc-python-sdk/")
    assert mine["created"] < mine["deleted"]
    existing = (await sim.control("/inventory?existing=1&kind=reserved_ip"))["objects"]
    assert all(thing["by_provider"] for thing in existing)
    counts = await sim.control("/counts")
    assert (counts["created"]["reserved_ip"], counts["existing"]["reserved_ip"]) == (1, 0)
    calls = (await sim.control("/calls?after=0"))["calls"]
    post = next(call for call in calls if call["method"] == "POST" and call["service"] == "vpc")
    assert post["request_id"] == mine["request_id"]
    assert (post["status"], post["body"]["name"]) == (201, "test-node01-mgmt-ip")
    assert post["template"] == "/subnets/{subnet_id}/reserved_ips"
    last = (await sim.control("/calls"))["last"]
    assert (await sim.control(f"/calls?after={last}"))["calls"] == []


async def test_a_password_does_not_stand_in_the_journal(sim: Sim, nodes: Nodes) -> None:
    (node,) = await nodes.order(1)
    await nodes.doing("node01", "running")
    url = f"https://{node.cvm_ip}:9440/PrismGateway/services/rest/v1/utils/change_default_system_password"
    body = {"oldPassword": "admin", "newPassword": "very-secret-word"}
    async with sim.http.post(url, json=body, ssl=False) as response:
        assert response.status == 200
    assert "very-secret-word" not in str(await sim.control("/calls"))


async def test_the_critical_path_is_the_sum_of_its_parts(sim: Sim) -> None:
    path = await sim.control("/critical-path?nodes=3")
    assert path["nodes"] == 3
    assert path["seconds"] == pytest.approx(sum(part["seconds"] for part in path["parts"]))
    durations = await sim.control("/durations")
    assert durations == dict(DURATIONS)
    server = next(part for part in path["parts"] if part["part"] == "server")
    assert server["seconds"] == pytest.approx(
        durations["server.create"] + durations["server.pending"] + durations["server.starting"]
    )
