"""One store of each sort, opened and closed around each test of the promises they share."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import pytest

from daemon.store.base import Store
from daemon.store.memory import MemoryStore
from daemon.store.sqlite import SqliteStore


@asynccontextmanager
async def opened(directory: Path, new_id: str = "one") -> AsyncIterator[SqliteStore]:
    """The store in a directory, closed whatever becomes of the test: one left open keeps its process from ending."""
    store = SqliteStore(directory / "nxd.db", new_id)
    await store.open()
    try:
        yield store
    finally:
        await store.close()


@pytest.fixture(params=["sqlite", "memory"])
async def store(request: pytest.FixtureRequest, tmp_path: Path) -> AsyncIterator[Store]:
    made: Store = (
        SqliteStore(tmp_path / "nxd.db", "first") if request.param == "sqlite" else MemoryStore("first")
    )
    await made.open()
    yield made
    await made.close()
