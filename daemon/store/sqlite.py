"""The SQLite store: one task owns the only writing connection and commits whatever has queued meanwhile at once.

WAL with synchronous=FULL, so a commit that returned survives a power cut. Readers have a connection of their
own that can neither write nor checkpoint: SQLite before 3.51.3 may corrupt a WAL that two connections reset.
"""

from __future__ import annotations

import asyncio
import logging
import sqlite3
from collections.abc import Iterable, Sequence
from importlib import resources as package_files
from pathlib import Path
from typing import Any

import aiosqlite
from msgspec import Struct

from daemon.errors import StoreError
from daemon.faultpoints import armed, point
from daemon.store import rows
from daemon.store.base import Then
from daemon.store.ops import Contents, Event, Lease, Op, concerned
from daemon.store.transaction import transact

log = logging.getLogger("nxd.store")

_PRAGMAS = (
    "journal_mode=WAL",
    "synchronous=FULL",
    "foreign_keys=ON",
    "busy_timeout=5000",
    "wal_autocheckpoint=0",
)
_CHECKPOINT_ROWS = 8_000
"""How many rows are written before the pages of the write-ahead log move into the database."""


class _Request(Struct):
    """One caller's commit, waiting for its turn; a caller that was cancelled meanwhile wants no answer any more."""

    lease: Lease
    ops: Sequence[Op]
    then: Then | None
    done: asyncio.Future[list[Event]]

    def answer(self, events: list[Event]) -> None:
        try:
            if self.then is not None:
                self.then(events)
        except Exception as error:  # a bug of his own, which must not stop the others' commits
            self.refuse(error)
        if not self.done.done():
            self.done.set_result(events)

    def refuse(self, error: Exception) -> None:
        if not self.done.done():
            self.done.set_exception(error)


