"""Killed while it migrates, queues, commits or moves its log: what was acknowledged is there, and whole."""

from __future__ import annotations

import os
import signal
import sqlite3
import subprocess
import sys
from contextlib import closing
from pathlib import Path

import pytest

from daemon.store.sqlite import SqliteStore

pytestmark = pytest.mark.e2e

WRITER = """
import asyncio, sys
from pathlib import Path
from daemon.store.ops import AddEvent, Event, PutRecord
from daemon.store.sqlite import SqliteStore
from state_machines.record import Record

async def write(store, lease, name):
    began = {record.name: record.version for record in (await store.load()).records}.get(name, 0)
    for version in range(began + 1, began + 1_200):
        record = Record(name, "toy.node", "demo", "pending", 1.0, version=version)
        said = AddEvent(Event(1.0, "demo", name, "note", f"{name} {version}"))
        [event] = await store.commit(lease, [PutRecord(record), said])
        sys.stdout.write(f"{event.revision} {event.message}\\n")
        sys.stdout.flush()

async def main():
    store = SqliteStore(Path(sys.argv[1]), "id")
    await store.open()
    lease = await store.acquire("writer")
    await asyncio.gather(*(write(store, lease, f"n{number}") for number in range(8)))

asyncio.run(main())
"""

PLACES = (
    "migrating",
    "migrating+0.001",
    "queued#40",
    "batch_begun#30",
    "batch_begun#30+0.0002",
    "before_checkpoint#2",
    "before_checkpoint#2+0.0002",
    "before_checkpoint#3+0.001",
    "after_checkpoint#3",
)


def write_and_die(database: Path, crash: str) -> list[str]:
    """What a writer was told to be durable before it died."""
    environ = {**os.environ, "NXD_CRASH": crash}
    command = [sys.executable, "-c", WRITER, str(database)]
    done = subprocess.run(command, capture_output=True, text=True, env=environ, timeout=60, check=False)
    assert done.returncode == -signal.SIGKILL, f"it was not killed: {done.stderr}"
    return done.stdout.splitlines()


@pytest.mark.parametrize("crash", PLACES)
async def test_what_was_acknowledged_survives_a_kill(tmp_path: Path, crash: str) -> None:
    database = tmp_path / "nxd.db"
    acknowledged = write_and_die(database, crash)
    assert bool(acknowledged) == (not crash.startswith("migrating")), "it died at another place"
    with closing(sqlite3.connect(database)) as db:
        assert db.execute("PRAGMA integrity_check").fetchone() == ("ok",)
    again = SqliteStore(database, "another")
    await again.open()
    try:
        log = await again.events(limit=10_000)
        contents = await again.load()
        await again.acquire("next")
    finally:
        await again.close()
    assert [event.revision for event in log] == list(range(1, len(log) + 1))
    assert set(acknowledged) <= {f"{event.revision} {event.message}" for event in log}
    told = {event.record: event.message for event in log}
    assert {record.name: f"{record.name} {record.version}" for record in contents.records} == told


def test_the_write_ahead_log_of_a_writer_that_is_killed_again_and_again_does_not_grow(tmp_path: Path) -> None:
    database = tmp_path / "nxd.db"
    sizes = []
    for _ in range(8):
        write_and_die(database, "queued#80")
        sizes.append((tmp_path / "nxd.db-wal").stat().st_size)
    assert max(sizes) < 3 * sizes[0]
