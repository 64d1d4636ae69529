"""An audit finds each kind of stray, calls nothing a stray that may be ours, and deletes by id alone."""

from __future__ import annotations

from typing import Any

import pytest

from daemon.errors.tree import NxdError
from daemon.platforms.ibm_nutanix.audit import CloudAudit
from daemon.platforms.ibm_nutanix.names import Names
from daemon.platforms.ibm_nutanix.node import NodeSteps
from daemon.store.ops import DropRecord, PutRecord, PutResource, Resource
from state_machines.ibm_nutanix import CLUSTER, NODE
from state_machines.record import Record
from tests.daemon.platforms.conftest import Cloud

DNS = {"instance": "i-1", "zone": "z-1", "name": "nutanix.internal"}
HOST = "node01-cvm.nutanix.internal"
OURS = [
    ("reserved_ip", "reserved_ips", "lab-node09-mgmt-ip", {"address": "10.0.0.9"}),
    ("vni", "virtual_network_interfaces", "lab-node09-mgmt-vni", {}),
    ("server", "bare_metal_servers", "lab-node09-host-bms", {"status": "stopped"}),
    ("server", "bare_metal_servers", "lab-node09-host-bms-2", {"status": "stopped"}),
    ("dns_record", "resource_records", HOST, {"rdata": {"ip": "10.0.0.9"}, "type": "A"}),
]


@pytest.fixture
async def audit(house: Any, cloud: tuple[Cloud, NodeSteps]) -> CloudAudit:
    outside, steps = cloud
    now, spec = house.clock.now(), {"ibm": {"dns": DNS}}
    await house.commit(
        PutRecord(Record("demo", CLUSTER.name, "demo", "active", now, version=1, spec=spec)),
        PutRecord(Record("node01", NODE.name, "demo", "active", now, version=1)),
        PutRecord(Record("row", "other.cluster", "row", "active", now, version=1, spec={"other": {}})),
        PutResource(Resource("row", "row", "server", "lab-row", "present", "elsewhere-1", 1)),
    )
    outside.shown |= {word: [] for _, word, _, _ in OURS}
    outside.shown["subnets"] = [{"id": "s-1"}]
    return CloudAudit(Names("lab"), steps._vpc, steps._dns, steps.disposals)


@pytest.mark.parametrize(("kind", "word", "name", "more"), OURS)
async def test_a_stray_of_each_kind_is_found_with_the_command_that_removes_it(
    house: Any, cloud: tuple[Cloud, NodeSteps], audit: CloudAudit, kind: str, word: str, name: str, more: Any
) -> None:
    outside = cloud[0]
    assert await audit.run(house.mirror) == []
    other = "somebody-elses" if kind != "dns_record" else "www.nutanix.internal"
    outside.shown[word] = [{"id": "stray-1", "name": name, **more}, {"id": "x", "name": other, **more}]
    (found,) = await audit.run(house.mirror)
    assert (found.finding, found.kind, found.name, found.id) == ("unknown", kind, name, "stray-1")
    assert "stray-1" in found.command


@pytest.mark.parametrize(("kind", "word", "name", "more"), OURS)
@pytest.mark.parametrize("state", ["intended", "present", "deleting"])
async def test_what_the_ledger_knows_or_a_create_may_have_left_is_no_stray(
    house: Any, cloud: tuple[Cloud, NodeSteps], audit: CloudAudit, kind: str, word: str, name: str, more: Any,
    state: Any,
) -> None:  # fmt: skip
    cloud[0].shown[word] = [{"id": "ours-1", "name": name, **more}]
    id_ = None if state == "intended" else "ours-1"
    await house.commit(PutResource(Resource("node01", "demo", kind, name, state, id_, 1, {})))
    assert await audit.run(house.mirror) == []
    assert await audit.discard(house.mirror, ["ours-1"]) == [] and cloud[0].deleted() == []


async def test_what_somebody_deleted_by_hand_is_missing(house: Any, audit: CloudAudit) -> None:
    await house.commit(
        PutResource(Resource("node01", "demo", "vni", "lab-node01-mgmt-vni", "present", "v-1", 1, {}))
    )
    (found,) = await audit.run(house.mirror)
    assert (found.finding, found.id, found.owner) == ("missing", "v-1", "node01")


async def test_a_stray_is_deleted_only_by_its_id(
    house: Any, cloud: tuple[Cloud, NodeSteps], audit: CloudAudit
) -> None:
    outside = cloud[0]
    strays = [{"id": f"vni-{n}", "name": f"lab-node0{n}-mgmt-vni"} for n in (1, 2)]
    outside.shown["virtual_network_interfaces"] = strays
    outside.objects |= {f"vni-{n}": {"id": f"vni-{n}", "lifecycle_state": "stable"} for n in (1, 2)}
    (left,) = await audit.discard(house.mirror, ["vni-1"])
    assert left.id == "vni-1"
    assert outside.deleted() == ["vni-1"]


