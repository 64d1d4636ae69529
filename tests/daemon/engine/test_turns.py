"""A turn ends when its last change of state is durable: whoever looks at the record next sees where it stands."""

from __future__ import annotations

import asyncio
import gc
import random
import weakref
from collections.abc import Sequence
from typing import Any

import pytest
from msgspec.structs import replace

from daemon.engine.context import StepContext
from daemon.engine.pace import Pace
from daemon.engine.turns import STORE_RETRY_SECONDS
from daemon.errors.tree import StoreError
from daemon.store.base import Otherwise, Then
from daemon.store.memory import MemoryStore
from daemon.store.ops import AddCommand, Command, Event, Lease, Op, PutRecord
from state_machines.outcome import Done, Fail, Outcome, Problem, Wait
from tests.logfmt import journal

FULL = StoreError("database", evidence="database or disk is full")


class Slow(MemoryStore):
    """A store whose commits come in order and take as many passes of the loop as the test says; one that leads a
    record into ``refused`` fails."""

    def __init__(self) -> None:
        super().__init__("daemon-1")
        self.open = asyncio.Event()
        self.open.set()
        self.passes = lambda: 1
        self.refused: tuple[str, str] | None = None
        self._order = asyncio.Lock()

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
        async with self._order:
            for _ in range(self.passes()):
                await asyncio.sleep(0)
            await self.open.wait()
            entered = [(op.record.name, op.record.state) for op in ops if isinstance(op, PutRecord)]
            if self.refused in entered:
                if otherwise is not None:
                    otherwise(FULL)
                raise FULL
            return await super().commit(lease, ops, then, otherwise=otherwise)


@pytest.fixture
async def house(build: Any) -> Any:
    one = build(Slow())
    await one.start()
    yield one
    one.store.open.set()
    await one.stop()
    assert one.turns() == []


def closing(house: Any, outcome: Outcome) -> Any:
    """A step that ends while nothing can be written any more."""

    async def step(ctx: StepContext) -> Outcome:
        await ctx.written()
        house.store.open.clear()
        return outcome

    return step


async def test_a_record_poked_while_its_last_change_is_written_does_not_run_again(
    house: Any, caplog: pytest.LogCaptureFixture
) -> None:
    house.toy.script["settling"] = closing(house, Done())
    await house.sow("node01")
    await house.ask("node01", "start")
    await house.until(lambda: not house.store.open.is_set(), quiet=25)
    assert house.record().state == "settling"
    house.engine.poke("node01")
    await house.until(lambda: True, quiet=25)
    house.store.open.set()
    await house.idle()
    assert (house.record().state, house.engine.problems) == ("ready", [])
    assert len(house.toy.runs("settling")) == 1
    assert "broke" not in journal(caplog.records)


async def test_a_turn_whose_last_change_cannot_be_written_is_told_of_and_taken_again(house: Any) -> None:
    house.store.refused = ("node01", "ready")
    await house.begin()
    assert house.record().state == "settling"
    assert "database or disk is full" in house.engine.problems[0]
    house.store.refused = None
    await house.pass_time(STORE_RETRY_SECONDS)
    assert (house.record().state, house.engine.problems) == ("ready", [])


async def test_a_turn_that_breaks_off_leaves_no_change_of_state_behind(house: Any) -> None:
    """The next step cannot write its intent, and the end of the one before is on its way."""

    async def refuse(ctx: StepContext) -> Done:
        house.store.open.clear()
        raise FULL

    house.toy.script["settling"] = [refuse, Done()]
    await house.sow("node01")
    await house.ask("node01", "start")
    await house.until(lambda: not house.store.open.is_set(), quiet=25)
    assert house.turns() == ["turn:node01"]
    house.store.open.set()
    await house.idle()
    assert house.record().state == "settling"
    await house.pass_time(STORE_RETRY_SECONDS)
    assert (house.record().state, house.engine.problems) == ("ready", [])


async def test_a_node_that_begins_again_while_its_cluster_is_about_to_be_done_calls_it_back(
    house: Any,
) -> None:
    """The cluster's last change of state is on its way to the disk; what the node looks at is not older."""
    house.toy.script["making"] = [Fail(Problem("bug", "It fell over.", "", "later"))]
    await house.begin("node01")
    assert house.record().state == "failed"
    house.toy.script["gathering"] = [closing(house, Done())]
    now = house.clock.now()
    await house.commit(AddCommand(Command("again", "node01", "demo", "retry", "ada", now)))
    await house.ask("demo", "start")
    await house.until(lambda: not house.store.open.is_set(), quiet=25)
    house.engine.poke("node01")
    await house.until(lambda: True, quiet=25)
    house.store.open.set()
    await house.idle()
    assert (house.record("node01").state, house.record("demo").state) == ("ready", "active")
    assert len(house.toy.runs("gathering", "demo")) >= 2, "the cluster has looked at the node again"


