"""The database on disk: it survives, it says what is wrong with it, and nobody writes it but its writer."""

from __future__ import annotations

import asyncio
import contextlib
import json
import sqlite3
import subprocess
import sys
import threading
import time
from pathlib import Path
from typing import Any

import aiosqlite
import pytest
from msgspec.structs import replace

from daemon.errors.tree import StoreError
from daemon.store import sqlite as module
from daemon.store.base import Fenced
from daemon.store.ops import AddCommand, AddEvent, Command, Event, PutRecord, PutResource, Resource
from daemon.store.sqlite import SqliteStore
from state_machines.record import Record
from tests.daemon.store.conftest import opened
from tests.logfmt import journal

NODE = Record("node01", "toy.node", "demo", "pending", 1.0, version=1)
LINE = AddEvent(Event(1.0, "demo", "node01", "note", "made"))


async def refusal(path: Path) -> StoreError:
    """Why the store at that path cannot be opened."""
    store = SqliteStore(path, "id")
    try:
        with pytest.raises(StoreError) as caught:
            await store.open()
    finally:
        await store.close()
    return caught.value


@pytest.mark.parametrize("name", ["nxd.db", "a #1 50%20 ?mode=memory ü.db"])
async def test_what_was_committed_is_there_after_a_restart_and_so_is_the_daemons_identity(
    tmp_path: Path, name: str
) -> None:
    first = SqliteStore(tmp_path / name, "first")
    await first.open()
    lease = await first.acquire("one")
    await first.commit(
        lease, [PutRecord(NODE), LINE, AddCommand(Command("t", "node01", "demo", "v", "a", 1))]
    )
    before = await first.load()
    await first.close()
    again = SqliteStore(tmp_path / name, "second")
    await again.open()
    assert await again.load() == before
    assert before.daemon_id == "first"
    newer = await again.acquire("two")
    assert newer.epoch > lease.epoch
    assert [e.revision for e in await again.commit(newer, [LINE])] == [2]
    await again.close()


async def test_a_process_that_took_over_fences_the_one_before_it(tmp_path: Path) -> None:
    one, other = (SqliteStore(tmp_path / "nxd.db", "id") for _ in range(2))
    await one.open()
    old = await one.acquire("one")
    await other.open()
    new = await other.acquire("other")
    with pytest.raises(Fenced):
        await one.commit(old, [LINE])
    await other.commit(new, [LINE])
    assert len(await other.events()) == 1
    await one.close()
    await other.close()


async def test_a_database_killed_before_it_had_its_identity_is_finished_at_the_next_start(
    tmp_path: Path,
) -> None:
    store = SqliteStore(tmp_path / "nxd.db", "never told")
    await store.open()
    await store.close()
    with contextlib.closing(sqlite3.connect(tmp_path / "nxd.db", isolation_level=None)) as db:
        db.execute("DELETE FROM meta")
    store = SqliteStore(tmp_path / "nxd.db", "told")
    async with asyncio.timeout(5):
        await store.open()
    assert (await store.load()).daemon_id == "told"
    await store.close()


async def test_an_installation_that_an_older_version_saw_begin_goes_on_from_its_furthest_phase(
    tmp_path: Path,
) -> None:
    path = tmp_path / "nxd.db"
    first = sorted((Path(module.__file__).parent / "migrations").glob("*.sql"))[0]
    said = [
        (2, "phase", 9, 6, 40),
        (2, "phase", 8, 5, 100),
        (1, "phase", 30, 8, None),
        (2, "phase", 10, 6, 20),
    ]
    with contextlib.closing(sqlite3.connect(path)) as db:
        db.executescript(f"{first.read_text()} PRAGMA user_version = 1;")
        for round_, name, seq, phase, percent in said:
            data = json.dumps({"phase": phase, "percent": percent})
            db.execute("INSERT INTO signals VALUES ('n', 'c', ?, ?, ?, 1.0, ?)", (round_, name, seq, data))
        db.execute("INSERT INTO signals VALUES ('n', 'c', 2, 'script_fetched', 0, 1.0, '{}')")
        db.commit()
    store = SqliteStore(path, "id")
    await store.open()
    kept = {signal.name: signal for signal in (await store.load()).signals}
    await store.close()
    assert set(kept) == {"phase", "script_fetched"}
    assert (kept["phase"].round, kept["phase"].boot, kept["phase"].data) == (
        2,
        1,
        {"phase": 6, "percent": 40},
    )


