"""What may be done is decided once: every door and the moment of doing agree, and a protection counts everywhere."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest
from msgspec.structs import replace

from daemon.engine.context import StepContext
from daemon.errors.tree import NxdError, OutsideError
from daemon.store.ops import AddCommand, Command, PutRecord
from state_machines.check import standings
from state_machines.kind import ROLLING_BACK
from state_machines.outcome import Done, Outcome, Wait
from state_machines.record import Record
from tests.daemon.toy_kinds import CLUSTER, NODE

BROKEN = OutsideError("bad_request", "The toy is broken.", evidence="HTTP 400")
FOREVER = Wait("x", "y", 100.0)


class Gathering:
    """A cluster's step that is in flight until it is let go, so that verbs wait in its inbox."""

    def __init__(self, house: Any) -> None:
        self.begun, self.go = asyncio.Event(), asyncio.Event()
        house.toy.script["gathering"] = self.run

    async def run(self, ctx: StepContext) -> Outcome:
        self.begun.set()
        await self.go.wait()
        return FOREVER


async def thing_then_failure(house: Any, **spec: Any) -> None:
    """A node that makes one thing, and a step after it that fails as soon as the test says so."""

    async def make(ctx: StepContext) -> Done:
        await ctx.ensure(house.toy.outside.want("a"))
        return Done()

    house.toy.script["making"] = make
    await house.sow("node01", **spec)


async def test_a_protection_that_was_accepted_stops_the_daemons_own_rollback(house: Any) -> None:
    gathering = Gathering(house)
    house.toy.script["settling"] = [FOREVER, BROKEN]
    await thing_then_failure(house, on_failure="rollback")
    await house.ask("demo", "start")
    await gathering.begun.wait()
    await house.ask("node01", "start")
    await house.until(lambda: house.record().state == "settling", quiet=25)
    await house.verbs.give("protect", "demo", "ada")
    assert house.record("demo").protected is False
    house.clock.advance(100)
    await house.until(lambda: house.record().state == "failed", quiet=25)
    assert list(house.toy.outside.objects) == ["a"]
    assert any("not rolled back by itself" in event.message for event in await house.log())
    gathering.go.set()
    await house.idle()
    assert house.record("demo").protected is True
    assert (house.record().state, list(house.toy.outside.objects)) == ("failed", ["a"])


async def test_a_protection_that_comes_after_the_verb_is_honoured_before_anything_is_deleted(
    house: Any,
) -> None:
    under_way, answered = asyncio.Event(), asyncio.Event()

    async def settle(ctx: StepContext) -> Outcome:
        under_way.set()
        await answered.wait()
        return FOREVER

    house.toy.script["settling"] = settle
    await thing_then_failure(house)
    await house.ask("node01", "start")
    await under_way.wait()
    await house.verbs.give("rollback", "node01", "ada", meant=True)
    await house.verbs.give("protect", "demo", "ada")
    answered.set()
    await house.idle()
    assert (house.record().state, list(house.toy.outside.objects)) == ("settling", ["a"])
    assert any(
        "rollback came to nothing: demo is protected" in e.message for e in await house.log(kind="verb")
    )


async def test_a_rollback_under_way_pauses_while_it_is_protected_and_ends_when_that_is_lifted(
    house: Any,
) -> None:
    house.toy.script["settling"] = [BROKEN]
    await thing_then_failure(house)
    await house.tell("node01", "start")
    house.toy.outside.undeletable = True
    await house.tell("node01", "rollback")
    assert house.record().state == ROLLING_BACK
    await house.tell("demo", "protect")
    house.toy.outside.undeletable = False
    await house.pass_time(15)
    paused = house.record()
    assert (paused.state, paused.wait["attention"]) == (ROLLING_BACK, True)
    assert list(house.toy.outside.objects) == ["a"]
    (way,) = house.views._entity(paused)["remedies"]
    assert (way["verb"], way["target"]) == ("unprotect", "demo")
    await house.tell("demo", "unprotect")
    await house.pass_time(15)
    assert (house.record().state, house.toy.outside.objects) == ("rolled_back", {})


async def test_a_step_of_a_protected_cluster_orders_nothing_that_deletes(house: Any) -> None:
    async def gather(ctx: StepContext) -> Outcome:
        await ctx.give("node01", "release")
        return Done()

    house.toy.script["gathering"] = gather
    await house.begin()
    await house.tell("demo", "protect")
    await house.tell("demo", "start")
    cluster = house.record("demo")
    assert (cluster.state, cluster.wait["for"]) == ("gathering", "its protection to be lifted")
    assert (house.record().state, house.mirror.commands("node01")) == ("ready", [])
    await house.tell("demo", "unprotect")
    await house.idle()
    assert house.record("demo").state == "active"
    assert house.record().state == "rolled_back"


