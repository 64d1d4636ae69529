"""The engine with nothing outside: a platform of a few steps that make one object each, on a real store."""

from __future__ import annotations

import asyncio
import os
import time
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from daemon.clock import SystemClock
from daemon.engine.context import Step, StepContext
from daemon.engine.crashes import CrashLog
from daemon.engine.engine import Engine
from daemon.engine.objects import Found, Want
from daemon.engine.pace import Pace
from daemon.host.heap import collect_rarely, freeze
from daemon.memory.bus import Bus
from daemon.memory.journal import Journal
from daemon.memory.mirror import Mirror
from daemon.secrets.box import SecretBox
from daemon.store.base import Store
from daemon.store.ops import AddCommand, AddEvent, Command, Event, Op, PutRecord, Resource
from daemon.store.sqlite import SqliteStore
from state_machines.kind import NOTHING, Kind, State
from state_machines.lifecycle import ENDS, lifecycle
from state_machines.objects import LATE_SECONDS, ObjectKind, by_name
from state_machines.outcome import Done, Outcome
from state_machines.record import Record
from state_machines.verbs import RETRY

STEPS = 12
HALF = STEPS // 2
"""A daemon that is killed dies when every node has done so many steps and is in a call of the next."""
_KEY = b"A" * 43 + b"="

WIDE = Pace(steps_at_once=20_000)
"""Nobody waits for a slot."""

Outside = Callable[[str], Awaitable[None]]
"""What happens when an object of that name is made, before it is there."""


async def at_once(name: str) -> None:
    """Nothing outside takes any time."""


def never_answered(nodes: int, answered: int = 0) -> tuple[Outside, asyncio.Event]:
    """Calls that do not end, but for those of each node's first steps, and the event that so many are in one."""
    entered, all_entered = 0, asyncio.Event()

    async def create(name: str) -> None:
        nonlocal entered
        if int(name.rpartition("-step")[2]) < answered:
            return
        entered += 1
        if entered == nodes:
            all_entered.set()
        await asyncio.sleep(3600)

    return create, all_entered


def kind(role: str, steps: int = STEPS) -> Kind:
    """A node (or cluster) of so many steps."""
    work = tuple(
        State(f"step{n}", "working", f"step {n}", "Work.", True, 3600.0, NOTHING) for n in range(steps)
    )
    return Kind(
        f"toy.{role}",
        role,  # type: ignore[arg-type]
        (
            State("pending", "waiting", "pending", "Waits."),
            *work,
            State("active", "ok", "active", "Is there."),
            *ENDS,
        ),
        lifecycle(("pending",), work, ("active",), protected=()),
        (),
        (RETRY,),
    )


class Toy:
    """The least a platform can be. ``create`` runs while an object is made; ``found`` says that it is there already;
    ``finished`` is told of each node that ran its last step."""

    cluster = kind("cluster")
    undo: Mapping[str, Step] = {}
    remedies: Mapping[str, str] = {}
    objects = by_name((ObjectKind("thing", "thing", "things", 1),))

    def __init__(self, finished: Callable[[], None], create: Outside = at_once, steps: int = STEPS) -> None:
        self.node = kind("node", steps)
        self.found: set[str] = set()
        self._create = create
        self._finished = finished
        self._last = self.node.steps[-1]
        self.steps: Mapping[str, Step] = dict.fromkeys(self.node.steps, self._step)

    async def _step(self, ctx: StepContext) -> Outcome:
        """Make one object, with its intent before and its result after, as every real step does."""
        name = f"{ctx.record.name}-{ctx.record.state}"

        async def create() -> Found:
            await self._create(name)
            return Found(name)

        async def find() -> Found | None:
            return Found(name) if name in self.found else None

        await ctx.ensure(Want("thing", name, find, create, lambda found: True))
        if ctx.record.state == self._last:
            self._finished()
        return Done()

    def climb(self, record: Record, cluster: Record, problem: Any) -> None:
        """Never by itself."""

    def veto(self, verb: str, record: Record, cluster: Record) -> None:
        """Nothing is forbidden."""

    def rank(self, kind: str) -> int:
        """There is one kind."""
        return 0

    def late(self, kind: str) -> float:
        """As long as of any other."""
        return LATE_SECONDS

    def removal_commands(self, resource: Resource) -> Sequence[str]:
        """There is nothing to remove."""
        return []


@dataclass
class House:
    """A store that is open, and the engine on it."""

    journal: Journal
    engine: Engine


@asynccontextmanager
async def house(
    directory: Path,
    toy: Toy,
    made: type[SqliteStore] = SqliteStore,
    worn: bool = True,
    pace: Pace = WIDE,
) -> AsyncIterator[House]:
    """Everything that a daemon has between its API and its disk; ``worn``: it has worked for a while."""
    collect_rarely()
    clock = SystemClock()
    store: Store = made(directory / "bench.db", "bench")
    await store.open()
    folder = os.open(directory, os.O_RDONLY | os.O_DIRECTORY)
    crashes = CrashLog(folder, "running")
    try:
        lease = await store.acquire("bench")
        journal = Journal(store, lease, Mirror(await store.load()), Bus(), clock)
        if worn:
            await _wear_in(journal)
        freeze()
        platforms = {"toy": toy}
        yield House(journal, Engine(journal, platforms, SecretBox(_KEY), pace, crashes))  # type: ignore[arg-type]
    finally:
        crashes.close()
        os.close(folder)
        await store.close()


async def _wear_in(journal: Journal) -> None:
    """Let the write-ahead log grow to the size at which it is written over, as it is in a daemon that has worked."""
    lines = [AddEvent(Event(journal.clock.now(), "c", None, "note", "x" * 200))] * 5
    for _ in range(1600):
        await journal.commit(*lines)


async def sow(journal: Journal, nodes: int) -> None:
    """A cluster of so many nodes, each with the command to start."""
    now = journal.clock.now()
    cluster = Record("c", "toy.cluster", "c", "active", now, version=1, spec={"on_failure": "hold"})
    ops: list[Op] = [PutRecord(cluster)]
    for number in range(nodes):
        name = f"n{number}"
        ops.append(PutRecord(Record(name, "toy.node", "c", "pending", now, version=1, step="pending")))
        ops.append(AddCommand(Command(f"t{number}", name, "c", "start", "bench", now)))
    await journal.commit(*ops)


async def seconds(
    directory: Path, nodes: int, steps: int = STEPS, made: type[SqliteStore] = SqliteStore
) -> float:
    """How long so many nodes take through all their steps, every one of them durable."""
    left, reached = nodes, asyncio.Event()

    def one_more() -> None:
        nonlocal left
        left -= 1
        if not left:
            reached.set()

    async with house(directory, Toy(one_more, steps=steps), made) as here:
        await sow(here.journal, nodes)
        begun = time.perf_counter()
        work = asyncio.create_task(here.engine.run())
        await reached.wait()
        taken = time.perf_counter() - begun
        work.cancel()
        await asyncio.gather(work, return_exceptions=True)
    return taken
