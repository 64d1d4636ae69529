"""Ten thousand deadlines that are over at once: how late the last of them is noticed, durably.

Run as a program it is the engine: `python deadlines.py DIRECTORY` prints how late the median and the last one were,
and the processor time of one, in seconds.
"""

from __future__ import annotations

import asyncio
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path

from figures import Figure, of_runs
from msgspec.structs import replace
from toy import Toy, house

from daemon.cli.running import _log_to_stderr
from daemon.engine.context import StepContext
from daemon.engine.pace import Pace
from daemon.secrets.redaction import Redactor
from daemon.store.ops import Op, PutRecord
from state_machines.outcome import Outcome, Wait
from state_machines.record import Record

NODES = 10_000
SOON = 6.0
"""Seconds until the deadline; by then every node waits."""
POLL = 600.0
ROUNDS = 3
LOOK = 0.05
"""Seconds between two looks at who is noticed: by so much the figures may be too large, and a look at ten thousand
takes its time from the engine."""


class Hopeless(Toy):
    """Every step waits for something that does not come in time."""

    async def _step(self, ctx: StepContext) -> Outcome:
        return Wait("the outside", "nothing yet", POLL)


def _waiting(due: float) -> list[Op]:
    """Nodes of one cluster in their first step, all with the same deadline."""
    cluster = Record("c", "toy.cluster", "c", "active", due - SOON, version=1, spec={"on_failure": "hold"})
    node = Record("n", "toy.node", "c", "step0", due - SOON, version=1, step="step0", deadline=due)
    return [PutRecord(cluster), *(PutRecord(replace(node, name=f"n{number}")) for number in range(NODES))]


async def _pass(directory: Path) -> tuple[float, float, float]:
    """How late the median and the last deadline were noticed, and the CPU time of one."""
    async with house(directory, Hopeless(lambda: None), worn=False, pace=Pace()) as here:
        due = time.time() + SOON
        await here.journal.commit(*_waiting(due))
        work = asyncio.create_task(here.engine.run())
        records = here.journal.mirror.records
        nodes = [name for name in records if name != "c"]
        while not all(records[name].wait for name in nodes):  # noqa: ASYNC110
            await asyncio.sleep(0.1)
        assert due > time.time(), "they did not all wait in time"
        await asyncio.sleep(due - time.time())
        used = time.process_time()
        late: dict[str, float] = {}
        while len(late) < NODES:
            await asyncio.sleep(LOOK)
            now = time.time()
            late |= {
                name: now - due for name in nodes if name not in late and records[name].state == "failed"
            }
        used = time.process_time() - used
        work.cancel()
        await asyncio.gather(work, return_exceptions=True)
    return statistics.median(late.values()), max(late.values()), used / NODES


def deadlines() -> list[Figure]:
    """J: noticed within two seconds."""
    runs = []
    for _ in range(ROUNDS):
        with tempfile.TemporaryDirectory() as directory:
            command = [sys.executable, __file__, directory]
            told = subprocess.run(command, capture_output=True, text=True, check=True).stdout
            runs.append([float(word) for word in told.split()])
    median, last, each = zip(*runs, strict=True)
    settings = f"{NODES} in one cluster, limits.steps {Pace().steps_at_once}"
    return [
        of_runs("engine.deadlines_10000_median", median, "s late", None, settings),
        of_runs("engine.deadlines_10000_last", last, "s late", 2.0, settings),
        of_runs("engine.deadline_cpu", [one * 1000 for one in each], "ms of CPU for one", None, settings),
    ]


if __name__ == "__main__":
    _log_to_stderr(Redactor())  # as the daemon does
    print(*asyncio.run(_pass(Path(sys.argv[1]))))