async def test_a_newer_database_is_left_alone_with_the_advice_to_install_the_newer_version(
    tmp_path: Path,
) -> None:
    path = tmp_path / "nxd.db"
    with contextlib.closing(sqlite3.connect(path)) as db:
        db.execute("PRAGMA user_version = 99")
    error = await refusal(path)
    assert (str(path) in error.message, "newer nxd" in error.message, "99" in error.message) == (True,) * 3
    assert "Install" in error.remedy
    with contextlib.closing(sqlite3.connect(path)) as db:
        assert db.execute("SELECT count(*) FROM sqlite_master").fetchone() == (0,)


async def test_a_file_that_is_no_database_is_left_alone(tmp_path: Path) -> None:
    path = tmp_path / "nxd.db"
    path.write_bytes(b"this was never a database" * 100)
    error = await refusal(path)
    assert error.message == f"{path} is not a usable database."
    assert error.evidence and "backup" in error.remedy
    assert path.read_bytes() == b"this was never a database" * 100


@pytest.mark.parametrize("obstacle", ["no directory", "a directory", "a file in the way"])
async def test_a_place_where_nothing_can_be_written_is_told_with_the_path(
    tmp_path: Path, obstacle: str
) -> None:
    path = tmp_path / "sub" / "nxd.db"
    if obstacle == "a directory":
        path.mkdir(parents=True)
    if obstacle == "a file in the way":
        path.parent.write_text("")
    error = await refusal(path)
    assert error.message == f"The database {path} cannot be written."
    assert error.evidence and error.remedy.startswith("Free disk space")


