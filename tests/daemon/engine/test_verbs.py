"""A person's verbs are kept durably, honoured at the next safe point, and done once."""

from __future__ import annotations

import asyncio
import gc
from typing import Any

import pytest

from daemon.engine.context import StepContext
from daemon.errors.tree import NxdError, OutsideError
from daemon.store.ops import AddCommand, Command
from state_machines.outcome import Done, Outcome, Wait

BROKEN = OutsideError("bad_request", "The toy is broken.")


async def test_a_hold_during_a_wait_is_honoured_and_resume_goes_on_at_the_same_step(house: Any) -> None:
    house.toy.script["settling"] = [Wait("x", "y", 100.0)]
    await house.begin()
    await house.tell("node01", "hold")
    held = house.record()
    assert (held.state, held.step, held.deadline) == ("held", "settling", None)
    await house.pass_time(5000)
    assert len(house.toy.runs("settling")) == 1
    await house.tell("node01", "resume")
    assert house.record().state == "ready"
    assert len(house.toy.runs("making")) == 1


async def test_a_hold_during_a_step_waits_for_its_safe_point_before_the_next_object_is_made(
    house: Any,
) -> None:
    under_way, answered = asyncio.Event(), asyncio.Event()

    async def slow(verb: str, name: str) -> None:
        if name == "first":
            under_way.set()
            await answered.wait()

    async def make(ctx: StepContext) -> Done:
        await ctx.ensure(house.toy.outside.want("first"))
        await ctx.ensure(house.toy.outside.want("second"))
        return Done()

    house.toy.outside.before = slow
    house.toy.script["making"] = make
    await house.sow("node01")
    await house.ask("node01", "start")
    await under_way.wait()
    await house.ask("node01", "hold")
    answered.set()
    await house.idle()
    assert (house.record().state, house.record().step) == ("held", "making")
    assert house.toy.outside.calls == ["create first"]
    assert [row.state for row in house.mirror.resources("node01")] == ["present"]
    await house.tell("node01", "resume")
    assert house.record().state == "ready"
    assert house.toy.outside.calls == ["create first", "create second"]


async def test_a_step_that_was_done_when_the_hold_came_is_done(house: Any) -> None:
    async def make(ctx: StepContext) -> Done:
        await house.ask("node01", "hold")
        return Done({"made": True})

    house.toy.script["making"] = make
    record = await house.begin()
    assert (record.state, record.step, record.facts) == ("held", "settling", {"made": True})
    await house.tell("node01", "resume")
    assert len(house.toy.runs("making")) == 1


async def test_a_hold_that_came_before_a_try_failed_is_obeyed_and_no_other_try_is_announced(
    house: Any,
) -> None:
    async def make(ctx: StepContext) -> Done:
        await house.ask("node01", "hold")
        raise OutsideError("unavailable", "The toy rests.", after=50.0)

    house.toy.script["making"] = make
    record = await house.begin()
    assert (record.state, record.step, record.tries, record.error) == ("held", "making", 0, None)
    assert not [event for event in await house.log("node01", "error") if "Trying again" in event.message]


async def test_a_hold_that_came_during_the_last_look_counts_more_than_the_deadline_that_has_passed(
    house: Any,
) -> None:
    async def settle(ctx: StepContext) -> Outcome:
        await house.ask("node01", "hold")
        house.clock.advance(5000)
        return Wait("x", "y", 1.0)

    house.toy.script["settling"] = settle
    record = await house.begin()
    assert (record.state, record.step, record.error) == ("held", "settling", None)


async def test_a_node_stops_after_the_step_that_was_named_and_goes_on_with_the_next_one(house: Any) -> None:
    await house.sow("node01")
    await house.verbs.give("hold", "node01", "ada", step="making")
    await house.tell("node01", "start")
    held = house.record()
    assert (held.state, held.step, held.stop_after) == ("held", "settling", None)
    await house.pass_time(5000)
    assert (len(house.toy.runs("making")), len(house.toy.runs("settling"))) == (1, 0)
    await house.tell("node01", "resume")
    assert house.record().state == "ready"
    assert (len(house.toy.runs("making")), len(house.toy.runs("settling"))) == (1, 1)


async def test_a_retry_starts_at_the_step_that_failed_and_counts(house: Any) -> None:
    house.toy.script["settling"] = [BROKEN, BROKEN]
    record = await house.begin()
    assert (record.state, record.attempt) == ("failed", 1)
    await house.tell("node01", "retry")
    assert (house.record().state, house.record().attempt) == ("failed", 2)
    await house.tell("node01", "retry")
    assert (house.record().state, house.record().attempt, house.record().error) == ("ready", 3, None)
    assert len(house.toy.runs("making")) == 1
    assert [e.data["attempt"] for e in await house.log(kind="transition") if e.data["by"] == "retry"] == [
        2,
        3,
    ]


async def test_a_verb_that_is_not_legal_any_more_comes_to_nothing_and_says_so(house: Any) -> None:
    await house.begin()
    await house.tell("node01", "retry")
    assert house.record().state == "ready"
    assert house.mirror.commands("node01") == []
    (said,) = await house.log(kind="verb")
    assert said.message.startswith("retry came to nothing: It is ready;")
    assert (await house.store.load()).commands == []


