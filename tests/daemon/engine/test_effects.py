"""A key is held by one, and a state is taken back for good, however late an order takes effect."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

import pytest

from daemon.engine.context import StepContext
from daemon.engine.effects import Effect
from daemon.errors.tree import OutsideError
from state_machines.outcome import Done, Outcome, Wait

LATE = 20.0


@dataclass
class Machine:
    """A power switch whose orders take effect after a while."""

    clock: Any
    state: str = "off"
    late: float = 0.0
    orders: list[str] = field(default_factory=list)
    coming: list[tuple[float, str]] = field(default_factory=list)
    refuses: list[OutsideError] = field(default_factory=list)

    async def look(self) -> str:
        for when, state in [one for one in self.coming if one[0] <= self.clock.now()]:
            self.state = state
            self.coming.remove((when, state))
        return self.state

    async def order(self, state: str) -> None:
        if self.refuses:
            raise self.refuses.pop()
        self.orders.append(state)
        self.coming.append((self.clock.now() + self.late, state))

    def power(self) -> Effect:
        return Effect("power", "m1", "on", self.look, self.order)


@pytest.fixture
def machine(house: Any) -> Machine:
    one = Machine(house.clock)

    async def make(ctx: StepContext) -> Outcome:
        await ctx.claim("mac", "52:54:00:00:00:01")
        return Done() if await ctx.bring(one.power()) else Wait("power", "it comes", 5.0)

    async def unmake(ctx: StepContext) -> Outcome:
        for row in ctx.resources("power"):
            if not await ctx.take_back(row, one.power()):
                return Wait("power to be off", "it goes", 5.0)
        for row in ctx.resources("mac"):
            await ctx.give_back(row)
        return Done()

    house.toy.script |= {"making": make, "unmake": unmake}
    return one


async def test_a_state_is_ordered_once_seen_and_taken_back_to_what_there_was(
    house: Any, machine: Machine
) -> None:
    await house.begin()
    (row,) = [row for row in house.mirror.resources("node01") if row.kind == "power"]
    assert (row.nature, row.state, row.data["former"], machine.orders) == ("effect", "present", "off", ["on"])
    await house.pass_time(LATE)
    await house.tell("node01", "rollback")
    await house.pass_time(5)
    assert house.record().state == "rolled_back"
    assert (machine.orders, machine.state) == (["on", "off"], "off")
    assert {row.state for row in house.mirror.resources("node01")} == {"gone"}


async def test_an_order_that_takes_effect_late_is_waited_out_before_nothing_is_left(
    house: Any, machine: Machine
) -> None:
    machine.late = LATE - 1
    await house.begin()
    assert (machine.orders, machine.state, house.record().state) == (["on"], "off", "making")
    await house.tell("node01", "rollback")
    assert (machine.state, house.record().state) == ("off", "rolling_back")
    for _ in range(20):
        await house.pass_time(5)
    assert (machine.state, house.record().state) == ("off", "rolled_back")
    assert [state for _, state in machine.coming if state == "on"] == []
    assert 2 <= len(machine.orders) <= 3


async def test_what_stood_so_before_is_asked_for_by_nobody_and_stays_so(house: Any, machine: Machine) -> None:
    machine.state = "on"
    await house.begin()
    assert (house.record().state, machine.orders) == ("ready", [])
    await house.tell("node01", "rollback")
    await house.pass_time(5)
    assert (house.record().state, machine.state, machine.orders) == ("rolled_back", "on", [])


async def test_an_order_that_is_refused_as_the_thing_stands_comes_again(house: Any, machine: Machine) -> None:
    machine.refuses = [OutsideError("conflict", "It is busy.", status=409)]
    await house.begin()
    assert (machine.orders, house.record().state) == ([], "making")
    await house.pass_time(5)
    assert (machine.orders, house.record().state) == (["on"], "ready")


async def test_an_order_that_was_cut_short_is_known_and_taken_back_all_the_same(
    house: Any, machine: Machine
) -> None:
    machine.refuses = [OutsideError("in_doubt", "The answer was lost.")]
    await house.begin()
    (row,) = [row for row in house.mirror.resources("node01") if row.kind == "power"]
    assert (row.state, row.data["former"]) == ("intended", "off")
    machine.coming = [(house.clock.now() + 3, "on")]  # it was heard after all
    await house.tell("node01", "rollback")
    for _ in range(20):
        await house.pass_time(5)
    assert (machine.state, house.record().state) == ("off", "rolled_back")


async def test_a_key_that_another_node_holds_fails_the_step_with_whose_it_is(
    house: Any, machine: Machine
) -> None:
    await house.sow("node01", "node02")
    await house.tell("node01", "start")
    await house.tell("node02", "start")
    error = house.record("node02").error
    assert (house.record("node02").state, error["code"]) == ("failed", "claimed")
    assert "node01 of demo" in error["message"]
    await house.pass_time(LATE)
    await house.tell("node01", "rollback")
    await house.pass_time(5)
    await house.tell("node02", "retry")
    assert house.record("node02").state == "ready"
