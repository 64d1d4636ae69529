"""Back to nothing in the right order, or a list of what is left and how to remove it."""

from __future__ import annotations

from typing import Any

import pytest

from daemon.engine.context import StepContext
from daemon.engine.sentences import NAMED
from daemon.errors.tree import OutsideError
from state_machines.outcome import Done, Wait

BROKEN = OutsideError("bad_request", "The toy is broken.", evidence="HTTP 400")


async def made(house: Any, *names: str, **spec: Any) -> None:
    """A node that made these things and then failed."""

    async def make(ctx: StepContext) -> Done:
        for name in names:
            await ctx.ensure(house.toy.outside.want(name))
        return Done({"made": True})

    house.toy.script.update({"making": make, "settling": [BROKEN]})
    assert (await house.begin(**spec)).step == "settling"


async def test_a_rollback_runs_every_stage_in_order_and_ends_with_nothing(house: Any) -> None:
    await made(house, "a", "b")
    await house.tell("node01", "rollback")
    record = house.record()
    assert (record.state, record.step, record.error) == ("rolled_back", None, None)
    assert house.toy.outside.objects == {}
    stages = [e.data["step"] for e in await house.log(kind="transition") if e.data["to"] == "rolling_back"]
    assert stages == ["unmake", "forget"]
    assert [name for _, name, _ in house.toy.calls] == ["making", "settling", "unmake", "forget"]
    assert {row.state for row in house.mirror.resources("node01")} == {"gone"}


@pytest.mark.parametrize("at", ["pending", "settling", "ready", "failed", "held"])
async def test_a_rollback_is_possible_from_wherever_a_node_stands(house: Any, at: str) -> None:
    script = {"settling": [Wait("x", "y", 9.0)], "held": [Wait("x", "y", 9.0)], "failed": [BROKEN]}
    house.toy.script["settling"] = script.get(at, [])
    await house.sow("node01")
    if at != "pending":
        await house.tell("node01", "start")
    if at == "held":
        await house.tell("node01", "hold")
    assert house.record().state == at
    await house.tell("node01", "rollback")
    assert house.record().state == "rolled_back"


async def test_a_retry_after_a_rollback_starts_again_from_nothing(house: Any) -> None:
    await made(house, "a")
    await house.tell("node01", "rollback")
    await house.tell("node01", "retry")
    assert (house.record().state, house.record().attempt) == ("pending", 2)
    house.toy.script["settling"] = []
    await house.tell("node01", "start")
    assert house.record().state == "ready"
    assert list(house.toy.outside.objects) == ["a"]
    assert [row.state for row in house.mirror.resources("node01")] == ["present"]


async def test_what_cannot_be_deleted_is_named_with_the_command_that_removes_it(house: Any) -> None:
    await made(house, "a", "b")

    async def refuse(verb: str, name: str) -> None:
        if (verb, name) == ("delete", "b"):
            raise BROKEN

    house.toy.outside.before = refuse
    await house.tell("node01", "rollback")
    blocked = house.record()
    assert (blocked.state, blocked.step) == ("rollback_blocked", "unmake")
    error = blocked.error
    assert error["code"] == "left_over"
    assert error["message"] == "The toy is broken. Left over: thing b."
    assert error["remedy"].endswith("By hand, in this order: toy rm id-b-2.")
    assert [one["command"] for one in error["remedies"] if one["kind"] == "command"] == ["toy rm id-b-2"]
    assert error["evidence"] == "HTTP 400"
    assert list(house.toy.outside.objects) == ["b"]


async def test_of_many_that_are_left_the_first_are_named_with_their_commands_and_the_others_counted(
    house: Any,
) -> None:
    await made(house, *(f"a{number:02d}" for number in range(NAMED + 3)))
    house.toy.script["unmake"] = BROKEN
    await house.tell("node01", "rollback")
    error = house.record().error
    assert f"thing a{NAMED - 1:02d} and 3 more (nxd show tells them)." in error["message"]
    assert error["message"].count("thing") == error["remedy"].count("toy rm") == NAMED


async def test_a_rollback_that_takes_too_long_is_blocked_with_its_left_overs(house: Any) -> None:
    await made(house, "a")
    house.toy.outside.undeletable = True
    await house.tell("node01", "rollback")
    for _ in range(5):
        assert house.record().state == "rolling_back"
        await house.pass_time(10)
    error = house.record().error
    assert house.record().state == "rollback_blocked"
    assert "unmaking took" in error["message"] and "; its deadline is " in error["message"]
    assert "thing a" in error["message"] and "toy rm id-a-1" in error["remedy"]


