"""A deadline does not count the time that the daemon did not live through."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from typing import Any

import pytest

from daemon.engine.lapses import BEAT, LEAST, REMAINDER
from daemon.engine.turns import STORE_RETRY_LONGEST
from daemon.errors.tree import OutsideError
from state_machines.outcome import Done, Wait
from tests.daemon.conftest import House
from tests.daemon.memory.test_store_trouble import Fragile

HOUR = 3600.0
SETTLES = 1000.0
"""The deadline of the toy's step ``settling``."""


@pytest.fixture
async def pulse(house: Any) -> AsyncIterator[asyncio.Task[None]]:
    """The house gives signs of life."""
    task = asyncio.create_task(house.engine.lapses.run(), name="pulse")
    await asyncio.sleep(0)
    yield task
    task.cancel()
    await asyncio.wait([task])


async def live(house: Any, seconds: float) -> None:
    """Time passes as it does for a daemon that lives."""
    left = seconds
    while left > 0:
        await house.pass_time(min(BEAT, left))
        left -= BEAT


async def notes(house: Any) -> list[str]:
    events = await house.store.events(limit=10_000)
    return [one.message for one in events if one.kind == "note" and one.record is None]


async def test_a_clock_that_jumps_makes_nobody_late_and_is_told_of(house: Any, pulse: Any) -> None:
    house.toy.script["settling"] = Wait("the world", "not yet", 50.0)
    before = await house.begin()
    await live(house, 400)
    await house.pass_time(HOUR)
    after = house.record()
    assert after.state == "settling"
    assert after.deadline == before.deadline + HOUR, "and that is what is shown, not only what counts"
    (told,) = await notes(house)
    assert told.startswith("The daemon stood still for 1h00m") and "deadlines that ran are put off" in told
    await live(house, 590)
    assert house.record().state == "settling"
    await live(house, 30)
    assert (house.record().state, house.record().error["code"]) == ("failed", "deadline")
    said = "settling took 1h16m; its deadline is 16m40s, put off by 1h00m. It was waiting for the world."
    assert house.record().error["message"] == said


async def test_a_step_that_is_tried_again_and_again_is_spared_as_well(house: Any, pulse: Any) -> None:
    house.toy.script["settling"] = OutsideError("unavailable", "Not now.")
    before = await house.begin()
    await house.pass_time(HOUR)
    assert house.record().state == "settling"
    assert house.record().deadline == before.deadline + HOUR


async def test_each_lapse_is_made_up_for_once_and_only_as_far_as_the_step_had_begun(
    house: Any, pulse: Any
) -> None:
    house.toy.script["settling"] = Wait("the world", "not yet", 50.0)
    before = await house.begin()
    for jump in (HOUR, LEAST - 1, 2 * HOUR):
        await house.pass_time(jump)
        await live(house, 100)
    assert house.record().deadline == before.deadline + 3 * HOUR
    house.toy.script["settling"] = Done()
    await live(house, 60)
    assert house.record().state == "ready"
    assert len(await notes(house)) == 2


async def test_a_step_that_begins_after_a_lapse_has_its_own_time_and_no_more(house: Any, pulse: Any) -> None:
    house.toy.script["settling"] = Wait("the world", "not yet", 50.0)
    await house.begin()
    await live(house, 20)
    await house.pass_time(HOUR)
    await house.sow("node02", cluster="other")
    await house.tell("node02", "start")
    await live(house, 100)
    late = house.record("node02")
    assert (late.state, late.deadline) == ("settling", late.since + SETTLES)


async def test_without_a_deadline_that_runs_nobody_is_told_of_a_lapse(house: Any, pulse: Any) -> None:
    await house.sow("node01")
    await house.pass_time(HOUR)
    await live(house, 20)
    assert await notes(house) == []


async def test_after_a_restart_the_time_without_a_daemon_does_not_count(house: House, build: Any) -> None:
    house.toy.script["settling"] = Wait("the world", "not yet", 50.0)
    before = await house.begin()
    await house.pass_time(200)
    await house.journal.try_to_write(1.0)
    await house.stop()
    another = build(house.store)
    another.clock, another.box = house.clock, house.box
    another.toy.script["settling"] = Wait("the world", "not yet", 50.0)
    another.clock.advance(50 * HOUR)
    await another.start()
    await another.idle()
    after = another.record()
    assert (after.state, after.deadline) == ("settling", before.deadline + 50 * HOUR)
    assert any("There was no daemon for up to 2d02h" in said for said in await notes(another))
    await another.pass_time(900)
    assert another.record().state == "failed"
    await another.stop()


