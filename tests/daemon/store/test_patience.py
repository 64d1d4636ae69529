"""A commit for which nobody outside waits shares its trip to the disk with others, and is never forgotten."""

from __future__ import annotations

import asyncio
from pathlib import Path

from daemon.store.ops import AddEvent, Event, Lease
from daemon.store.sqlite import SqliteStore
from tests.daemon.store.conftest import opened

LINE = AddEvent(Event(1.0, "demo", "node01", "note", "made"))


async def trips(store: SqliteStore, lease: Lease) -> int:
    """How many transactions there are of three commits with patience and a later one without."""
    ran: list[str] = []
    await store._writer.run(lambda db: db.set_trace_callback(ran.append))  # type: ignore[union-attr]
    patient = [store.commit(lease, [LINE], patient=True) for _ in range(3)]
    for _ in range(10):
        await asyncio.sleep(0)  # by now whoever has no patience is on the way to the disk
    await store.commit(lease, [LINE])
    assert all(one.done() for one in patient), "they went before it, as they were asked for"
    return ran.count("COMMIT")


async def test_commits_with_patience_wait_for_others_and_go_with_the_first_that_has_none(
    tmp_path: Path,
) -> None:
    async with opened(tmp_path) as store:
        lease = await store.acquire("one")
        assert min([await trips(store, lease) for _ in range(5)]) == 1
        assert (await asyncio.wait_for(store.commit(lease, [LINE], patient=True), 5))[0].revision == 21
        urgent, patient = store.commit(lease, [LINE]), store.commit(lease, [LINE], patient=True)
        await urgent
        assert (await asyncio.wait_for(patient, 5))[0].revision == 23


async def test_who_has_patience_when_the_store_closes_is_not_forgotten(tmp_path: Path) -> None:
    async with opened(tmp_path) as store:
        waits = store.commit(await store.acquire("one"), [LINE], patient=True)
    assert [event.revision for event in await waits] == [1]
