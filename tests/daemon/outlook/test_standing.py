"""Who needs a person is told by one rule, and how urgent it is by one order."""

from __future__ import annotations

from typing import Any

import orjson
import pytest

from daemon.display.sorting import urgency_of, worst_first
from daemon.errors.tree import NxdError
from daemon.wire import EntityView
from state_machines.outcome import Done, Wait

BROKEN = NxdError("bad_request", "It cannot be.")


def shown(house: Any, name: str) -> EntityView:
    found: EntityView = orjson.loads(orjson.dumps(house.views.entity(house.record(name))))
    return found


async def took(house: Any, name: str, seconds: float) -> None:
    """Let the step `settling` of a node last so long."""
    house.toy.script[name, "settling"] = [Wait("the test", "it settles", seconds), Done()]
    await house.tell(name, "start")
    await house.pass_time(seconds)
    assert house.record(name).state == "ready"


def test_the_order_is_the_same_for_all() -> None:
    order = [
        urgency_of("failed", True),
        urgency_of("failed", True, blocked=True),
        urgency_of("attention", True, held=True),
        urgency_of("working", False, slow=True),
        urgency_of("working", False),
        urgency_of("waiting", False),
        urgency_of("ok", False),
        urgency_of("released", False),
    ]
    assert order == sorted(set(order)) and len(order) == 8
    assert urgency_of("failed", False) == urgency_of("working", False), "somebody asked for a retry of it"


def test_what_stands_longest_is_first_within_one_urgency() -> None:
    one = {"urgency": 0, "since": 5.0, "kind": "node", "name": "a", "phase": "failed"}
    entities: Any = [one, one | {"since": 4.0, "name": "b"}, one | {"urgency": 4, "since": 1.0, "name": "c"}]
    assert [entity["name"] for entity in sorted(entities, key=worst_first)] == ["b", "a", "c"]


async def test_a_failed_node_needs_a_person_until_somebody_asked_for_something(house: Any) -> None:
    house.toy.script["node01", "making"] = [BROKEN]
    await house.begin("node01")
    assert (shown(house, "node01")["needs_person"], shown(house, "node01")["urgency"]) == (True, 0)
    house.toy.script["node01", "making"] = [Wait("the test", "it makes", 100.0)]
    await house.tell("node01", "retry")
    assert (shown(house, "node01")["needs_person"], shown(house, "node01")["urgency"]) == (False, 4)


async def test_what_waits_or_works_or_is_well_needs_nobody_and_what_is_held_does(house: Any) -> None:
    await house.sow("node01", "node02", "node03")
    house.toy.script["node02", "making"] = [Wait("the test", "it makes", 100.0)] * 2
    await house.tell("node02", "start")
    await house.tell("node03", "start")
    urgency = [
        (shown(house, f"node0{n}")["urgency"], shown(house, f"node0{n}")["needs_person"]) for n in (1, 2, 3)
    ]
    assert urgency == [(5, False), (4, False), (6, False)]
    await house.tell("node02", "hold")
    assert (shown(house, "node02")["urgency"], shown(house, "node02")["needs_person"]) == (2, True)


async def test_a_cluster_that_only_a_person_can_move_says_so(house: Any) -> None:
    house.toy.script["gathering"] = Wait("node01 to be tried again", "it failed", 500.0, attention=True)
    await house.begin("node01")
    await house.tell("demo", "start")
    cluster = shown(house, "demo")
    assert (cluster["phase"], cluster["needs_person"], cluster["urgency"]) == ("attention", True, 0)


async def test_a_step_that_takes_longer_than_95_of_100_is_slow_although_nothing_happened(house: Any) -> None:
    names = [f"node0{number}" for number in range(1, 7)]
    await house.sow(*names)
    for name in names[:5]:
        await took(house, name, 100.0)
    house.toy.script["node06", "settling"] = Wait("the test", "it settles", 900.0)
    await house.tell("node06", "start")
    began, early = house.clock.now(), shown(house, "node06")
    assert early["urgency"] == 4 and early["outlook"]["late"] == pytest.approx(began + 100.0, abs=0.1)
    await house.pass_time(101.0)
    late = shown(house, "node06")
    assert (late["urgency"], late["since"]) == (3, early["since"])
    assert "ready_at" not in late["outlook"], "none took so long before"