async def test_a_failure_is_kept_when_a_verb_waits(house: Any) -> None:
    async def settle(ctx: StepContext) -> Outcome:
        await house.ask("node01", "hold")
        raise BROKEN

    house.toy.script["settling"] = settle
    record = await house.begin()
    assert (record.state, record.error["message"]) == ("failed", "The toy is broken.")


async def test_what_a_person_asked_for_keeps_the_daemon_from_going_back_by_itself(house: Any) -> None:
    async def settle(ctx: StepContext) -> Outcome:
        await house.ask("node01", "hold")
        raise BROKEN

    house.toy.script["settling"] = settle
    assert (await house.begin(on_failure="rollback")).state == "failed"


async def test_an_automatic_rollback_keeps_its_reason_until_it_is_tried_again(house: Any) -> None:
    house.toy.script["settling"] = [BROKEN]
    record = await house.begin(on_failure="rollback")
    assert record.state == "rolled_back"
    shown = house.views._entity(record)["error"]
    assert (shown["code"], shown["message"]) == ("bad_request", "The toy is broken.")
    await house.tell("node01", "retry")
    assert "because" not in house.record().facts
    assert house.views._entity(house.record())["error"] is None


@pytest.mark.parametrize(("name", "last"), [("node01", "settling"), ("demo", "gathering")])
async def test_a_hold_after_the_last_step_is_refused(house: Any, name: str, last: str) -> None:
    await house.sow("node01")
    with pytest.raises(NxdError, match="is the last step"):
        await house.verbs.give("hold", name, "ada", step=last)


async def test_a_rollback_forgets_after_which_step_to_stop(house: Any) -> None:
    await house.sow("node01")
    await house.verbs.give("hold", "node01", "ada", step="making")
    await house.idle()
    assert house.record().stop_after == "making"
    await house.tell("node01", "rollback")
    assert (house.record().state, house.record().stop_after) == ("rolled_back", None)


async def test_holding_a_cluster_holds_its_nodes_and_resuming_it_lets_only_those_go_on(house: Any) -> None:
    house.toy.script["settling"] = FOREVER
    await house.sow("node01", "node02", "node03")
    await house.tell("demo", "start")
    await house.tell("node03", "hold")
    await house.tell("demo", "hold")
    states = {name: house.record(name).state for name in ("demo", "node01", "node02", "node03")}
    assert set(states.values()) == {"held"}
    await house.tell("demo", "resume")
    states = {name: house.record(name).state for name in ("node01", "node02", "node03")}
    assert states == {"node01": "settling", "node02": "settling", "node03": "held"}


async def test_a_retry_of_a_cluster_whose_rollback_is_blocked_retries_the_node_that_blocks_it(
    house: Any,
) -> None:
    house.toy.script["settling"] = [BROKEN]
    await thing_then_failure(house)
    await house.tell("node01", "start")

    async def refuse(verb: str, name: str) -> None:
        if verb == "delete":
            raise BROKEN

    async def release(ctx: StepContext) -> Outcome:
        (member,) = ctx.members
        if member.state == "rollback_blocked" and not ctx.is_asked(member.name):
            raise BROKEN
        if member.state in ("failed", "ready"):
            await ctx.give(member.name, "release")
        return Done() if member.state == "rolled_back" else Wait("nodes to go", "1 left", 500.0)

    house.toy.outside.before = refuse
    house.toy.script["release_nodes"] = release
    await house.tell("demo", "rollback")
    await house.pass_time(1000)
    assert (house.record().state, house.record("demo").state) == ("rollback_blocked", "rollback_blocked")
    house.toy.outside.before = None
    await house.tell("demo", "retry")
    assert (house.record().state, house.record("demo").state) == ("rolled_back", "rolled_back")


async def test_a_spec_that_was_to_replace_the_whole_comes_to_nothing_once_something_was_made(
    house: Any,
) -> None:
    await thing_then_failure(house)
    await house.tell("node01", "start")
    await house.tell("demo", "start")
    assert list(house.toy.outside.objects) == ["a"] and house.record("demo").state == "active"
    args = {"whole": True, "spec": {"nodes": ["other"]}, "nodes": {"other": {}}}
    now = house.clock.now()
    await house.commit(AddCommand(Command("t", "demo", "demo", "change", "ada", now, args)))
    house.engine.poke("demo")
    await house.idle()
    assert set(house.mirror.records) == {"demo", "node01"}
    (said,) = [e.message for e in await house.log("demo", "verb") if "came to nothing" in e.message]
    assert "Something of demo exists" in said


