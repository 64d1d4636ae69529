"""What a node is made of is asked for as the spec says: its addresses, its records, its interfaces, its server."""

from __future__ import annotations

import os
import re
from pathlib import Path
from typing import Any

import pytest
from msgspec.structs import replace

from daemon.engine.context import StepContext
from daemon.errors.tree import NxdError
from daemon.platforms.ibm_nutanix.machine import MachineSteps
from daemon.platforms.ibm_nutanix.names import CLUSTER_ROLE, NODE_ROLES, Names, host_name
from daemon.platforms.ibm_nutanix.node import NodeSteps, roles
from daemon.platforms.ibm_nutanix.planned import seeds
from daemon.platforms.ibm_nutanix.server import boot_token, boot_url, next_server
from daemon.platforms.ibm_nutanix.settings import IbmSettings
from daemon.platforms.ibm_nutanix.taken_names import name_records
from daemon.settings.reading import load_settings
from daemon.store.ops import PutRecord
from state_machines.outcome import Done, Outcome, Wait
from tests.daemon.platforms.conftest import SETTINGS, Cloud

IBM: dict[str, Any] = {
    "resource_group": None,
    "profile": "bx2d-metal-96x384",
    "zone": "us-south-1",
    "vpc": "vpc-1",
    "image": "image-1",
    "ssh_keys": ["key-1", "key-2"],
    "management": {
        "subnet": "s-management",
        "security_groups": ["g-1"],
        "ranges": {"management": (10, 50), "ahv": (51, 100), "cvm": (101, 150), "cluster": (200, 210)},
    },
    "workload": {"subnet": "s-workload", "security_groups": ["g-2"], "range": (20, 200)},
    "dns": {"instance": "dns-1", "zone": "zone-1", "name": "nutanix.internal", "ttl": 300},
}
ADDRESSES = {
    "lab-node01-mgmt-ip": ("s-management", "10.1.0.10"),
    "lab-node01-ahv-ip": ("s-management", "10.1.0.51"),
    "lab-node01-cvm-ip": ("s-management", "10.1.0.101"),
    "lab-node01-workload-ip": ("s-workload", "10.2.0.20"),
    "lab-node01-cluster-ip": ("s-management", "10.1.0.200"),
}
HOSTS = {
    "node01-mgmt.nutanix.internal": "10.1.0.10",
    "node01-ahv.nutanix.internal": "10.1.0.51",
    "node01-cvm.nutanix.internal": "10.1.0.101",
    "node01-workload.nutanix.internal": "10.2.0.20",
    "demo.nutanix.internal": "10.1.0.200",
}


@pytest.fixture
def maker(house: Any, cloud: tuple[Cloud, NodeSteps]) -> Any:
    """Makes of a node what its steps make, the first of its cluster or another one."""
    outside, steps = cloud
    outside.objects |= {
        "s-management": {"id": "s-management", "ipv4_cidr_block": "10.1.0.0/24"},
        "s-workload": {"id": "s-workload", "ipv4_cidr_block": "10.2.0.0/24"},
    }
    outside.shown |= {"reserved_ips": [], "resource_records": []}

    async def make(*names: str, first: bool = True, after: Any = None) -> list[Any]:
        async def run(ctx: StepContext) -> Outcome:
            for name in names:
                answer = await getattr(steps, name)(ctx)
                assert isinstance(answer, Done), answer
                await ctx.save()
            return Done() if after is None else await after(ctx)

        await house.sow("node01", ibm=IBM)
        record = house.record("node01")
        await house.commit(PutRecord(replace(record, spec={"first": first, "position": "A"}, version=2)))
        house.toy.script["making"] = run
        await house.ask("node01", "start")
        await house.until(lambda: house.record("node01").state in ("ready", "failed"))
        assert house.record("node01").state == "ready", house.record("node01").error
        return outside.posted()

    return make


def asked(cloud: Cloud) -> dict[str, tuple[str, str]]:
    """Name → subnet and address, of the addresses that were asked for."""
    found = {}
    for method, path, body in cloud.sent:
        if method == "POST" and path.endswith("/reserved_ips"):
            found[body["name"]] = (path.split("/")[-2], body["address"])
    return found


