"""What stands in the cloud from the beginning is what the sample specs name, behind a strict door."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from daemon.sim.world import initial as f

if TYPE_CHECKING:
    from tests.daemon.sim.conftest import Sim


async def test_the_fixed_ids_are_the_documented_ones(sim: Sim) -> None:
    vpcs = (await sim.call(sim.vpc.list_vpcs)).get_result()["vpcs"]
    assert [(v["id"], v["name"]) for v in vpcs] == [("r006-4f1c0de0-0000-4000-8000-000000000001", "nxd-vpc")]
    assert [s["address"] for s in vpcs[0]["dns"]["resolver"]["servers"]] == ["161.26.0.7", "161.26.0.8"]
    subnets = (await sim.call(sim.vpc.list_subnets)).get_result()["subnets"]
    assert {s["name"]: (s["id"], s["ipv4_cidr_block"]) for s in subnets} == {
        "management": ("0717-4f1c0de0-0000-4000-8000-000000000010", sim.urls.management),
        "workload": ("0717-4f1c0de0-0000-4000-8000-000000000011", sim.urls.workload),
    }
    images = (
        await sim.call(sim.vpc.list_images, user_data_format=["ipxe"], status=["available"])
    ).get_result()["images"]
    assert [(i["id"], i["name"]) for i in images] == [
        ("r006-4f1c0de0-0000-4000-8000-000000000030", "ibm-ipxe-20240326-amd64-1")
    ]
    zone = (await sim.call(sim.dns.get_dnszone, f.DNS_INSTANCE, f.DNS_ZONE)).get_result()
    assert (zone["name"], zone["state"]) == ("nutanix.internal", "active")
    networks = (await sim.call(sim.dns.list_permitted_networks, f.DNS_INSTANCE, f.DNS_ZONE)).get_result()[
        "permitted_networks"
    ]
    assert networks[0]["permitted_network"]["vpc_crn"] == vpcs[0]["crn"]


async def test_the_management_group_opens_the_ports_of_nutanix(sim: Sim) -> None:
    group = (await sim.call(sim.vpc.get_security_group, f.GROUP_MANAGEMENT)).get_result()
    ports = {rule["port_min"] for rule in group["rules"] if rule["protocol"] == "tcp"}
    assert ports >= {22, 443, 9440, 2009, 2020, 2030, 2036, 8000}


async def test_the_free_addresses_of_a_subnet_are_counted(sim: Sim) -> None:
    async def free() -> int:
        return int(
            (await sim.call(sim.vpc.get_subnet, f.MANAGEMENT)).get_result()["available_ipv4_address_count"]
        )

    before = await free()
    await sim.address("a")
    assert (before, await free()) == (251, 250)


@pytest.mark.parametrize(
    ("method", "key"),
    [
        ("get_vpc", "x"),
        ("get_subnet", "x"),
        ("get_image", "x"),
        ("get_key", "x"),
        ("get_security_group", "x"),
        ("get_region", "x"),
        ("get_bare_metal_server_profile", "x"),
        ("get_bare_metal_server", "x"),
        ("get_virtual_network_interface", "x"),
        ("list_subnet_reserved_ips", "x"),
    ],
)
async def test_what_is_not_there_is_a_404(sim: Sim, method: str, key: str) -> None:
    assert (await sim.refused(getattr(sim.vpc, method), key))[:2] == (404, "not_found")


GOOD = {"version": "2026-10-06", "generation": "2"}


@pytest.mark.parametrize(
    ("query", "status", "code"),
    [
        (GOOD, 200, ""),
        ({"generation": "2"}, 400, "missing_version"),
        ({**GOOD, "version": "yesterday"}, 400, "invalid_version"),
        ({"version": "2026-10-06"}, 400, "missing_generation_parameter"),
        ({**GOOD, "generation": "1"}, 400, "invalid_generation_parameter"),
        ({**GOOD, "limit": "0"}, 400, "bad_request"),
        ({**GOOD, "limit": "101"}, 400, "bad_request"),
        ({**GOOD, "colour": "blue"}, 400, "bad_request"),
    ],
)
async def test_the_query_is_checked(sim: Sim, query: dict[str, str], status: int, code: str) -> None:
    token = await sim.call(sim.vpc.authenticator.token_manager.get_token)
    got_status, body = await get(sim, query, {"Authorization": f"Bearer {token}"})
    assert got_status == status
    assert not code or body["errors"][0]["code"] == code


async def test_the_token_must_be_a_live_one_of_this_world(sim: Sim) -> None:
    token = await sim.call(sim.vpc.authenticator.token_manager.get_token)
    for header, code in (
        ({}, "token_missing"),
        ({"Authorization": "Bearer nonsense"}, "token_invalid"),
        ({"Authorization": f"Basic {token}"}, "token_invalid"),
        ({"Authorization": f"Bearer {token[:-2]}xx"}, "token_invalid"),
    ):
        status, body = await get(sim, GOOD, header)
        assert (status, body["errors"][0]["code"]) == (401, code)
        assert body["trace"]


async def get(sim: Sim, query: dict[str, str], headers: dict[str, str]) -> tuple[int, Any]:
    async with sim.http.get(f"{sim.urls.vpc_url}/vpcs", params=query, headers=headers) as response:
        return response.status, await response.json()
