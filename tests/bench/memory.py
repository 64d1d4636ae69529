"""Memory of a node: one that rests, one in a call, and one that a state machine of its own is bound to.

Run as a program it is one side of it: `python memory.py idle|flight|bound DIRECTORY` prints bytes for each node.
"""

from __future__ import annotations

import asyncio
import gc
import os
import statistics
import subprocess
import sys
import tempfile
from pathlib import Path

from figures import Figure, resident_mb
from toy import Toy, house, never_answered, sow

NODES = 10_000
BOUND = 2_000
STATES = 25
ROUNDS = 3


def _resident() -> float:
    gc.collect()
    return resident_mb(os.getpid()) * 1024 * 1024


async def _prepare(directory: Path) -> None:
    """A database of many nodes that wait for their start."""
    for name, nodes in (("empty", 1), ("full", NODES)):
        (directory / name).mkdir()
        async with house(directory / name, Toy(lambda: None), worn=False) as here:
            await sow(here.journal, nodes)


async def _ours(directory: Path, in_flight: bool) -> float:
    """Bytes for each node that the daemon remembers, or beyond that for each whose step is in a call."""
    create, all_entered = never_answered(NODES)
    toy = Toy(lambda: None, create)
    async with house(directory / "empty", toy, worn=False):
        before = _resident()
    async with house(directory / "full", toy, worn=False) as here:
        rest = _resident()
        if not in_flight:
            return (rest - before) / NODES
        work = asyncio.create_task(here.engine.run())
        await all_entered.wait()
        busy = _resident()
        work.cancel()
        await asyncio.gather(work, return_exceptions=True)
        return (busy - rest) / NODES


def _bound() -> float:
    """Bytes for each model that one AsyncMachine of 25 states is bound to."""
    from transitions.extensions.asyncio import AsyncMachine

    names = [f"s{number}" for number in range(STATES)]
    machine = AsyncMachine(model=None, states=names, initial=names[0], auto_transitions=False)
    for event in ("advance", "fail", "retry", "hold"):
        machine.add_ordered_transitions(trigger=event)
    models = [_Model() for _ in range(BOUND)]
    before = _resident()
    for model in models:
        machine.add_model(model)
    return (_resident() - before) / BOUND


class _Model:
    """Something that a machine can be bound to."""


def _asked(side: str) -> float:
    with tempfile.TemporaryDirectory() as directory:
        asyncio.run(_prepare(Path(directory)))
        command = [sys.executable, __file__, side, directory]
        return float(subprocess.run(command, capture_output=True, text=True, check=True).stdout)


def memory() -> list[Figure]:
    """G5, each side in a process of its own."""
    rows = [tuple(_asked(side) for side in ("idle", "flight", "bound")) for _ in range(ROUNDS)]
    idle, flight, bound = (statistics.median(column) for column in zip(*rows, strict=True))
    unit = "x a model bound to an AsyncMachine"
    return [
        Figure("engine.node_idle", idle / 1024, "kB"),
        Figure("engine.node_in_flight", flight / 1024, "kB"),
        Figure("engine.node_bound", bound / 1024, "kB"),
        Figure("engine.node_idle_over_bound", idle / bound, unit, 0.1, "lower", 0.2),
        Figure("engine.node_in_flight_over_bound", flight / bound, unit, 0.5, "lower", 1.0),
    ]


if __name__ == "__main__":
    side, where = sys.argv[1], Path(sys.argv[2])
    print(_bound() if side == "bound" else asyncio.run(_ours(where, side == "flight")))
