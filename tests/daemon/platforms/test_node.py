"""What a node's steps ask the cloud for, and what they take for theirs."""

from __future__ import annotations

from typing import Any

import pytest
from msgspec.structs import replace

from daemon.engine.context import StepContext
from daemon.engine.objects import Found
from daemon.errors.tree import OutsideError
from daemon.platforms.ibm_nutanix.names import NODE_ROLES, Names
from daemon.platforms.ibm_nutanix.node import NodeSteps
from daemon.platforms.ibm_nutanix.undo import forget_config
from daemon.store.ops import PutRecord, PutResource, Resource
from state_machines.outcome import Done
from tests.daemon.platforms.conftest import Cloud

IBM = {
    "resource_group": None,
    "management": {"subnet": "s-management", "security_groups": ["g-management"]},
    "workload": {"subnet": "s-workload", "security_groups": ["g-workload", "g-more"]},
}


async def test_each_interface_has_the_groups_and_the_subnet_of_its_own_network(
    house: Any, cloud: tuple[Cloud, NodeSteps]
) -> None:
    outside, steps = cloud
    await house.sow("node01", ibm=IBM)
    record = house.record("node01")
    names = Names("lab")
    rows = [
        Resource(
            "node01", "demo", "reserved_ip", names.address("node01", role), "present", f"ip-{role.component}", 1,
            {"role": role.component, "address": "10.0.0.9"},
        )
        for role in NODE_ROLES
    ]  # fmt: skip
    await house.commit(PutRecord(replace(record, spec={"first": False}, version=2)), *map(PutResource, rows))
    house.toy.script["making"] = steps.create_vnis
    await house.ask("node01", "start")
    await house.until(lambda: house.record("node01").state == "ready")
    management, workload = outside.posted()
    assert management["name"] == "lab-node01-mgmt-vni" and workload["name"] == "lab-node01-workload-vni"
    assert management["security_groups"] == [{"id": "g-management"}]
    assert workload["security_groups"] == [{"id": "g-workload"}, {"id": "g-more"}]
    assert (management["subnet"], workload["subnet"]) == ({"id": "s-management"}, {"id": "s-workload"})
    assert management["primary_ip"] == {"id": "ip-mgmt"} and workload["primary_ip"] == {"id": "ip-workload"}
    assert management["ips"] == [{"id": "ip-ahv"}, {"id": "ip-cvm"}] and workload["ips"] == []
    assert management["allow_ip_spoofing"] is workload["allow_ip_spoofing"] is True


MADE = "2026-01-01T00:00:00Z"


def ip(address: str) -> dict[str, Any]:
    return {"id": "x", "name": "a", "address": address, "created_at": MADE}


def record(address: str) -> dict[str, Any]:
    return {"id": "x", "name": "a", "rdata": {"ip": address}, "created_on": MADE}


def vni(primary: str) -> dict[str, Any]:
    return {"id": "x", "name": "a", "primary_ip": {"id": primary}}


def server(*vnis: str) -> dict[str, Any]:
    attached = [{"virtual_network_interface": {"id": id_}} for id_ in vnis]
    return {"id": "x", "name": "a", "network_attachments": attached}


ZONE = {"instance": "i", "zone": "z"}
MARKS = [
    ("reserved_ip", "reserved_ips", {"subnet": "s", "address": "10.0.0.9"}, ip("10.0.0.9"), ip("10.0.0.8")),
    (
        "reserved_ip",
        "reserved_ips",
        {"subnet": "s", "address": "10.0.0.9", "asked": ["10.0.0.9", "10.0.0.7"]},
        ip("10.0.0.7"),
        ip("10.0.0.8"),
    ),
    ("dns_record", "resource_records", {**ZONE, "address": "10.0.0.9"}, record("10.0.0.9"), record("10.0.0.8")),
    ("vni", "virtual_network_interfaces", {"primary_ip": "r-1"}, vni("r-1"), vni("r-2")),
    ("server", "bare_metal_servers", {"vnis": ["v-1", "v-2"]}, server("v-2", "v-1"), server("v-1", "v-3")),
]  # fmt: skip


