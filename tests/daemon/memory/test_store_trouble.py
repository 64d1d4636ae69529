"""Without a database nothing outside is called, everybody is told, and work goes on once it is back."""

from __future__ import annotations

import asyncio
import contextlib
import itertools
from collections.abc import Sequence
from typing import Any

import msgspec
import pytest

from daemon.api.stream import lines
from daemon.cli.output import moment_shown
from daemon.engine.context import StepContext
from daemon.engine.turns import STORE_RETRY_LONGEST, STORE_RETRY_SECONDS
from daemon.errors.tree import StoreError
from daemon.store.base import Fenced, Otherwise, Then
from daemon.store.memory import MemoryStore
from daemon.store.ops import Event, Lease, Op, PutRecord
from state_machines.outcome import Done, Wait

FULL = StoreError("database", evidence="database or disk is full")


class Fragile(MemoryStore):
    """A store whose disk can be full. ``fails`` says which commits find it so."""

    def __init__(self) -> None:
        super().__init__("daemon-1")
        self.fails: Any = lambda ops: False

    def commit(
        self,
        lease: Lease,
        ops: Sequence[Op],
        then: Then | None = None,
        patient: bool = False,
        otherwise: Otherwise | None = None,
    ) -> asyncio.Future[list[Event]]:
        if not self.fails(ops):
            return super().commit(lease, ops, then, otherwise=otherwise)
        if otherwise is not None:
            otherwise(FULL)
        refused: asyncio.Future[list[Event]] = asyncio.get_running_loop().create_future()
        refused.set_exception(FULL)
        refused.exception()
        return refused


@pytest.fixture
async def house(build: Any) -> Any:
    one = build(Fragile())

    async def make(ctx: StepContext) -> Done:
        await ctx.ensure(one.toy.outside.want("a"))
        return Done()

    one.toy.script["making"] = make
    await one.start()
    yield one
    await one.stop()


async def test_nothing_is_called_while_the_intent_cannot_be_written(house: Any) -> None:
    await house.sow("node01")
    await house.ask("node01", "start")
    house.store.fails = lambda ops: True
    await house.idle()
    assert house.engine.problems and "database or disk is full" in house.engine.problems[0]
    for _ in range(3):
        await house.pass_time(STORE_RETRY_SECONDS)
    assert house.toy.outside.calls == []
    assert house.record().state == "pending"
    assert house.engine.problems == await house.journal.troubles(1.0), "one trouble is one sentence"
    house.store.fails = lambda ops: False
    await house.pass_time(STORE_RETRY_LONGEST)
    assert house.record().state == "ready"
    assert house.engine.problems == []
    assert house.toy.outside.calls == ["create a"]


async def test_not_even_a_look_is_called_outside_while_nothing_can_be_written(house: Any) -> None:
    """A step that polls writes nothing for as long as it sees the same."""
    looks: list[float] = []

    async def look(ctx: StepContext) -> Wait:
        looks.append(house.clock.now())
        return Wait("the other side", "it is silent", 1.0)

    house.toy.script["making"] = look
    await house.begin()
    await house.pass_time(3.0)
    assert len(looks) > 1, "it polls"
    house.store.fails = lambda ops: True
    await house.journal.try_to_write(1.0)
    before = len(looks)
    for _ in range(10):
        await house.pass_time(STORE_RETRY_LONGEST)
        house.engine.poke("node01")
        await house.idle()
    assert len(looks) == before
    assert "database or disk is full" in house.engine.problems[0]
    house.store.fails = lambda ops: False
    await house.pass_time(STORE_RETRY_LONGEST)
    assert len(looks) > before and house.engine.problems == []


async def test_a_turn_that_breaks_off_again_and_again_is_taken_again_more_and_more_seldom(house: Any) -> None:
    """What alone cannot be written keeps nobody else from writing; what it looks at is asked ever less often."""
    runs: list[float] = []

    async def refuse(ctx: StepContext) -> Done:
        runs.append(house.clock.now())
        raise StoreError("database", "The database cannot be written.")

    house.toy.script["making"] = refuse
    await house.begin()
    for _ in range(100):
        await house.pass_time(1.0)
    pauses = [later - sooner for sooner, later in itertools.pairwise(runs)]
    assert pauses == sorted(pauses) and pauses[0] < 2 * STORE_RETRY_SECONDS < pauses[-1], pauses
    assert len(runs) < 100 / STORE_RETRY_LONGEST + 8


