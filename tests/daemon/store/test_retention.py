"""The log is kept for so long and so far; what a standing record needs stays, and nobody waits for the forgetting."""

from __future__ import annotations

import asyncio
import time
from pathlib import Path
from typing import Any

import pytest

from daemon.store.base import Fenced, Store
from daemon.store.ops import (
    AddCommand,
    AddEvent,
    CloseCommand,
    Command,
    DropRecord,
    Event,
    Op,
    Pruning,
    PutRecord,
)
from daemon.store.sqlite import SqliteStore
from state_machines.record import Record
from tests.daemon.store.conftest import opened


def line(when: float, record: str = "a", kind: Any = "note") -> AddEvent:
    return AddEvent(Event(when, "demo", record, kind, "said"))


async def prune(store: Store, lease: Any, **what: Any) -> Pruning:
    left = Pruning(**what)
    while not left.done:
        left = await store.prune(lease, left)
    return left


async def revisions(store: Store) -> list[int]:
    return [event.revision for event in await store.events()]


async def test_what_is_older_than_its_time_is_forgotten_but_for_the_transitions_of_what_stands(
    store: Store,
) -> None:
    lease = await store.acquire("test")
    lines: list[Op] = [PutRecord(Record("a", "toy.node", "demo", "s", 1.0, version=1))]
    lines += [line(1.0), line(2.0, kind="transition"), line(3.0, "gone", "transition"), line(4.0), line(9.0)]
    await store.commit(lease, lines)
    left = await prune(store, lease, before=5.0, piece=2)
    assert await revisions(store) == [2, 5]
    assert (left.begins, (await store.load()).begins) == (5, 5)
    await store.commit(lease, [DropRecord("a")])
    await prune(store, lease, before=5.0)
    assert await revisions(store) == [5]


async def test_what_exceeds_its_number_is_forgotten_and_numbers_go_on(store: Store) -> None:
    lease = await store.acquire("test")
    await store.commit(lease, [line(float(n)) for n in range(20)])
    await prune(store, lease, before=-1.0, until=15, piece=4)
    assert await revisions(store) == [16, 17, 18, 19, 20]
    await prune(store, lease, before=1e9)
    assert await revisions(store) == []
    (event,) = await store.commit(lease, [line(30.0)])
    assert event.revision == 21


async def test_numbers_go_on_after_a_restart_with_an_empty_log(tmp_path: Path) -> None:
    async with opened(tmp_path) as store:
        lease = await store.acquire("test")
        await store.commit(lease, [line(1.0), line(2.0)])
        await prune(store, lease, before=1e9)
    async with opened(tmp_path) as store:
        contents = await store.load()
        assert (contents.revision, contents.begins) == (2, 3)
        (event,) = await store.commit(await store.acquire("again"), [line(3.0)])
        assert event.revision == 3


async def test_closed_commands_go_with_the_log_and_open_ones_stay(store: Store) -> None:
    lease = await store.acquire("test")
    asked = [AddCommand(Command(f"t{n}", "a", "demo", "v", "ada", float(n))) for n in range(10)]
    await store.commit(lease, [*asked, *(CloseCommand(f"t{n}", "a") for n in (1, 2, 3, 8))])
    left = Pruning(before=5.0)
    left = await store.prune(lease, left)
    assert set(left.tokens) == {"t1", "t2", "t3"}
    contents = await store.load()
    assert set(contents.tokens) == {"t0", "t4", "t5", "t6", "t7", "t8", "t9"}
    assert len(contents.commands) == 6


async def test_a_writer_that_was_fenced_forgets_nothing(store: Store) -> None:
    old = await store.acquire("one")
    await store.commit(old, [line(1.0)])
    new = await store.acquire("other")
    await store.commit(new, [line(2.0)])
    with pytest.raises(Fenced):
        await store.prune(old, Pruning(before=1e9))
    assert await revisions(store) == [1, 2]


async def test_nobody_who_commits_waits_for_the_forgetting(tmp_path: Path) -> None:
    store = SqliteStore(tmp_path / "nxd.db", "one")
    await store.open()
    lease = await store.acquire("test")
    for _ in range(30):
        await store.commit(lease, [line(1.0) for _ in range(1000)])
    forgetting = asyncio.create_task(prune(store, lease, before=5.0))
    slowest, commits, first = 0.0, 0, time.monotonic()
    while not forgetting.done():
        begun = time.monotonic()
        await store.commit(lease, [line(9.0)])
        slowest, commits = max(slowest, time.monotonic() - begun), commits + 1
    assert commits > 20
    whole = time.monotonic() - first
    assert slowest < whole / 4, f"a commit took {slowest:.3f} s of {whole:.3f} s"
    assert len(await store.events(limit=100_000)) == commits
    await store.close()