class SqliteStore:
    """The store on one machine. ``new_id`` gives the identity of a fresh database."""

    def __init__(self, path: Path, new_id: str) -> None:
        self._path = path
        self._checkpointed = 0
        self._new_id = new_id
        self._waiting: list[_Request] = []
        self._called = asyncio.Event()
        self._closing = False
        self._writer: asyncio.Task[None] | None = None
        self._reader: aiosqlite.Connection | None = None
        self._loop: asyncio.AbstractEventLoop | None = None
        self._started: asyncio.Future[None] | None = None
        self._epoch = 0
        self._revision = 0
        self._daemon_id = ""

    async def open(self) -> None:
        self._loop = asyncio.get_running_loop()
        self._started = self._loop.create_future()
        self._writer = asyncio.create_task(self._write(), name="store-writer")
        await self._started
        self._reader = await aiosqlite.connect(f"{self._path.absolute().as_uri()}?mode=ro", uri=True)
        await self._reader.execute("PRAGMA query_only=ON")

    async def acquire(self, owner: str) -> Lease:
        self._epoch += 1
        lease = Lease(owner, self._epoch)
        await self.commit(lease, ())
        return lease

    def commit(
        self, lease: Lease, ops: Sequence[Op], then: Then | None = None
    ) -> asyncio.Future[list[Event]]:
        done: asyncio.Future[list[Event]] = asyncio.Future(loop=self._loop)
        if self._writer is None or self._writer.done():
            done.set_exception(StoreError("database", "The store is closed."))
            return done
        if not self._waiting:
            self._called.set()
        self._waiting.append(_Request(lease, ops, then, done))
        if armed():
            point("queued", *map(concerned, ops))
        return done

    async def load(self) -> Contents:
        read = self._read
        return Contents(
            self._daemon_id,
            self._revision,
            [rows.record_of(r) for r in await read(f"SELECT {rows.RECORD_COLUMNS} FROM records")],
            [rows.resource_of(r) for r in await read(f"SELECT {rows.RESOURCE_COLUMNS} FROM resources")],
            [rows.signal_of(r) for r in await read(f"SELECT {rows.SIGNAL_COLUMNS} FROM signals")],
            [
                rows.command_of(r)
                for r in await read(
                    f"SELECT {rows.COMMAND_COLUMNS} FROM commands WHERE closed = 0 ORDER BY time"
                )
            ],
            {token for (token,) in await read("SELECT token FROM commands")},
            {name: sealed for name, sealed in await read("SELECT name, sealed FROM secrets")},
        )

    async def events(
        self,
        after: int = 0,
        limit: int = 1000,
        shard: str | None = None,
        record: str | None = None,
        kind: str | None = None,
        tail: bool = False,
    ) -> list[Event]:
        wanted: list[tuple[str, Any]] = [("revision > ?", after)]
        wanted += [
            (f"{column} = ?", value)
            for column, value in (("shard", shard), ("record", record), ("kind", kind))
            if value
        ]
        where = " AND ".join(condition for condition, _ in wanted)
        order = "DESC" if tail else "ASC"
        found = await self._read(
            f"SELECT {rows.EVENT_COLUMNS} FROM events WHERE {where} ORDER BY revision {order} LIMIT ?",
            (*(value for _, value in wanted), limit),
        )
        events = [rows.event_of(row) for row in found]
        return events[::-1] if tail else events

    async def close(self) -> None:
        if self._reader is not None:
            await self._reader.close()
            self._reader = None
        if self._writer is not None:
            self._closing = True
            self._called.set()
            await self._writer
            self._writer = None

    async def _read(self, sql: str, values: Iterable[Any] = ()) -> list[Any]:
        if self._reader is None:
            raise StoreError("database", "The store is closed.")
        try:
            return list(await self._reader.execute_fetchall(sql, values))
        except sqlite3.Error as error:
            raise StoreError("database", "The database cannot be read.", evidence=str(error)) from error

    # From here on: the writer task, the only one that touches the writing connection.

    async def _write(self) -> None:
        assert self._started is not None
        db: aiosqlite.Connection | None = None
        try:
            try:
                # An aiosqlite connection that cannot be made leaves a thread behind that outlives the loop.
                await asyncio.to_thread(lambda: sqlite3.connect(self._path).close())
                db = await aiosqlite.connect(self._path, isolation_level=None)
                await self._prepare(db)
            except Exception as error:
                self._started.set_exception(_told(error, self._path))
                return
            self._started.set_result(None)
            await self._serve(db)
        finally:
            self._refuse_the_rest()
            if db is not None:
                await db.close()

    def _refuse_the_rest(self) -> None:
        """Nobody waits for a writer that has ended."""
        for request in self._waiting:
            request.refuse(StoreError("database", "The store is closed."))
        self._waiting.clear()

    async def _serve(self, db: aiosqlite.Connection) -> None:
        while self._waiting or not self._closing:
            await self._called.wait()
            self._called.clear()
            requests, self._waiting = self._waiting, []
            if not await self._try(db, requests):
                for request in requests:
                    await self._try(db, [request])
            await self._checkpoint(db)

    async def _checkpoint(self, db: aiosqlite.Connection) -> None:
        """Move a grown write-ahead log into the database, once those who waited for a commit have their answer.

        One that fails loses nothing: what was committed stands in the write-ahead log.
        """
        if db.total_changes - self._checkpointed < _CHECKPOINT_ROWS:
            return
        await self._checkpoint_now(db)

    async def _checkpoint_now(self, db: aiosqlite.Connection) -> None:
        self._checkpointed = db.total_changes
        point("before_checkpoint")
        try:
            await db.execute_fetchall("PRAGMA wal_checkpoint(PASSIVE)")
        except sqlite3.Error as error:
            log.warning("action=checkpoint_failed evidence=%s", error)
        point("after_checkpoint")

    async def _prepare(self, db: aiosqlite.Connection) -> None:
        version: int = next(iter(await db.execute_fetchall("PRAGMA user_version")))[0]
        scripts = _scripts()
        if version > len(scripts):
            raise StoreError(
                "database",
                f"The database {self._path} was written by a newer nxd (schema {version}).",
                remedy="Install that version of nxd again.",
            )
        for pragma in _PRAGMAS:
            await db.execute(f"PRAGMA {pragma}")
        await self._checkpoint_now(db)  # a daemon that is killed again and again comes to no other one
        for number, script in enumerate(scripts[version:], start=version + 1):
            point("migrating")
            await db.executescript(f"BEGIN; {script} PRAGMA user_version = {number}; COMMIT;")
        await db.executemany(
            "INSERT OR IGNORE INTO meta (key, value) VALUES (?, ?)",
            [("daemon_id", self._new_id), ("epoch", "0")],
        )
        stored = dict([tuple(row) for row in await db.execute_fetchall("SELECT key, value FROM meta")])
        self._daemon_id = stored["daemon_id"]
        self._epoch = int(stored["epoch"])
        found = await db.execute_fetchall("SELECT coalesce(max(revision), 0) FROM events")
        self._revision = next(iter(found))[0]

    async def _try(self, db: aiosqlite.Connection, requests: list[_Request]) -> bool:
        """Commit them together. False when several were tried and one of them cannot be: try each alone."""
        commits = [(request.lease, request.ops) for request in requests]
        try:
            # One trip to the connection's thread; the public calls of aiosqlite make one for each statement.
            given: list[list[Event]] = await db._execute(transact, db._conn, commits, self._revision)  # type: ignore[no-untyped-call]
        except Exception as error:
            if len(requests) > 1:
                return False
            for request in requests:
                request.refuse(_told(error, self._path))
            return True
        self._revision += sum(map(len, given))
        for request, events in zip(requests, given, strict=True):
            request.answer(events)
        return True


def _scripts() -> list[str]:
    """The numbered migrations, in order."""
    folder = package_files.files("daemon.store") / "migrations"
    entries = [entry for entry in folder.iterdir() if entry.name.endswith(".sql")]
    return [entry.read_text() for entry in sorted(entries, key=lambda entry: entry.name)]


def _told(error: Exception, path: Path) -> Exception:
    """What the caller is told: SQLite's troubles as a StoreError, anything else as it is."""
    if not isinstance(error, sqlite3.Error):
        return error
    text = str(error)
    if "not a database" in text or "malformed" in text:
        return StoreError(
            "database",
            f"{path} is not a usable database.",
            evidence=text,
            remedy="Restore it from a backup, or move it away and let `nxd audit` find what stands in the cloud.",
        )
    return StoreError("database", f"The database {path} cannot be written.", evidence=text)
