"""What a plan foresees is what happens: each node has the address that stood there, in the order of the spec."""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import Any

import pytest
from ibm_cloud_sdk_core.authenticators import VPCInstanceAuthenticator
from ibm_vpc import VpcV1

from daemon.client import Client, DaemonRefused
from daemon.demo.setup import TRUSTED_PROFILE
from tests.e2e.deployments import THREE_NODES

pytestmark = [pytest.mark.e2e, pytest.mark.timeout(240)]

MANAGEMENT = "0717-4f1c0de0-0000-4000-8000-000000000010"
ROLES = {"mgmt": 10, "ahv": 51, "cvm": 101, "workload": 10}
NODES = ("node01", "node02", "node03")
SPEC = THREE_NODES


def foreseen(plan: Any) -> dict[str, str]:
    return {item["name"]: item["about"]["address"] for item in plan["items"] if item["kind"] == "reserved_ip"}


def reserved(client: Client) -> dict[str, str]:
    """Name of a reserved address → the address, once every node has all of its own."""
    limit = time.monotonic() + 60
    while True:
        nodes = client.nodes()
        if sum(len(node["addresses"]) for node in nodes) == 13:
            return {
                f"demo-{node['name']}-{role}-ip": address
                for node in nodes
                for role, address in node["addresses"].items()
            }
        assert time.monotonic() < limit, [(node["name"], node["state"]) for node in nodes]
        time.sleep(0.02)


def stranger(one: Any) -> Callable[[str], None]:
    """Somebody else with the same account, who can take an address."""
    urls = one.stage.urls()
    service = VpcV1(
        authenticator=VPCInstanceAuthenticator(iam_profile_id=TRUSTED_PROFILE, url=urls["metadata_url"])
    )
    service.set_service_url(urls["vpc_url"])
    service.list_subnets()  # so that the token is there when it is fast that counts

    def take(address: str) -> None:
        service.create_subnet_reserved_ip(MANAGEMENT, address=address, name=f"x{address.replace('.', '-')}")

    return take


@pytest.mark.parametrize("seen", [True, False], ids=["by-its-plan", "unseen"])
def test_the_addresses_in_a_plan_are_those_that_are_reserved(rig: Callable[..., Any], seen: bool) -> None:
    one = rig()
    with Client(one.stage.socket) as client:
        plan = client.plan_spec(SPEC)
        told = foreseen(plan)
        for role, first in ROLES.items():
            hosts = [int(told[f"demo-{node}-{role}-ip"].rpartition(".")[2]) for node in NODES]
            assert hosts == [first, first + 1, first + 2]
        records = {i["name"]: i["about"]["address"] for i in plan["items"] if i["kind"] == "dns_record"}
        assert records["node02-cvm.nutanix.internal"] == told["demo-node02-cvm-ip"]
        assert {"action": "create", "kind": "reserved_ip", "count": 13, "text": "13 addresses"} in plan[
            "sums"
        ]
        assert "3 servers of bx2d-metal-96x384" in [one["text"] for one in plan["sums"]]
        client.apply(SPEC, plan["digest"] if seen else None)
        assert reserved(client) == told


def test_a_plan_is_another_one_when_a_stranger_took_an_address_of_it(rig: Callable[..., Any]) -> None:
    one = rig()
    take = stranger(one)
    with Client(one.stage.socket) as client:
        plan = client.plan_spec(SPEC)
        take(foreseen(plan)["demo-node02-mgmt-ip"])
        with pytest.raises(DaemonRefused) as caught:
            client.apply(SPEC, plan["digest"])
        assert caught.value.error["code"] == "plan_changed"
        assert client.clusters() == []
        again = client.plan_spec(SPEC)
        assert foreseen(again)["demo-node02-mgmt-ip"].endswith(".12")
        assert client.apply(SPEC, again["digest"])["changed"]


def test_an_address_that_a_stranger_takes_after_the_plan_moves_that_one_alone(
    rig: Callable[..., Any],
) -> None:
    one = rig()
    take = stranger(one)
    with Client(one.stage.socket) as client:
        plan = client.plan_spec(SPEC)
        told = foreseen(plan)
        client.apply(SPEC, plan["digest"])
        take(told["demo-node02-mgmt-ip"])
        found = reserved(client)
        assert {name for name in told if found[name] != told[name]} == {"demo-node02-mgmt-ip"}
        assert found["demo-node02-mgmt-ip"].endswith(".13")
