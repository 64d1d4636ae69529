"""Bare metal servers live through the states of the VPC API, and refuse what the API refuses."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import pytest
from ibm_cloud_sdk_core import ApiException

from daemon.sim.world import initial as f
from tests.daemon.sim.scene import SLOW

if TYPE_CHECKING:
    from tests.daemon.sim.conftest import Sim


async def ordered(sim: Sim, name: str = "test-node01-server-bms", **more: Any) -> Any:
    n = (await sim.control("/counts"))["created"]["server"]
    ip = await sim.address(f"ip-{n}")
    vni = await sim.interface(f"vni-{n}", ip["id"])
    return await sim.server(name, vni["id"], **more)


@pytest.mark.parametrize("speed", [SLOW])
async def test_a_server_goes_through_its_life(sim: Sim) -> None:
    server = await ordered(sim)
    assert (server["status"], server["lifecycle_state"]) == ("pending", "pending")
    key = server["id"]
    seen: list[str] = []

    async def running() -> bool:
        status = (await sim.call(sim.vpc.get_bare_metal_server, key)).get_result()["status"]
        if status not in seen:
            seen.append(status)
        return bool(status == "running")

    await sim.until(running, "the server runs")
    assert seen == ["pending", "starting", "running"]
    assert (await sim.call(sim.vpc.stop_bare_metal_server, key, "hard")).get_status_code() == 204
    await sim.status(key, "stopped")
    assert (await sim.call(sim.vpc.start_bare_metal_server, key)).get_status_code() == 204
    await sim.status(key, "running")
    assert (await sim.call(sim.vpc.restart_bare_metal_server, key)).get_status_code() == 204
    await sim.status(key, "running")
    await sim.call(sim.vpc.stop_bare_metal_server, key, "soft")
    await sim.status(key, "stopped")
    assert (await sim.call(sim.vpc.delete_bare_metal_server, key)).get_status_code() == 202
    await sim.gone(sim.vpc.get_bare_metal_server, key)


async def test_a_stop_passes_through_the_status_that_the_sdk_does_not_list(sim: Sim) -> None:
    server = await ordered(sim)
    await sim.status(server["id"], "running")
    await sim.call(sim.vpc.stop_bare_metal_server, server["id"], "hard")
    status = (await sim.call(sim.vpc.get_bare_metal_server, server["id"])).get_result()["status"]
    assert status in ("stopping", "stopped")
    await sim.status(server["id"], "stopped")


@pytest.mark.parametrize("speed", [SLOW])
async def test_verbs_out_of_season_are_conflicts(sim: Sim) -> None:
    server = await ordered(sim)
    key = server["id"]
    vpc = sim.vpc
    image = {"id": f.IMAGE_IPXE}
    for method, args in (
        (vpc.start_bare_metal_server, (key,)),
        (vpc.stop_bare_metal_server, (key, "hard")),
        (vpc.restart_bare_metal_server, (key,)),
        (vpc.delete_bare_metal_server, (key,)),
        (vpc.replace_bare_metal_server_initialization, (key, image, [])),
    ):
        assert (await sim.refused(method, *args))[:2] == (409, "conflict")
    await sim.status(key, "running")
    for method, args in (
        (vpc.start_bare_metal_server, (key,)),
        (vpc.delete_bare_metal_server, (key,)),
        (vpc.replace_bare_metal_server_initialization, (key, image, [])),
    ):
        assert (await sim.refused(method, *args))[:2] == (409, "conflict")


async def test_a_stopped_server_is_initialized_again_and_starts_by_itself(sim: Sim) -> None:
    server = await ordered(sim)
    key = server["id"]
    await sim.status(key, "running")
    await sim.call(sim.vpc.stop_bare_metal_server, key, "hard")
    await sim.status(key, "stopped")
    answer = await sim.call(
        sim.vpc.replace_bare_metal_server_initialization,
        key,
        {"id": f.IMAGE_IPXE},
        [{"id": f.KEY}],
        user_data="#!ipxe\nshell\n",
    )
    assert answer.get_status_code() == 200
    assert "user_data" not in answer.get_result()
    got = (await sim.call(sim.vpc.get_bare_metal_server_initialization, key)).get_result()
    assert [item["id"] for item in got["keys"]] == [f.KEY]
    again = await sim.status(key, "running")
    assert again["id"] == key


async def test_a_server_is_found_by_its_name(sim: Sim) -> None:
    for name in ("test-node01-server-bms", "test-node02-server-bms"):
        await ordered(sim, name)
    found = (
        await sim.call(sim.vpc.list_bare_metal_servers, name="test-node02-server-bms", vpc_id=f.VPC)
    ).get_result()
    assert [server["name"] for server in found["bare_metal_servers"]] == ["test-node02-server-bms"]
    none = (await sim.call(sim.vpc.list_bare_metal_servers, name="test-node03-server-bms")).get_result()
    assert none["bare_metal_servers"] == []


async def test_a_name_is_taken_until_its_server_is_gone(sim: Sim) -> None:
    first = await ordered(sim)
    with pytest.raises(ApiException, match="is not unique") as caught:
        await ordered(sim)
    assert caught.value.status_code == 400
    await sim.status(first["id"], "running")
    await sim.call(sim.vpc.stop_bare_metal_server, first["id"], "hard")
    await sim.status(first["id"], "stopped")
    await sim.call(sim.vpc.delete_bare_metal_server, first["id"])
    await sim.gone(sim.vpc.get_bare_metal_server, first["id"])
    vnis = (await sim.call(sim.vpc.list_virtual_network_interfaces)).get_result()
    vni = next(v for v in vnis["virtual_network_interfaces"] if v["name"] == "vni-0")
    assert "target" not in vni
    again = await sim.server("test-node01-server-bms", vni["id"])
    assert again["id"] != first["id"]


CHANGES: tuple[tuple[dict[str, Any], int, str], ...] = (
    ({"profile": {"name": "none"}}, 400, "bad_field"),
    ({"zone": {"name": "eu-de-1"}}, 400, "bad_field"),
    ({"zone": {"name": "us-south-2"}}, 400, "invalid_zone"),
    ({"vpc": {"id": "r006-none"}}, 400, "bad_field"),
    ({"name": "Upper"}, 400, "validation_invalid_name"),
    ({"user_data": "http://127.0.0.1/"}, 400, "bad_field"),
    ({"resource_group": {"id": "none"}}, 400, "bad_field"),
    ({"bandwidth": 1}, 400, "bad_field"),
    ({"initialization": {"keys": []}}, 400, "validation_required_field"),
    ({"initialization": {"image": {"id": "none"}, "keys": []}}, 400, "bad_field"),
    ({"initialization": {"image": {"id": f.IMAGE_IPXE}}}, 400, "validation_required_field"),
    (
        {"primary_network_attachment": {"virtual_network_interface": {"id": "0717-none"}}},
        400,
        "bad_field",
    ),
    (
        {
            "network_attachments": [
                {"interface_type": "vlan", "vlan": 7, "virtual_network_interface": {"name": "x"}}
            ]
        },
        400,
        "bad_field",
    ),
)


@pytest.mark.parametrize(("change", "status", "code"), CHANGES)
async def test_what_the_api_refuses_is_refused(
    sim: Sim, change: dict[str, Any], status: int, code: str
) -> None:
    with pytest.raises(ApiException) as caught:
        await ordered(sim, **change)
    error = caught.value
    assert error.status_code == status
    assert error.http_response.json()["errors"][0]["code"] == code
    assert (await sim.control("/counts"))["created"]["server"] == 0


async def test_a_refusal_from_behind_comes_wrapped(sim: Sim) -> None:
    attachment = {"virtual_network_interface": {"name": "vni-0", "subnet": {"id": f.WORKLOAD}}}
    with pytest.raises(ApiException, match="Handler Error") as caught:
        await ordered(sim, network_attachments=[{"name": "work", **attachment}])
    error = caught.value.http_response.json()["errors"][0]
    assert error["code"] == "bad_field"
    inner = json.loads(error["message"].partition("JSON=")[2])
    assert inner["errors"][0]["code"] == "validation_unique_failed"


async def test_a_full_zone_shows_as_a_failed_server_and_not_as_a_refusal(sim: Sim) -> None:
    server = await ordered(sim, profile={"name": "vx2d-metal-96x1536"})
    failed = await sim.status(server["id"], "failed")
    assert failed["status_reasons"][0]["code"] == "cannot_start_capacity"
    capacities = (
        await sim.call(
            sim.vpc.list_bare_metal_server_capacities,
            profile_name="vx2d-metal-96x1536",
            zone_name="us-south-1",
        )
    ).get_result()
    assert capacities["capacities"] == []
    assert (await sim.call(sim.vpc.delete_bare_metal_server, server["id"])).get_status_code() == 202
    await sim.gone(sim.vpc.get_bare_metal_server, server["id"])


async def test_the_capacity_of_one_profile_in_one_zone_can_be_told(sim: Sim) -> None:
    place = {"profile": "bx2d-metal-96x384", "zone": "us-south-1"}
    assert (await sim.tell("/capacity", {**place, "servers": 1})) == {**place, "servers": 1}
    first = await ordered(sim)
    await sim.status(first["id"], "running")
    ip = await sim.address("ip-b")
    vni = await sim.interface("vni-b", ip["id"])
    second = await sim.server("test-node02-server-bms", vni["id"])
    failed = await sim.status(second["id"], "failed")
    assert failed["status_reasons"][0]["code"] == "cannot_start_capacity"
    listed = (await sim.call(sim.vpc.list_bare_metal_server_capacities, zone_name="us-south-1")).get_result()
    assert place["profile"] not in {one["profile"]["name"] for one in listed["capacities"]}
    for wrong in ({}, {**place, "servers": -1}, {**place, "zone": "eu-nowhere", "servers": 1}):
        assert "PROFILE" in (await sim.tell("/capacity", wrong))["error"]


async def test_an_interface_is_taken_from_a_stopped_server_only_and_never_the_primary_one(sim: Sim) -> None:
    inline = {"name": "work", "virtual_network_interface": {"name": "work-vni", "subnet": {"id": f.WORKLOAD}}}
    server = await ordered(sim, network_attachments=[inline])
    first, second = (attachment["id"] for attachment in server["network_attachments"])
    take = sim.vpc.delete_bare_metal_server_network_attachment
    await sim.status(server["id"], "running")
    assert (await sim.refused(take, server["id"], second))[:2] == (409, "conflict")
    await sim.call(sim.vpc.stop_bare_metal_server, server["id"], "hard")
    await sim.status(server["id"], "stopped")
    assert (await sim.refused(take, server["id"], first))[:2] == (409, "conflict")
    assert (await sim.call(take, server["id"], second)).get_status_code() == 204
    assert (await sim.refused(take, server["id"], second))[:2] == (404, "not_found")
    shown = (await sim.call(sim.vpc.get_bare_metal_server, server["id"])).get_result()
    assert [one["id"] for one in shown["network_attachments"]] == [first]
    await sim.gone(
        sim.vpc.get_virtual_network_interface,
        server["network_attachments"][1]["virtual_network_interface"]["id"],
    )


async def test_an_interface_described_inside_a_server_goes_with_it(sim: Sim) -> None:
    inline = {"name": "work", "virtual_network_interface": {"name": "work-vni", "subnet": {"id": f.WORKLOAD}}}
    server = await ordered(sim, network_attachments=[inline])
    vni = server["network_attachments"][1]["virtual_network_interface"]["id"]
    shown = (await sim.call(sim.vpc.get_virtual_network_interface, vni)).get_result()
    assert shown["auto_delete"] is True
    assert shown["mac_address"].startswith("02:")
    await sim.status(server["id"], "running")
    await sim.call(sim.vpc.stop_bare_metal_server, server["id"], "hard")
    await sim.status(server["id"], "stopped")
    await sim.call(sim.vpc.delete_bare_metal_server, server["id"])
    await sim.gone(sim.vpc.get_bare_metal_server, server["id"])
    await sim.gone(sim.vpc.get_virtual_network_interface, vni)
