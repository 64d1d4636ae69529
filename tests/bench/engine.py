"""The engine on its own: durable steps with nothing outside, on the real store, against what the disk can do."""

from __future__ import annotations

import asyncio
import os
import statistics
import tempfile
import time
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from cryptography.fernet import Fernet
from figures import Figure

from daemon.bus import Bus
from daemon.clock import SystemClock
from daemon.engine import Engine, Pace
from daemon.journal import Journal
from daemon.mirror import Mirror
from daemon.secrets import SecretBox
from daemon.steps import Found, Step, StepContext, Want
from daemon.store.ops import AddCommand, Command, Op, PutRecord, Resource
from daemon.store.sqlite import SqliteStore
from state_machines.kind import NOTHING, Kind, State
from state_machines.lifecycle import ENDS, lifecycle
from state_machines.outcome import Done, Outcome
from state_machines.record import Record

NODES = 1000
STEPS = 12
BLOCK = b"x" * 4096

WORK = tuple(State(f"step{n}", "working", f"step {n}", "Work.", True, 3600.0, NOTHING) for n in range(STEPS))


def kind(role: str) -> Kind:
    """A node (or cluster) of twelve steps."""
    return Kind(
        f"toy.{role}",
        role,  # type: ignore[arg-type]
        (
            State("pending", "waiting", "pending", "Waits."),
            *WORK,
            State("active", "ok", "active", "Is there."),
            *ENDS,
        ),
        lifecycle(("pending",), WORK, ("active",), protected=()),
        (),
        {"retry": "try again"},
    )


class Finish:
    """Knows when the last node has run its last step."""

    def __init__(self) -> None:
        self.left = NODES
        self.reached = asyncio.Event()

    def one_more(self) -> None:
        """A node ran its last step."""
        self.left -= 1
        if not self.left:
            self.reached.set()


async def step(ctx: StepContext, finish: Finish) -> Outcome:
    """Make one object, with its intent before and its result after, as every real step does."""
    name = f"{ctx.record.name}-{ctx.record.state}"

    async def create() -> Found:
        return Found(name)

    async def find() -> Found | None:
        return None

    await ctx.ensure(Want("thing", name, find, create, lambda found: True))
    if ctx.record.state == WORK[-1].name:
        finish.one_more()
    return Done()


class Toy:
    """The least a platform can be."""

    node = kind("node")
    cluster = kind("cluster")
    undo: Mapping[str, Step] = {}
    undo_order: Sequence[str] = ("thing",)

    def __init__(self, finish: Finish) -> None:
        self.steps: Mapping[str, Step] = {state.name: lambda ctx: step(ctx, finish) for state in WORK}

    def climb(self, record: Record, cluster: Record, problem: Any) -> None:
        """Never by itself."""

    def removal_command(self, resource: Resource) -> str:
        """There is nothing to remove."""
        return ""


async def steps_per_second(directory: Path) -> float:
    """Durable steps a second: a thousand nodes of twelve steps each, nothing outside takes any time."""
    clock = SystemClock()
    store = SqliteStore(directory / "bench.db", "bench")
    await store.open()
    try:
        lease = await store.acquire("bench")
        journal = Journal(store, lease, Mirror(await store.load()), Bus(), clock)
        finish = Finish()
        engine = Engine(
            journal, {"toy": Toy(finish)}, SecretBox(Fernet.generate_key()), Pace(steps_at_once=10_000)
        )  # type: ignore[dict-item]
        now = clock.now()
        ops: list[Op] = [
            PutRecord(Record("c", "toy.cluster", "c", "active", now, version=1, spec={"on_failure": "hold"}))
        ]
        for number in range(NODES):
            name = f"n{number}"
            ops.append(PutRecord(Record(name, "toy.node", "c", "pending", now, version=1, step="pending")))
            ops.append(AddCommand(Command(f"t{number}", name, "c", "start", "bench", now)))
        await journal.commit(*ops)
        begun = time.perf_counter()
        work = asyncio.create_task(engine.run())
        await finish.reached.wait()
        taken = time.perf_counter() - begun
        work.cancel()
        await asyncio.gather(work, return_exceptions=True)
        return NODES * STEPS / taken
    finally:
        await store.close()


def syncs_per_second(directory: Path, count: int = 2000) -> float:
    """How often the disk confirms a 4 KiB write over existing blocks (fdatasync), as a WAL that is reused does."""
    path = directory / "sync"
    path.write_bytes(BLOCK * 256)
    handle = os.open(path, os.O_RDWR)
    try:
        begun = time.perf_counter()
        for number in range(count):
            os.pwrite(handle, BLOCK, (number % 256) * len(BLOCK))
            os.fdatasync(handle)
        return count / (time.perf_counter() - begun)
    finally:
        os.close(handle)


def engine() -> list[Figure]:
    """G1: durable steps against the raw rate of the disk."""
    pairs = []
    for _ in range(3):
        with tempfile.TemporaryDirectory() as name:
            directory = Path(name)
            pairs.append((asyncio.run(steps_per_second(directory)), syncs_per_second(directory)))
    steps = statistics.median(one for one, _ in pairs)
    syncs = statistics.median(other for _, other in pairs)
    return [
        Figure("engine.steps_per_second", steps, "steps/s"),
        Figure("engine.fdatasync_per_second", syncs, "syncs/s"),
        Figure("engine.steps_over_fdatasync", steps / syncs, "ratio", 6.0, "higher"),
    ]
