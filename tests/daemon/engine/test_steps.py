"""A record goes on step by step; what a step answers decides when it is asked again and how it ends."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest
from msgspec.structs import replace

from daemon.engine.context import StepContext
from daemon.engine.pace import Pace
from daemon.errors.tree import NxdError, OutsideError
from daemon.store.ops import PutRecord
from state_machines.outcome import Busy, Done, Fail, Problem, Wait

BUSY = Problem("unavailable", "The toy cloud is down.", (), "now", "HTTP 503")


async def test_steps_follow_each_other_at_once_and_their_facts_are_kept(house: Any) -> None:
    house.toy.script = {"making": [Done({"a": 1, "b": 2})], "settling": [Done({"b": None, "c": 3})]}
    record = await house.begin()
    assert (record.state, record.step, record.deadline) == ("ready", None, None)
    assert record.facts == {"a": 1, "c": 3}
    assert [name for _, name, _ in house.toy.calls] == ["making", "settling"]
    moves = [(e.data["from"], e.data["to"], e.data["by"]) for e in await house.log(kind="transition")]
    assert moves == [
        ("pending", "making", "start"),
        ("making", "settling", "advance"),
        ("settling", "ready", "advance"),
    ]


async def test_a_state_in_which_nothing_runs_ends_in_an_error_and_is_not_waited_for(house: Any) -> None:
    house.toy.steps = {name: step for name, step in house.toy.steps.items() if name != "settling"}
    record = await house.begin()
    assert (record.state, record.step) == ("failed", "settling")
    assert (record.error["code"], record.error["evidence"]) == ("bug", "KeyError: 'settling'")


async def test_a_wait_is_shown_and_polled_at_its_interval_and_not_before(house: Any) -> None:
    house.toy.script["settling"] = [
        Wait("the moon", "half", 30.0, attention=True, progress=0.5, facts={"seen": 1})
    ] * 3
    record = await house.begin()
    began = house.clock.now()
    assert record.wait == {"for": "the moon", "evidence": "half", "attention": True, "progress": 0.5}
    assert (record.facts, record.deadline) == ({"seen": 1}, began + 1000)
    await house.pass_time(29)
    assert house.toy.runs("settling") == [began]
    await house.pass_time(1)
    await house.pass_time(30)
    assert house.toy.runs("settling") == [began, began + 30, began + 60]
    await house.pass_time(30)
    assert house.record().state == "ready"
    assert house.record().wait is None


async def test_the_same_wait_again_writes_nothing(house: Any) -> None:
    house.toy.script["settling"] = Wait("the moon", "half", 30.0)
    version = (await house.begin()).version
    await house.pass_time(30)
    await house.pass_time(30)
    assert len(house.toy.runs("settling")) == 3
    assert house.record().version == version


async def test_how_far_a_wait_has_come_is_told_at_once_and_costs_no_commit(house: Any) -> None:
    def look(seen: str, far: float, what: str = "the moon") -> Wait:
        return Wait(what, seen, 30.0, progress=far)

    house.toy.script["settling"] = [look("a third", 0.3), look("half", 0.5), look("s3cret moon", 0.6)]
    house.toy.script["settling"] += [look("all", 0.9, "the sun"), Done()]
    version = (await house.begin()).version
    house.box.known.add("s3cret moon")
    with house.journal.bus.subscribe() as told:
        for seen, far in (("half", 0.5), ("***", 0.6)):
            await house.pass_time(30)
            wait = house.record().wait
            assert (wait["for"], wait["evidence"], wait["progress"]) == ("the moon", seen, far)
            assert told.queue.get_nowait().changed == {"node01"}
        assert house.record().version == version
        await house.pass_time(30)
        assert (house.record().wait["for"], house.record().version) == ("the sun", version + 1)
    stored = next(one for one in (await house.store.load()).records if one.name == "node01")
    assert (stored.wait["for"], stored.version) == ("the sun", version + 1)
    await house.pass_time(30)
    assert (house.record().state, house.record().version) == ("ready", version + 2)


async def test_a_poke_brings_the_next_look_forward(house: Any) -> None:
    house.toy.script["settling"] = [Wait("a report", "none", 500.0)]
    await house.begin()
    house.engine.poke("node01")
    await house.idle()
    assert house.record().state == "ready"
    await house.pass_time(1000)
    assert len(house.toy.runs("settling")) == 2


async def test_a_look_that_a_poke_brought_forward_is_not_taken_a_second_time(house: Any) -> None:
    house.toy.script["settling"] = Wait("a report", "none", 100.0)
    await house.begin()
    begun = house.clock.now()
    await house.pass_time(50)
    house.engine.poke("node01")
    await house.idle()
    for _ in range(10):
        await house.pass_time(10)
    assert [when - begun for when in house.toy.runs("settling")] == [0, 50, 150]


async def test_a_poke_during_a_step_is_not_lost(house: Any) -> None:
    reported = False

    async def settle(ctx: StepContext) -> Any:
        nonlocal reported
        if reported:
            return Done()
        reported = True
        house.engine.poke("node01")
        return Wait("a report", "none", 500.0)

    house.toy.script["settling"] = settle
    assert (await house.begin()).state == "ready"


async def test_a_deadline_fails_the_step_and_says_what_it_was_waiting_for(house: Any) -> None:
    house.toy.script["settling"] = Wait("the moon", "no moon in sight", 600.0)
    await house.begin()
    await house.pass_time(600)
    assert house.record().state == "settling"
    await house.pass_time(399)
    assert house.record().state == "settling"
    await house.pass_time(1)
    failed = house.record()
    assert (failed.state, failed.step) == ("failed", "settling")
    error = failed.error
    assert (error["code"], error["retry"]) == ("deadline", "later")
    assert (
        "the moon" in error["message"]
        and "settling" in error["message"]
        and "took 16m40s" in error["message"]
    )
    assert error["evidence"] == "no moon in sight" and error["remedy"]


async def test_a_deadline_counts_while_the_other_side_is_busy_too(house: Any) -> None:
    house.toy.script["making"] = Busy(BUSY, after=500.0)
    await house.begin()
    await house.pass_time(100)
    assert house.record().state == "failed"
    assert "The toy cloud is down." in house.record().error["message"]
    assert house.record().error["evidence"] == "HTTP 503"


@pytest.mark.parametrize(
    ("wished", "factor", "seconds"),
    [({}, 1.0, 100.0), ({}, 3.0, 300.0), ({"making": 40.0}, 1.0, 40.0), ({"making": 700.0}, 3.0, 2100.0)],
)
async def test_the_spec_and_the_settings_stretch_a_deadline(
    build: Any, wished: dict[str, float], factor: float, seconds: float
) -> None:
    house = build(pace=Pace(8, 2.0, 60.0, deadline_factor=factor))
    house.toy.script = {"making": Wait("x", "y", 1e6)}
    await house.start()
    await house.begin("node01", deadlines=wished)
    assert house.record().deadline == house.clock.now() + seconds
    await house.pass_time(seconds - 1)
    assert house.record().state == "making"
    await house.pass_time(1)
    assert (house.record().state, house.record().error["code"]) == ("failed", "deadline")
    await house.stop()


async def test_a_deadline_of_the_spec_is_that_of_its_own_step_and_of_each_stage_of_a_rollback(
    build: Any,
) -> None:
    house = build(pace=Pace(8, 2.0, 60.0, deadline_factor=2.0))
    house.toy.script = {"settling": Wait("x", "y", 1e6), "unmake": Wait("x", "y", 1e6)}
    await house.start()
    record = await house.begin("node01", deadlines={"making": 7.0, "unmake": 20.0})
    assert (record.state, record.deadline) == ("settling", house.clock.now() + 2000.0)
    await house.pass_time(2000)
    await house.tell("node01", "rollback")
    record = house.record()
    assert (record.step, record.deadline) == ("unmake", house.clock.now() + 40.0)
    await house.pass_time(40)
    assert house.record().state == "rollback_blocked"
    await house.stop()


async def test_busy_comes_again_with_pauses_that_double_up_to_the_longest_and_are_jittered(
    house: Any,
) -> None:
    house.toy.script["settling"] = [Busy(BUSY)] * 9
    await house.begin()
    pauses: list[float] = []
    while house.record().state == "settling":
        shown = house.record()
        assert shown.wait["for"] == "another try"
        assert shown.error["evidence"] == "HTTP 503"
        pauses.append(shown.wake_at - house.clock.now())
        await house.pass_time(pauses[-1] * 0.99)
        assert len(house.toy.runs("settling")) == len(pauses)
        await house.pass_time(pauses[-1] * 0.02)
    longest = [2.0, 4.0, 8.0, 16.0, 32.0, 60.0, 60.0, 60.0, 60.0]
    assert len(pauses) == len(longest)
    for pause, most in zip(pauses, longest, strict=True):
        assert most / 2 <= pause <= most
    assert len({pause / most for pause, most in zip(pauses, longest, strict=True)}) > 5
    assert house.record().state == "ready"
    assert (house.record().error, house.record().tries) == (None, 0)


async def test_busy_comes_again_when_the_other_side_said(house: Any) -> None:
    house.toy.script["settling"] = [Busy(BUSY, after=77.0)]
    await house.begin()
    await house.pass_time(76)
    assert len(house.toy.runs("settling")) == 1
    await house.pass_time(1)
    assert house.record().state == "ready"


async def test_a_poke_does_not_cut_short_the_pause_that_the_other_side_asked_for(house: Any) -> None:
    house.toy.script["settling"] = [Busy(BUSY, after=77.0)]
    await house.begin()
    for _ in range(3):
        await house.pass_time(20)
        house.engine.poke("node01")
        await house.idle()
    assert len(house.toy.runs("settling")) == 1
    await house.pass_time(17)
    assert house.record().state == "ready"


async def test_a_verb_does_not_wait_for_the_end_of_a_pause(house: Any) -> None:
    house.toy.script["settling"] = [Busy(BUSY, after=500.0)]
    await house.begin()
    await house.tell("node01", "rollback")
    assert house.record().state == "rolled_back"


async def test_the_log_tells_of_a_lasting_trouble_once(house: Any) -> None:
    other = Problem("rate_limited", "Too many.", (), "now")
    house.toy.script["settling"] = [Busy(BUSY), Busy(BUSY), Busy(other)]
    await house.begin()
    for _ in range(3):
        await house.pass_time(60)
    assert [e.message for e in await house.log(kind="error")] == [
        "The toy cloud is down. Trying again.",
        "Too many. Trying again.",
    ]


async def test_a_good_answer_ends_the_row_of_troubles(house: Any) -> None:
    house.toy.script["settling"] = [Busy(BUSY), Busy(BUSY), Wait("x", "y", 10.0), Busy(BUSY)]
    await house.begin()
    for _ in range(2):
        await house.pass_time(60)
    assert (house.record().tries, house.record().error) == (0, None)
    await house.pass_time(10)
    assert house.record().tries == 1


@pytest.mark.parametrize(
    ("error", "state", "code"),
    [
        (OutsideError("unavailable", evidence="HTTP 500"), "making", "unavailable"),
        (OutsideError("in_doubt"), "making", "in_doubt"),
        (OutsideError("rate_limited", after=33.0), "making", "rate_limited"),
        (OutsideError("quota", "No more toys."), "failed", "quota"),
        (OutsideError("bad_request"), "failed", "bad_request"),
        (NxdError("foreign"), "failed", "foreign"),
        (Fail(Problem("capacity", "None left.", (), "later")), "failed", "capacity"),
    ],
    ids=lambda value: str(getattr(value, "code", "")) or None,
)
async def test_what_passes_is_tried_again_and_what_does_not_waits_for_a_person(
    house: Any, error: Any, state: str, code: str
) -> None:
    house.toy.script["making"] = [error]
    record = await house.begin()
    assert (record.state, record.step, record.error["code"]) == (state, "making", code)
    if isinstance(error, OutsideError) and error.after is not None:
        assert record.wake_at == house.clock.now() + error.after
    await house.pass_time(60)
    assert house.record().state == ("ready" if state == "making" else "failed")
    assert len(house.toy.runs("making")) == (2 if state == "making" else 1)


REFUSED = OutsideError("authentication")


@pytest.mark.parametrize(
    "answer",
    [
        OutsideError("authentication"),
        Fail(OutsideError("authentication").problem()),
        Busy(OutsideError("authentication").problem()),
    ],
    ids=["raised", "failed", "busy"],
)
async def test_whose_password_it_is_the_platform_tells_however_a_step_says_that_it_was_refused(
    house: Any, answer: Any
) -> None:
    house.toy.remedies = {"authentication": "Set the password of the BMC."}
    house.toy.script["making"] = [answer]
    record = await house.begin()
    assert [one["text"] for one in record.error["remedies"]] == ["Set the password of the BMC."]


async def test_what_a_step_tells_to_do_itself_is_not_told_otherwise(house: Any) -> None:
    house.toy.remedies = {"authentication": "Set the password of the BMC."}
    house.toy.script["making"] = [NxdError("authentication", remedy="Set the password of Prism.")]
    record = await house.begin()
    assert [one["text"] for one in record.error["remedies"]] == ["Set the password of Prism."]


async def test_what_nobody_foresaw_fails_as_a_bug_with_its_evidence(house: Any) -> None:
    house.toy.script["making"] = [ZeroDivisionError("by nought")]
    record = await house.begin()
    assert (record.state, record.error["code"]) == ("failed", "bug")
    assert record.error["evidence"] == "ZeroDivisionError: by nought"
    assert house.engine.problems == []
    await house.tell("node01", "retry")
    assert house.record().state == "ready"


async def test_only_so_many_steps_run_at_once_and_the_others_have_their_turn_later(build: Any) -> None:
    house = build(pace=Pace(2, 2.0, 60.0))
    running, most = 0, 0
    gate = asyncio.Event()

    async def make(ctx: StepContext) -> Done:
        nonlocal running, most
        running += 1
        most = max(most, running)
        await gate.wait()
        running -= 1
        return Done()

    house.toy.script["making"] = make
    await house.start()
    names = [f"n{i}" for i in range(6)]
    await house.sow(*names)
    for name in names:
        await house.ask(name, "start")
    await house.until(lambda: running == 2, quiet=50)
    gate.set()
    await house.idle()
    assert {house.record(name).state for name in names} == {"ready"}
    assert most == 2
    await house.stop()


async def test_a_cluster_hears_at_once_when_its_nodes_move(house: Any) -> None:
    await house.sow("node01", "node02")
    await house.tell("demo", "start")
    assert {house.record(n).state for n in ("node01", "node02")} == {"ready"}
    assert house.record("demo").state == "active"
    assert {when for _, _, when in house.toy.calls} == {house.clock.now()}


async def test_how_long_a_step_takes_that_only_looks_is_remembered_and_of_one_that_has_nothing_to_do_is_not(
    house: Any,
) -> None:
    async def look(ctx: StepContext) -> Done:
        ctx.looked()
        house.clock.advance(90.0)
        return Done()

    async def nothing(ctx: StepContext) -> Done:
        return Done()

    house.toy.script |= {"making": look, "settling": nothing}
    await house.begin()
    kind = house.toy.node.name
    assert house.journal.history.usual(kind, "making") == 90.0
    assert house.journal.history.usual(kind, "settling") is None


async def test_after_a_restart_with_a_clock_that_went_back_a_step_has_its_time_from_now_on(
    house: Any,
) -> None:
    house.toy.script["making"] = Wait("it", "not yet", 30.0)
    waits = await house.begin()
    await house.stop()
    years = 30 * 365 * 86400.0
    record = replace(
        waits, since=waits.since + years, deadline=waits.deadline + years, version=waits.version + 1
    )
    await house.journal.commit(PutRecord(record))
    await house.start()
    await house.idle()
    now, found = house.clock.now(), house.record()
    assert (found.state, found.since, found.deadline) == ("making", now, now + waits.deadline - waits.since)
    await house.pass_time(waits.deadline - waits.since)
    assert house.record().state == "failed" and house.record().error["code"] == "deadline"
