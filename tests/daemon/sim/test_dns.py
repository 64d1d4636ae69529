"""DNS records obey the rules of DNS Services, as the real SDK sees it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from daemon.sim.world import initial as f

if TYPE_CHECKING:
    from tests.daemon.sim.conftest import Sim

ZONE = (f.DNS_INSTANCE, f.DNS_ZONE)


async def create(sim: Sim, kind: str, name: str, rdata: dict[str, Any], **more: Any) -> Any:
    answer = await sim.call(sim.dns.create_resource_record, *ZONE, type=kind, name=name, rdata=rdata, **more)
    assert answer.get_status_code() == 200
    return answer.get_result()


async def refused(sim: Sim, kind: str, name: str, rdata: dict[str, Any], **more: Any) -> tuple[int, str, str]:
    return await sim.refused(sim.dns.create_resource_record, *ZONE, type=kind, name=name, rdata=rdata, **more)


async def test_a_record_is_made_read_changed_and_deleted(sim: Sim) -> None:
    record = await create(sim, "A", "node01-mgmt", {"ip": sim.ip(10)}, ttl=300)
    assert record["name"] == "node01-mgmt.nutanix.internal"
    assert (record["id"].startswith("A:"), record["ttl"]) == (True, 300)
    # The SDK percent-encodes the colon of the id.
    assert (await sim.call(sim.dns.get_resource_record, *ZONE, record["id"])).get_result() == record
    updated = await sim.call(
        sim.dns.update_resource_record, *ZONE, record["id"], rdata={"ip": sim.ip(11)}, ttl=60
    )
    assert (updated.get_status_code(), updated.get_result()["rdata"]) == (200, {"ip": sim.ip(11)})
    deleted = await sim.call(sim.dns.delete_resource_record, *ZONE, record["id"])
    assert deleted.get_status_code() == 204
    assert (await sim.refused(sim.dns.get_resource_record, *ZONE, record["id"]))[0] == 404
    assert (await sim.refused(sim.dns.delete_resource_record, *ZONE, record["id"]))[0] == 404


async def test_a_ttl_outside_the_list_is_refused_and_the_default_is_900(sim: Sim) -> None:
    refusal = await refused(sim, "A", "a", {"ip": sim.ip(10)}, ttl=301)
    assert refusal[0] == 400
    assert "300" in refusal[2]
    assert (await create(sim, "A", "a", {"ip": sim.ip(10)}))["ttl"] == 900


@pytest.mark.parametrize(
    ("kind", "rdata"),
    [
        ("A", {"ip": "nonsense"}),
        ("A", {"cname": "x"}),
        ("A", {}),
        ("AAAA", {"ip": "10.0.0.1"}),
        ("TXT", {"ip": "x"}),
    ],
)
async def test_wrong_rdata_is_refused(sim: Sim, kind: str, rdata: dict[str, Any]) -> None:
    assert (await refused(sim, kind, "a", rdata))[0] == 400


@pytest.mark.parametrize(
    "name", ["a" * 64, ".".join(["a" * 60] * 4), "a..b", "-a", "a-", "a b", "a/b", "é"], ids=len
)
async def test_a_name_that_dns_cannot_have_is_refused(sim: Sim, name: str) -> None:
    status, _, message = await refused(sim, "A", name, {"ip": sim.ip(10)})
    assert (status, "is not a valid DNS name" in message) == (400, True)


async def test_a_cname_stands_alone(sim: Sim) -> None:
    await create(sim, "A", "a", {"ip": sim.ip(10)})
    await create(sim, "A", "a", {"ip": sim.ip(11)})  # several addresses of one name take turns
    assert (await refused(sim, "CNAME", "a", {"cname": "b.nutanix.internal"}))[0] == 409
    await create(sim, "CNAME", "c", {"cname": "a.nutanix.internal"})
    assert (await refused(sim, "A", "c", {"ip": sim.ip(10)}))[0] == 409


async def test_a_ptr_needs_its_address_record_and_holds_it(sim: Sim) -> None:
    pointer = {"ptrdname": "a.nutanix.internal"}
    assert (await refused(sim, "PTR", sim.ip(10), pointer))[0] == 400
    address = await create(sim, "A", "a", {"ip": sim.ip(10)})
    record = await create(sim, "PTR", sim.ip(10), pointer)
    assert record["id"] == address["id"].replace("A:", "PTR:")
    assert (await refused(sim, "PTR", sim.ip(10), pointer))[0] == 409
    refusal = await sim.refused(sim.dns.update_resource_record, *ZONE, record["id"], name="x")
    assert refusal[2] == ".name in body is a forbidden property"
    assert (await sim.refused(sim.dns.delete_resource_record, *ZONE, address["id"]))[0] == 409
    await sim.call(sim.dns.delete_resource_record, *ZONE, record["id"])
    await sim.call(sim.dns.delete_resource_record, *ZONE, address["id"])


async def test_the_list_has_filters_and_offsets(sim: Sim) -> None:
    for n in range(5):
        await create(sim, "A", f"node{n}", {"ip": sim.ip(10 + n)})
    await create(sim, "TXT", "node0", {"text": "hello"})

    async def names(**query: Any) -> list[str]:
        answer = (await sim.call(sim.dns.list_resource_records, *ZONE, **query)).get_result()
        return [record["name"].partition(".")[0] for record in answer["resource_records"]]

    assert await names(name="node0.nutanix.internal", type="A") == ["node0"]
    assert await names(type="TXT") == ["node0"]
    assert await names(offset=4, limit=2) == ["node4", "node0"]
    page = (await sim.call(sim.dns.list_resource_records, *ZONE, offset=2, limit=2)).get_result()
    assert (page["count"], page["total_count"]) == (2, 6)
    assert "offset=4" in page["next"]["href"]
    assert "offset=0" in page["previous"]["href"]
    whole = (await sim.call(sim.dns.list_resource_records, *ZONE)).get_result()
    assert "next" not in whole


async def test_unknown_fields_are_refused(sim: Sim) -> None:
    token = await sim.call(sim.dns.authenticator.token_manager.get_token)
    url = f"{sim.urls.dns_url}/instances/{f.DNS_INSTANCE}/dnszones/{f.DNS_ZONE}/resource_records"
    body = {"type": "A", "name": "a", "rdata": {"ip": sim.ip(10)}, "colour": "blue"}
    async with sim.http.post(url, json=body, headers={"Authorization": f"Bearer {token}"}) as response:
        assert response.status == 400
        assert (await response.json())["errors"][0]["code"] == "bad_request"


async def test_unknown_places_are_404s(sim: Sim) -> None:
    assert (await sim.refused(sim.dns.list_dnszones, "nobody"))[0] == 404
    assert (await sim.refused(sim.dns.get_dnszone, f.DNS_INSTANCE, "nothing:1"))[0] == 404
    assert (await sim.refused(sim.dns.list_resource_records, f.DNS_INSTANCE, "nothing:1"))[0] == 404


async def test_without_a_token_nothing_is_answered(sim: Sim) -> None:
    url = f"{sim.urls.dns_url}/instances/{f.DNS_INSTANCE}/dnszones"
    async with sim.http.get(url) as response:
        assert response.status == 401