@pytest.mark.parametrize("seed", range(20))
async def test_clusters_that_poke_each_other_break_no_turn(
    seed: int, house: Any, caplog: pytest.LogCaptureFixture
) -> None:
    """Four clusters of three nodes at once on a disk of changing speed, and everybody pokes anybody at any time."""
    chance = random.Random(seed)
    house.store.passes = lambda: chance.randrange(6)
    clusters = {f"c{number}": [f"c{number}-n{one}" for one in range(3)] for number in range(4)}
    everybody = [name for cluster, nodes in clusters.items() for name in (cluster, *nodes)]

    async def ask_around(ctx: StepContext) -> Done:
        for _ in range(chance.randrange(4)):
            house.engine.poke(chance.choice(everybody))
            await asyncio.sleep(0)
        return Done()

    house.toy.script.update(making=ask_around, settling=ask_around)
    for cluster, nodes in clusters.items():
        await house.sow(*nodes, cluster=cluster)
        await house.ask(cluster, "start")
    for _ in range(400):
        house.engine.poke(chance.choice(everybody))
        await asyncio.sleep(0)
        assert house.engine.problems == []
    await house.idle()
    assert {house.record(name).state for name in everybody} <= {"ready", "active"}
    assert [house.record(cluster).state for cluster in clusters] == ["active"] * 4
    assert "broke" not in journal(caplog.records)


async def test_thousands_that_are_due_at_once_wait_in_line_and_not_in_tasks(build: Any) -> None:
    house = build(pace=Pace(steps_at_once=8))
    names = [f"n{number}" for number in range(2_000)]
    running = most = 0

    async def look(ctx: StepContext) -> Outcome:
        nonlocal running, most
        running += 1
        most = max(most, running)
        await asyncio.sleep(0)
        running -= 1
        return Wait("the outside", "nothing yet", 50.0)

    house.toy.script["making"] = look
    await house.start()
    await house.sow(*names)
    now = house.clock.now()
    waiting = [replace(house.record(name), state="making", version=2, deadline=now + 100) for name in names]
    await house.commit(*map(PutRecord, waiting))
    for name in names:
        house.engine.poke(name)
    assert len(house.turns()) == 8
    house.engine.poke(names[-1])
    async with asyncio.timeout(60):
        while len(house.toy.calls) < len(names):  # noqa: ASYNC110
            await asyncio.sleep(0)
    assert [name for name, _, _ in house.toy.calls] == names, (
        "in the order in which they were poked, and once"
    )
    assert most == 8
    await house.stop()


async def test_who_waits_in_line_for_a_turn_is_never_late_and_has_its_whole_time_when_the_turn_comes(
    house: Any,
) -> None:
    line = True

    async def queue(ctx: StepContext) -> Outcome:
        return Wait("a free place", "the limit is 1", 30.0, in_line=line)

    house.toy.script["making"] = queue
    await house.begin()
    versions = {house.record().version}
    for _ in range(100):
        await house.pass_time(30)
        versions.add(house.record().version)
        assert house.record().state == "making"
    assert house.record().deadline - house.clock.now() >= 0.9 * 100
    line = False
    await house.pass_time(30)
    begun = house.clock.now()
    while house.record().state == "making":
        await house.pass_time(1)
    assert house.clock.now() - begun >= 0.9 * 100 - 31
    assert house.record().error["code"] == "deadline"


async def test_who_waits_in_line_is_written_down_seldom(house: Any) -> None:
    house.toy.script["settling"] = lambda ctx: asyncio.sleep(
        0, Wait("a place", "the limit", 10.0, in_line=True)
    )
    await house.begin()
    before = house.record().version
    for _ in range(100):
        await house.pass_time(10)
    assert house.record().state == "settling"
    assert house.record().version - before <= 10 + 1, "its deadline of 1,000 s, each tenth of it"


async def test_a_turn_leaves_nothing_behind_that_only_a_search_through_the_memory_finds(house: Any) -> None:
    """Ten thousand nodes that wait cost a third more otherwise: what a turn was handed goes with the turn."""
    handed: list[weakref.ref[StepContext]] = []

    async def look(ctx: StepContext) -> Outcome:
        row = await ctx.note_present("thing", f"one-{len(handed)}", "id-1")
        assert not ctx.is_certain(row) or ctx.resources("thing")
        handed.append(weakref.ref(ctx))
        return Wait("the outside", "nothing yet", 10.0)

    house.toy.script["making"] = look
    await house.begin()
    gc.disable()
    try:
        for _ in range(3):
            await house.pass_time(10)
        assert len(handed) > 3
        assert [one for one in handed[:-1] if one() is not None] == []
    finally:
        gc.enable()
