"""A retry of a cluster that is at work is one for the nodes that stand in its way."""

from __future__ import annotations

from typing import Any

import pytest

from daemon.errors.tree import NxdError, OutsideError

BROKEN = OutsideError("bad_request", "The toy is broken.", evidence="HTTP 400")


@pytest.fixture
async def waiting(house: Any) -> Any:
    """A cluster at work that waits for three nodes: two failed, one is ready."""
    house.toy.waits_for_nodes = lambda step: step == "gathering"
    house.toy.script = {(name, "settling"): [BROKEN] for name in ("node01", "node03")}
    await house.sow("node01", "node02", "node03")
    await house.tell("demo", "start")
    assert [house.record(f"node0{n}").state for n in (1, 2, 3)] == ["failed", "ready", "failed"]
    assert house.record("demo").state == "gathering"
    return house


async def test_it_tries_again_exactly_the_nodes_that_failed_and_says_which(waiting: Any) -> None:
    before = waiting.record("demo")
    assert waiting.verbs.can(before)["retry"] is None
    assert waiting.verbs.plan("retry", "demo")["items"] == []
    accepted = await waiting.verbs.give("retry", "demo", "ada")
    assert accepted["along"] == ["node01", "node03"]
    await waiting.idle()
    assert [waiting.record(f"node0{n}").attempt for n in (1, 2, 3)] == [2, 1, 2]
    said = [event.message for event in await waiting.log("demo", "verb")]
    assert "retry of node01, node03" in said
    assert waiting.record("demo").attempt == before.attempt
    await waiting.pass_time(500)
    assert waiting.record("demo").state == "active"


async def test_the_cluster_itself_stays_where_it_is_with_its_deadline(waiting: Any) -> None:
    waiting.toy.script[("node01", "settling")] = [BROKEN]
    before = waiting.record("demo")
    await waiting.pass_time(100)
    await waiting.verbs.give("retry", "demo", "ada")
    await waiting.idle()
    after = waiting.record("demo")
    assert (after.state, after.since, after.deadline) == (before.state, before.since, before.deadline)
    assert [waiting.record(f"node0{n}").state for n in (1, 2, 3)] == ["failed", "ready", "ready"]


async def test_nodes_that_a_person_stopped_are_left_alone_and_named_with_what_helps(waiting: Any) -> None:
    await waiting.tell("node01", "rollback")
    accepted = await waiting.verbs.give("retry", "demo", "ada")
    assert accepted["along"] == ["node03"]
    await waiting.idle()
    assert (waiting.record("node01").state, waiting.record("node03").state) == ("rolled_back", "ready")
    with pytest.raises(NxdError) as refused:
        await waiting.verbs.give("retry", "demo", "ada")
    assert "no node that failed is there for a retry: node01 is rolled back." in refused.value.message
    assert [(one.verb, one.target) for one in refused.value.remedies] == [("retry", "node01")]


async def test_nodes_that_went_back_by_themselves_begin_anew_and_the_plan_says_what_is_made(
    house: Any,
) -> None:
    names = [f"node0{n}" for n in range(1, 8)]
    house.toy.waits_for_nodes = lambda step: step == "gathering"
    house.toy.script = {(name, "settling"): [BROKEN] for name in names[1:]}
    await house.sow(*names, nodes=names, on_failure="rollback")
    await house.tell("demo", "start")
    await house.tell("node07", "retry")
    house.toy.script[("node07", "settling")] = [BROKEN]
    await house.tell("node07", "rollback")
    await house.idle()
    gone = names[1:-1]
    assert {house.record(name).state for name in gone} == {"rolled_back"}
    plan = house.verbs.plan("retry", "demo")
    assert [(item["action"], item["owner"]) for item in plan["items"]] == [("create", name) for name in gone]
    accepted = await house.verbs.give("retry", "demo", "ada", digest=plan["digest"])
    assert accepted["along"] == gone, "and not the one that a person rolled back"
    await house.idle()
    assert {house.record(name).state for name in gone} == {"ready"}
    assert house.record("node07").state == "rolled_back"


async def test_of_one_of_which_nothing_is_left_a_retry_says_that_it_begins_anew(waiting: Any) -> None:
    await waiting.tell("node01", "rollback")
    with pytest.raises(NxdError) as refused:
        await waiting.verbs.give("resume", "node01", "ada")
    assert refused.value.remedy == "Begin anew, from nothing: nxd retry node01."


async def test_a_protection_that_is_as_it_is_asked_to_be_needs_nothing(waiting: Any) -> None:
    with pytest.raises(NxdError) as refused:
        await waiting.verbs.give("unprotect", "demo", "ada")
    assert (refused.value.message, refused.value.remedy) == ("It is not protected.", "Nothing is to be done.")


async def test_where_nothing_stands_in_its_way_it_is_refused_and_time_is_what_helps(house: Any) -> None:
    house.toy.waits_for_nodes = lambda step: True
    house.toy.script = {"settling": BROKEN}
    await house.sow("node01")
    await house.tell("demo", "start")
    await house.verbs.give("retry", "node01", "ada")  # it is on its way already
    with pytest.raises(NxdError) as refused:
        await house.verbs.give("retry", "demo", "ada")
    assert refused.value.message == "It is gathering, and no node that failed is there for a retry."
    assert [one.command for one in refused.value.remedies] == ["nxd wait demo"]


async def test_a_step_that_waits_for_no_node_takes_no_retry(waiting: Any) -> None:
    waiting.toy.waits_for_nodes = lambda step: False
    assert "retry is for what is" in waiting.verbs.can(waiting.record("demo"))["retry"]


async def test_a_node_whose_retry_is_refused_is_not_taken_along(waiting: Any) -> None:
    waiting.toy.vetoes["retry"] = "Not now."
    assert "no node that failed" in waiting.verbs.can(waiting.record("demo"))["retry"]
