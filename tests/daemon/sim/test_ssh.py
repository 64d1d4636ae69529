"""A real controller VM takes SSH: its `cluster` command does what Prism and Foundation do, and refuses as they do."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import TYPE_CHECKING

import aiohttp
import asyncssh
import pytest

from daemon.sim.run import SimOptions
from daemon.sim.world import initial as f

if TYPE_CHECKING:
    from tests.daemon.sim.conftest import Node, Nodes, PrismClient, Sim

Prism = Callable[[str], "PrismClient"]
FACTORY = "nutanix/4u"
NEW = "correct horse battery"
CLUSTER = "/usr/local/nutanix/cluster/bin/cluster"
NCLI = "/home/nutanix/prism/cli/ncli"
UNCONFIGURED = "Cluster is currently unconfigured. Please create the cluster."


@pytest.fixture
def quotas() -> dict[str, int]:
    return {}


@pytest.fixture
def options(networks: tuple[str, str], speed: float, quotas: dict[str, int]) -> SimOptions:
    wanted = SimOptions(speed=speed, management=networks[0], workload=networks[1], quotas=quotas)
    return replace(wanted, personality="real")


async def ready(nodes: Nodes, count: int) -> list[Node]:
    ordered = await nodes.order(count)
    for node in ordered:
        await nodes.doing(node.name, "running")
    return ordered


async def host_key(sim: Sim, address: str) -> str:
    async with sim.visit(address) as connection:
        key = connection.get_server_host_key()
    assert key is not None
    return key.get_fingerprint()


def create(members: list[Node], *flags: str) -> str:
    return f"{CLUSTER} -s {','.join(node.cvm_ip for node in members)} {' '.join(flags)} create"


async def test_a_fresh_node_is_unconfigured_and_knows_the_factory_password(sim: Sim, nodes: Nodes) -> None:
    (node,) = await ready(nodes, 1)
    status, said = await sim.run(node.cvm_ip, f"{CLUSTER} status")
    assert status == 1
    assert f"CRITICAL MainThread cluster:2930 {UNCONFIGURED}" in said
    with pytest.raises(asyncssh.PermissionDenied):
        await sim.run(node.cvm_ip, "true", password="Nutanix/4u")
    assert await sim.run(node.cvm_ip, "whoami") == (0, "nutanix\n")
    with pytest.raises(asyncssh.PermissionDenied):
        async with sim.visit(node.cvm_ip, user="root"):
            pass


async def test_nobody_answers_while_the_controller_vm_boots(sim: Sim, nodes: Nodes) -> None:
    (node,) = await nodes.order(1)
    with pytest.raises(ConnectionRefusedError):
        await sim.run(node.cvm_ip, "true")
    await nodes.doing(node.name, "running")
    assert await sim.run(node.cvm_ip, "true") == (0, "")
    await sim.tell(f"/nodes/{node.name}/kill-cvm")
    with pytest.raises(ConnectionRefusedError):
        await sim.run(node.cvm_ip, "true")


async def test_the_command_forms_a_cluster_as_the_logs_tell_it(sim: Sim, nodes: Nodes, prism: Prism) -> None:
    ordered = await ready(nodes, 3)
    flags = (
        "--redundancy_factor=2",
        "--cluster_name=east",
        f"--cluster_external_ip={sim.ip(200)}",
        '--dns_servers="161.26.0.7,161.26.0.8"',
        "--ntp_servers time.adn.networklayer.com",
    )
    status, said = await sim.run(ordered[0].cvm_ip, create(ordered, *flags))
    assert status == 0, said
    told = [
        f"Executing action create on SVMs {','.join(node.cvm_ip for node in ordered)}",
        f"Discovered node:\nip: {ordered[2].cvm_ip}",
        "Cluster is on arch x86_64",
        f"iptables configured on SVM {ordered[0].cvm_ip}",
        "Creating certificates",
        "Creating cluster with SVMs: ",
        "Waiting for services to start",
        f"Waiting on {ordered[0].cvm_ip} (Up) to start:  SysStatCollector",
        "The state of the cluster: start\nLockdown mode: Disabled\n\n\tCVM: ",
        "Success!",
    ]
    places = [said.index(text) for text in told]
    assert places == sorted(places)
    (shown,) = (await sim.control("/clusters"))["clusters"]
    assert (shown["name"], shown["status"], shown["external_ip"]) == ("east", "UP", sim.ip(200))
    assert {member["cvm"] for member in shown["members"]} == {node.cvm_ip for node in ordered}
    client = replace(prism(sim.ip(200)), password="Nutanix/4u")
    status, cluster = await client.ask("GET", "/v2.0/cluster")
    assert (status, cluster["num_nodes"], cluster["ntp_servers"]) == (200, 3, ["time.adn.networklayer.com"])
    assert cluster["name_servers"] == ["161.26.0.7", "161.26.0.8"]
    status, said = await sim.run(ordered[1].cvm_ip, f"{CLUSTER} status")
    assert (status, said.count("CVM: "), said.count(" Prism   UP ")) == (0, 3, 3)


@pytest.mark.parametrize(
    ("members", "flags", "words"),
    [
        ([0, 1, 2, 2], "", "Each node must be named once."),
        ([1, 2], "--redundancy_factor=2", "is not among the nodes"),
        ([0, 1], "--redundancy_factor=2", "needs at least 3 nodes, not 2"),
        ([0, 1, 2], "--redundancy_factor=3", "needs at least 5 nodes, not 3"),
        ([0, 1, 2], "--redundancy_factor=4", "Redundancy factor 4 is not supported."),
        ([0, 1, 2], "--redundancy_factor=two", "is not a number"),
        ([0, 1, 2], "--redundancy_factor=1", "takes exactly one node"),
        ([0], "", "Cannot create one node backup cluster as not enough boot ssds are present"),
        ([0, 1, 2, 3], "", "already part of another cluster. Undiscovered ips : {3}"),
        ([0, 1, 2], "--cluster_external_ip={1}", "is in use"),
        ([0, 1, 2], "--cluster_external_ip=nonsense", "is not an IPv4 address"),
        ([0, 1, 2], "--colour=blue", "Unknown command line flag 'colour'"),
        ([], "", "The flag -s must name the controller VMs."),
    ],
)
async def test_what_cannot_form_a_cluster_is_refused(
    three: tuple[Sim, list[str]], members: list[int], flags: str, words: str
) -> None:
    sim, addresses = three
    named = ",".join(addresses[place] for place in members)
    line = f"{CLUSTER} {'-s ' + named if named else ''} {flags.format(*addresses)} create"
    status, said = await sim.run(addresses[0], line)
    assert status == 1
    assert words.format(*addresses) in said
    assert (await sim.control("/clusters"))["clusters"] == []


@pytest.fixture
async def three(sim: Sim, nodes: Nodes) -> tuple[Sim, list[str]]:
    """Three controller VMs, and an address at which there is none."""
    ordered = await ready(nodes, 3)
    return sim, [*(node.cvm_ip for node in ordered), sim.ip(190)]


async def test_a_node_is_in_one_cluster_only(sim: Sim, nodes: Nodes) -> None:
    ordered = await ready(nodes, 2)
    one = f"{CLUSTER} -s {ordered[0].cvm_ip} --redundancy_factor=1 create"
    assert (await sim.run(ordered[0].cvm_ip, one))[0] == 0
    status, said = await sim.run(ordered[0].cvm_ip, one)
    assert (status, "already part of the cluster" in said) == (1, True)
    other = f"{CLUSTER} -s {ordered[1].cvm_ip},{ordered[0].cvm_ip} create"
    status, said = await sim.run(ordered[1].cvm_ip, other)
    assert (status, f"Undiscovered ips : {ordered[0].cvm_ip}" in said) == (1, True)


@pytest.mark.parametrize("quotas", [{"cluster_nodes": 2}])
async def test_a_cluster_holds_as_many_nodes_as_the_log_says(sim: Sim, nodes: Nodes) -> None:
    ordered = await ready(nodes, 3)
    status, said = await sim.run(ordered[0].cvm_ip, create(ordered))
    assert (status, "holds 2 nodes, not 3" in said) == (1, True)


async def test_a_cluster_stops_starts_and_is_destroyed(sim: Sim, nodes: Nodes, prism: Prism) -> None:
    (node,) = await ready(nodes, 1)
    assert (await sim.run(node.cvm_ip, create([node], "--redundancy_factor=1")))[0] == 0
    client = replace(prism(node.cvm_ip), password="Nutanix/4u")
    status, said = await sim.run(node.cvm_ip, f"{CLUSTER} destroy")
    assert (status, "stop the cluster first" in said) == (1, True)
    assert (await sim.run(node.cvm_ip, f"{CLUSTER} stop", input="Y\n"))[0] == 1
    assert (await client.ask("GET", "/v1/cluster"))[0] == 200
    assert (await sim.run(node.cvm_ip, f"echo 'I agree' | {CLUSTER} stop"))[0] == 0
    with pytest.raises(aiohttp.ClientConnectorError):
        await client.ask("GET", "/v1/cluster")
    assert "The state of the cluster: stop" in (await sim.run(node.cvm_ip, f"{CLUSTER} status"))[1]
    status, said = await sim.run(node.cvm_ip, f"{CLUSTER} start")
    assert (status, "Success!" in said) == (0, True)
    assert (await client.ask("GET", "/v1/cluster"))[0] == 200
    assert (await sim.run(node.cvm_ip, f"{CLUSTER} stop", input="I agree\n"))[0] == 0
    assert (await sim.run(node.cvm_ip, f"{CLUSTER} destroy", input="\n"))[0] == 1
    assert (await sim.run(node.cvm_ip, f"{CLUSTER} destroy", input="Y\n"))[0] == 0
    assert UNCONFIGURED in (await sim.run(node.cvm_ip, f"{CLUSTER} status"))[1]
    assert (await sim.control("/clusters"))["clusters"] == []
    assert (await sim.run(node.cvm_ip, create([node], "--redundancy_factor=1")))[0] == 0


async def test_a_node_leaves_its_cluster_by_a_mark_and_a_restart_of_genesis(sim: Sim, nodes: Nodes) -> None:
    (node,) = await ready(nodes, 1)
    assert (await sim.run(node.cvm_ip, create([node], "--redundancy_factor=1")))[0] == 0
    line = "source /etc/profile; touch ~/.node_unconfigure && genesis restart && genesis status"
    status, said = await sim.run(node.cvm_ip, line)
    assert (status, "genesis: [" in said) == (0, True)
    assert UNCONFIGURED in (await sim.run(node.cvm_ip, f"{CLUSTER} status"))[1]


async def test_a_cluster_is_set_up_by_ncli(sim: Sim, nodes: Nodes, prism: Prism) -> None:
    (node,) = await ready(nodes, 1)
    status, said = await sim.run(node.cvm_ip, f"{NCLI} cluster info")
    assert (status, "Connection refused" in said) == (1, True)
    assert (await sim.run(node.cvm_ip, create([node], "--redundancy_factor=1")))[0] == 0
    for words in (
        "cluster edit-params new-name=west",
        f"cluster set-external-ip-address external-ip-address={sim.ip(201)}",
        "cluster add-to-name-servers servers=161.26.0.7,161.26.0.8",
        "cluster remove-from-name-servers servers=161.26.0.8",
        "cluster add-to-ntp-servers servers=time.adn.networklayer.com",
        f"user reset-password user-name=admin password='{NEW}'",
    ):
        status, said = await sim.run(node.cvm_ip, f"{NCLI} {words}")
        assert status == 0, said
    said = (await sim.run(node.cvm_ip, f"{NCLI} cluster info"))[1]
    assert ("Cluster Name              : west" in said, "Node Count                : 1" in said) == (
        True,
        True,
    )
    status, shown = await replace(prism(sim.ip(201)), password=NEW).ask("GET", "/v2.0/cluster")
    assert (status, shown["name"], shown["name_servers"]) == (200, "west", ["161.26.0.7"])
    for words in ("cluster edit-params", "cluster dance", "user reset-password user-name=root password=x"):
        status, said = await sim.run(node.cvm_ip, f"{NCLI} {words}")
        assert (status, said.startswith("Error:")) == (1, True)
    assert NEW not in str(await sim.control("/calls"))


async def test_a_changed_password_opens_the_door_and_the_old_one_does_not(sim: Sim, nodes: Nodes) -> None:
    (node,) = await ready(nodes, 1)
    for given in (f"wrong\n{NEW}\n{NEW}\n", f"{FACTORY}\nshort\nshort\n", f"{FACTORY}\n{NEW}\nother\n"):
        assert (await sim.run(node.cvm_ip, "passwd", input=given))[0] == 10
    assert (await sim.run(node.cvm_ip, "passwd", input=f"{FACTORY}\n{NEW}\n{NEW}\n"))[0] == 0
    with pytest.raises(asyncssh.PermissionDenied):
        await sim.run(node.cvm_ip, "true")
    assert (await sim.run(node.cvm_ip, "true", password=NEW))[0] == 0


async def test_the_host_key_stays_until_the_node_is_imaged_again(sim: Sim, nodes: Nodes) -> None:
    first, second = await ready(nodes, 2)
    before = await host_key(sim, first.cvm_ip)
    assert before.startswith("SHA256:")
    assert await host_key(sim, first.cvm_ip) == before != await host_key(sim, second.cvm_ip)
    await sim.call(sim.vpc.restart_bare_metal_server, first.server_id)

    async def again() -> bool:
        (machine,) = [m for m in (await sim.control("/nodes"))["nodes"] if first.name in m["server"]]
        return machine["boots"] == 3 and machine["doing"] == "running"

    await sim.until(again, "it runs again")
    assert await host_key(sim, first.cvm_ip) == before
    await sim.call(sim.vpc.stop_bare_metal_server, first.server_id, type="hard")
    await sim.status(first.server_id, "stopped")
    nodes.boot.reports.clear()
    await sim.call(
        sim.vpc.replace_bare_metal_server_initialization,
        first.server_id,
        image={"id": f.IMAGE_IPXE},
        keys=[],
        user_data=f"{nodes.boot.url}/boot/ipxe/{first.name}?ip=${{net0/ip}}",
    )
    await nodes.doing(first.name, "running")
    assert await host_key(sim, first.cvm_ip) != before