async def test_of_several_flag_verbs_the_newest_counts(house: Any) -> None:
    gathering = Gathering(house)
    await house.sow("node01")
    await house.ask("demo", "start")
    await gathering.begun.wait()
    for verb in ("protect", "unprotect", "protect"):
        await house.verbs.give(verb, "demo", "ada")
    assert house.verbs.can(house.record("demo"))["protect"] == "It is protected."
    assert house.verbs.can(house.record())["rollback"] == "demo is protected: unprotect it first."
    gathering.go.set()
    await house.idle()
    assert house.record("demo").protected is True


async def test_the_same_verb_does_not_wait_twice(house: Any) -> None:
    gathering = Gathering(house)
    await house.sow("node01")
    await house.ask("demo", "start")
    await gathering.begun.wait()
    await house.verbs.give("hold", "demo", "ada")
    with pytest.raises(NxdError, match="asked for already"):
        await house.verbs.give("hold", "demo", "bob")
    assert [command.actor for command in house.mirror.commands("demo")] == ["ada"]
    gathering.go.set()
    await house.idle()


EVERYWHERE = [
    (kind, *place) for kind in (NODE, CLUSTER) for place in sorted(standings(kind), key=lambda at: str(at))
]


@pytest.mark.parametrize("protected", [False, True])
@pytest.mark.parametrize(
    ("kind", "state", "step"), EVERYWHERE, ids=lambda value: getattr(value, "name", str(value))
)
async def test_what_can_be_done_is_done_and_what_cannot_is_refused_with_the_same_words(
    build: Any, kind: Any, state: str, step: str | None, protected: bool
) -> None:
    for verb in kind.verbs:
        house = build()
        await house.prepare()
        now = house.clock.now()
        name = "node01" if kind is NODE else "demo"
        here = Record(name, kind.name, "demo", state, now, version=1, step=step)
        cluster = here if name == "demo" else Record("demo", CLUSTER.name, "demo", "pending", now, version=1)
        await house.commit(
            *map(PutRecord, {one.name: one for one in (here, replace(cluster, protected=protected))}.values())
        )
        reason = house.verbs.can(house.record(name))[verb]
        if reason is not None:
            with pytest.raises(NxdError) as refused:
                await house.verbs.give(verb, name, "ada", meant=True)
            assert refused.value.message == reason
            await house.commit(AddCommand(Command(verb, name, "demo", verb, "ada", now)))
        else:
            await house.verbs.give(verb, name, "ada", meant=True)
        (command,) = house.mirror.commands(name)
        await house.engine._carry_out(house.record(name), command)
        nothing = [e.message for e in await house.log(name, "verb") if "came to nothing" in e.message]
        assert nothing == ([] if reason is None else [f"{verb} came to nothing: {reason}"])


async def test_a_plan_of_what_is_not_legal_is_refused_with_the_same_words(house: Any) -> None:
    await house.begin()
    await house.tell("demo", "protect")
    for verb in ("rollback", "retry"):
        reason = house.verbs.can(house.record())[verb]
        with pytest.raises(NxdError) as refused:
            house.verbs.plan(verb, "node01")
        assert refused.value.message == reason


async def test_the_deadline_of_what_is_protected_stands_still(house: Any) -> None:
    house.toy.script["settling"] = [BROKEN]
    await thing_then_failure(house)
    await house.tell("node01", "start")
    house.toy.outside.undeletable = True
    await house.tell("node01", "rollback")
    await house.tell("demo", "protect")
    for _ in range(20):
        await house.pass_time(60)
    assert house.record().state == ROLLING_BACK
    house.toy.outside.undeletable = False
    await house.tell("demo", "unprotect")
    await house.pass_time(15)
    assert house.record().state == "rolled_back"


@pytest.mark.parametrize("verb", ["hold", "retry", "resume"])
async def test_what_is_refused_where_nothing_is_wrong_offers_nothing_that_deletes(
    house: Any, verb: str
) -> None:
    await house.begin()
    with pytest.raises(NxdError) as refused:
        await house.verbs.give(verb, "node01", "ada", meant=True)
    assert [one.kind for one in refused.value.remedies] == ["wait"]
    house.toy.script["settling"] = FOREVER
    await house.sow("node02", cluster="other")
    await house.tell("node02", "start")
    with pytest.raises(NxdError) as refused:
        await house.verbs.give("retry", "node02", "ada")
    assert not [one for one in refused.value.remedies if one.verb in ("rollback", "destroy", "replace")]
