"""A step costs one trip to the disk, and nothing outside changes before what led to it is written."""

from __future__ import annotations

import asyncio
import shutil
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pytest

from daemon.engine.context import StepContext
from daemon.engine.engine import Engine
from daemon.engine.turns import STORE_RETRY_SECONDS
from daemon.errors.tree import StoreError
from daemon.store.base import Otherwise, Then
from daemon.store.memory import MemoryStore
from daemon.store.ops import Event, Lease, Op, PutRecord, PutResource
from state_machines.outcome import Done
from tests.daemon.engine.test_crashes import crash_log


class Watched(MemoryStore):
    """A store that remembers its commits, answers when the test lets it, and refuses what the test says."""

    def __init__(self) -> None:
        super().__init__("daemon-1")
        self.commits: list[list[str]] = []
        self.open = asyncio.Event()
        self.open.set()
        self.refuses: Any = lambda ops: False

    def commit(
        self,
        lease: Lease,
        ops: Sequence[Op],
        then: Then | None = None,
        patient: bool = False,
        otherwise: Otherwise | None = None,
    ) -> asyncio.Future[list[Event]]:
        return asyncio.ensure_future(self._later(lease, ops, then, otherwise))

    async def _later(
        self, lease: Lease, ops: Sequence[Op], then: Then | None, otherwise: Otherwise | None
    ) -> list[Event]:
        await self.open.wait()
        if self.refuses(ops):
            full = StoreError("database", evidence="database or disk is full")
            if otherwise is not None:
                otherwise(full)
            raise full
        self.commits.append([name for op in ops if (name := _said(op))])
        return await super().commit(lease, ops, then, otherwise=otherwise)


def _said(op: Op) -> str:
    match op:
        case PutRecord(record):
            return record.state
        case PutResource(row):
            return f"{row.name} {row.state}"
        case _:
            return ""


def enters(state: str) -> Any:
    """Whether a commit leads a record into the state."""
    return lambda ops: any(isinstance(op, PutRecord) and op.record.state == state for op in ops)


@pytest.fixture
async def house(build: Any) -> Any:
    one = build(Watched())

    def maker(name: str) -> Any:
        async def make(ctx: StepContext) -> Done:
            await ctx.ensure(one.toy.outside.want(name))
            return Done()

        return make

    one.toy.script.update(making=maker("a"), settling=maker("b"))
    await one.start()
    yield one
    one.store.open.set()
    await one.stop()


async def test_the_end_of_a_step_is_written_with_the_intent_of_the_next(house: Any) -> None:
    await house.sow("node01")
    house.store.commits.clear()
    await house.tell("node01", "start")
    assert house.record().state == "ready"
    assert house.store.commits[1:] == [
        ["making"],
        ["a intended"],
        ["a present", "settling", "b intended"],
        ["b present", "ready"],
    ]


async def test_the_next_step_calls_nobody_before_the_end_of_the_last_is_durable(house: Any) -> None:
    async def close(verb: str, name: str) -> None:
        house.store.open.clear()

    house.toy.outside.after = close
    await house.sow("node01")
    await house.ask("node01", "start")
    await house.until(lambda: house.toy.calls[-1:] and house.toy.calls[-1][1] == "settling", quiet=25)
    assert house.toy.outside.calls == ["create a"]
    assert house.record().state == "making"
    house.toy.outside.after = None
    house.store.open.set()
    await house.idle()
    assert house.toy.outside.calls == ["create a", "create b"]


async def test_a_change_of_state_is_seen_while_the_next_step_asks_around(house: Any) -> None:
    states: list[str] = []
    answer = asyncio.Event()

    async def ask(ctx: StepContext) -> Done:
        states.append(ctx.record.state)
        await answer.wait()
        return Done()

    house.toy.script["settling"] = ask
    await house.sow("node01")
    await house.ask("node01", "start")
    await house.until(lambda: states, quiet=25)
    assert (states, house.record().state) == (["settling"], "settling")
    answer.set()
    await house.idle()
    assert house.record().state == "ready"


async def test_a_step_that_settles_first_goes_no_further_when_the_disk_is_full(house: Any) -> None:
    called: list[str] = []

    async def switch(ctx: StepContext) -> Done:
        await ctx.written()
        called.append(ctx.record.state)
        return Done()

    house.toy.script["settling"] = switch
    house.store.refuses = enters("settling")
    await house.begin()
    assert (called, house.record().state) == ([], "making")
    assert house.engine.problems
    house.store.refuses = lambda ops: False
    await house.pass_time(STORE_RETRY_SECONDS)
    assert (called, house.record().state) == (["settling"], "ready")
    assert house.toy.outside.calls == ["create a", "find a"]


async def test_the_next_step_sees_what_the_last_one_made(house: Any) -> None:
    seen: list[tuple[str, str | None]] = []

    async def look(ctx: StepContext) -> Done:
        row = ctx.resource("thing", "a")
        assert row is not None and ctx.resources() == [row]
        seen.append((row.state, row.cloud_id))
        return Done()

    house.toy.script["settling"] = look
    await house.begin()
    assert seen == [("present", "id-a-1")]
    assert house.record().state == "ready"


async def test_a_verb_that_comes_between_two_steps_finds_the_first_one_written(house: Any) -> None:
    async def hold(verb: str, name: str) -> None:
        house.toy.outside.after = None
        await house.ask("node01", "hold")

    house.toy.outside.after = hold
    await house.begin()
    assert (house.record().state, house.record().step) == ("held", "settling")
    assert house.toy.outside.calls == ["create a"]
    await house.tell("node01", "resume")
    assert house.record().state == "ready"


async def test_deaths_count_against_a_record_until_the_end_of_its_step_is_written(
    house: Any, tmp_path: Path
) -> None:
    def deaths() -> dict[str, int]:
        """What counts if the daemon dies now."""
        shutil.copy(tmp_path / "running", tmp_path / "copy")
        return crash_log(tmp_path / "copy").counts

    async def close(verb: str, name: str) -> None:
        house.store.open.clear()

    died = crash_log(tmp_path / "running")
    died.begin("node01")
    await house.sow("node01")
    await house.stop()
    await house.prepare()
    house.engine = Engine(
        house.journal, {"toy": house.toy}, house.box, house.pace, crash_log(tmp_path / "running")
    )
    await house.run()
    house.toy.outside.after = close
    await house.ask("node01", "start")
    await house.until(lambda: house.toy.calls[-1:] and house.toy.calls[-1][1] == "settling", quiet=25)
    assert deaths() == {"node01": 2}
    house.toy.outside.after = None
    house.toy.outside.before = lambda verb, name: asyncio.Event().wait()
    house.store.open.set()
    await house.until(lambda: "create b" in house.toy.outside.calls, quiet=25)
    assert deaths() == {"node01": 1}
