"""A ledger row of a kind that no table names any more, as an older version of a platform left it, harms nobody."""

from __future__ import annotations

from typing import Any

from daemon.engine.context import StepContext
from daemon.errors.tree import OutsideError
from state_machines.outcome import Done, Wait


async def test_a_rollback_that_it_blocks_names_it_last_and_its_plan_can_be_asked_for(house: Any) -> None:
    async def make(ctx: StepContext) -> Done:
        await ctx.claim("relic", "r1")
        await ctx.ensure(house.toy.outside.want("a"))
        return Done()

    house.toy.script |= {
        "making": make,
        "settling": Wait("x", "y", 100.0),
        "unmake": OutsideError("bad_request", "No.", evidence="HTTP 400"),
    }
    await house.begin()
    plan = house.verbs.plan("rollback", "node01")
    assert [item["kind"] for item in plan["items"]] == ["thing", "relic"]
    assert [one["text"] for one in plan["sums"]] == ["1 thing", "1 relic"]
    await house.tell("node01", "rollback")
    record = house.record()
    assert record.state == "rollback_blocked"
    assert record.error["message"].endswith("Left over: thing a, relic r1.")