async def test_each_purpose_has_an_address_of_its_own_from_its_own_range_under_its_own_name(
    cloud: tuple[Cloud, NodeSteps], maker: Any, house: Any
) -> None:
    await maker("reserve_ips", first=False)
    wanted = {name: where for name, where in ADDRESSES.items() if "cluster" not in name}
    assert asked(cloud[0]) == wanted
    kept = {row.name: row for row in house.mirror.resources("node01")}
    assert {name: row.data["address"] for name, row in kept.items()} == {
        name: address for name, (_, address) in wanted.items()
    }
    assert all(str(row.cloud_id).startswith("id-") and row.state == "present" for row in kept.values())


async def test_the_first_node_reserves_the_address_of_the_cluster_and_no_other_does(
    cloud: tuple[Cloud, NodeSteps], maker: Any, house: Any
) -> None:
    await maker("reserve_ips", first=True)
    assert asked(cloud[0]) == ADDRESSES
    other = replace(house.record("node01"), spec={"first": False})
    assert CLUSTER_ROLE not in roles(other) and CLUSTER_ROLE in roles(house.record("node01"))


async def test_an_address_that_somebody_holds_is_passed_over_for_the_next_free_one(
    cloud: tuple[Cloud, NodeSteps], maker: Any
) -> None:
    cloud[0].shown["reserved_ips"] = [
        {"id": "x", "name": "somebody", "address": address, "created_at": "2026-11-28T09:00:00Z"}
        for address in ("10.1.0.10", "10.1.0.11", "10.2.0.20")
    ]
    await maker("reserve_ips", first=False)
    found = asked(cloud[0])
    assert found["lab-node01-mgmt-ip"] == ("s-management", "10.1.0.12")
    assert found["lab-node01-workload-ip"] == ("s-workload", "10.2.0.21")


async def test_each_address_has_one_record_under_the_name_of_its_purpose(
    cloud: tuple[Cloud, NodeSteps], maker: Any, house: Any
) -> None:
    await maker("reserve_ips", "register_dns", first=False)
    made = [body for body in cloud[0].posted() if "rdata" in body]
    assert {body["name"]: body["rdata"]["ip"] for body in made} == {
        name: address for name, address in HOSTS.items() if not name.startswith("demo")
    }
    assert {(body["type"], body["ttl"]) for body in made} == {("A", 300)} and len(made) == 4
    rows = [row for row in house.mirror.resources("node01") if row.kind == "dns_record"]
    assert {(row.data["instance"], row.data["zone"]) for row in rows} == {("dns-1", "zone-1")}
    assert all(row.cloud_id for row in rows)


async def test_the_record_of_the_cluster_is_made_once_by_its_first_node(
    cloud: tuple[Cloud, NodeSteps], maker: Any
) -> None:
    await maker("reserve_ips", "register_dns", first=True)
    made = {body["name"]: body["rdata"]["ip"] for body in cloud[0].posted() if "rdata" in body}
    assert made == HOSTS


@pytest.mark.parametrize(("code", "kind"), [("conflict", "CNAME"), ("foreign", "A")])
async def test_a_record_of_somebody_else_in_the_way_is_named_with_the_command_that_deletes_it(
    cloud: tuple[Cloud, NodeSteps], code: str, kind: str
) -> None:
    outside, steps = cloud
    name, zone = "node01-mgmt.nutanix.internal", {"instance": "dns-1", "zone": "zone-1"}
    theirs = {"id": f"{kind}:7", "name": name, "type": kind, "rdata": {"to": "elsewhere"}}
    outside.shown["resource_records"] = [theirs, {**theirs, "id": "A:8", "name": "other.nutanix.internal"}]
    error = NxdError(code)
    await name_records(error, steps._dns, zone, name)
    assert all(word in error.remedy for word in (kind, name, "zone-1", "elsewhere", "another name"))
    assert f"ibmcloud dns resource-record-delete zone-1 {kind}:7 -i dns-1 --force" in error.remedy
    assert "A:8" not in error.remedy