@pytest.mark.parametrize(("kind", "word", "data", "ours", "theirs"), MARKS)
async def test_what_bears_our_name_and_not_our_mark_is_never_found_to_be_deleted(
    cloud: tuple[Cloud, NodeSteps], kind: str, word: str, data: Any, ours: Any, theirs: Any
) -> None:
    outside, steps = cloud
    row = Resource("node01", "demo", kind, "a", "intended", None, 1, data)
    outside.shown[word] = [theirs]
    assert await steps.disposals[kind].find(row) is None
    outside.shown[word] = [ours]
    found = await steps.disposals[kind].find(row)
    assert found is not None and found.cloud_id == "x"


async def test_our_record_is_found_beside_somebody_else_s_of_the_same_name(
    cloud: tuple[Cloud, NodeSteps],
) -> None:
    outside, steps = cloud
    outside.shown["resource_records"] = [record("10.0.0.8"), {**record("10.0.0.9"), "id": "ours"}]
    row = Resource("node01", "demo", "dns_record", "a", "intended", None, 1, {**ZONE, "address": "10.0.0.9"})
    found = await steps.disposals["dns_record"].find(row)
    assert found is not None and found.cloud_id == "ours"


async def test_an_address_that_is_not_shown_yet_is_nobody_s(cloud: tuple[Cloud, NodeSteps]) -> None:
    outside, steps = cloud
    data = {"subnet": "s", "address": "10.0.0.9"}
    outside.shown["reserved_ips"] = [ip("0.0.0.0")]
    with pytest.raises(OutsideError) as caught:
        await steps.disposals["reserved_ip"].find(
            Resource("node01", "demo", "reserved_ip", "a", "intended", None, 1, data)
        )
    assert (caught.value.code, caught.value.retry) == ("in_doubt", "now")


ORDER = {
    **IBM,
    "profile": "bx2d-metal-96x384",
    "zone": "us-south-1",
    "vpc": "vpc-1",
    "image": "image-1",
    "ssh_keys": ["key-1"],
}


async def test_a_server_is_ours_only_by_the_interfaces_that_were_made_for_it(
    house: Any, cloud: tuple[Cloud, NodeSteps]
) -> None:
    _, steps = cloud
    marks: list[bool] = []

    async def look(ctx: StepContext) -> Done:
        await ctx.secret("boot_token", lambda: "a-token-of-some-length")
        want = steps._server(ctx, 1)
        for vnis in (["v-1", "v-2"], ["v-1", "v-3"], ["v-1"]):
            marks.append(want.ours(Found("x", {"vnis": vnis})))
        return Done()

    await house.sow("node01", ibm=ORDER)
    rows = [
        Resource("node01", "demo", "vni", network, "present", id_, 1, {"network": network})
        for network, id_ in (("management", "v-1"), ("workload", "v-2"))
    ]
    await house.commit(*map(PutResource, rows))
    house.toy.script["making"] = look
    await house.tell("node01", "start")
    assert marks == [True, False, False]


async def test_the_twin_of_a_record_that_a_proxy_made_goes_with_it_and_nobody_elses(
    cloud: tuple[Cloud, NodeSteps],
) -> None:
    outside, steps = cloud
    twin, theirs = {**record("10.0.0.9"), "id": "twin"}, {**record("10.0.0.8"), "id": "theirs"}
    outside.shown["resource_records"] = [twin, theirs, {**record("10.0.0.9"), "id": "ours"}]
    row = Resource("node01", "demo", "dns_record", "a", "present", "ours", 1, {**ZONE, "address": "10.0.0.9"})
    await steps.disposals["dns_record"].delete(row)
    assert outside.deleted() == ["twin", "ours"]


async def test_a_node_that_is_rolled_back_keeps_no_secret_and_no_number_of_its_is_used_twice(
    house: Any,
) -> None:
    async def make(ctx: StepContext) -> Done:
        await ctx.secret("boot_token", lambda: "a-token-of-some-length")
        await ctx.remember(server=2, round=3, ordered=2, pin="a certificate", recorded=True)
        return Done()

    house.toy.script.update(making=make, forget=forget_config)
    await house.begin()
    assert "node01/boot_token" in house.mirror.secrets
    await house.tell("node01", "rollback")
    record = house.record()
    assert (record.state, house.mirror.secrets) == ("rolled_back", {})
    assert record.facts == {"server": 3, "round": 3}
