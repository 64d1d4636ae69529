"""A record that is forgotten while it has a turn stays forgotten, and nobody is frightened by it."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import AsyncIterator, Callable
from pathlib import Path
from typing import Any

import pytest

from daemon.engine import transitions
from daemon.engine.context import StepContext
from daemon.store.memory import MemoryStore
from daemon.store.ops import AddCommand, Command, PutRecord
from daemon.store.sqlite import SqliteStore
from state_machines.outcome import Done, Fail, Outcome, Problem, Wait

BROKEN = Fail(Problem("bad_request", "It is wrong.", (), "later"))


@pytest.fixture(params=["sqlite", "memory"])
async def house(build: Any, request: pytest.FixtureRequest, tmp_path: Path) -> AsyncIterator[Any]:
    store = MemoryStore("one") if request.param == "memory" else SqliteStore(tmp_path / "nxd.db", "one")
    await store.open()
    one = build(store)
    await one.start()
    yield one
    await one.stop()
    await store.close()


def forget(house: Any) -> asyncio.Future[Any]:
    """What the last step of a cluster commits when it is destroyed."""
    ops = transitions.forgotten(house.record("demo"), house.mirror.members("demo"), house.clock.now())
    return house.journal.submit(ops)  # type: ignore[no-any-return]


async def until(condition: Callable[[], bool]) -> None:
    """A database takes its time, which that of the house knows nothing of."""
    async with asyncio.timeout(5):
        while not condition():  # noqa: ASYNC110 (nothing tells of it)
            await asyncio.sleep(0.01)


async def until_still(house: Any) -> None:
    await until(lambda: not house.turns())


async def assert_forgotten(house: Any, caplog: pytest.LogCaptureFixture) -> None:
    held = await house.store.load()
    assert (held.records, held.resources, held.commands) == ([], [], [])
    assert house.mirror.records == {} and house.engine.problems == []
    assert [record.message for record in caplog.records if record.levelno >= logging.WARNING] == []


async def test_a_verb_that_is_honoured_in_the_moment_its_cluster_is_forgotten_brings_nothing_back(
    house: Any, caplog: pytest.LogCaptureFixture
) -> None:
    house.toy.script["making"] = BROKEN
    await house.sow("node01", "node02")
    await house.ask("node01", "start")
    await until(lambda: house.record().state == "failed")
    caplog.clear()
    retry = Command("t", "node01", "demo", "retry", "ada", house.clock.now())
    await house.journal.commit(AddCommand(retry))
    house.engine.poke("node01")
    await forget(house)
    await until_still(house)
    await assert_forgotten(house, caplog)


async def _remembers(ctx: StepContext) -> Outcome:
    await ctx.remember(seen=1)
    return Done()


async def _looks_around(ctx: StepContext) -> Outcome:
    return Wait("the cluster", ctx.cluster.state, 10.0)


async def _waits(ctx: StepContext) -> Outcome:
    return Wait("something", "nothing there", 10.0)


@pytest.mark.parametrize("then", [_remembers, _looks_around, _waits])
async def test_a_step_whose_record_is_forgotten_meanwhile_ends_quietly(
    house: Any, caplog: pytest.LogCaptureFixture, then: Callable[[StepContext], Any]
) -> None:
    begun, forgotten = asyncio.Event(), asyncio.Event()

    async def step(ctx: StepContext) -> Outcome:
        begun.set()
        await forgotten.wait()
        answer: Outcome = await then(ctx)
        return answer

    house.toy.script["making"] = step
    await house.sow("node01")
    await house.ask("node01", "start")
    async with asyncio.timeout(5):
        await begun.wait()
    await forget(house)
    forgotten.set()
    await until_still(house)
    await assert_forgotten(house, caplog)


async def test_a_change_that_meets_a_record_somebody_else_wrote_is_no_quiet_end(house: Any) -> None:
    async def step(ctx: StepContext) -> Outcome:
        record = ctx.record
        moved = transitions.created("node09", house.toy.node, "demo", {}, 0.0)
        await house.journal.commit(PutRecord(moved))
        await house.journal.commit(PutRecord(moved))
        return Done() if record else BROKEN

    house.toy.script["making"] = step
    await house.sow("node01")
    await house.ask("node01", "start")
    await until_still(house)
    assert house.record().state == "failed" and house.record().error["code"] == "bug"


async def test_the_log_says_as_data_which_records_are_forgotten(house: Any) -> None:
    await house.sow("node01", "node02")
    await forget(house)
    (last,) = await house.store.events(limit=1, tail=True)
    assert (last.record, last.kind) == ("demo", "note")
    assert sorted(last.data["forgotten"]) == ["demo", "node01", "node02"]
