"""A deadline is for what is waited for outside: time in a line of the daemon's own is given back when it is over."""

from __future__ import annotations

from typing import Any

import pytest

from daemon.clock import held
from daemon.engine.context import StepContext
from daemon.engine.pace import Pace
from state_machines.outcome import Busy, Done, Outcome, Problem, Wait
from state_machines.record import Record

BUSY = Busy(Problem("unavailable", "The toy cloud is down.", (), "now", "HTTP 503"), after=10.0)


def held_up(seconds: float, outcome: Outcome) -> Any:
    """A step whose first run is held up for so long."""
    runs = 0

    async def step(ctx: StepContext) -> Outcome:
        nonlocal runs
        runs += 1
        if runs == 1:
            with held(ctx.clock):
                await ctx.clock.sleep(seconds)
        return outcome

    return step


async def begun(house: Any, step: str) -> Record:
    """A node that has come to this step and is held up there."""
    await house.sow("node01")
    await house.ask("node01", "start")
    await house.until(lambda: house.record().state == step, quiet=25)
    return house.record()  # type: ignore[no-any-return]


@pytest.mark.parametrize("outcome", [Wait("the moon", "no moon", 10.0), BUSY], ids=["wait", "busy"])
async def test_time_in_a_line_of_ours_does_not_count_and_all_other_time_does(
    house: Any, outcome: Outcome
) -> None:
    house.toy.script["settling"] = held_up(1500.0, outcome)
    since = (await begun(house, "settling")).since
    assert house.record().deadline == since + 1000
    await house.pass_time(1500)
    assert house.record().state == "settling"
    assert house.record().deadline == since + 2500, "put off, once, and written down"
    while house.clock.now() < since + 2490:
        await house.pass_time(10)
        assert house.record().state == "settling"
    await house.pass_time(10)
    assert house.record().state == "failed"


async def test_a_deadline_that_is_kept_is_not_touched_and_the_next_step_begins_with_nothing(
    house: Any,
) -> None:
    house.toy.script["making"] = held_up(50.0, Wait("x", "y", 10.0))
    record = await begun(house, "making")
    assert (record.state, record.deadline) == ("making", record.since + 100)
    await house.pass_time(50)
    assert house.record().deadline == record.deadline, "nothing is written as long as there is time"
    await house.tell("node01", "hold")
    house.toy.script["making"] = Wait("x", "y", 10.0)
    await house.tell("node01", "resume")
    again = house.record()
    assert again.deadline == again.since + 100
    while house.clock.now() < again.deadline - 10:
        await house.pass_time(10)
        assert house.record().state == "making"
    await house.pass_time(10)
    assert house.record().state == "failed", "what an earlier run waited for is not given to this one"


async def test_what_comes_while_a_look_takes_its_time_is_seen_before_the_step_is_given_up(house: Any) -> None:
    looks: list[float] = []
    answers: dict[int, Outcome] = {1: Wait("x", "nothing yet", 10.0), 3: Done()}

    async def look(ctx: StepContext) -> Outcome:
        looks.append(ctx.clock.now())
        if len(looks) == 2:  # begins at the deadline, and is poked meanwhile
            await ctx.clock.sleep(5.0)
        return answers.get(len(looks), Wait("x", "nothing yet", 2000.0))

    house.toy.script["settling"] = look
    deadline = (await begun(house, "settling")).deadline
    await house.idle()
    house.clock.advance(deadline - house.clock.now())
    await house.until(lambda: len(looks) == 2, quiet=25)
    house.engine.poke("node01")
    await house.pass_time(5)
    assert looks[1:] == [deadline, deadline + 5]
    assert house.record().state == "ready"


async def test_a_look_that_began_in_time_is_not_the_last_one_and_the_one_after_the_deadline_is(
    house: Any,
) -> None:
    looks: list[float] = []

    async def look(ctx: StepContext) -> Outcome:
        looks.append(ctx.clock.now())
        if len(looks) == 1:
            await ctx.clock.sleep(1200.0)
        return Wait("x", "nothing yet", 10.0)

    house.toy.script["settling"] = look
    since = (await begun(house, "settling")).since
    await house.pass_time(1200)
    assert looks == [since, since + 1200]
    assert house.record().state == "failed"


async def test_time_in_line_for_a_turn_does_not_count(build: Any) -> None:
    house = build(pace=Pace(steps_at_once=1))
    await house.start()

    async def long(ctx: StepContext) -> Outcome:
        await ctx.clock.sleep(1500.0)
        return Done()

    house.toy.script["node01", "settling"] = [Wait("its turn", "not yet", 40.0), long]
    house.toy.script["node02", "settling"] = Wait("the moon", "no moon", 50.0)
    await house.sow("node01", "node02")
    for name in ("node01", "node02"):
        await house.tell(name, "start")
    since = house.record("node02").since
    for seconds in (40, 10, 1490):
        house.clock.advance(seconds)
        await house.until(lambda: True, quiet=100)
    assert house.record().state == "ready"
    assert house.record("node02").state == "settling", "nobody looked while it stood in line"
    assert house.record("node02").deadline == since + 1000 + 1490
    await house.stop()