async def test_a_retry_of_a_blocked_rollback_goes_on_at_the_same_stage(house: Any) -> None:
    await made(house, "a")
    house.toy.script["forget"] = [BROKEN]
    await house.tell("node01", "rollback")
    assert (house.record().state, house.record().step) == ("rollback_blocked", "forget")
    await house.tell("node01", "retry")
    assert house.record().state == "rolled_back"
    assert len(house.toy.runs("unmake")) == 1
    assert len(house.toy.runs("forget")) == 2


async def test_a_rollback_goes_on_after_a_restart_at_the_stage_it_had_reached(build: Any) -> None:
    house = build()
    await house.start()
    await made(house, "a")
    house.toy.script["forget"] = Wait("x", "y", 5.0)
    await house.tell("node01", "rollback")
    await house.stop()
    house.toy.script.clear()
    await house.start()
    await house.idle()
    assert house.record().state == "rolled_back"
    assert len(house.toy.runs("unmake")) == 1
    await house.stop()


async def test_destroy_forgets_the_cluster_and_its_nodes_and_keeps_their_log(house: Any) -> None:
    async def make(ctx: StepContext) -> Done:
        await ctx.secret("password", lambda: "hidden")
        await ctx.ensure(house.toy.outside.want(f"{ctx.record.name}-thing"))
        return Done()

    house.toy.script["making"] = make
    await house.sow("node01", "node02")
    await house.tell("demo", "start")
    assert house.record("demo").state == "active"
    await house.tell("demo", "destroy")
    contents = await house.store.load()
    assert (house.mirror.records, house.toy.outside.objects) == ({}, {})
    assert (contents.records, contents.resources, contents.commands, contents.secrets) == ([], [], [], {})
    assert len(await house.log("node01", kind="transition")) > 4
    last = (await house.store.events(tail=True, limit=1))[0]
    assert (last.kind, last.record) == ("note", "demo") and "forgotten" in last.message
    await house.sow("node01", "node02")
    await house.tell("demo", "start")
    assert house.record("demo").state == "active"


async def test_destroy_of_what_is_rolled_back_already_only_forgets(house: Any) -> None:
    await house.sow("node01")
    await house.tell("demo", "start")
    await house.tell("demo", "hold")
    await house.tell("node01", "rollback")
    await house.tell("demo", "destroy")
    assert house.mirror.records == {}


async def test_on_failure_rollback_takes_back_only_the_node_that_failed(house: Any) -> None:
    house.toy.script["node01", "settling"] = [BROKEN]
    house.toy.script["gathering"] = Wait("nodes", "some", 500.0)
    await house.sow("node01", "node02", on_failure="rollback")
    for name in ("node01", "node02"):
        await house.tell(name, "start")
    assert house.record("node01").state == "rolled_back"
    assert house.record("node02").state == "ready"
    errors = [e.message for e in await house.log(kind="error")]
    assert errors == ["The toy is broken."]


async def test_on_failure_hold_leaves_everything_as_it_is(house: Any) -> None:
    await made(house, "a", on_failure="hold")
    await house.pass_time(100_000)
    assert house.record().state == "failed"
    assert list(house.toy.outside.objects) == ["a"]


async def test_a_node_goes_back_by_itself_unless_its_platform_sees_that_the_daemon_must_not(
    house: Any,
) -> None:
    why, verdicts = "Its machine works.", ["Its machine works.", None]

    async def look(record: Any, mirror: Any) -> str | None:
        return verdicts.pop(0)

    house.toy.hands_off = look
    await made(house, "a", on_failure="rollback")
    assert house.record().state == "failed"
    assert (await house.log(kind="note"))[-1].message == f"left to a person: {why}"
    house.toy.script["settling"] = [BROKEN]
    await house.tell("node01", "retry")
    assert (house.record().state, verdicts) == ("rolled_back", [])


async def test_a_verb_that_comes_while_the_platform_looks_is_the_persons_decision(house: Any) -> None:
    async def look(record: Any, mirror: Any) -> str | None:
        await house.ask("node01", "retry")
        return None

    house.toy.hands_off = look
    house.toy.script["settling"] = [BROKEN]
    await house.begin(on_failure="rollback")
    assert house.record().state == "ready", "the retry, and no rollback"