async def test_what_is_shown_says_of_when_it_is_while_nothing_can_be_written(house: Any) -> None:
    await house.sow("node01")
    assert "unwritten" not in house.views.snapshot()
    house.store.fails, since = (lambda ops: True), house.clock.now()
    await house.journal.try_to_write(1.0)
    house.clock.advance(60.0)
    await house.journal.try_to_write(1.0)
    told = house.views.snapshot()["unwritten"]
    assert (told["since"], "cannot be written" in told["problem"]) == (since, True)
    assert await house.journal.troubles(1.0) == [told["problem"]]
    assert moment_shown(house.views.snapshot()) == since < house.clock.now()
    house.store.fails = lambda ops: False
    await house.journal.try_to_write(1.0)
    assert "unwritten" not in house.views.snapshot()


async def test_a_reader_of_the_stream_hears_with_each_heartbeat_that_nothing_can_be_written(
    house: Any,
) -> None:
    await house.sow("node01")
    house.store.fails = lambda ops: True
    await house.journal.try_to_write(1.0)
    async with contextlib.aclosing(lines(house.journal, house.views, house.journal.bus, None)) as told:
        found = [msgspec.json.decode(await anext(told)) for _ in range(2)]
        house.store.fails = lambda ops: False
        await house.journal.try_to_write(1.0)
        found.append(msgspec.json.decode(await anext(told)))
    assert [one["type"] for one in found] == ["snapshot", "heartbeat", "heartbeat"]
    assert found[0]["snapshot"]["unwritten"] == found[1]["unwritten"]
    assert "unwritten" not in found[2]


async def test_what_was_made_when_the_disk_filled_up_is_found_again_and_not_made_twice(house: Any) -> None:
    async def fill(verb: str, name: str) -> None:
        house.store.fails = lambda ops: True

    house.toy.outside.after = fill
    await house.begin()
    assert (house.record().state, house.engine.problems != []) == ("making", True)
    await house.pass_time(STORE_RETRY_SECONDS)
    house.store.fails = lambda ops: False
    await house.pass_time(STORE_RETRY_LONGEST)
    assert house.record().state == "ready"
    assert house.toy.outside.calls.count("create a") == 1
    (row,) = house.mirror.resources("node01")
    assert (row.state, row.cloud_id) == ("present", "id-a-1")


async def test_a_step_whose_end_cannot_be_written_runs_again(house: Any) -> None:
    def no_record(ops: Sequence[Op]) -> bool:
        return any(isinstance(op, PutRecord) and op.record.state == "settling" for op in ops)

    house.store.fails = no_record
    await house.begin()
    assert house.record().state == "making"
    house.store.fails = lambda ops: False
    await house.pass_time(STORE_RETRY_SECONDS)
    assert house.record().state == "ready"
    assert house.toy.outside.calls == ["create a", "find a"]


async def test_a_problem_stays_told_while_another_record_has_nothing_to_write(house: Any) -> None:
    await house.sow("node01", "node02")
    await house.tell("node02", "start")
    await house.ask("node01", "start")
    house.store.fails = lambda ops: True
    await house.idle()
    house.engine.poke("node02")
    await house.idle()
    assert house.engine.problems


async def test_who_was_fenced_stops_working_and_says_so(house: Any) -> None:
    await house.sow("node01", "node02")
    await house.store.acquire("the one that took over")
    house.engine.poke("node01")
    assert house.work is not None
    with pytest.raises(Fenced):
        await house.ask("node01", "start")
    lease = await house.store.acquire("x")
    assert lease.epoch == 3


async def test_an_engine_that_was_fenced_in_a_turn_ends_and_takes_no_other(house: Any) -> None:
    await house.sow("node01", "node02")
    await house.ask("node01", "start")
    await house.store.acquire("the one that took over")
    async with asyncio.timeout(5):
        with pytest.raises(Fenced):
            await house.work
    house.engine.poke("node02")
    await house.idle()
    assert house.turns() == []
    assert house.toy.calls == []


async def test_a_trouble_of_the_store_that_a_step_met_fails_no_step_and_is_over_by_itself(house: Any) -> None:
    house.toy.script["settling"] = [StoreError("database", "The database cannot be written.")]
    record = await house.begin()
    assert (record.state, record.error) == ("settling", None)
    assert house.engine.problems
    await house.pass_time(STORE_RETRY_SECONDS)
    assert (house.record().state, house.engine.problems) == ("ready", [])
