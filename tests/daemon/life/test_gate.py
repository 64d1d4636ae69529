"""A cluster forms once as many nodes are ready as its spec asks for, and says who stands in the way."""

from __future__ import annotations

from typing import Any

import pytest

from daemon.engine.context import StepContext
from daemon.life import gate, join
from daemon.life.members import LEFT
from state_machines.outcome import Done, Fail, Outcome, Problem, Wait
from tests.daemon.toy_kinds import NODE

NODES = ("node01", "node02", "node03")
BROKEN = Fail(Problem("bug", "It is broken."))


async def gathering(ctx: StepContext) -> Outcome:
    await gate.send_out(ctx, NODE, {"node02": {"place": 7}})
    return gate.closed(ctx, NODE, 500.0) or Done()


async def begun(house: Any, gate: object, broken: int) -> Any:
    """The record of a cluster of three, of which so many break."""
    house.toy.script["gathering"] = gathering
    for name in NODES[3 - broken :]:
        house.toy.script[name, "settling"] = BROKEN
    await house.sow(*NODES, nodes=list(NODES), gate=gate)
    await house.tell("demo", "start")
    return house.record("demo")


@pytest.mark.parametrize(
    ("asked", "broken", "opens"),
    [("all", 0, True), ("all", 1, False), (2, 1, True), (2, 2, False), (9, 0, True), (9, 1, False)],
)
async def test_it_opens_when_enough_are_ready(house: Any, asked: object, broken: int, opens: bool) -> None:
    cluster = await begun(house, asked, broken)
    assert (cluster.state == "active") is opens


async def test_where_too_many_have_stopped_a_person_is_told_whom_to_move(house: Any) -> None:
    wait = (await begun(house, "all", 1)).wait
    assert wait["evidence"] == "2 of 3 ready; node03 is failed" and wait["attention"]
    assert [(one["verb"], one["target"]) for one in wait["remedies"]] == [("retry", "node03")]
    house.toy.script.pop(("node03", "settling"))
    await house.tell("node03", "retry")
    assert house.record("demo").state == "active"


async def test_a_node_remembers_what_it_is_told_at_its_beginning(house: Any) -> None:
    await begun(house, "all", 0)
    assert house.record("node02").facts["place"] == 7
    assert "place" not in house.record("node01").facts


async def test_a_wait_for_nodes_that_wait_in_line_is_one_in_line(house: Any) -> None:
    house.toy.script["node01", "making"] = Wait("a place", "all are taken", 500.0, in_line=True)
    await begun(house, "all", 0)
    await house.pass_time(500)
    wait = house.record("demo").wait
    assert wait["in_line"] and not wait["attention"]


@pytest.mark.parametrize(("by", "comes"), [("spec", True), ("person", False)])
async def test_a_node_that_went_is_called_back_where_an_earlier_spec_was_the_reason(
    house: Any, by: str, comes: bool
) -> None:
    house.toy.script["gathering"] = gathering
    house.toy.script["node01", "making"] = Wait("the test", "not yet", 500.0)
    await house.sow("node01", "node02", nodes=["node01", "node02"], gate="all")
    await house.tell("demo", "start")
    args = {"facts": {LEFT: True}} if by == "spec" else {}
    await house.ask("node02", "release", **args)
    await house.idle()
    house.engine.poke("demo")
    await house.idle()
    assert (house.record("node02").state == "ready") is comes


WAITS = Wait("the test", "not yet", 500.0)


@pytest.mark.parametrize(
    ("asked", "third", "done"),
    [("all", BROKEN, False), (2, BROKEN, True), (3, BROKEN, False), (2, WAITS, False)],
)
async def test_a_standing_cluster_leaves_behind_who_stopped_if_enough_others_are_there(
    house: Any, asked: object, third: Outcome, done: bool
) -> None:
    async def joining(ctx: StepContext) -> Outcome:
        await gate.send_out(ctx, NODE, {})

        async def take_in(ctx: StepContext, member: Any) -> Wait | None:
            return None

        return await join.join(ctx, NODE, take_in, take_in, 500.0)

    house.toy.script |= {"gathering": joining, ("node03", "settling"): third}
    await house.sow(*NODES, nodes=list(NODES), gate=asked)
    await house.tell("demo", "start")
    cluster = house.record("demo")
    assert (cluster.state == "active") is done
    if not done:
        stands = "failed" if third is BROKEN else "settling"
        assert cluster.wait["evidence"] == f"node03 is {stands}"
        assert cluster.wait["attention"] is (third is BROKEN)
