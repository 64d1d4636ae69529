"""A commit under a steady load: how long it takes from its submission until it is durable."""

from __future__ import annotations

import asyncio
import statistics
import tempfile
import time
from pathlib import Path

from disk import syncs
from figures import Figure, percentile
from toy import Toy, house, sow

from daemon.memory.journal import Journal
from daemon.store.ops import AddEvent, Event, PutRecord

RATE = 1000
SECONDS = 4.0
ROUNDS = 3
NODES = 1000


async def _commit(journal: Journal, name: str, times: list[float]) -> None:
    """One change of a record and its line in the log."""
    begun = time.perf_counter()
    record = journal.mirror.records[name]
    changed = PutRecord(type(record)(name, record.kind, "c", "pending", record.since, record.version + 1))
    await journal.commit(changed, AddEvent(Event(record.since, "c", name, "note", "changed")))
    times.append(time.perf_counter() - begun)


async def _steadily(directory: Path) -> list[float]:
    """Seconds of each of the commits that are submitted one after the other, whether those before are done or not."""
    times: list[float] = []
    async with house(directory, Toy(lambda: None)) as here:
        await sow(here.journal, NODES)
        begun = time.perf_counter()
        running = []
        for number in range(int(RATE * SECONDS)):
            await asyncio.sleep(max(0.0, begun + number / RATE - time.perf_counter()))
            running.append(asyncio.create_task(_commit(here.journal, f"n{number % NODES}", times)))
        await asyncio.gather(*running)
    return times


def latency() -> list[Figure]:
    """G3: submission to durable at a thousand a second."""
    rows = []
    for _ in range(ROUNDS):
        with tempfile.TemporaryDirectory() as name:
            disk = syncs(Path(name))
            times = asyncio.run(_steadily(Path(name)))
            rows.append((disk.median, statistics.median(times), percentile(times, 99)))
    sync, half, most = (statistics.median(column) for column in zip(*rows, strict=True))
    unit = "x the median fdatasync"
    return [
        Figure("engine.submit_p50", half * 1000, f"ms at {RATE}/s"),
        Figure("engine.submit_p99", most * 1000, f"ms at {RATE}/s"),
        Figure("engine.submit_p50_over_fdatasync", half / sync, unit, 3.0, "lower", 6.0),
        Figure("engine.submit_p99_over_fdatasync", most / sync, unit, 12.0, "lower", 30.0),
    ]
