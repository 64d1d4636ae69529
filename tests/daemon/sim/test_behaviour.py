"""Where no document says how the cloud behaves, it is a switch: the order of its checks, and what a proxy repeats."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any

import pytest

from daemon.sim.refusals import Refusal, SimError
from daemon.sim.run import SimOptions
from daemon.sim.world import initial as f
from daemon.sim.world.behaviour import BY_HOLDING, BY_NAME, DRAWN, Behaviour
from tests.daemon.sim.conftest import server_prototype

if TYPE_CHECKING:
    from tests.daemon.sim.conftest import Sim


@pytest.fixture(params=[BY_NAME, BY_HOLDING])
def options(request: pytest.FixtureRequest, networks: tuple[str, str], speed: float) -> SimOptions:
    """A world that sends every create twice, in either order of checks."""
    usual = SimOptions(speed=speed, management=networks[0], workload=networks[1])
    return replace(usual, order=request.param, replays=1.0)


async def test_a_repeated_create_is_refused_by_what_the_cloud_looks_at_first_and_the_object_is_made(
    sim: Sim, options: SimOptions
) -> None:
    by_name = options.order == BY_NAME

    async def refused(method: Any, *args: Any, **named: Any) -> tuple[int, str]:
        return (await sim.refused(method, *args, **named))[:2]

    create = sim.vpc.create_subnet_reserved_ip
    taken = "validation_unique_failed"
    assert await refused(create, f.MANAGEMENT, name="a", address=sim.ip(10)) == (
        (400, taken) if by_name else (400, "address_is_already_reserved")
    )
    listed = (await sim.call(sim.vpc.list_subnet_reserved_ips, f.MANAGEMENT)).get_result()
    (ip,) = [one for one in listed["reserved_ips"] if one["name"] == "a"]
    assert ip["address"] == sim.ip(10)
    made = sim.vpc.create_virtual_network_interface
    assert await refused(made, name="v", primary_ip={"id": ip["id"]}) == (
        (400, taken) if by_name else (400, "reserved_ip_in_use")
    )
    interfaces = (await sim.call(sim.vpc.list_virtual_network_interfaces)).get_result()
    (vni,) = interfaces["virtual_network_interfaces"]
    assert await refused(sim.vpc.create_bare_metal_server, server_prototype("s", vni["id"])) == (
        (400, taken) if by_name else (409, "conflict")
    )
    servers = (await sim.call(sim.vpc.list_bare_metal_servers, name="s")).get_result()
    assert len(servers["bare_metal_servers"]) == 1


async def test_records_may_share_a_name_and_what_one_call_made_twice_bears_the_name_of_that_call(
    sim: Sim,
) -> None:
    more = {"type": "A", "name": "a", "rdata": {"ip": sim.ip(10)}}
    for _ in range(2):
        await sim.call(sim.dns.create_resource_record, f.DNS_INSTANCE, f.DNS_ZONE, **more)
    objects = (await sim.control("/inventory?kind=record&existing=1"))["objects"]
    calls = [one["request_id"] for one in objects if one["name"].startswith("a.")]
    assert len(calls) == 4 and len(set(calls)) == 2 and "" not in calls


def test_the_order_that_is_drawn_comes_from_the_seed() -> None:
    def drawn(seed: int) -> list[str]:
        first: list[str] = []
        manners = Behaviour(DRAWN, seed=seed)
        for _ in range(20):
            said: list[str] = []
            manners.check(lambda said=said: said.append(BY_NAME), lambda said=said: said.append(BY_HOLDING))
            first.append(said[0])
        return first

    assert drawn(1) == drawn(1) != drawn(2)
    assert set(drawn(1)) == {BY_NAME, BY_HOLDING}


def test_the_second_rule_is_not_asked_once_the_first_refuses() -> None:
    def refuse() -> None:
        raise Refusal(400, "first", "")

    def never() -> None:
        raise AssertionError

    with pytest.raises(Refusal):
        Behaviour(BY_HOLDING).check(name=never, holding=refuse)


@pytest.mark.parametrize(("order", "replays"), [("address", 0.0), (BY_NAME, 2.0), (BY_NAME, -1.0)])
def test_manners_that_cannot_be_are_refused_in_a_sentence(order: str, replays: float) -> None:
    with pytest.raises(SimError, match="choose"):
        Behaviour(order, replays)


async def test_a_path_that_the_simulator_does_not_have_answers_unlike_an_object_that_is_not_there(
    sim: Sim,
) -> None:
    token = await sim.call(sim.vpc.authenticator.token_manager.get_token)
    query = {"version": "2026-10-06", "generation": "2"}
    for url in (f"{sim.urls.vpc_url}/floating_ips/r006-1", f"{sim.urls.dns_url}/nothing"):
        async with sim.http.get(url, params=query, headers={"Authorization": f"Bearer {token}"}) as answer:
            said = (await answer.json())["errors"][0]
            assert (answer.status, said["code"]) == (501, "no_such_route")
            assert "simulated" in said["message"] and "GET" in said["message"]
