"""What is done through Prism is told as often as it was done, and what somebody else does to a cluster can be had."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

import aiohttp
import pytest

if TYPE_CHECKING:
    from tests.daemon.sim.conftest import Node, Nodes, PrismClient, Sim

Prism = Callable[[str], "PrismClient"]
CLUSTERS, CLUSTER = "/v2.0/clusters", "/v2.0/cluster"
CHANGE_PASSWORD = "/v1/utils/change_default_system_password"
NEW = "a-new-password-4u"


async def one_node(nodes: Nodes) -> Node:
    (node,) = await nodes.order(1)
    await nodes.doing(node.name, "running")
    return node


def request_for(node: Node, vip: str) -> dict[str, Any]:
    member = {"cvm_ip": node.cvm_ip, "hypervisor_ip": node.ahv_ip, "node_position": node.position}
    return {"name": "east", "external_ip": vip, "redundancy_factor": 1, "timezone": "UTC", "nodes": [member]}


async def status_is(sim: Sim, client: PrismClient, wanted: str) -> None:
    async def reached() -> bool:
        return bool((await client.ask("GET", CLUSTER))[1]["cluster_status"] == wanted)

    await sim.until(reached, f"the cluster is {wanted}")


async def deeds(sim: Sim) -> list[tuple[str, str, bool]]:
    return [
        (deed["what"], deed["of"], deed["over"]) for deed in (await sim.control("/clusters"))["operations"]
    ]


async def test_a_call_that_a_proxy_sends_twice_is_one_call_and_what_is_refused_is_no_deed(
    sim: Sim, nodes: Nodes, prism: Prism
) -> None:
    node = await one_node(nodes)
    client = prism(node.cvm_ip)
    await client.ask("POST", CLUSTERS, request_for(node, sim.ip(200)))
    assert (await client.ask("POST", CLUSTERS, request_for(node, sim.ip(201))))[0] == 409
    await status_is(sim, client, "UP")
    rule = {"trigger": "prism POST */name_servers/add_list", "action": "twice"}
    await sim.tell("/faults", {"rules": [rule]})
    await client.ask("POST", "/v1/cluster/name_servers/add_list", ["10.0.0.9"])
    await client.ask("POST", CHANGE_PASSWORD, {"oldPassword": "admin", "newPassword": NEW})
    assert await deeds(sim) == [
        ("create", "east", False), *[("name_servers", "east", False)] * 2, ("password", "east", False),
    ]  # fmt: skip
    created, *servers, _ = (await sim.control("/clusters"))["operations"]
    assert len({deed["call"] for deed in servers}) == 1
    assert created["received"] <= created["at"] <= servers[0]["received"]


async def test_the_deeds_of_a_cluster_end_with_it_when_somebody_destroys_it(
    sim: Sim, nodes: Nodes, prism: Prism
) -> None:
    node = await one_node(nodes)
    await sim.tell("/faults", {"rules": [{"trigger": "cluster up", "action": "vanish", "name": "east"}]})
    client = prism(node.cvm_ip)
    await client.ask("POST", CLUSTERS, request_for(node, sim.ip(200)))
    await status_is(sim, client, "UNCONFIGURED")
    assert await deeds(sim) == [("create", "east", False), ("create", "east", True)]
    assert (await client.ask("POST", CLUSTERS, request_for(node, sim.ip(200))))[0] == 200


async def test_a_stranger_who_was_faster_has_the_nodes_until_he_takes_his_cluster_away(
    sim: Sim, nodes: Nodes, prism: Prism
) -> None:
    node = await one_node(nodes)
    await sim.tell("/faults", {"rules": [{"trigger": "cluster create", "action": "foreign", "name": "east"}]})
    client = prism(node.cvm_ip)
    status, said = await client.ask("POST", CLUSTERS, request_for(node, sim.ip(200)))
    assert (status, "already part of the cluster theirs" in said["message"]) == (409, True)
    assert await deeds(sim) == []
    await sim.tell("/mend", {})
    assert (await client.ask("POST", CLUSTERS, request_for(node, sim.ip(200))))[0] == 200


async def test_prism_refuses_connections_for_a_while_and_then_takes_them_again(
    sim: Sim, nodes: Nodes, prism: Prism
) -> None:
    node = await one_node(nodes)
    rule = {"trigger": f"prism GET *{CLUSTER}", "action": "refused", "seconds": 6000.0}
    await sim.tell("/faults", {"rules": [rule]})
    client = prism(node.cvm_ip)
    with pytest.raises(aiohttp.ClientError):
        await client.ask("GET", CLUSTER)
    with pytest.raises(aiohttp.ClientConnectorError):
        await client.ask("GET", CLUSTER)

    async def answers() -> bool:
        try:
            return bool((await client.ask("GET", CLUSTER))[0] == 200)
        except aiohttp.ClientConnectorError:
            return False

    await sim.until(answers, "Prism answers again")
