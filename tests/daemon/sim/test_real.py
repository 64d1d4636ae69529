"""In the personality ``real`` a CVM is what it is outside: Foundation first, Prism only with a cluster."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import TYPE_CHECKING, Any

import aiohttp
import pytest

from daemon.sim.run import SimOptions
from tests.daemon.sim.scene import SLOW

if TYPE_CHECKING:
    from tests.daemon.sim.conftest import Node, Nodes, PrismClient, Sim

Prism = Callable[[str], "PrismClient"]
FACTORY = "Nutanix/4u"
NEW = "correct horse battery"


@pytest.fixture
def options(networks: tuple[str, str], speed: float) -> SimOptions:
    return SimOptions(speed=speed, management=networks[0], workload=networks[1], personality="real")


async def ready(nodes: Nodes, count: int) -> list[Node]:
    ordered = await nodes.order(count)
    for node in ordered:
        await nodes.doing(node.name, "running")
    return ordered


async def foundation(sim: Sim, address: str, method: str, path: str, body: Any = None) -> tuple[int, Any]:
    url = f"http://{address}:8000/foundation{path}"
    async with sim.http.request(method, url, json=body) as response:
        is_json = response.content_type == "application/json"
        return response.status, await (response.json() if is_json else response.text())


def cluster_only(nodes: list[Node], factor: int, external: str) -> dict[str, Any]:
    """What forms a cluster of nodes that are installed already."""
    members = [node.cvm_ip for node in nodes]
    return {
        "blocks": [{"nodes": [{"cvm_ip": address, "image_now": False} for address in members]}],
        "clusters": [
            {
                "cluster_name": "east",
                "cluster_members": members,
                "redundancy_factor": factor,
                "cluster_external_ip": external,
                "cluster_init_now": True,
                "cvm_dns_servers": "161.26.0.7,161.26.0.8",
                "cvm_ntp_servers": "time.adn.networklayer.com",
                "timezone": "UTC",
            }
        ],
    }


async def form(sim: Sim, ordered: list[Node], factor: int) -> str:
    first = ordered[0].cvm_ip
    body = cluster_only(ordered, factor, sim.ip(200))
    status, answer = await foundation(sim, first, "POST", "/image_nodes", body)
    assert status == 200, answer
    session: str = answer["session_id"]

    async def done() -> bool:
        progress = (await foundation(sim, first, "GET", f"/progress?session_id={session}"))[1]
        return bool(progress["imaging_stopped"] and progress["aggregate_percent_complete"] == 100)

    await sim.until(done, "Foundation is done")
    return session


async def test_prism_is_refused_and_foundation_answers_before_there_is_a_cluster(
    sim: Sim, nodes: Nodes, prism: Prism
) -> None:
    (node,) = await ready(nodes, 1)
    with pytest.raises(aiohttp.ClientConnectorError):
        await prism(node.cvm_ip).ask("GET", "/v1/cluster")
    status, version = await foundation(sim, node.cvm_ip, "GET", "/version")
    assert (status, version.startswith("foundation-")) == (200, True)
    assert await foundation(sim, node.cvm_ip, "GET", "/discover_nodes") == (200, [])
    idle = (await foundation(sim, node.cvm_ip, "GET", "/progress"))[1]
    assert (idle["session_id"], idle["imaging_stopped"], idle["aggregate_percent_complete"]) == (
        None,
        True,
        0,
    )


async def test_foundation_forms_a_cluster_that_shows_itself_as_real_ones_do(
    sim: Sim, nodes: Nodes, prism: Prism
) -> None:
    ordered = await ready(nodes, 3)
    await form(sim, ordered, 2)
    client = replace(prism(sim.ip(200)), password=FACTORY)

    async def up() -> Any:
        try:
            status, shown = await client.ask("GET", "/v2.0/cluster")
        except aiohttp.ClientConnectionError:
            return None
        return shown if status == 200 else None

    shown = await sim.until(up, "Prism answers")
    assert "cluster_status" not in shown
    assert (shown["num_nodes"], shown["name"], shown["operation_mode"]) == (3, "east", "Normal")
    assert shown["cluster_redundancy_state"]["current_redundancy_factor"] == 2
    assert shown["name_servers"] == ["161.26.0.7", "161.26.0.8"]
    hosts = (await client.ask("GET", "/v2.0/hosts"))[1]["entities"]
    assert {host["state"] for host in hosts} == {"NORMAL"}
    status, _ = await client.ask("POST", "/v2.0/clusters", {"name": "west"})
    assert status == 404
    again = cluster_only(ordered, 2, sim.ip(201))
    status, answer = await foundation(sim, ordered[0].cvm_ip, "POST", "/image_nodes", again)
    assert (status, "already part of the cluster east" in answer["error"]["message"]) == (500, True)


@pytest.mark.parametrize("speed", [SLOW])
async def test_prism_answers_502_while_services_start(sim: Sim, nodes: Nodes, prism: Prism) -> None:
    await sim.tell("/faults", {"rules": [{"trigger": "cluster up", "action": "stuck"}]})
    (node,) = await ready(nodes, 1)
    body = cluster_only([node], 1, sim.ip(200))
    assert (await foundation(sim, node.cvm_ip, "POST", "/image_nodes", body))[0] == 200

    async def starting() -> bool:
        try:
            return (await prism(node.cvm_ip).ask("GET", "/v1/cluster"))[0] == 502
        except aiohttp.ClientConnectionError:
            return False

    await sim.until(starting, "502")


@pytest.mark.parametrize("speed", [SLOW])
async def test_a_changed_password_takes_a_while_and_then_the_old_one_is_refused(
    sim: Sim, nodes: Nodes, prism: Prism
) -> None:
    (node,) = await ready(nodes, 1)
    await form(sim, [node], 1)
    old = replace(prism(node.cvm_ip), password=FACTORY)

    async def answers() -> bool:
        try:
            return (await old.ask("GET", "/v1/cluster"))[0] == 200
        except aiohttp.ClientConnectionError:
            return False

    await sim.until(answers, "Prism answers")
    change = {"oldPassword": FACTORY, "newPassword": NEW}
    assert await old.ask("POST", "/v1/utils/change_default_system_password", change) == (200, {"value": True})
    assert (await replace(old, password=NEW).ask("GET", "/v1/cluster"))[0] == 200

    async def refused() -> bool:
        status, body = await old.ask("GET", "/v1/cluster")
        return status == 401 and isinstance(body, str)

    await sim.until(refused, "the old password is refused")


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ({"clusters": []}, "One cluster"),
        ({"blocks": [{"nodes": [{"cvm_ip": "x", "image_now": True}]}]}, "imaged already"),
    ],
)
async def test_foundation_refuses_with_its_own_500(
    sim: Sim, nodes: Nodes, change: dict[str, Any], words: str
) -> None:
    ordered = await ready(nodes, 1)
    body = {**cluster_only(ordered, 1, sim.ip(200)), **change}
    status, answer = await foundation(sim, ordered[0].cvm_ip, "POST", "/image_nodes", body)
    assert (status, words in answer["error"]["message"]) == (500, True)
    assert answer["error"]["session_id"] is None
    status, answer = await foundation(sim, ordered[0].cvm_ip, "GET", "/progress?session_id=none")
    assert (status, answer["error"]["message"]) == (500, "Invalid session id 'none' provided")


async def test_a_session_that_stops_early_says_why(sim: Sim, nodes: Nodes) -> None:
    rule = {"trigger": "session end", "action": "fail", "what": {"message": "Timed out waiting for genesis."}}
    await sim.tell("/faults", {"rules": [rule]})
    (node,) = await ready(nodes, 1)
    body = cluster_only([node], 1, sim.ip(200))
    session = (await foundation(sim, node.cvm_ip, "POST", "/image_nodes", body))[1]["session_id"]

    async def stopped() -> Any:
        progress = (await foundation(sim, node.cvm_ip, "GET", f"/progress?session_id={session}"))[1]
        return progress if progress["imaging_stopped"] else None

    progress = await sim.until(stopped, "the session stops")
    assert progress["aggregate_percent_complete"] < 100
    assert progress["clusters"][0]["messages"] == ["Timed out waiting for genesis."]


async def test_a_cluster_has_a_personality_of_its_own(sim: Sim, nodes: Nodes, prism: Prism) -> None:
    await sim.tell("/clusters/east/personality", {"personality": "seed"})
    (node,) = await ready(nodes, 1)
    assert (await prism(node.cvm_ip).ask("GET", "/v1/cluster"))[0] == 200
    assert "seed" in (await sim.tell("/clusters/east/personality", {"personality": "moody"}))["error"]