async def test_a_database_that_another_program_holds_is_told_and_the_store_goes_on_afterwards(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    pragmas = [pragma for pragma in module._PRAGMAS if "busy_timeout" not in pragma]
    monkeypatch.setattr(module, "_PRAGMAS", (*pragmas, "busy_timeout=10"))
    store = SqliteStore(tmp_path / "nxd.db", "id")
    await store.open()
    lease = await store.acquire("one")
    with contextlib.closing(sqlite3.connect(tmp_path / "nxd.db", isolation_level=None)) as other:
        other.execute("BEGIN IMMEDIATE")
        with pytest.raises(StoreError) as caught:
            await store.commit(lease, [LINE])
        assert "locked" in (caught.value.evidence or "")
        other.execute("ROLLBACK")
    assert [e.revision for e in await store.commit(lease, [LINE])] == [1]
    await store.close()


@pytest.mark.parametrize(
    "bad",
    [
        AddEvent(replace(LINE.event, message="half a pair \ud800")),
        AddCommand(Command("\ud800", "node01", "demo", "retry", "ada", 1.0)),
        PutResource(Resource("node01", "demo", "server", "s", data={"made": object()})),
        PutResource(Resource("node01", "demo", "server", "s", sent=2**70)),
    ],
    ids=["event", "token", "object", "number"],
)
async def test_what_no_database_can_hold_fails_alone_and_the_writer_lives(tmp_path: Path, bad: Any) -> None:
    store = SqliteStore(tmp_path / "nxd.db", "id")
    await store.open()
    lease = await store.acquire("one")
    async with asyncio.timeout(5):
        told = await asyncio.gather(
            store.commit(lease, [LINE]),
            store.commit(lease, [LINE, bad]),
            store.commit(lease, [LINE]),
            return_exceptions=True,
        )
    assert [isinstance(one, Exception) for one in told] == [False, True, False]
    assert [e.revision for e in await store.commit(lease, [LINE])] == [3]
    await store.close()


async def test_a_commit_survives_a_power_cut_by_the_settings_of_sqlite(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    opened_connections: list[aiosqlite.Connection] = []
    connect = aiosqlite.connect

    def watched(*args: Any, **named: Any) -> aiosqlite.Connection:
        opened_connections.append(connect(*args, **named))
        return opened_connections[-1]

    monkeypatch.setattr(aiosqlite, "connect", watched)
    async with opened(tmp_path) as store:
        with contextlib.closing(sqlite3.connect(tmp_path / "nxd.db")) as other:
            assert other.execute("PRAGMA journal_mode").fetchone() == ("wal",)
        (reader,) = opened_connections
        full, always = 2, 1
        written = await store._writer.run(lambda db: db.execute("PRAGMA synchronous").fetchone())  # type: ignore[attr-defined]
        assert written == (full,)
        assert list(await reader.execute_fetchall("PRAGMA query_only")) == [(always,)]
        with pytest.raises(sqlite3.OperationalError, match="readonly"):
            await reader.execute("INSERT INTO meta (key, value) VALUES ('a', 'b')")


async def test_a_closed_store_says_so_instead_of_waiting(tmp_path: Path) -> None:
    store = SqliteStore(tmp_path / "nxd.db", "id")
    await store.open()
    lease = await store.acquire("one")
    await store.close()
    for late in (store.commit(lease, [LINE]), store.load(), store.events()):
        with pytest.raises(StoreError, match="closed"):
            await late


async def test_commits_that_wait_when_the_store_closes_are_still_made(tmp_path: Path) -> None:
    store = SqliteStore(tmp_path / "nxd.db", "id")
    await store.open()
    lease = await store.acquire("one")
    waiting = [store.commit(lease, [LINE]) for _ in range(5)]
    await asyncio.sleep(0)
    await store.close()
    assert [e.revision for events in await asyncio.gather(*waiting) for e in events] == [1, 2, 3, 4, 5]
    for thread in threading.enumerate():
        if "_connection_worker_thread" in thread.name:
            thread.join(5)
            assert not thread.is_alive()


@pytest.mark.e2e
@pytest.mark.parametrize("broken", ["missing/nxd.db", "garbage.db"])
def test_a_process_whose_database_cannot_be_opened_ends(tmp_path: Path, broken: str) -> None:
    (tmp_path / "garbage.db").write_bytes(b"garbage" * 1000)
    program = (
        "import asyncio, pathlib, sys\n"
        "from daemon.store.sqlite import SqliteStore\n"
        "asyncio.run(SqliteStore(pathlib.Path(sys.argv[1]), 'id').open())\n"
    )
    ended = subprocess.run(
        [sys.executable, "-c", program, str(tmp_path / broken)], capture_output=True, text=True, timeout=20
    )
    assert ended.returncode == 1
    assert "StoreError" in ended.stderr or "StateLost" in ended.stderr


async def test_what_follows_a_commit_cannot_stop_the_store(tmp_path: Path) -> None:
    def stumble(events: Any) -> None:
        raise KeyError("demo")

    store = SqliteStore(tmp_path / "nxd.db", "id")
    await store.open()
    lease = await store.acquire("one")
    first, second = store.commit(lease, [LINE], stumble), store.commit(lease, [LINE])
    with pytest.raises(KeyError, match="demo"):
        await first
    assert [event.revision for event in await second] == [2]
    assert [event.revision for event in await store.commit(lease, [LINE])] == [3]
    await store.close()


HOLD = """
import sqlite3, sys
db = sqlite3.connect(sys.argv[1], isolation_level=None)
for order in sys.argv[2:]:
    db.execute(order).fetchall()
print("held", flush=True)
sys.stdin.read()
"""


@contextlib.contextmanager
def held(path: Path, *orders: str) -> Any:
    """Another process that holds a lock of the database."""
    command = [sys.executable, "-c", HOLD, str(path), *orders]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as other:
        assert other.stdout is not None and other.stdout.readline() == "held\n"
        yield other
        other.kill()


@pytest.mark.e2e
async def test_a_commit_that_another_process_hinders_names_that_process(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    path = tmp_path / "nxd.db"
    store = SqliteStore(path, "id")
    await store.open()
    lease = await store.acquire("test")
    await store._writer.run(lambda db: db.execute("PRAGMA busy_timeout=50"))  # type: ignore[union-attr]
    with held(path, "BEGIN IMMEDIATE") as other:
        for _ in range(3):
            with pytest.raises(StoreError) as caught:
                await store.commit(lease, [LINE])
    assert f"process {other.pid} (python" in caught.value.message
    assert "End that process" in caught.value.remedy and "disk" not in caught.value.remedy
    told = journal(caplog.records).splitlines()
    assert len([one for one in told if "database_fails" in one and str(other.pid) in one]) == 1, told
    await store.commit(lease, [LINE])
    assert caplog.records[-1].msg == "database_works" or caplog.records[-1].levelname == "ERROR"
    assert len(await store.events()) == 1
    await store.close()


async def test_commits_that_a_lock_of_another_hinders_wait_for_it_together(tmp_path: Path) -> None:
    path = tmp_path / "nxd.db"
    store = SqliteStore(path, "id")
    await store.open()
    lease = await store.acquire("test")
    await store._writer.run(lambda db: db.execute("PRAGMA busy_timeout=400"))  # type: ignore[union-attr]
    try:
        with contextlib.closing(sqlite3.connect(path, isolation_level=None)) as other:
            other.execute("BEGIN IMMEDIATE")
            began = time.monotonic()
            waiting = [store.commit(lease, [LINE]) for _ in range(20)]
            ends = await asyncio.gather(*waiting, return_exceptions=True)
            took = time.monotonic() - began
        assert all(isinstance(end, StoreError) and "holds the lock" in end.message for end in ends), ends
        assert took < 4, "they waited one after the other"
        assert len(await store.commit(lease, [LINE])) == 1
    finally:
        await store.close()


@pytest.mark.e2e
async def test_a_database_that_another_process_locks_whole_names_it_at_the_start(tmp_path: Path) -> None:
    path = tmp_path / "nxd.db"
    store = SqliteStore(path, "id")
    await store.open()
    await store.close()
    with held(path, "PRAGMA locking_mode=EXCLUSIVE", "BEGIN EXCLUSIVE") as other:
        error = await refusal(path)
    assert f"process {other.pid} (" in error.message, (error.message, error.evidence)


@pytest.mark.e2e
async def test_asking_who_holds_the_lock_lets_go_of_none_of_ours(tmp_path: Path) -> None:
    path = tmp_path / "nxd.db"
    store = SqliteStore(path, "id")
    await store.open()
    lease = await store.acquire("test")
    assert store._locker.holder() is None
    await store._writer.run(lambda db: db.execute("BEGIN IMMEDIATE"))  # type: ignore[union-attr]
    assert store._locker.holder() is None, "our own lock is no obstacle"
    with contextlib.closing(sqlite3.connect(path, timeout=0)) as mine:
        mine.execute("SELECT 1")
    trying = "import sqlite3, sys; sqlite3.connect(sys.argv[1], timeout=0).execute('BEGIN IMMEDIATE')"
    command = [sys.executable, "-c", trying, str(path)]
    tried = await asyncio.to_thread(subprocess.run, command, capture_output=True, text=True)
    assert "database is locked" in tried.stderr, "another process took the lock that we have"
    await store._writer.run(lambda db: db.execute("ROLLBACK"))  # type: ignore[union-attr]
    await store.commit(lease, [LINE])
    await store.close()
