"""Each fault strikes whom it names, once, with the words of the real service; afterwards all goes well."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from functools import partial
from typing import TYPE_CHECKING, Any

import pytest

from daemon.sim.faults.rules import STEP_FAULTS, Faults, parse_fault
from daemon.sim.run import SimError
from daemon.sim.world import initial as f
from tests.daemon.sim.scene import SLOW

if TYPE_CHECKING:
    from tests.daemon.sim.conftest import Nodes, PrismClient, Sim

Prism = Callable[[str], "PrismClient"]


@pytest.mark.parametrize("text", ["node01", "node01:", ":ips", "node01:nonsense", "", "node01:ips:twice"])
def test_an_unknown_fault_names_the_known_ones(text: str) -> None:
    with pytest.raises(SimError) as caught:
        parse_fault(text)
    for step in STEP_FAULTS:
        assert step in str(caught.value)


@pytest.mark.parametrize(
    ("name", "struck"),
    [
        ("demo-node02-mgmt-ip", True),
        ("node02-cvm.nutanix.internal", True),
        ("node02", True),
        ("demo-node020-mgmt-ip", False),
        ("demo-node01-mgmt-ip", False),
        ("demonode02-mgmt-ip", False),
    ],
)
def test_a_fault_strikes_whole_words_of_a_name(name: str, struck: bool) -> None:
    faults = Faults(["node02:ips"])
    trigger = STEP_FAULTS["ips"].trigger
    assert (faults.strike(trigger, name, 0.0) is not None) == struck
    assert faults.strike(trigger, "demo-node02-cvm-ip", 0.0) is None if struck else faults.waiting()


def test_a_wrong_entry_adds_none_of_its_fellows() -> None:
    faults = Faults()
    with pytest.raises(SimError):
        faults.add(["node01:ips", "node01:nonsense"])
    assert faults.waiting() == []


async def test_the_control_address_takes_faults_and_refuses_wrong_ones(sim: Sim) -> None:
    assert "STEP" in (await sim.tell("/faults", {"fail": ["node01:nonsense"]}))["error"]
    assert "fail" in (await sim.tell("/faults", ["x"]))["error"]
    told = await sim.tell("/faults", {"fail": ["node01:ips"]})
    (waiting,) = told["waiting"]
    assert (waiting["target"], waiting["step"], waiting["count"]) == ("node01", "ips", 1)


async def test_request_faults_are_refusals_and_happen_once(sim: Sim) -> None:
    await sim.tell("/faults", {"fail": ["node01:ips", "node01:dns", "node01:vnis"]})
    vpc, dns = sim.vpc, sim.dns
    await sim.address("test-node02-mgmt-ip")  # somebody else is not concerned
    ips = {"subnet_id": f.MANAGEMENT, "name": "test-node01-mgmt-ip"}
    assert (await sim.refused(vpc.create_subnet_reserved_ip, **ips))[:2] == (400, "over_quota")
    ip = (await sim.call(vpc.create_subnet_reserved_ip, **ips)).get_result()
    record: dict[str, Any] = {"type": "A", "name": "node01-mgmt", "rdata": {"ip": ip["address"]}}
    zone = (f.DNS_INSTANCE, f.DNS_ZONE)
    assert (await sim.refused(dns.create_resource_record, *zone, **record))[:2] == (403, "not_authorized")
    await sim.call(dns.create_resource_record, *zone, **record)
    vni = {"name": "test-node01-mgmt-vni", "primary_ip": {"id": ip["id"]}}
    refusal = await sim.refused(vpc.create_virtual_network_interface, **vni)
    assert refusal[:2] == (403, "not_authorized")
    assert "not authorized to  the specified" in refusal[2]
    await sim.call(vpc.create_virtual_network_interface, **vni)
    assert (await sim.control("/faults"))["waiting"] == []
    assert [s["step"] for s in (await sim.control("/faults"))["struck"]] == ["ips", "dns", "vnis"]


async def test_a_server_that_finds_no_capacity_fails_and_the_next_one_runs(sim: Sim, nodes: Nodes) -> None:
    await sim.tell("/faults", {"fail": ["node01:server"]})
    (node,) = await nodes.order(1)
    failed = await sim.status(node.server_id, "failed")
    assert failed["status_reasons"][0]["code"] == "cannot_start_capacity"
    await sim.call(sim.vpc.delete_bare_metal_server, node.server_id)
    await sim.gone(sim.vpc.get_bare_metal_server, node.server_id)
    again = await sim.server("test-node01-server-bms", node.vni_id)
    await sim.status(again["id"], "running")


@pytest.mark.parametrize("step", ["boot", "config", "install", "cvm"])
async def test_a_machine_that_stands_still_goes_on_after_a_reset(sim: Sim, nodes: Nodes, step: str) -> None:
    await sim.tell("/faults", {"fail": [f"node01:{step}"]})
    await nodes.order(1)
    await nodes.doing("node01", "stands still")
    reports = nodes.boot.reports.get("node01", [])
    if step == "install":
        assert reports[-1]["phase"] == "error"
        assert reports[-1]["message"] == "disk /dev/nvme2n1: I/O error while writing the CVM image"
        assert 6 in nodes.boot.phases("node01")
    if step == "boot":
        assert nodes.boot.scripts == []
    if step == "config":
        assert (nodes.boot.config_calls, reports) == ([], [])
    nodes.boot.reports.pop("node01", None) if step == "install" else None
    await sim.tell("/nodes/node01/revive")
    await nodes.doing("node01", "running")


async def test_a_restart_revives_a_machine_too(sim: Sim, nodes: Nodes) -> None:
    await sim.tell("/faults", {"fail": ["node01:install"]})
    (node,) = await nodes.order(1)
    await nodes.doing("node01", "stands still")
    nodes.boot.reports.clear()
    await sim.call(sim.vpc.restart_bare_metal_server, node.server_id)
    await nodes.doing("node01", "running")
    assert (await sim.control("/counts"))["installs"] == {"test-node01-server-bms": 2}


@pytest.mark.parametrize("speed", [SLOW])
async def test_cluster_faults_strike_once_each(sim: Sim, nodes: Nodes, prism: Prism) -> None:
    faults = [f"east:{step}" for step, known in STEP_FAULTS.items() if known.scope == "cluster"]
    assert (len(faults), faults.pop()) == (5, "east:health")
    await sim.tell("/faults", {"fail": faults})
    (node,) = await nodes.order(1)
    await nodes.doing("node01", "running")
    client = prism(node.cvm_ip)
    member = {"cvm_ip": node.cvm_ip, "hypervisor_ip": node.ahv_ip, "node_position": "A"}
    body = {"name": "east", "external_ip": sim.ip(200), "redundancy_factor": 1, "nodes": [member]}
    status, answer = await client.ask("POST", "/v2.0/clusters", body)
    assert (status, "Cluster creation failed" in answer["message"]) == (422, True)

    async def status_is(wanted: str) -> bool:
        return bool((await client.ask("GET", "/v2.0/cluster"))[1]["cluster_status"] == wanted)

    for ending in ("FAILED", "UP"):
        assert (await client.ask("POST", "/v2.0/clusters", body))[0] == 200
        await sim.until(partial(status_is, ending), ending)
    path = "/v1/utils/change_default_system_password"
    change = {"oldPassword": "admin", "newPassword": "a better one"}
    assert [(await client.ask("POST", path, change))[0] for _ in range(2)] == [500, 200]
    client = replace(client, password="a better one")
    path = "/v1/cluster/name_servers/add_list"
    assert [(await client.ask("POST", path, ["161.26.0.7"]))[0] for _ in range(2)] == [422, 200]

    async def degraded() -> bool:
        hosts = (await client.ask("GET", "/v2.0/hosts"))[1]["entities"]
        return any(host["is_degraded"] for host in hosts)

    assert not await degraded()
    await sim.tell("/faults", {"fail": ["east:health"]})
    assert await degraded()
    assert (await client.ask("GET", "/v2.0/alerts"))[1]["entities"][0]["severity"] == "kCritical"

    async def healthy() -> bool:
        return not await degraded()

    await sim.until(healthy, "the host recovers by itself")
    assert (await client.ask("GET", "/v2.0/alerts?resolved=false"))[1]["entities"] == []


@pytest.mark.parametrize("speed", [SLOW])
async def test_a_degraded_host_can_be_healed_at_once(sim: Sim, nodes: Nodes, prism: Prism) -> None:
    (node,) = await nodes.order(1)
    await nodes.doing("node01", "running")
    client = prism(node.cvm_ip)
    member = {"cvm_ip": node.cvm_ip, "hypervisor_ip": node.ahv_ip, "node_position": "A"}
    await client.ask("POST", "/v2.0/clusters", {"name": "east", "redundancy_factor": 1, "nodes": [member]})

    async def up() -> bool:
        return bool((await client.ask("GET", "/v2.0/cluster"))[1]["cluster_status"] == "UP")

    await sim.until(up, "the cluster is up")
    await sim.tell("/faults", {"fail": ["east:health"]})
    before = (await client.ask("GET", "/v2.0/hosts"))[1]["entities"]
    await sim.tell("/clusters/east/heal")
    after = (await client.ask("GET", "/v2.0/hosts"))[1]["entities"]
    assert (before[0]["is_degraded"], after[0]["is_degraded"]) == (True, False)
