"""The stage of a rollback says of each object whether it still stands, and of those that do not what it waits for."""

from __future__ import annotations

from typing import Any

from daemon.engine.context import StepContext
from daemon.errors.tree import OutsideError
from daemon.life import undo
from daemon.store.ops import Resource
from state_machines.objects import LATE_SECONDS
from state_machines.outcome import Done


def taking_back(house: Any) -> None:
    """Two things are made, and a rollback deletes them by the stage that all platforms share."""

    async def make(ctx: StepContext) -> Done:
        for name in ("a", "b"):
            await ctx.ensure(house.toy.outside.want(name))
        return Done()

    house.toy.script["making"] = make
    house.toy.undo["unmake"] = undo.stage("thing", "things", {"thing": house.toy.outside.disposal()}, told)


def told(row: Resource) -> str:
    return "it clings" if row.state == "deleting" else ""


async def test_what_is_seen_to_be_gone_is_not_said_to_stand_and_until_when_it_may_come_is_told(
    house: Any,
) -> None:
    taking_back(house)
    await house.begin()
    house.toy.outside.objects.pop("b")
    house.toy.outside.undeletable = True
    await house.tell("node01", "rollback")
    waiting = house.record().wait
    assert waiting["for"] == "the things to be gone"
    standing, absent = waiting["evidence"].split("; ")
    assert standing == "not gone yet: a (it clings)"
    assert absent.startswith("seen to be gone: b, but an earlier call may take effect until ")
    assert absent.endswith(" UTC")
    house.toy.outside.undeletable = False
    await house.pass_time(10)
    assert "not gone yet" not in house.record().wait["evidence"]
    assert absent in house.record().wait["evidence"], "the moment is the same at each look"


async def test_a_create_that_was_not_answered_is_waited_out_by_the_same_word(house: Any) -> None:
    taking_back(house)

    async def lose(verb: str, name: str) -> None:
        if verb == "create":
            raise OutsideError("in_doubt")

    house.toy.outside.before = lose
    await house.begin()
    await house.tell("node01", "rollback")
    assert house.record().wait["evidence"].startswith("seen to be gone: a, but an earlier call may take")
    assert LATE_SECONDS > 50.0, "the stage of this house ends before"
    await house.pass_time(50)
    assert "may take effect until" in house.record().error["evidence"]
