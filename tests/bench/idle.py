"""An engine with a thousand nodes that wait and look every ten seconds: what it costs while nothing happens.

Run as a program it is the engine: `python idle.py DIRECTORY NODES` says when all nodes wait.
"""

from __future__ import annotations

import asyncio
import statistics
import sys
import tempfile
import time
from pathlib import Path

from figures import Figure, cpu_seconds, of_runs, resident_mb
from restart import killed, until_told
from toy import Toy, house, sow

from daemon.engine.context import StepContext
from state_machines.outcome import Outcome, Wait

NODES = 1000
MANY = 10_000
POLL = 10.0
MEASURED = 20.0
ROUNDS = 3


class Patient(Toy):
    """Every step waits for something that does not come; to look costs nothing outside."""

    async def _step(self, ctx: StepContext) -> Outcome:
        return Wait("the outside", "nothing yet", POLL)


def _one(nodes: int = NODES) -> tuple[float, float]:
    """Share of a core, and resident MB."""
    with tempfile.TemporaryDirectory() as directory:
        child, _ = until_told([sys.executable, __file__, directory, str(nodes)])
        try:
            before, begun = cpu_seconds(child.pid), time.monotonic()
            time.sleep(MEASURED)
            used = (cpu_seconds(child.pid) - before) / (time.monotonic() - begun)
            return used, resident_mb(child.pid)
        finally:
            killed(child)


def idle() -> list[Figure]:
    """CPU and memory of the engine alone; what a look costs outside comes on top."""
    used, memory = (
        statistics.median(column) for column in zip(*(_one() for _ in range(ROUNDS)), strict=True)
    )
    return [
        Figure("engine.waiting_cpu", used * 100, f"% of a core, {NODES} nodes waiting", 5.0),
        Figure("engine.waiting_memory", memory, f"MB, engine with {NODES} nodes waiting", 150),
    ]


def many_waiting() -> list[Figure]:
    """J: ten thousand nodes that wait."""
    runs = [_one(MANY) for _ in range(ROUNDS)]
    used, memory = zip(*runs, strict=True)
    settings = f"poll {POLL:g} s, a look costs nothing outside"
    return [
        of_runs("engine.waiting_10000_cpu", [one * 100 for one in used], "% of a core", 2.0, settings),
        of_runs("engine.waiting_10000_memory", memory, "MB, the engine alone", 300.0, settings),
    ]


async def _wait(directory: Path, nodes: int) -> None:
    async with house(directory, Patient(lambda: None), worn=False) as here:
        await sow(here.journal, nodes)
        work = asyncio.create_task(here.engine.run())
        records = here.journal.mirror.records
        while not all(one.wait for one in records.values() if one.name != one.shard):  # noqa: ASYNC110
            await asyncio.sleep(0.1)
        await asyncio.sleep(1)
        print("all wait", flush=True)
        await work


if __name__ == "__main__":
    asyncio.run(_wait(Path(sys.argv[1]), int(sys.argv[2])))