async def test_a_record_that_is_known_or_cannot_be_seen_leaves_the_remedy_as_it_is(
    cloud: tuple[Cloud, NodeSteps],
) -> None:
    zone = {"instance": "dns-1", "zone": "zone-1"}
    for error in (NxdError("foreign", remedy="Leave it."), NxdError("conflict"), NxdError("unavailable")):
        before = error.remedy
        cloud[0].shown["resource_records"] = []
        await name_records(error, cloud[1]._dns, zone, "node01-mgmt.nutanix.internal")
        assert error.remedy == before


@pytest.mark.parametrize("state", ["pending", "failed", "suspended"])
async def test_an_interface_that_is_not_stable_is_waited_for_and_one_that_failed_fails_the_step(
    cloud: tuple[Cloud, NodeSteps], house: Any, maker: Any, state: str
) -> None:
    outside, steps = cloud
    told: list[str] = []

    async def look(ctx: StepContext) -> Outcome:
        posts = len(outside.sent)
        outside.objects |= {
            f"id-{n}": {"id": f"id-{n}", "lifecycle_state": state} for n in range(posts, posts + 9)
        }
        try:
            told.append(getattr(await steps.create_vnis(ctx), "evidence", "done"))
        except Exception as error:
            told.append(str(error))
        return Done()

    await maker("reserve_ips", first=False, after=look)
    said = {"pending": "it is pending", "failed": "is failed", "suspended": "is suspended"}[state]
    assert len(told) == 1 and said in told[0]


async def order(house: Any, cloud: Cloud, maker: Any) -> dict[str, Any]:
    """The body of the order of a server, and the token in it."""
    steps_before = ("reserve_ips", "create_vnis", "record_config", "create_server")
    cloud.shown |= {"bare_metal_servers": [], "virtual_network_interfaces": []}
    made = await maker(*steps_before, first=False)
    (body,) = (one for one in made if "initialization" in one)
    return dict(body)


async def test_a_server_is_ordered_with_what_the_spec_says_and_the_interfaces_that_were_made(
    cloud: tuple[Cloud, NodeSteps], house: Any, maker: Any
) -> None:
    body = await order(house, cloud[0], maker)
    vnis = {
        row.data["network"]: row.cloud_id for row in house.mirror.resources("node01") if row.kind == "vni"
    }
    assert body["name"] == "lab-node01-host-bms"
    assert (body["profile"]["name"], body["zone"]["name"]) == (IBM["profile"], IBM["zone"])
    assert body["vpc"] == {"id": "vpc-1"}
    assert body["initialization"]["image"] == {"id": "image-1"}
    assert body["initialization"]["keys"] == [{"id": "key-1"}, {"id": "key-2"}]
    first, (second,) = body["primary_network_attachment"], body["network_attachments"]
    assert (first["name"], first["virtual_network_interface"]["id"]) == ("eth0", vnis["management"])
    assert (second["name"], second["virtual_network_interface"]["id"]) == ("eth1", vnis["workload"])


async def test_the_user_data_of_a_server_are_the_url_of_its_own_script_and_nothing_else(
    cloud: tuple[Cloud, NodeSteps], house: Any, maker: Any
) -> None:
    body = await order(house, cloud[0], maker)
    url = f"{SETTINGS['NXD_BOOT_URL']}/boot/ipxe/node01?token="
    said = body["initialization"]["user_data"]
    assert said.startswith(url)
    assert said.removeprefix(url) == house.box.open(house.mirror.secrets["node01/boot_token"])
    assert re.fullmatch(r"[A-Za-z0-9_-]{32,}", said.removeprefix(url))


