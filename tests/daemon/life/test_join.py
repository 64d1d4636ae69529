"""Nodes come into a cluster one after the other, and who goes is seen to be gone before it is forgotten."""

from __future__ import annotations

from typing import Any

import pytest
from msgspec.structs import replace

from daemon.engine.context import StepContext
from daemon.life import gate, join, release
from daemon.life.members import MEMBER
from daemon.store.ops import PutRecord
from state_machines.outcome import Done, Outcome, Wait
from state_machines.record import Record
from tests.daemon.toy_kinds import NODE

NODES = ("node01", "node02", "node03")


class Row:
    """A cluster that takes each node in over some looks, and notes in what order."""

    def __init__(self) -> None:
        self.looks: list[str] = []
        self.out: set[str] = set()

    async def take_in(self, ctx: StepContext, member: Record) -> Wait | None:
        self.looks.append(member.name)
        if self.looks.count(member.name) < 2:
            return Wait(f"{member.name} to be in", "not yet", 10.0)
        return await join.tell(ctx, NODE, [member], 10.0)

    async def let_go(self, ctx: StepContext, member: Record) -> Wait | None:
        return None if member.name in self.out else Wait(f"{member.name} to be out", "not yet", 10.0)

    async def step(self, ctx: StepContext) -> Outcome:
        await gate.send_out(ctx, NODE, {})
        outcome: Outcome = gate.closed(ctx, NODE, 500.0) or Done()
        if isinstance(outcome, Done):
            outcome = await join.join(ctx, NODE, self.take_in, self.let_go, 10.0)
        return await release.remove(ctx, self.let_go, 10.0) if isinstance(outcome, Done) else outcome


async def formed(house: Any, row: Row) -> None:
    house.toy.script["gathering"] = row.step
    await house.sow(*NODES, nodes=list(NODES), gate="all")
    await house.tell("demo", "start")
    for _ in range(8):
        await house.pass_time(10)


async def test_each_has_its_turn_once_the_one_before_is_in_and_then_knows_that_it_belongs(
    house: Any,
) -> None:
    row = Row()
    await formed(house, row)
    first = [row.looks.index(name) for name in NODES]
    second = [row.looks.index(name, start + 1) for name, start in zip(NODES, first, strict=True)]
    assert first[0] < second[0] < first[1] < second[1] < first[2] < second[2], row.looks
    assert {house.record(name).state for name in NODES} == {"active"}
    assert house.record("node03").facts[MEMBER] and house.record("demo").state == "active"


async def test_who_is_there_is_in_before_another_one_leaves_to_be_made_anew(house: Any) -> None:
    row = Row()
    house.toy.script["gathering"] = row.step
    house.toy.script["node01", "making"] = [Wait("the test", "slow", 1e9)]
    await house.sow(*NODES, nodes=list(NODES), gate=1)
    await house.tell("demo", "start")
    for _ in range(8):
        await house.pass_time(10)
    states = {name: house.record(name).state for name in NODES}
    assert states == {"node01": "making", "node02": "active", "node03": "active"}
    assert house.record("demo").wait["for"] == "node01 to be out"


@pytest.mark.parametrize(
    ("state", "attention"), [("making", False), ("failed", True)], ids=["on its way", "stopped"]
)
async def test_a_member_leaves_to_be_made_anew_once_the_one_before_is_back(
    house: Any, state: str, attention: bool
) -> None:
    row, answers = Row(), list[Wait | None]()
    await formed(house, row)

    async def asks(ctx: StepContext) -> Outcome:
        _, second, _ = ctx.members
        answers.append(join.back_first(ctx, NODE, second, {"node02", "node03"}, 10.0))
        answers.append(join.back_first(ctx, NODE, second, set(NODES), 10.0))
        return Done()

    house.toy.script["gathering"] = asks
    out = house.record("node01")
    await house.commit(PutRecord(replace(out, state=state, step="making", version=out.version + 1)))
    await house.tell("demo", "change")
    waits, free = answers[:2]
    assert waits is not None and free is None
    assert waits.waiting_for == "node01 to be back in the cluster before node02 leaves it"
    assert (waits.in_line, waits.attention) == (True, attention)
    assert [one.verb for one in waits.remedies] == (["retry"] if attention else [])


async def test_a_node_that_the_spec_names_no_more_leaves_first_is_rolled_back_and_is_forgotten(
    house: Any,
) -> None:
    row = Row()
    await formed(house, row)
    cluster = house.record("demo")
    less = {**cluster.spec, "nodes": list(NODES[:2])}
    await house.commit(PutRecord(replace(cluster, spec=less, version=cluster.version + 1)))
    await house.tell("demo", "change")
    assert (house.record("node03").state, house.record("demo").wait["for"]) == ("active", "node03 to be out")
    house.toy.script["node03", "unmake"] = [Wait("the test", "not gone", 10.0)]
    row.out.add("node03")
    await house.pass_time(10)
    assert (house.record("node03").state, house.record("demo").wait["for"]) == (
        "rolling_back",
        "nodes to be released",
    )
    for _ in range(4):
        await house.pass_time(10)
    assert "node03" not in house.mirror.records
    assert house.record("demo").state == "active"


async def test_a_node_that_cannot_be_rolled_back_fails_its_cluster_with_its_own_remedies(house: Any) -> None:
    async def last(ctx: StepContext) -> Outcome:
        return Done({"cleared": True})

    house.toy.script["release_nodes"] = release.stage(10.0, last)
    row = Row()
    await formed(house, row)
    house.toy.script["node02", "unmake"] = RuntimeError("never")
    await house.tell("demo", "destroy")
    for _ in range(6):
        await house.pass_time(200)
    stuck = house.record("demo")
    assert (stuck.state, stuck.error["code"]) == ("rollback_blocked", "left_over")
    assert "node02 could not be rolled back" in stuck.error["message"]
    house.toy.script.pop(("node02", "unmake"))
    await house.tell("demo", "retry")
    for _ in range(6):
        await house.pass_time(10)
    assert "demo" not in house.mirror.records