async def test_what_another_object_uses_goes_after_that_one(
    house: Any, cloud: tuple[Cloud, NodeSteps], audit: CloudAudit
) -> None:
    outside = cloud[0]
    outside.shown["reserved_ips"] = [{"id": "ip-1", "name": "lab-node09-mgmt-ip", "address": "10.0.0.9"}]
    outside.shown["virtual_network_interfaces"] = [
        {"id": "vni-1", "name": "lab-node09-mgmt-vni", "ips": [{"id": "ip-1"}], "lifecycle_state": "stable"}
    ]
    with pytest.raises(NxdError) as refused:
        await audit.discard(house.mirror, ["ip-1"])
    assert refused.value.code == "refused", "it is legal later: no wrong command"
    assert "in use by the vni lab-node09-mgmt-vni (vni-1)" in refused.value.message
    assert "--delete vni-1 --delete ip-1" in refused.value.remedy
    assert outside.deleted() == []
    outside.objects["vni-1"] = {"id": "vni-1", "lifecycle_state": "stable"}
    left = await audit.discard(house.mirror, ["ip-1", "vni-1"])
    assert (outside.deleted(), {one.id for one in left}) == (["vni-1"], {"ip-1", "vni-1"})


async def test_a_record_that_leads_to_a_stray_address_is_one_too(
    house: Any, cloud: tuple[Cloud, NodeSteps], audit: CloudAudit
) -> None:
    """Of a node that no spec names any more."""
    outside = cloud[0]
    address = {"address": "10.0.0.9", "created_at": "2026-11-29T10:00:00Z"}
    outside.shown["reserved_ips"] = [{"id": "ip-1", "name": "lab-node09-mgmt-ip", **address}]
    outside.shown["resource_records"] = [
        {"id": f"r-{n}", "name": f"node09-{n}.nutanix.internal", "rdata": {"ip": f"10.0.0.{n}"}, "type": "A"}
        for n in (8, 9)
    ]
    found = await audit.run(house.mirror)
    assert {one.id for one in found} == {"ip-1", "r-9"}
    (ip,) = (one for one in found if one.id == "ip-1")
    assert ip.about == {"address": "10.0.0.9", "created": 1795946400.0}


async def test_an_audit_that_can_ask_no_zone_says_so(
    house: Any, cloud: tuple[Cloud, NodeSteps], audit: CloudAudit
) -> None:
    await house.commit(DropRecord("node01"), DropRecord("demo"))
    (told,) = await audit.run(house.mirror)
    assert (told.finding, told.kind) == ("unasked", "dns_zone")
    assert "every zone that was used" in told.command


def record_of(state: Any, zone: str = "z-old") -> Resource:
    """The ledger row of a record that was made in a zone of an earlier spec."""
    data = {"instance": "i-1", "zone": zone, "address": "10.0.0.9"}
    return Resource("node01", "demo", "dns_record", "node01-cvm.old.internal", state, "r-1", 1, data)


async def test_a_zone_of_an_earlier_spec_is_asked_too(
    house: Any, cloud: tuple[Cloud, NodeSteps], audit: CloudAudit
) -> None:
    await house.commit(PutResource(record_of("gone")))
    twin = {"id": "r-2", "name": "node01-cvm.old.internal", "rdata": {"ip": "10.0.0.9"}, "type": "A"}
    other = {"id": "r-3", "name": "www.old.internal", "rdata": {"ip": "10.0.0.8"}, "type": "A"}
    cloud[0].shown["z-old/resource_records"] = [twin, other]
    (found,) = await audit.run(house.mirror)
    assert (found.finding, found.name, found.id) == ("unknown", "node01-cvm.old.internal", "r-2")
    assert "z-old" in found.command


@pytest.mark.parametrize(
    ("status", "state", "unasked"),
    [(403, "gone", True), (403, "present", True), (404, "present", True), (404, "gone", False)],
)
async def test_a_zone_that_does_not_tell_is_named_and_the_others_are_asked(
    house: Any, cloud: tuple[Cloud, NodeSteps], audit: CloudAudit, status: int, state: Any, unasked: bool
) -> None:
    await house.commit(PutResource(record_of(state)))
    cloud[0].refused["z-old"] = status
    cloud[0].shown["z-1/resource_records"] = [
        {"id": "stray-1", "name": HOST, "rdata": {"ip": "10.0.0.9"}, "type": "A"}
    ]
    found = {(one.finding, one.kind): one for one in await audit.run(house.mirror)}
    assert ("missing", "dns_record") not in found, "nobody looked"
    assert found["unknown", "dns_record"].id == "stray-1"
    assert (("unasked", "dns_zone") in found) == unasked
    if unasked:
        assert found["unasked", "dns_zone"].name == "z-old"
        assert ("trusted profile" in found["unasked", "dns_zone"].command) == (status == 403)