async def test_of_two_verbs_the_older_comes_first(house: Any) -> None:
    house.toy.script["settling"] = [Wait("x", "y", 100.0)]
    await house.begin()
    now = house.clock.now()
    for token, verb in (("1", "hold"), ("2", "rollback")):
        await house.commit(AddCommand(Command(token, "node01", "demo", verb, "ada", now)))
    house.engine.poke("node01")
    await house.idle()
    assert house.record().state == "rolled_back"
    by = [e.data["by"] for e in await house.log(kind="transition")]
    assert by[2:4] == ["hold", "rollback"]


async def test_the_person_who_asked_stands_in_the_log(house: Any) -> None:
    await house.begin()
    first = (await house.log(kind="transition"))[0]
    assert (first.actor, first.data["by"]) == ("ada", "start")


@pytest.mark.parametrize("stopped_in", ["making", "settling"])
async def test_a_restart_goes_on_at_the_step_that_was_under_way(build: Any, stopped_in: str) -> None:
    house = build()
    house.toy.script[stopped_in] = Wait("x", "y", 1e6)
    await house.start()
    await house.begin()
    assert house.record().state == stopped_in
    await house.stop()
    house.toy.script.clear()
    await house.start()
    await house.idle()
    assert house.record().state == "ready"
    await house.stop()


async def test_a_verb_that_was_durable_when_the_daemon_died_is_honoured_after_it(build: Any) -> None:
    house = build()
    house.toy.script["settling"] = Wait("x", "y", 1e6)
    await house.start()
    await house.begin()
    await house.stop()
    lease = await house.store.acquire("nobody")
    await house.store.commit(
        lease, [AddCommand(Command("t", "node01", "demo", "hold", "ada", house.clock.now()))]
    )
    await house.start()
    await house.idle()
    assert house.record().state == "held"
    await house.stop()


async def test_a_pause_before_another_try_survives_a_restart(build: Any) -> None:
    house = build()
    house.toy.script["making"] = [OutsideError("rate_limited", after=50.0)]
    await house.start()
    await house.begin()
    await house.stop()
    await house.start()
    await house.pass_time(49)
    assert len(house.toy.runs("making")) == 1
    await house.pass_time(1)
    assert house.record().state == "ready"
    await house.stop()


@pytest.mark.parametrize("poked", [False, True], ids=["alone", "poked"])
async def test_after_a_cancel_no_turn_is_left_and_none_begins(build: Any, poked: bool) -> None:
    house = build()
    under_way = asyncio.Event()

    async def for_ever(ctx: StepContext) -> Outcome:
        under_way.set()
        await asyncio.Event().wait()
        return Done()

    house.toy.script["making"] = for_ever
    await house.start()
    await house.sow("node01", "node02")
    await house.ask("node01", "start")
    await under_way.wait()
    if poked:
        house.engine.poke("node01")
    await house.stop()
    house.engine.poke("node02")
    house.engine.poke("node01")
    for _ in range(50):
        await asyncio.sleep(0)
    assert asyncio.all_tasks() == {asyncio.current_task()}
    assert len(house.toy.runs("making")) == 1


async def test_a_protection_that_waits_behind_a_step_in_flight_counts_for_the_next_verb_already(
    house: Any,
) -> None:
    under_way, answered = asyncio.Event(), asyncio.Event()

    async def gather(ctx: StepContext) -> Outcome:
        under_way.set()
        await answered.wait()
        return Wait("x", "y", 1e6)

    house.toy.script["gathering"] = gather
    await house.sow("node01")
    await house.ask("demo", "start")
    await under_way.wait()
    for verb, stands in (("protect", True), ("unprotect", False), ("protect", True)):
        assert house.verbs.can(house.record("demo"))[verb] is None
        await house.verbs.give(verb, "demo", "ada")
        can = house.verbs.can(house.record("demo"))
        assert can[verb] == f"It is {'' if stands else 'not '}protected."
        assert ("protected" in (can["destroy"] or "")) is stands
    waiting = [command.verb for command in house.mirror.commands("demo")]
    assert waiting == ["protect", "unprotect", "protect"] and house.record("demo").protected is False
    with pytest.raises(NxdError, match="demo is protected"):
        await house.verbs.give("destroy", "demo", "ada")
    answered.set()
    await house.idle()
    assert house.record("demo").protected is True
    assert house.mirror.commands("demo") == []


async def test_a_verb_for_a_node_holds_no_list_of_all_the_nodes_of_its_cluster(house: Any) -> None:
    """Ten thousand that are told to start in the same moment would hold ten thousand of them."""
    names, most = [f"node{number:03}" for number in range(200)], 0
    await house.sow(*names)
    gc.freeze()  # only what is made from here on is looked through
    try:
        asked = asyncio.gather(*(house.ask(name, "start") for name in names))
        while not asked.done() or house.turns():
            lists = [one for one in gc.get_objects() if type(one) is list and len(one) == len(names)]
            most = max(most, sum(getattr(one[0], "name", "") == names[0] for one in lists))
            await asyncio.sleep(0)
    finally:
        gc.unfreeze()
    assert {house.record(name).state for name in names} == {"ready"}
    assert most < len(names) / 10