async def test_another_server_has_a_boot_token_of_its_own_and_every_try_to_order_it_repeats_that_one(
    cloud: tuple[Cloud, NodeSteps], house: Any, maker: Any
) -> None:
    await order(house, cloud[0], maker)
    said: list[str] = []

    async def look(ctx: StepContext) -> Done:
        said.extend([boot_url("http://boot", ctx), boot_url("http://boot", ctx)])
        await next_server(ctx)
        said.extend([boot_url("http://boot", ctx), boot_url("http://boot", ctx)])
        return Done()

    house.toy.script["making"] = look
    record = house.record()
    await house.commit(PutRecord(replace(record, state="making", step="making", version=record.version + 1)))
    house.engine.poke("node01")
    await house.until(lambda: len(said) == 4)
    old, again, new, repeated = said
    assert old == again != new == repeated
    record = house.record()
    secrets = {name: house.box.open(sealed) for name, sealed in house.mirror.secrets.items()}
    assert new.endswith(str(boot_token(record, lambda name: secrets.get(f"node01/{name}"))))


def test_a_name_says_environment_node_purpose_and_kind() -> None:
    names = Names("lab")
    assert [names.address("node01", role) for role in (*NODE_ROLES, CLUSTER_ROLE)] == list(ADDRESSES)
    assert [names.interface("node01", network) for network in ("management", "workload")] == [
        "lab-node01-mgmt-vni",
        "lab-node01-workload-vni",
    ]
    assert [names.server("node01", n) for n in (1, 2)] == ["lab-node01-host-bms", "lab-node01-host-bms-2"]
    assert Names("prod").server("node01", 1) == "prod-node01-host-bms"
    assert [
        host_name("node01", "demo", role, "nutanix.internal") for role in (*NODE_ROLES, CLUSTER_ROLE)
    ] == list(HOSTS)


def test_every_node_is_a_record_with_its_position_and_whether_it_is_the_first() -> None:
    nodes = [{"name": "node01", "position": "A"}, {"name": "node02", "position": "C"}]
    cluster, *members = seeds({"cluster": "demo", "nodes": nodes, "nutanix": {"redundancy_factor": 2}})
    assert (cluster.name, cluster.spec["nodes"]) == ("demo", ["node01", "node02"])
    assert cluster.spec["nutanix"] == {"redundancy_factor": 2}
    assert [(one.name, one.kind.role, one.spec) for one in members] == [
        ("node01", "node", {"position": "A", "first": True}),
        ("node02", "node", {"position": "C", "first": False}),
    ]


def flip(image: Path) -> None:
    """Turn one bit over; once more, and the image is as before."""
    content = image.read_bytes()
    image.write_bytes(bytes([content[0] ^ 1]) + content[1:])


async def test_a_server_is_ordered_and_waited_for_only_while_it_could_boot(
    cloud: tuple[Cloud, NodeSteps], maker: Any, boot_images: Path
) -> None:
    outside, steps = cloud
    outside.shown |= {"bare_metal_servers": [], "virtual_network_interfaces": []}
    image, told = boot_images / "initrd-foundation.img", []
    settings = IbmSettings.of(load_settings(None, SETTINGS))
    machine = MachineSteps(
        settings, steps._vpc, steps.disposals["server"], steps._servers, None, None, steps._images, 0.0  # type: ignore[arg-type]
    )  # fmt: skip

    def ordered() -> bool:
        return any("initialization" in body for body in outside.posted())

    async def look(ctx: StepContext) -> Outcome:
        for spoil in (lambda: flip(image), lambda: os.truncate(image, 3), image.unlink):
            content = image.read_bytes()
            spoil()
            waits = await steps.create_server(ctx)
            assert isinstance(waits, Wait) and waits.waiting_for == "its boot images" and waits.attention
            assert str(image) in waits.evidence and "nxd images" in waits.remedies[0].text
            assert not ordered()
            image.write_bytes(content)
            image.chmod(0o644)
        told.append(await steps.create_server(ctx))
        assert ordered()
        flip(image)
        assert isinstance(await steps.create_server(ctx), Done), "an order that was given is looked after"
        told.append(await machine.await_config(ctx))
        flip(image)
        told.append(await machine.await_config(ctx))
        return Done()

    await maker("reserve_ips", "create_vnis", "record_config", first=False, after=look)
    made, in_vain, sound = told
    assert isinstance(made, Done) and in_vain.attention and not sound.attention
    assert sound.evidence == "the server is running"
    assert (
        in_vain.evidence.startswith("the server is running; its boot images: ")
        and str(image) in in_vain.evidence
    )
