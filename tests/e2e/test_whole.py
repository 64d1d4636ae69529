"""The whole job, judged by what stands in the cloud and on the CVMs afterwards."""

from __future__ import annotations

import asyncio
import ipaddress
from collections.abc import Callable, Iterator
from typing import Any

import pytest
from ibm_cloud_sdk_core.authenticators import VPCInstanceAuthenticator
from ibm_vpc import VpcV1

from daemon.cli.waiting import PlainLines, wait_for
from daemon.client import Client
from daemon.demo.setup import TRUSTED_PROFILE
from daemon.drivers.prism import Connections, Credentials, Prism, fetch_certificate
from daemon.errors.tree import OutsideError
from tests.e2e.deployments import spec

pytestmark = [pytest.mark.e2e, pytest.mark.timeout(240)]

NODES = ("node01", "node02", "node03")
RANGES = {"mgmt": (10, 50), "ahv": (51, 100), "cvm": (101, 150), "workload": (10, 200), "cluster": (200, 210)}
MANAGEMENT = "0717-4f1c0de0-0000-4000-8000-000000000010"


def vpc(stage: Any) -> VpcV1:
    urls = stage.urls()
    service = VpcV1(
        authenticator=VPCInstanceAuthenticator(iam_profile_id=TRUSTED_PROFILE, url=urls["metadata_url"])
    )
    service.set_service_url(urls["vpc_url"])
    return service


def deployed(one: Any) -> Any:
    said: list[str] = []
    with Client(one.stage.socket) as client:
        client.apply(spec())
    code = wait_for(one.stage.socket, "demo", "active", 120, PlainLines("demo", said.append))
    assert code == 0, "\n".join(said[-20:])
    return one


@pytest.fixture
def situation(rig: Callable[..., Any]) -> Iterator[Any]:
    """A deployed cluster; somebody else holds the first address of the CVM range."""
    one = rig()
    block = ipaddress.IPv4Network(one.stage.urls()["management"])
    vpc(one.stage).create_subnet_reserved_ip(MANAGEMENT, address=str(block[101]), name="somebody-elses")
    yield deployed(one)


def test_the_cloud_holds_exactly_what_three_nodes_need_named_addressed_and_bound_as_the_spec_says(
    situation: Any,
) -> None:
    urls = situation.stage.urls()
    blocks = {net: ipaddress.IPv4Network(urls[net]) for net in ("management", "workload")}
    things = situation.inventory()["objects"]
    ips = {t["name"]: t for t in things if t["kind"] == "reserved_ip" and t["name"].startswith("demo-")}
    roles = {(node, role) for node in NODES for role in ("mgmt", "ahv", "cvm", "workload")} | {
        ("node01", "cluster")
    }
    assert set(ips) == {f"demo-{node}-{role}-ip" for node, role in roles}
    for node, role in roles:
        block = blocks["workload" if role == "workload" else "management"]
        address = ipaddress.IPv4Address(ips[f"demo-{node}-{role}-ip"]["address"])
        low, high = RANGES[role]
        assert block[low] <= address <= block[high], (node, role)
    taken = [ip["address"] for ip in ips.values()]
    assert len(set(taken)) == len(taken)
    assert str(blocks["management"][101]) not in taken, "an address of somebody else was taken"

    records = {t["name"]: t for t in things if t["kind"] == "record"}
    host = {(n, r): "demo" if r == "cluster" else f"{n}-{r}" for n, r in roles}
    assert {name: record["rdata"]["ip"] for name, record in records.items()} == {
        f"{host[n, r]}.nutanix.internal": ips[f"demo-{n}-{r}-ip"]["address"] for n, r in roles
    }
    assert {(record["type"], record["ttl"]) for record in records.values()} == {("A", 300)}

    interfaces = {t["name"]: t for t in things if t["kind"] == "vni"}
    servers = {t["name"]: t for t in things if t["kind"] == "server"}
    assert set(servers) == {f"demo-{node}-host-bms" for node in NODES}
    for node in NODES:
        management, workload = interfaces[f"demo-{node}-mgmt-vni"], interfaces[f"demo-{node}-workload-vni"]
        bound = [ips[f"demo-{node}-{role}-ip"]["id"] for role in ("mgmt", "ahv", "cvm")]
        assert management["addresses"][0] == bound[0]
        assert sorted(management["addresses"]) == sorted(bound)
        assert workload["addresses"] == [ips[f"demo-{node}-workload-ip"]["id"]]
        assert set(servers[f"demo-{node}-host-bms"]["vnis"]) == {management["id"], workload["id"]}
        shown = vpc(situation.stage).get_virtual_network_interface(management["id"]).get_result()
        assert [group["name"] for group in shown["security_groups"]] == ["nutanix-management"]
        assert shown["auto_delete"] is False


def test_the_factory_password_is_refused_everywhere_and_the_generated_one_is_taken(situation: Any) -> None:
    with Client(situation.stage.socket) as client:
        login = client.login("demo")
        addresses = [client.show(node)["entity"]["addresses"]["cvm"] for node in NODES]
        log = client.log(limit=10_000)["events"]
    assert not [event for event in log if login["password"] in str(event)]
    assert [event["actor"] for event in log if "read the password" in event["message"]] == ["root"]

    async def accepted(address: str, password: str) -> bool:
        certificate = await fetch_certificate(address, 9440, 5)
        connections = Connections()
        try:
            await Prism(
                address, 9440, certificate, Credentials(login["user"], password), connections
            ).cluster()
        except OutsideError as error:
            assert error.code == "authentication"
            return False
        finally:
            await connections.close()
        return True

    for address in addresses:
        assert asyncio.run(accepted(address, login["password"]))
        assert not asyncio.run(accepted(address, "admin"))


def test_a_second_cluster_takes_what_is_left_and_destroying_it_leaves_the_first_alone(situation: Any) -> None:
    second = spec().replace("cluster: demo", "cluster: other")
    for number, node in enumerate(NODES, start=4):
        second = second.replace(node, f"node{number:02}")
    said: list[str] = []
    with Client(situation.stage.socket) as client:
        client.apply(second)
        code = wait_for(situation.stage.socket, "other", "active", 120, PlainLines("other", said.append))
        assert code == 0, "\n".join(said[-20:])
        assert situation.counts()["existing"]["server"] == 6
        client.verb("destroy", "other", meant=True)
        assert wait_for(situation.stage.socket, "other", "gone", 120, PlainLines("other", said.append)) == 0
        assert client.show("demo")["entity"]["state"] == "active"
        assert client.audit() == []
    assert situation.counts()["existing"]["server"] == 3


def test_the_log_tells_of_every_object_that_was_made_once(situation: Any) -> None:
    with Client(situation.stage.socket) as client:
        made = [e["data"] for e in client.log(limit=10_000)["events"] if e["kind"] == "call"]
    names = [(call["kind"], call["name"]) for call in made]
    assert len(names) == len(set(names)) == 13 + 13 + 6 + 3 + 1
