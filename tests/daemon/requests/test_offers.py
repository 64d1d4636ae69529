"""Each verb is offered with where it begins, what it loses, how long it takes, and what then, or with why not."""

from __future__ import annotations

from typing import Any

from daemon.engine.context import StepContext
from daemon.errors.tree import NxdError
from daemon.requests.offers import offers
from state_machines.ibm_nutanix import NODE
from state_machines.outcome import Done, Wait


def offered(house: Any, name: str) -> dict[str, Any]:
    return {one["verb"]: one for one in offers(house.verbs, house.engine, name)["offers"]}


async def test_a_failed_node_is_offered_a_retry_with_its_step_and_its_time(house: Any) -> None:
    house.toy.waits_for_nodes = lambda step: step in ("pending", "gathering")
    house.toy.script["node01", "settling"] = [Wait("the test", "it settles", 100.0), Done()]
    await house.sow("node01", "node02")
    await house.tell("node01", "start")
    await house.pass_time(100.0)
    house.toy.script["node02", "settling"] = NxdError("bad_request", "It cannot be.")
    await house.tell("node02", "start")
    told = offered(house, "node02")
    assert list(told) == ["retry", "rollback", "hold", "resume"], "in the order of the tables"
    retry = told["retry"]
    assert (retry["begins_at"], retry["takes"], retry["loses"]) == ("settling", 100.0, [])
    assert retry["then"] == "ready; demo goes on once all its nodes are"
    assert retry["consent"] == "plan" and "refused" not in retry
    assert told["resume"]["refused"] == house.verbs.can(house.record("node02"))["resume"]
    assert told["rollback"]["then"] == "rolled back"


async def test_what_a_verb_deletes_is_summed_up_as_its_plan_has_it(house: Any) -> None:
    async def make(ctx: StepContext) -> Done:
        await ctx.ensure(house.toy.outside.want(ctx.record.name))
        return Done()

    house.toy.script = {"making": make, "settling": NxdError("bad_request", "It cannot be.")}
    await house.begin("node01")
    rollback = offered(house, "node01")["rollback"]
    plan = house.verbs.plan("rollback", "node01")
    assert rollback["loses"] == ["1 thing"] == [one["text"] for one in plan["sums"]]
    assert rollback["tells"] == plan["tells"]
    assert rollback["takes"] is None, "it was never measured"


async def test_a_cluster_whose_nodes_are_all_ready_waits_for_none_of_them_in_its_plan(house: Any) -> None:
    house.toy.waits_for_nodes = lambda step: step == "gathering"
    await house.sow("node01", "node02")
    for name in ("node01", "node02"):
        house.toy.script[name, "settling"] = [Wait("the test", "it settles", 100.0), Done()]
    house.toy.script["demo", "gathering"] = NxdError("bad_request", "It cannot be.")
    await house.tell("demo", "start")
    assert house.record("demo").state == "failed"
    before = house.verbs.plan("retry", "demo")["stages"][0]
    assert (before["step"], before["usual"]) == ("gathering", None), "nobody knows it of a node yet"
    for name in ("node01", "node02"):
        await house.tell(name, "start")
    await house.pass_time(100.0)
    assert house.verbs.plan("retry", "demo")["stages"][0]["usual"] == 0.0


async def test_another_try_is_told_with_its_step_what_it_does_and_what_then(house: Any) -> None:
    await house.sow("node01")
    house.toy.script["node01", "settling"] = NxdError("bad_request", "It cannot be.")
    await house.tell("node01", "start")
    again = house.verbs.plan("retry", "node01")["again"]
    assert (again["after"], again["wipes"]) == ("settling", []) and again["then"].startswith("ready")
    assert "again" not in house.verbs.plan("rollback", "node01")


def test_what_a_retry_restarts_and_wipes_stands_in_the_table_of_its_step() -> None:
    for name in ("awaiting_config", "installing"):
        begins = NODE.states[str(NODE.states[name].retry_at)]
        assert begins.again.startswith("restarts the machine and installs it") and begins.wipes
