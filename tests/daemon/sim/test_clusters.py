"""CVMs form clusters by the seed's contract with Prism, and clusters behave like clusters afterwards."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import TYPE_CHECKING, Any

import aiohttp
import pytest

if TYPE_CHECKING:
    from tests.daemon.sim.conftest import Node, Nodes, PrismClient, Sim

Prism = Callable[[str], "PrismClient"]
CLUSTERS, CLUSTER, HOSTS = "/v2.0/clusters", "/v2.0/cluster", "/v2.0/hosts"
CHANGE_PASSWORD = "/v1/utils/change_default_system_password"


def request_for(ordered: list[Node], factor: int, vip: str, **more: Any) -> dict[str, Any]:
    return {
        "name": "east",
        "external_ip": vip,
        "redundancy_factor": factor,
        "cluster_functions": ["AOS"],
        "timezone": "UTC",
        "nodes": [
            {"cvm_ip": n.cvm_ip, "hypervisor_ip": n.ahv_ip, "node_position": n.position} for n in ordered
        ],
        **more,
    }


async def ready(nodes: Nodes, count: int) -> list[Node]:
    ordered = await nodes.order(count)
    for node in ordered:
        await nodes.doing(node.name, "running")
    return ordered


async def formed(sim: Sim, client: PrismClient, body: dict[str, Any]) -> dict[str, Any]:
    """Create a cluster and wait until it is up; what its creation answered."""
    status, answer = await client.ask("POST", CLUSTERS, body)
    assert (status, set(answer)) == (200, {"task_uuid", "cluster_uuid"})

    async def up() -> bool:
        status, cluster = await client.ask("GET", CLUSTER)
        assert status == 200
        assert cluster["cluster_status"] in ("CREATING", "UP")
        return bool(cluster["cluster_status"] == "UP")

    await sim.until(up, "the cluster is up")
    return dict(answer)


async def test_one_node_becomes_a_cluster(sim: Sim, nodes: Nodes, prism: Prism) -> None:
    ordered = await ready(nodes, 1)
    client = prism(ordered[0].cvm_ip)
    assert (await client.ask("GET", CLUSTER))[1]["cluster_status"] == "UNCONFIGURED"
    await formed(sim, client, request_for(ordered, 1, sim.ip(200)))
    status, cluster = await client.ask("GET", CLUSTER)
    assert (status, cluster["name"], cluster["num_nodes"]) == (200, "east", 1)


async def test_three_nodes_become_a_cluster_with_an_address_of_its_own(
    sim: Sim, nodes: Nodes, prism: Prism
) -> None:
    ordered = await ready(nodes, 3)
    client = prism(ordered[1].cvm_ip)  # any ready CVM will do
    answer = await formed(sim, client, request_for(ordered, 2, sim.ip(200)))
    task = (await client.ask("GET", f"/v2.0/tasks/{answer['task_uuid']}"))[1]
    assert (task["progress_status"], task["percentage_complete"]) == ("Succeeded", 100)
    vip = prism(sim.ip(200))
    cluster = (await vip.ask("GET", CLUSTER))[1]
    assert cluster["uuid"] == answer["cluster_uuid"]
    assert cluster["cluster_external_ipaddress"] == sim.ip(200)
    assert cluster["cluster_redundancy_state"]["current_redundancy_factor"] == 2
    assert await sim.call(vip.fingerprint) == await sim.call(prism(ordered[0].cvm_ip).fingerprint)
    hosts = (await vip.ask("GET", HOSTS))[1]["entities"]
    assert {host["service_vmexternal_ip"] for host in hosts} == {node.cvm_ip for node in ordered}
    assert {host["state"] for host in hosts} == {"NORMAL"}
    assert not any(host["is_degraded"] for host in hosts)


async def test_what_cannot_form_a_cluster_is_refused(sim: Sim, nodes: Nodes, prism: Prism) -> None:
    ordered = await ready(nodes, 3)
    client, vip = prism(ordered[0].cvm_ip), sim.ip(200)
    nobody = replace(ordered[2], cvm_ip=sim.ip(150))
    doubled = replace(ordered[1], position="A")
    misplaced = replace(ordered[1], ahv_ip=sim.ip(99))
    cases = (
        (request_for(ordered[:2], 2, vip), 422, "at least 3 nodes"),
        (request_for(ordered, 1, vip), 422, "exactly one node"),
        (request_for(ordered, 3, vip), 422, "at least 5 nodes"),
        (request_for(ordered, 4, vip), 422, "not supported"),
        (request_for([*ordered[:2], nobody], 2, vip), 422, "cannot be reached"),
        (request_for([ordered[0], doubled, ordered[2]], 2, vip), 422, "node_position"),
        (request_for([ordered[0], misplaced, ordered[2]], 2, vip), 422, "hypervisor"),
        (request_for(ordered[1:2], 1, vip), 422, "not among the nodes"),
        (request_for(ordered, 2, ordered[0].cvm_ip), 422, "is in use"),
        (request_for(ordered, 2, vip, colour="blue"), 400, "unknown"),
        ({"name": "east"}, 400, "required"),
    )
    for body, status, words in cases:
        answer = await client.ask("POST", CLUSTERS, body)
        assert (answer[0], words in answer[1]["message"]) == (status, True), answer
    assert (await sim.control("/clusters"))["clusters"] == []


async def test_a_node_joins_one_cluster_only(sim: Sim, nodes: Nodes, prism: Prism) -> None:
    ordered = await ready(nodes, 1)
    client = prism(ordered[0].cvm_ip)
    body = request_for(ordered, 1, sim.ip(200))
    assert (await client.ask("POST", CLUSTERS, body))[0] == 200
    status, answer = await client.ask("POST", CLUSTERS, {**body, "external_ip": sim.ip(201)})
    assert (status, "already part of the cluster east" in answer["message"]) == (409, True)


async def test_the_factory_password_ends_on_every_cvm(sim: Sim, nodes: Nodes, prism: Prism) -> None:
    ordered = await ready(nodes, 3)
    client = prism(ordered[0].cvm_ip)
    await formed(sim, client, request_for(ordered, 2, sim.ip(200)))
    change = {"oldPassword": "admin", "newPassword": "correct horse battery"}
    assert (await client.ask("POST", CHANGE_PASSWORD, change)) == (200, {"value": True})
    for address in [*[node.cvm_ip for node in ordered], sim.ip(200)]:
        status, body = await prism(address).ask("GET", "/v1/cluster")
        assert (status, isinstance(body, str)) == (401, True)
        new = replace(prism(address), password="correct horse battery")
        assert (await new.ask("GET", "/v1/cluster"))[0] == 200
    assert (await client.ask("POST", CHANGE_PASSWORD, change))[0] == 401
    nobody = replace(client, password="")
    status, body = await nobody.ask("POST", CHANGE_PASSWORD, change)
    assert (status, body["message"]) == (422, "The old password is not correct.")


async def test_settings_are_kept(sim: Sim, nodes: Nodes, prism: Prism) -> None:
    ordered = await ready(nodes, 1)
    client = prism(ordered[0].cvm_ip)
    await formed(sim, client, request_for(ordered, 1, sim.ip(200)))
    name_servers = ["161.26.0.7", "161.26.0.8"]
    for path, body in (
        ("/v1/cluster/name_servers/add_list", name_servers),
        ("/v1/cluster/ntp_servers/add_list", ["time.adn.networklayer.com"]),
    ):
        for _ in range(2):  # twice is the same as once
            assert await client.ask("POST", path, body) == (200, {"value": True})
    assert (await client.ask("PATCH", "/v1/cluster", {"name": "west"}))[0] == 200
    cluster = (await client.ask("GET", CLUSTER))[1]
    assert (cluster["name"], cluster["name_servers"]) == ("west", name_servers)
    assert cluster["ntp_servers"] == ["time.adn.networklayer.com"]
    assert (await client.ask("PATCH", "/v1/cluster", {"colour": "blue"}))[0] == 422
    whole = {**cluster, "name": "east"}
    assert (await client.ask("PUT", CLUSTER, whole))[1]["name"] == "east"


@pytest.mark.parametrize("odd", ["0.0.0.0", "127.0.0.1", "224.0.0.1", "255.255.255.255", "169.254.0.1"])
async def test_a_server_that_nobody_in_particular_is_is_refused(
    sim: Sim, nodes: Nodes, prism: Prism, odd: str
) -> None:
    ordered = await ready(nodes, 1)
    client = prism(ordered[0].cvm_ip)
    await formed(sim, client, request_for(ordered, 1, sim.ip(200)))
    for servers in ("name_servers", "ntp_servers"):
        status, body = await client.ask("POST", f"/v1/cluster/{servers}/add_list", [odd])
        assert (status, body["message"]) == (422, f"The server {odd} is not valid.")


async def test_a_time_zone_that_does_not_exist_is_refused(sim: Sim, nodes: Nodes, prism: Prism) -> None:
    ordered = await ready(nodes, 1)
    wanted = {**request_for(ordered, 1, sim.ip(200)), "timezone": "Europe/Berln"}
    status, body = await prism(ordered[0].cvm_ip).ask("POST", CLUSTERS, wanted)
    assert (status, body["message"]) == (422, "The time zone Europe/Berln is not valid.")


async def test_checks_eula_and_pulse_answer(sim: Sim, nodes: Nodes, prism: Prism) -> None:
    ordered = await ready(nodes, 1)
    client = prism(ordered[0].cvm_ip)
    assert (await client.ask("POST", "/v1/ncc/checks", {"sendEmail": False}))[0] == 422
    await formed(sim, client, request_for(ordered, 1, sim.ip(200)))
    status, started = await client.ask("POST", "/v1/ncc/checks", {"sendEmail": False})
    assert status == 200

    async def done() -> bool:
        task = (await client.ask("GET", f"/v2.0/tasks/{started['taskUuid']}"))[1]
        return bool(task["progress_status"] == "Succeeded")

    await sim.until(done, "the checks are done")
    summary = (await client.ask("GET", f"/v1/ncc/{started['taskUuid']}"))[1]["runSummary"]
    assert "0 of 412 checks failed" in summary
    assert (await client.ask("GET", "/v2.0/alerts?resolved=false"))[1]["entities"] == []
    assert (await client.ask("GET", "/v1/eulas"))[1]["entities"][0]["userDetailsList"] is None
    person = {"username": "nxd", "companyName": "nxd", "jobTitle": "operator"}
    assert (await client.ask("POST", "/v1/eulas/accept", person)) == (200, {"value": True})
    assert (await client.ask("GET", "/v1/eulas"))[1]["entities"][0]["userDetailsList"]
    assert (await client.ask("PUT", "/v1/pulse", {"enable": False, "isPulsePromptNeeded": False}))[0] == 200
    assert (await client.ask("GET", "/v1/pulse"))[1]["enable"] is False
    assert (await client.ask("GET", "/v2.0/tasks/none"))[0] == 404
    assert (await client.ask("GET", "/v2.0/nothing"))[0] == 501


async def test_a_dead_member_shows_and_the_cluster_address_stays(
    sim: Sim, nodes: Nodes, prism: Prism
) -> None:
    ordered = await ready(nodes, 3)
    await formed(sim, prism(ordered[0].cvm_ip), request_for(ordered, 2, sim.ip(200)))
    await sim.tell("/nodes/node01/kill-cvm")
    with pytest.raises(aiohttp.ClientConnectionError):
        await prism(ordered[0].cvm_ip).ask("GET", CLUSTER)
    hosts = (await prism(sim.ip(200)).ask("GET", HOSTS))[1]["entities"]
    assert [host["is_degraded"] for host in hosts] == [True, False, False]


async def test_the_end_of_the_servers_is_the_end_of_the_cluster(sim: Sim, nodes: Nodes, prism: Prism) -> None:
    ordered = await ready(nodes, 1)
    await formed(sim, prism(ordered[0].cvm_ip), request_for(ordered, 1, sim.ip(200)))
    await sim.call(sim.vpc.stop_bare_metal_server, ordered[0].server_id, "hard")
    with pytest.raises(aiohttp.ClientConnectionError):
        await prism(sim.ip(200)).ask("GET", CLUSTER)
    await sim.status(ordered[0].server_id, "stopped")
    await sim.call(sim.vpc.delete_bare_metal_server, ordered[0].server_id)
    await sim.gone(sim.vpc.get_bare_metal_server, ordered[0].server_id)
    assert (await sim.control("/clusters"))["clusters"] == []
