"""Virtual network interfaces bind addresses and let them go, as the real SDK sees it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest
from ibm_cloud_sdk_core import ApiException

from daemon.sim.world import initial as f

if TYPE_CHECKING:
    from tests.daemon.sim.conftest import Sim

CREATE = "create_virtual_network_interface"


async def test_the_success_codes_are_the_real_ones(sim: Sim) -> None:
    ip = await sim.address("test-node01-mgmt-ip")
    made = await sim.call(
        sim.vpc.create_virtual_network_interface, name="test-node01-mgmt-vni", primary_ip={"id": ip["id"]}
    )
    vni = made.get_result()
    assert (made.get_status_code(), vni["lifecycle_state"]) == (201, "pending")
    assert (vni["auto_delete"], vni["allow_ip_spoofing"], vni["enable_infrastructure_nat"]) == (
        False,
        False,
        True,
    )
    assert [group["id"] for group in vni["security_groups"]] == [f.GROUP_DEFAULT]

    async def stable() -> bool:
        got = await sim.call(sim.vpc.get_virtual_network_interface, vni["id"])
        return bool(got.get_result()["lifecycle_state"] == "stable")

    await sim.until(stable, "the interface is stable")
    patch = {"allow_ip_spoofing": True, "name": "renamed"}
    patched = await sim.call(sim.vpc.update_virtual_network_interface, vni["id"], patch)
    assert patched.get_status_code() == 200
    assert patched.get_result()["allow_ip_spoofing"] is True
    listed = (await sim.call(sim.vpc.list_virtual_network_interfaces)).get_result()
    assert [v["name"] for v in listed["virtual_network_interfaces"]] == ["renamed"]
    deleted = await sim.call(sim.vpc.delete_virtual_network_interfaces, vni["id"])
    assert (deleted.get_status_code(), deleted.get_result()["lifecycle_state"]) == (202, "deleting")
    await sim.gone(sim.vpc.get_virtual_network_interface, vni["id"])


async def test_secondary_addresses_are_bound_too(sim: Sim) -> None:
    first = await sim.address("test-node01-mgmt-ip")
    second = await sim.address("test-node01-cvm-ip")
    vni = await sim.interface(
        "test-node01-mgmt-vni", first["id"], ips=[{"id": second["id"]}, {"name": "new"}]
    )
    assert [ip["name"] for ip in vni["ips"]] == ["test-node01-mgmt-ip", "test-node01-cvm-ip", "new"]
    bound = (await sim.call(sim.vpc.get_subnet_reserved_ip, f.MANAGEMENT, second["id"])).get_result()
    assert bound["target"]["id"] == vni["id"]
    of_vni = (await sim.call(sim.vpc.list_virtual_network_interface_ips, vni["id"])).get_result()
    assert len(of_vni["ips"]) == 3
    await sim.call(sim.vpc.delete_virtual_network_interfaces, vni["id"])
    await sim.gone(sim.vpc.get_virtual_network_interface, vni["id"])
    # What was described inside the interface goes with it; what was reserved before stays.
    await sim.gone(sim.vpc.get_subnet_reserved_ip, f.MANAGEMENT, vni["ips"][2]["id"])
    kept = (await sim.call(sim.vpc.get_subnet_reserved_ip, f.MANAGEMENT, second["id"])).get_result()
    assert "target" not in kept


async def refusal_of(sim: Sim, **body: Any) -> tuple[int, str]:
    return (await sim.refused(getattr(sim.vpc, CREATE), **body))[:2]


async def test_what_the_api_refuses_is_refused(sim: Sim) -> None:
    used = await sim.address("used")
    free = await sim.address("free")
    elsewhere = await sim.address("elsewhere", subnet=f.WORKLOAD)
    await sim.interface("taken", used["id"])
    management = {"id": f.MANAGEMENT}
    group = {"id": f.GROUP_DEFAULT}
    cases: tuple[tuple[dict[str, Any], tuple[int, str]], ...] = (
        ({"name": "taken", "subnet": management}, (400, "validation_unique_failed")),
        ({"name": "Bad", "subnet": management}, (400, "validation_invalid_name")),
        ({"name": "a", "primary_ip": {"id": used["id"]}}, (400, "reserved_ip_in_use")),
        ({"name": "a", "primary_ip": {"id": "0717-none"}}, (400, "bad_field")),
        ({"name": "a", "primary_ip": {"id": elsewhere["id"]}, "subnet": management}, (400, "bad_field")),
        ({"name": "a"}, (400, "validation_required_field")),
        ({"name": "a", "subnet": {"id": "0717-none"}}, (400, "bad_field")),
        ({"name": "a", "subnet": management, "security_groups": [{"id": "r006-x"}]}, (400, "bad_field")),
        (
            {"name": "a", "subnet": management, "security_groups": [group] * 6},
            (400, "security_group_sgs_per_interface_exceeded"),
        ),
        ({"name": "a", "subnet": management, "auto_delete": True}, (400, "bad_field")),
        (
            {
                "name": "a",
                "subnet": management,
                "enable_infrastructure_nat": False,
                "allow_ip_spoofing": True,
            },
            (400, "bad_field"),
        ),
        ({"name": "a", "subnet": management, "ips": [{}] * 8}, (400, "over_quota")),
        ({"name": "a", "subnet": management, "protocol_state_filtering_mode": "no"}, (400, "bad_field")),
        ({"name": "a", "primary_ip": {"id": free["id"], "name": "both"}}, (400, "bad_field")),
    )
    for body, expected in cases:
        assert await refusal_of(sim, **body) == expected, body
    counts = (await sim.control("/counts"))["existing"]
    assert (counts["vni"], counts["reserved_ip"]) == (1, 3)


async def test_a_refused_interface_leaves_no_address_behind(sim: Sim) -> None:
    refusal = await refusal_of(
        sim,
        name="a",
        subnet={"id": f.MANAGEMENT},
        primary_ip={"name": "first"},
        ips=[{"address": sim.ip(1), "name": "second"}],
    )
    assert refusal == (400, "reserved_ip_owned_by_provider")
    assert (await sim.control("/counts"))["existing"]["reserved_ip"] == 0


async def test_an_attached_interface_can_neither_be_deleted_nor_attached_again(sim: Sim) -> None:
    ip = await sim.address("test-node01-mgmt-ip")
    vni = await sim.interface("test-node01-mgmt-vni", ip["id"])
    await sim.server("test-node01-server-bms", vni["id"])
    refusal = await sim.refused(sim.vpc.delete_virtual_network_interfaces, vni["id"])
    assert refusal[0] == 409
    with pytest.raises(ApiException, match="already attached") as caught:
        await sim.server("test-node02-server-bms", vni["id"])
    assert caught.value.status_code == 409
    assert (await sim.control("/counts"))["created"]["server"] == 1


async def test_the_newest_interface_is_listed_first_and_pages_hold_them_all(sim: Sim) -> None:
    for n in range(5):
        await sim.interface(f"vni-{n}", (await sim.address(f"ip-{n}"))["id"])
    names: list[str] = []
    start = None
    while True:
        page = (await sim.call(sim.vpc.list_virtual_network_interfaces, start=start, limit=2)).get_result()
        names += [vni["name"] for vni in page["virtual_network_interfaces"]]
        if "next" not in page:
            break
        start = page["next"]["href"].partition("start=")[2]
    assert names == [f"vni-{n}" for n in (4, 3, 2, 1, 0)]
