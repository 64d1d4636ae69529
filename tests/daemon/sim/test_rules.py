"""A rule does to a request, or to a life, what it says: at its time, to whom it names, as often as it may."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from typing import TYPE_CHECKING, Any

import aiohttp
import pytest
import requests
from ibm_cloud_sdk_core import ApiException

from daemon.sim.faults.rules import Faults, Rule, rule_from_json
from daemon.sim.faults.triggers import CREATE_VNI, LIFE, REQUEST, RESERVE_IP, STEP_FAULTS, check_action
from daemon.sim.refusals import SimError
from daemon.sim.world import initial as f
from tests.daemon.sim.scene import SLOW

if TYPE_CHECKING:
    from tests.daemon.sim.conftest import Nodes, PrismClient, Sim

Prism = Callable[[str], "PrismClient"]


async def wait_for_rule(sim: Sim, **rule: Any) -> None:
    told = await sim.tell("/faults", {"rules": [rule]})
    assert "error" not in told, told


async def reserve(sim: Sim, name: str = "test-node01-mgmt-ip") -> Any:
    return await sim.call(sim.vpc.create_subnet_reserved_ip, f.MANAGEMENT, name=name)


async def names(sim: Sim) -> list[str]:
    listed = (await sim.call(sim.vpc.list_subnet_reserved_ips, f.MANAGEMENT, limit=100)).get_result()
    return [ip["name"] for ip in listed["reserved_ips"] if ip["owner"] == "user"]


def strikes(rule: Rule, times: int, at: Callable[[int], float] = float) -> list[bool]:
    faults = Faults()
    faults.add_rules([rule])
    return [faults.strike("server start", "demo-node01-host-bms", at(n)) is not None for n in range(times)]


def test_a_rule_counts_from_the_nth_match_on() -> None:
    assert strikes(Rule("server start", "fail", nth=3, count=2), 6) == [
        False,
        False,
        True,
        True,
        False,
        False,
    ]


def test_a_rule_lasts_from_its_first_strike() -> None:
    assert strikes(Rule("server start", "fail", count=None, lasts=2.0), 6) == [
        True,
        True,
        True,
        False,
        False,
        False,
    ]


def test_a_chance_is_drawn_from_the_seed() -> None:
    rule = Rule("server start", "fail", count=None, chance=0.3)
    once, again = strikes(rule, 400), strikes(rule, 400)
    assert once == again
    assert 80 < sum(once) < 160


def test_a_mended_rule_strikes_no_more_and_ends_what_it_holds() -> None:
    faults = Faults()
    faults.add_rules(
        [Rule("server start", "fail", count=2, scenario="one"), Rule("vni *", "stuck", scenario="two")]
    )
    held = faults.strike("server start", "x", 0.0)
    assert held is not None and not held.over.is_set()
    faults.mend("one")
    assert held.over.is_set()
    assert faults.strike("server start", "x", 0.0) is None
    assert faults.strike("vni provision", "x", 0.0) is not None


@pytest.mark.parametrize(
    ("given", "words"),
    [
        ([], "JSON object"),
        ({"trigger": "server start"}, "needs a moment"),
        ({"trigger": "server nap", "action": "fail"}, "no moment"),
        ({"trigger": "server start", "action": "explode"}, "no action 'explode'"),
        ({"trigger": "server start", "action": "fail", "colour": "red"}, "no 'colour'"),
        ({"trigger": "server start", "action": "fail", "count": 0}, "1 or more"),
        ({"trigger": "server start", "action": "fail", "count": True}, "cannot be True"),
        ({"trigger": "server start", "action": "fail", "chance": 2}, "at most 1"),
        ({"service": "vpc", "method": "GET", "path": "*", "action": "set"}, "needs 'fields'"),
    ],
)
def test_what_is_no_rule_is_refused_in_a_sentence(given: Any, words: str) -> None:
    with pytest.raises(SimError, match=words) as caught:
        rule_from_json(given)
    assert str(caught.value).endswith(".")


def test_every_short_step_and_every_action_of_the_tables_is_known() -> None:
    for step in STEP_FAULTS.values():
        check_action(step.trigger, step.action, step.what)
    assert all(meaning for actions in (REQUEST, *LIFE.values()) for meaning in actions.values())


async def test_a_refusal_has_the_status_and_the_body_that_it_was_given(sim: Sim) -> None:
    what = {"status": 409, "code": "conflict", "message": "Not now."}
    await wait_for_rule(
        sim, service="vpc", method="POST", path="*/reserved_ips", action="answer", name="node01", what=what
    )
    await reserve(sim, "test-node02-mgmt-ip")  # it is not about this one
    refused = await sim.refused(sim.vpc.create_subnet_reserved_ip, f.MANAGEMENT, name="test-node01-mgmt-ip")
    assert refused == (409, "conflict", "Not now.")
    await reserve(sim)


async def test_a_rate_limit_says_when_to_come_again_in_seconds_or_as_a_date(sim: Sim) -> None:
    for after in ("7", "date:70"):
        what = {"status": 429, "code": "rate_limit_exceeded", "message": "Slowly.", "retry_after": after}
        await wait_for_rule(sim, trigger=RESERVE_IP, action="answer", what=what)
    said = []
    for _ in range(2):
        with pytest.raises(ApiException) as caught:
            await reserve(sim)
        said.append(caught.value.http_response.headers["Retry-After"])
    assert said[0] == "7"
    assert 60 < (parsedate_to_datetime(said[1]) - datetime.now(UTC)).total_seconds() <= 71


async def test_a_proxy_answers_with_its_own_page(sim: Sim) -> None:
    await wait_for_rule(sim, trigger=RESERVE_IP, action="html", what={"status": 520})
    with pytest.raises(ApiException) as caught:
        await reserve(sim)
    response = caught.value.http_response
    assert (response.status_code, response.headers["Server"]) == (520, "cloudflare")
    assert "<html>" in response.text
    assert await names(sim) == []


async def test_an_empty_500_has_no_body(sim: Sim) -> None:
    await wait_for_rule(sim, trigger=RESERVE_IP, action="empty")
    with pytest.raises(ApiException) as caught:
        await reserve(sim)
    assert (caught.value.status_code, caught.value.http_response.text) == (500, "")


@pytest.mark.parametrize(
    ("action", "made"),
    [
        ("close", False),
        ("reset", False),
        ("close_after", True),
        ("reset_after", True),
        ("short", True),
    ],
)
async def test_a_connection_ends_before_or_after_the_change_was_made(
    sim: Sim, action: str, made: bool
) -> None:
    await wait_for_rule(sim, trigger=RESERVE_IP, action=action)
    with pytest.raises(requests.exceptions.RequestException):
        await reserve(sim)
    assert await names(sim) == (["test-node01-mgmt-ip"] if made else [])


@pytest.mark.parametrize(("action", "made"), [("hang", False), ("hang_after", True)])
async def test_a_request_hangs_before_or_after_the_change_was_made(sim: Sim, action: str, made: bool) -> None:
    await wait_for_rule(sim, trigger=RESERVE_IP, action=action)
    sim.vpc.set_http_config({"timeout": (5, 0.4)})
    with pytest.raises(requests.exceptions.ReadTimeout):
        await reserve(sim)
    sim.vpc.set_http_config({"timeout": (5, 20)})
    assert await names(sim) == (["test-node01-mgmt-ip"] if made else [])


async def test_an_error_comes_after_the_change_was_made(sim: Sim) -> None:
    await wait_for_rule(sim, trigger=RESERVE_IP, action="fail_after", what={"status": 503})
    with pytest.raises(ApiException) as caught:
        await reserve(sim)
    assert caught.value.status_code == 503
    assert await names(sim) == ["test-node01-mgmt-ip"]


async def test_half_a_json_comes_with_status_200(sim: Sim) -> None:
    await wait_for_rule(sim, trigger=RESERVE_IP, action="truncate")
    with pytest.raises(ApiException) as caught:
        await reserve(sim)
    assert caught.value.status_code == 200
    assert await names(sim) == ["test-node01-mgmt-ip"]


async def test_plain_text_is_left_to_the_caller(sim: Sim) -> None:
    await wait_for_rule(sim, trigger=RESERVE_IP, action="text")
    result = (await reserve(sim)).get_result()
    assert isinstance(result, requests.Response)


async def test_a_port_refuses_connections_and_comes_back(sim: Sim) -> None:
    await wait_for_rule(sim, trigger=RESERVE_IP, action="refused", seconds=3000)
    with pytest.raises(requests.exceptions.ConnectionError):
        await reserve(sim)
    with pytest.raises(requests.exceptions.ConnectionError, match="refused"):
        await reserve(sim)

    async def back() -> bool:
        try:
            await reserve(sim)
        except requests.exceptions.ConnectionError:
            return False
        return True

    await sim.until(back, "the port is open again")


@pytest.mark.parametrize("speed", [600.0])
async def test_a_slow_call_takes_its_delay_and_goes_well(sim: Sim) -> None:
    await wait_for_rule(sim, trigger=RESERVE_IP, action="slow", delay=300)
    begun = time.monotonic()
    await reserve(sim)
    assert time.monotonic() - begun >= 0.5


async def test_a_request_that_a_proxy_sends_twice_is_done_twice(sim: Sim) -> None:
    ip = (await reserve(sim)).get_result()
    await wait_for_rule(sim, trigger=CREATE_VNI, action="twice")
    refused = await sim.refused(
        sim.vpc.create_virtual_network_interface, name="test-node01-mgmt-vni", primary_ip={"id": ip["id"]}
    )
    assert refused[:2] == (400, "validation_unique_failed")
    listed = (await sim.call(sim.vpc.list_virtual_network_interfaces)).get_result()
    assert [vni["name"] for vni in listed["virtual_network_interfaces"]] == ["test-node01-mgmt-vni"]


async def test_fields_that_nobody_knows_are_harmless_to_the_sdk(sim: Sim) -> None:
    from ibm_vpc.vpc_v1 import ReservedIP

    await wait_for_rule(sim, trigger="vpc * *", action="extra", count=None)
    made = (await reserve(sim)).get_result()
    assert "new_in_2027" in made
    ReservedIP.from_dict(made)


async def test_a_list_lags_omits_and_shifts(sim: Sim) -> None:
    await reserve(sim)
    listing = {"service": "vpc", "method": "GET", "path": "*/reserved_ips"}
    await wait_for_rule(sim, **listing, action="lag", seconds=10**6, count=1)
    assert await names(sim) == []
    assert await names(sim) == ["test-node01-mgmt-ip"]
    await reserve(sim, "test-node02-mgmt-ip")
    await wait_for_rule(sim, **listing, action="omit", what={"items": "node01"})
    assert await names(sim) == ["test-node02-mgmt-ip"]
    await wait_for_rule(sim, **listing, action="shift", query="start=")
    first = (await sim.call(sim.vpc.list_subnet_reserved_ips, f.MANAGEMENT, limit=5)).get_result()
    start = first["next"]["href"].split("start=")[1].split("&")[0]
    second = (
        await sim.call(sim.vpc.list_subnet_reserved_ips, f.MANAGEMENT, limit=5, start=start)
    ).get_result()
    shown = [ip["name"] for page in (first, second) for ip in page["reserved_ips"]]
    assert len(shown) == len(set(shown)) == 6  # of seven


async def test_an_address_is_not_shown_at_first_and_then_is(sim: Sim) -> None:
    await wait_for_rule(sim, trigger="reserved_ip provision", action="unassigned", seconds=1200)
    made = (await reserve(sim)).get_result()
    assert made["address"] == "0.0.0.0"

    async def shown() -> bool:
        ip = (await sim.call(sim.vpc.get_subnet_reserved_ip, f.MANAGEMENT, made["id"])).get_result()
        return bool(ip["address"] != "0.0.0.0")

    await sim.until(shown, "the address is shown")


async def test_somebody_else_is_quicker(sim: Sim) -> None:
    await wait_for_rule(sim, trigger="reserved_ip create", action="stolen")
    refused = await sim.refused(sim.vpc.create_subnet_reserved_ip, f.MANAGEMENT, name="a", address=sim.ip(20))
    assert refused[:2] == (400, "address_is_already_reserved")
    assert (await sim.control("/counts"))["created"]["reserved_ip"] == 0  # a stranger's does not count
    await sim.tell("/mend")
    await sim.address("a", sim.ip(20))


async def test_a_name_stays_taken_after_a_delete_until_it_is_mended(sim: Sim) -> None:
    await wait_for_rule(sim, trigger="name release", action="taken", name="node01")
    made = (await reserve(sim)).get_result()
    await sim.call(sim.vpc.delete_subnet_reserved_ip, f.MANAGEMENT, made["id"])
    await sim.gone(sim.vpc.get_subnet_reserved_ip, f.MANAGEMENT, made["id"])
    refused = await sim.refused(sim.vpc.create_subnet_reserved_ip, f.MANAGEMENT, name="test-node01-mgmt-ip")
    assert refused[:2] == (400, "validation_unique_failed")
    await sim.tell("/mend")

    async def free() -> bool:
        try:
            await reserve(sim)
        except ApiException:
            return False
        return True

    await sim.until(free, "the name is free")


async def test_a_life_stands_still_until_it_is_mended(sim: Sim, nodes: Nodes) -> None:
    await wait_for_rule(sim, trigger="server pending", action="stuck")
    (node,) = await nodes.order(1)

    async def struck() -> bool:
        return bool((await sim.control("/faults"))["struck"])

    await sim.until(struck, "the rule has struck")
    assert (await sim.call(sim.vpc.get_bare_metal_server, node.server_id)).get_result()["status"] == "pending"
    await sim.tell("/mend")
    await sim.status(node.server_id, "running")


@pytest.mark.parametrize(
    "code", ["cannot_start_network", "cannot_start_reservation_expired", "cannot_update_firmware"]
)
async def test_a_server_fails_with_each_reason(sim: Sim, nodes: Nodes, code: str) -> None:
    await wait_for_rule(sim, trigger="server start", action="fail", what={"code": code})
    (node,) = await nodes.order(1)
    failed = await sim.status(node.server_id, "failed")
    assert [reason["code"] for reason in failed["status_reasons"]] == [code]


async def test_an_interrupted_installation_begins_again(sim: Sim, nodes: Nodes) -> None:
    await wait_for_rule(sim, trigger="machine phase 5", action="reboot")
    await nodes.order(1)
    await nodes.doing("node01", "running")
    assert (await sim.control("/counts"))["installs"] == {"test-node01-server-bms": 2}


@pytest.mark.parametrize("speed", [SLOW])
async def test_reports_come_twice_late_or_never(sim: Sim, nodes: Nodes) -> None:
    await wait_for_rule(sim, trigger="machine report 3", action="twice")
    await wait_for_rule(sim, trigger="machine report 7", action="lose")
    await wait_for_rule(sim, trigger="machine report 2", action="late", seconds=600)
    await nodes.order(1)
    await nodes.doing("node01", "running")
    phases = nodes.boot.phases("node01")
    assert (phases.count(3), phases.count(7)) == (2, 0)
    assert phases.index(2) > phases.index(3)


async def test_prism_ends_handshakes_and_then_answers(sim: Sim, nodes: Nodes, prism: Prism) -> None:
    await wait_for_rule(sim, trigger="machine cvm", action="handshake", seconds=6000)
    (node,) = await nodes.order(1)
    await nodes.doing("node01", "running")
    with pytest.raises(aiohttp.ClientConnectionError):
        await prism(node.cvm_ip).ask("GET", "/v1/cluster")

    async def answers() -> bool:
        try:
            async with asyncio.timeout(
                1
            ):  # a connection that the door took while it closed is never answered
                return (await prism(node.cvm_ip).ask("GET", "/v1/cluster"))[0] == 200
        except (aiohttp.ClientConnectionError, TimeoutError):
            return False

    await sim.until(answers, "Prism answers")
