"""Reserved IPs come and go by the rules of the VPC API, as the real SDK sees it."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from daemon.sim.run import SimOptions
from daemon.sim.world import initial as f

if TYPE_CHECKING:
    from tests.daemon.sim.conftest import Sim


async def test_an_address_is_given_as_asked_or_picked(sim: Sim) -> None:
    asked = await sim.address("test-node01-mgmt-ip", sim.ip(10))
    picked = await sim.address("test-node01-cvm-ip")
    assert asked["address"] == sim.ip(10)
    assert picked["address"] == sim.ip(4)  # the first after the provider's own
    assert asked["owner"] == "user"


async def test_a_new_address_is_pending_and_then_stable(sim: Sim) -> None:
    ip = await sim.address("test-node01-mgmt-ip")
    assert ip["lifecycle_state"] == "pending"

    async def stable() -> bool:
        got = await sim.call(sim.vpc.get_subnet_reserved_ip, f.MANAGEMENT, ip["id"])
        return bool(got.get_result()["lifecycle_state"] == "stable")

    await sim.until(stable, "the address is stable")


async def test_the_success_codes_are_the_real_ones(sim: Sim) -> None:
    made = await sim.call(sim.vpc.create_subnet_reserved_ip, f.MANAGEMENT, name="a")
    key = made.get_result()["id"]
    assert made.get_status_code() == 201
    read = await sim.call(sim.vpc.get_subnet_reserved_ip, f.MANAGEMENT, key)
    assert read.get_status_code() == 200
    patched = await sim.call(sim.vpc.update_subnet_reserved_ip, f.MANAGEMENT, key, {"name": "b"})
    assert (patched.get_status_code(), patched.get_result()["name"]) == (200, "b")
    deleted = await sim.call(sim.vpc.delete_subnet_reserved_ip, f.MANAGEMENT, key)
    assert (deleted.get_status_code(), deleted.get_result()) == (204, None)
    await sim.gone(sim.vpc.get_subnet_reserved_ip, f.MANAGEMENT, key)


@pytest.mark.parametrize(
    ("name", "last", "status", "code"),
    [
        ("Upper", 20, 400, "validation_invalid_name"),
        ("ends-", 20, 400, "validation_invalid_name"),
        ("1first", 20, 400, "validation_invalid_name"),
        ("x" * 64, 20, 400, "validation_invalid_name"),
        ("ibm-mine", 20, 400, "validation_invalid_name"),
        ("taken", 20, 400, "validation_unique_failed"),
        ("other", 10, 400, "address_is_already_reserved"),
        ("other", 1, 400, "reserved_ip_owned_by_provider"),
        ("other", 999, 400, "validation_invalid_ipv4_address"),
    ],
)
async def test_what_the_api_refuses_is_refused(
    sim: Sim, name: str, last: int, status: int, code: str
) -> None:
    await sim.address("taken", sim.ip(10))
    refusal = await sim.refused(
        sim.vpc.create_subnet_reserved_ip, f.MANAGEMENT, name=name, address=sim.ip(last)
    )
    assert refusal[:2] == (status, code)
    counts = await sim.control("/counts")
    assert counts["created"]["reserved_ip"] == 1


async def test_an_address_outside_the_subnet_is_refused(sim: Sim) -> None:
    refusal = await sim.refused(sim.vpc.create_subnet_reserved_ip, f.MANAGEMENT, name="a", address="10.0.0.1")
    assert refusal[:2] == (400, "bad_field")


async def test_an_unbound_address_cannot_delete_itself(sim: Sim) -> None:
    refusal = await sim.refused(sim.vpc.create_subnet_reserved_ip, f.MANAGEMENT, name="a", auto_delete=True)
    assert refusal[:2] == (400, "bad_field")


@pytest.mark.parametrize("speed", [100.0])
async def test_an_address_in_use_by_an_interface_cannot_be_deleted(sim: Sim) -> None:
    ip = await sim.address("test-node01-mgmt-ip")
    vni = await sim.interface("test-node01-mgmt-vni", ip["id"])
    refusal = await sim.refused(sim.vpc.delete_subnet_reserved_ip, f.MANAGEMENT, ip["id"])
    assert refusal[:2] == (409, "reserved_ip_in_use")
    await sim.call(sim.vpc.delete_virtual_network_interfaces, vni["id"])
    # An interface that is being deleted holds its address until it is gone.
    refusal = await sim.refused(sim.vpc.delete_subnet_reserved_ip, f.MANAGEMENT, ip["id"])
    assert refusal[:2] == (409, "reserved_ip_in_use")
    await sim.gone(sim.vpc.get_virtual_network_interface, vni["id"])
    await sim.call(sim.vpc.delete_subnet_reserved_ip, f.MANAGEMENT, ip["id"])
    await sim.gone(sim.vpc.get_subnet_reserved_ip, f.MANAGEMENT, ip["id"])


async def test_the_provider_keeps_its_own_addresses(sim: Sim) -> None:
    listed = (await sim.call(sim.vpc.list_subnet_reserved_ips, f.MANAGEMENT)).get_result()["reserved_ips"]
    assert [ip["address"] for ip in listed] == [sim.ip(n) for n in (0, 1, 2, 3, 255)]
    assert {ip["owner"] for ip in listed} == {"provider"}
    refusal = await sim.refused(sim.vpc.delete_subnet_reserved_ip, f.MANAGEMENT, listed[1]["id"])
    assert refusal[:2] == (400, "reserved_ip_owned_by_provider")


async def test_a_deleted_address_and_its_name_can_be_had_again(sim: Sim) -> None:
    ip = await sim.address("test-node01-mgmt-ip", sim.ip(10))
    await sim.call(sim.vpc.delete_subnet_reserved_ip, f.MANAGEMENT, ip["id"])
    await sim.gone(sim.vpc.get_subnet_reserved_ip, f.MANAGEMENT, ip["id"])
    again = await sim.address("test-node01-mgmt-ip", sim.ip(10))
    assert again["id"] != ip["id"]


async def test_the_list_can_be_filtered_by_target_and_sorted(sim: Sim) -> None:
    for name, last in (("c", 12), ("a", 11), ("b", 10)):
        ip = await sim.address(name, sim.ip(last))
    vni = await sim.interface("test-node01-mgmt-vni", ip["id"])

    async def names(**filters: str) -> list[str]:
        answer = await sim.call(sim.vpc.list_subnet_reserved_ips, f.MANAGEMENT, **filters)
        return [ip["name"] for ip in answer.get_result()["reserved_ips"] if ip["owner"] == "user"]

    assert await names(target_id=vni["id"]) == ["b"]
    assert await names(target_id="0717-nobody") == []
    assert await names(sort="name") == ["a", "b", "c"]
    assert await names(sort="-created_at") == ["b", "a", "c"]


class TestPages:
    """The list comes in pages, and nothing is lost or doubled between them."""

    @pytest.fixture
    def options(self, networks: tuple[str, str], speed: float) -> SimOptions:
        return SimOptions(speed=speed, page_size=3, management=networks[0], workload=networks[1])

    async def test_the_pager_of_the_sdk_reads_them_all(self, sim: Sim) -> None:
        from ibm_vpc.vpc_v1 import SubnetReservedIpsPager

        for n in range(10, 17):
            await sim.address(f"ip-{n}", sim.ip(n))
        first = (await sim.call(sim.vpc.list_subnet_reserved_ips, f.MANAGEMENT)).get_result()
        assert (len(first["reserved_ips"]), first["limit"], first["total_count"]) == (3, 3, 12)
        pager = SubnetReservedIpsPager(client=sim.vpc, subnet_id=f.MANAGEMENT)
        found = [ip["name"] for ip in await sim.call(pager.get_all)]
        assert len(found) == len(set(found)) == 12

    async def test_an_item_deleted_between_two_pages_hides_no_other(self, sim: Sim) -> None:
        made = [await sim.address(f"ip-{n}", sim.ip(n)) for n in range(10, 16)]

        async def page(**more: str) -> list[str]:
            result = (await sim.call(sim.vpc.list_subnet_reserved_ips, f.MANAGEMENT, **more)).get_result()
            start = result["next"]["href"].partition("start=")[2] if "next" in result else ""
            return [*[ip["id"] for ip in result["reserved_ips"]], start]

        *_, start = await page()
        *seen, start = await page(start=start)
        gone = seen[-1]
        await sim.call(sim.vpc.delete_subnet_reserved_ip, f.MANAGEMENT, gone)
        await sim.gone(sim.vpc.get_subnet_reserved_ip, f.MANAGEMENT, gone)
        while start:
            *more, start = await page(start=start)
            seen += more
        assert {ip["id"] for ip in made} <= set(seen)

    async def test_a_foreign_token_is_refused(self, sim: Sim) -> None:
        refusal = await sim.refused(sim.vpc.list_subnet_reserved_ips, f.MANAGEMENT, start="nonsense")
        assert refusal[:2] == (400, "bad_request")