async def test_a_restart_that_takes_no_longer_than_usual_puts_nothing_off(house: House, build: Any) -> None:
    house.toy.script["settling"] = Wait("the world", "not yet", 50.0)
    before = await house.begin()
    await house.journal.try_to_write(1.0)
    await house.stop()
    another = build(house.store)
    another.clock, another.box = house.clock, house.box
    another.toy.script["settling"] = Wait("the world", "not yet", 50.0)
    another.clock.advance(LEAST)
    await another.start()
    await another.idle()
    assert another.record().deadline == before.deadline
    assert await notes(another) == []
    await another.stop()


def unwritable(house: Any, truth: bool) -> None:
    """Whether no commit goes through from now on."""
    house.store.fails = lambda ops: truth


@pytest.fixture
async def fragile(build: Any) -> AsyncIterator[Any]:
    """A house at work of which the database can be told to take nothing."""
    one = build(Fragile())
    await one.start()
    yield one
    await one.stop()


@pytest.mark.parametrize(
    "outcome",
    [Wait("the world", "not yet", 50.0), OutsideError("unavailable", "Not now.")],
    ids=["wait", "busy"],
)
async def test_while_nothing_can_be_written_no_deadline_counts_and_none_is_judged(
    fragile: Any, outcome: Any
) -> None:
    fragile.toy.script["settling"] = outcome
    before = await fragile.begin()
    await live(fragile, 400)
    unwritable(fragile, True)
    await fragile.journal.try_to_write(1.0)
    await live(fragile, HOUR / 2)
    assert fragile.record().state == "settling"
    unwritten = fragile.clock.now()
    unwritable(fragile, False)
    await live(fragile, 590)
    assert fragile.record().state == "settling", "what was left of it when the database took nothing is left"
    assert fragile.record().deadline == pytest.approx(before.deadline + HOUR / 2, abs=15)
    assert fragile.record().deadline > unwritten
    fragile.toy.script["settling"] = Wait("the world", "not yet", 50.0)
    await live(fragile, 60)
    assert (fragile.record().state, fragile.record().error["code"]) == ("failed", "deadline")


async def test_a_database_that_takes_nothing_makes_one_line_and_shows_the_new_deadline(fragile: Any) -> None:
    pulse = asyncio.create_task(fragile.engine.lapses.run(), name="pulse")
    fragile.toy.script["settling"] = Wait("the world", "not yet", 500.0)
    before = await fragile.begin()
    unwritable(fragile, True)
    await fragile.journal.try_to_write(1.0)
    await live(fragile, HOUR)
    unwritable(fragile, False)
    await fragile.journal.try_to_write(1.0)
    await fragile.idle()
    (told,) = await notes(fragile)
    assert told.startswith("The database took nothing for 1h00m: the deadlines that ran are put off"), told
    assert fragile.record().deadline == before.deadline + HOUR, "before the step has its next look"
    pulse.cancel()
    await asyncio.wait([pulse])


async def test_what_was_refused_meanwhile_has_time_to_come_again_before_a_deadline_is_judged(
    fragile: Any,
) -> None:
    fragile.toy.script["settling"] = Wait("the world", "not yet", 50.0)
    before = await fragile.begin()
    await live(fragile, SETTLES - 3)
    unwritable(fragile, True)
    await fragile.journal.try_to_write(1.0)
    await live(fragile, HOUR)
    unwritable(fragile, False)
    over = fragile.clock.now()
    await live(fragile, REMAINDER - 10)
    assert fragile.record().state == "settling"
    assert over + REMAINDER <= fragile.record().deadline <= over + REMAINDER + STORE_RETRY_LONGEST
    fragile.toy.script["settling"] = Done()
    fragile.engine.poke("node01")
    await fragile.idle()
    assert fragile.record().state == "ready"
    assert before.deadline < over


async def test_a_put_off_that_could_not_be_written_is_not_forgotten(fragile: Any) -> None:
    pulse = asyncio.create_task(fragile.engine.lapses.run(), name="pulse")
    fragile.toy.script["settling"] = Wait("the world", "not yet", 50.0)
    before = await fragile.begin()
    unwritable(fragile, True)
    await fragile.pass_time(HOUR)  # it stood still, and when it lives again its disk is full
    await live(fragile, 100)
    unwritable(fragile, False)
    await live(fragile, 100)
    assert fragile.record().deadline == pytest.approx(before.deadline + HOUR + 100, abs=15)
    pulse.cancel()
    await asyncio.wait([pulse])


async def test_an_ordinary_commit_puts_nothing_off(fragile: Any) -> None:
    fragile.toy.script["settling"] = Wait("the world", "not yet", 50.0)
    before = await fragile.begin()
    await live(fragile, 300)
    await fragile.journal.try_to_write(1.0)
    await live(fragile, 100)
    assert fragile.record().deadline == before.deadline
    assert await notes(fragile) == []
