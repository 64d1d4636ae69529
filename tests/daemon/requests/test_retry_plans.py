"""The plan of a retry lists what is deleted before it goes on; mostly that is nothing."""

from __future__ import annotations

from typing import Any

import pytest

from daemon import wire
from daemon.engine.context import StepContext
from daemon.errors.tree import NxdError, OutsideError
from daemon.platforms.base import Planned
from daemon.requests.plans import plan_of
from state_machines.outcome import Done

BROKEN = OutsideError("bad_request", "The toy is broken.", evidence="HTTP 400")


@pytest.fixture
async def failed(house: Any) -> Any:
    """A cluster of two nodes, the first of which made a thing and failed."""

    async def make(ctx: StepContext) -> Done:
        await ctx.ensure(house.toy.outside.want(ctx.record.name))
        return Done()

    house.toy.script = {"making": make, ("node01", "settling"): [BROKEN, BROKEN]}
    await house.sow("node01", "node02")
    await house.tell("demo", "start")
    assert house.record().state == "failed"
    return house


def told(plan: Any) -> list[tuple[str, str]]:
    return [(item["action"], item["name"]) for item in plan["items"]]


async def test_a_retry_that_keeps_everything_has_an_empty_plan(failed: Any) -> None:
    plan = failed.verbs.plan("retry", "node01")
    assert plan["items"] == []
    assert [stage["step"] for stage in plan["stages"]] == ["settling"]
    later = failed.verbs.plan("retry", "node01", "making")
    assert [stage["step"] for stage in later["stages"]] == ["making", "settling"]


async def test_what_is_no_good_is_in_the_plan_of_its_node_and_of_the_cluster_that_takes_it_along(
    failed: Any,
) -> None:
    failed.toy.renewal = lambda record, rows: (rows, [Planned(record.name, "thing", "new")] if rows else [])
    expected = [("delete", "node01"), ("create", "new")]
    plan = failed.verbs.plan("retry", "node01")
    assert told(plan) == expected
    with pytest.raises(NxdError) as refused:
        await failed.verbs.give("retry", "node01", "ada", digest="0" * 16)
    assert refused.value.code == "plan_changed"
    await failed.pass_time(9001)
    assert failed.record("demo").state == "failed"
    failed.toy.waits_for_nodes = lambda step: True
    assert told(failed.verbs.plan("retry", "demo")) == expected
    await failed.verbs.give("retry", "node01", "ada", digest=plan["digest"])


async def test_the_retry_of_a_rollback_lists_what_it_goes_on_to_delete(failed: Any) -> None:
    failed.toy.script["unmake"] = [BROKEN]
    await failed.tell("node01", "rollback")
    assert failed.record().state == "rollback_blocked"
    assert told(failed.verbs.plan("retry", "node01")) == [("delete", "node01")]


async def test_a_plan_says_in_a_few_words_what_it_comes_to(failed: Any) -> None:
    assert (
        failed.verbs.plan("retry", "node01")["tells"] == "begins at settling · never done yet, time unknown"
    )
    failed.toy.renewal = lambda record, rows: (rows, [Planned(record.name, "thing", "new")] if rows else [])
    said = failed.verbs.plan("retry", "node01")["tells"]
    assert said.startswith("deletes 1 thing for good · makes 1 thing · ")
    assert failed.verbs.plan("rollback", "node01")["tells"].startswith("deletes 1 thing for good · ")


def test_a_plan_of_known_steps_says_how_long_they_usually_take() -> None:
    stages = [
        wire.PlanStage(step=step, title=step, usual=seconds, deadline=None)
        for step, seconds in (("making", 120.0), ("settling", 1200.0))
    ]
    plan = plan_of("retry", "node01", [], stages, objects={}, begins=True)
    assert plan["tells"] == "begins at making · about 22m00s"
    assert "tells" not in plan_of("hold", "node01", [], [], objects={})
