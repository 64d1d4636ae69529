"""Durable steps: how many a second, and how long one takes, against the disk and against a store without groups."""

from __future__ import annotations

import asyncio
import statistics
import tempfile
from collections.abc import Callable, Sequence
from pathlib import Path

from disk import syncs
from figures import Figure
from toy import STEPS, seconds

from daemon.store import sqlite
from daemon.store.base import Otherwise, Then
from daemon.store.ops import Event, Lease, Op
from daemon.store.sqlite import SqliteStore

NODES = 1000
NAIVE_NODES = 40
IN_A_ROW = 200
ROUNDS = 7


class OneByOne(SqliteStore):
    """The same store as one would first write it: a transaction for each write, one after the other."""

    def __init__(self, path: Path, new_id: str) -> None:
        super().__init__(path, new_id)
        self._turn = asyncio.Lock()

    def commit(
        self,
        lease: Lease,
        ops: Sequence[Op],
        then: Then | None = None,
        patient: bool = False,
        otherwise: Otherwise | None = None,
    ) -> asyncio.Future[list[Event]]:
        return asyncio.ensure_future(self._one_by_one(lease, ops, then))

    async def _one_by_one(self, lease: Lease, ops: Sequence[Op], then: Then | None) -> list[Event]:
        events: list[Event] = []
        async with self._turn:
            for one in [[op] for op in ops] or [[]]:
                events += await super().commit(lease, one)
        if then is not None:
            then(events)
        return events


def _fresh(measure: Callable[[Path], float]) -> float:
    with tempfile.TemporaryDirectory() as name:
        return measure(Path(name))


def _many(directory: Path, made: type[SqliteStore] = SqliteStore) -> float:
    return NODES * STEPS / asyncio.run(seconds(directory, NODES, made=made))


def _naive(directory: Path) -> float:
    return NAIVE_NODES * STEPS / asyncio.run(seconds(directory, NAIVE_NODES, made=OneByOne))


def _one(directory: Path) -> float:
    return asyncio.run(seconds(directory, 1, IN_A_ROW)) / IN_A_ROW


def _normal(directory: Path) -> float:
    """Steps a second with synchronous=NORMAL, which loses the latest commits with the power."""
    kept = sqlite._PRAGMAS
    sqlite._PRAGMAS = tuple(one.replace("=FULL", "=NORMAL") for one in kept)
    try:
        return _many(directory)
    finally:
        sqlite._PRAGMAS = kept


def engine() -> list[Figure]:
    """G1, G1c, G2 and G11: each round measures every side once, so that noise meets all alike."""
    rows = []
    for _ in range(ROUNDS):
        with tempfile.TemporaryDirectory() as name:
            disk = syncs(Path(name))
        rows.append((_fresh(_many), disk.rate, _fresh(_naive), _fresh(_one), disk.median, _fresh(_normal)))
    many, rate, naive, one, sync, normal = (statistics.median(column) for column in zip(*rows, strict=True))
    return [
        Figure("engine.steps_per_second", many, "steps/s"),
        Figure("engine.fdatasync_per_second", rate, "syncs/s"),
        Figure("engine.steps_over_fdatasync", many / rate, "ratio", 6.0, "higher", 2.0),
        Figure("engine.steps_over_naive", many / naive, "x a commit for each write", 50.0, "higher", 15.0),
        Figure("engine.step_alone", one * 1000, "ms"),
        Figure("engine.step_alone_over_fdatasync", one / sync, "x the median fdatasync", 2.5, "lower", 4.0),
        Figure("engine.full_over_normal", many / normal, "ratio", 0.9, "higher", 0.8),
    ]
