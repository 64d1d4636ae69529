"""The SQLite store: one connection writes, in its own thread, and what has queued meanwhile is one transaction.

WAL with synchronous=FULL, so a commit that returned survives a power cut. Readers have a connection of their
own that can neither write nor checkpoint: SQLite before 3.51.3 may corrupt a WAL that two connections reset.
"""

from __future__ import annotations

import asyncio
import logging
import sqlite3
from collections.abc import Iterable, Sequence
from functools import partial
from pathlib import Path
from typing import Any

import aiosqlite
from msgspec import Struct

from daemon.errors.tree import StateLost, StoreError
from daemon.faultpoints import armed, point
from daemon.outside import OutsideCall
from daemon.store import rows
from daemon.store.base import Mark, Otherwise, Then
from daemon.store.checkpoints import Checkpoints, last_revision
from daemon.store.failures import damaged, failure, held, locked
from daemon.store.locker import Locker
from daemon.store.ops import Contents, Event, Lease, Op, Pruning, concerned
from daemon.store.retention import log_begins, prune
from daemon.store.transaction import check_epoch, transact
from daemon.store.writer import Writer

log = logging.getLogger("nxd.store")

_PRAGMAS = (
    "journal_mode=WAL",
    "synchronous=FULL",
    "foreign_keys=ON",
    "busy_timeout=5000",
    "wal_autocheckpoint=0",
)
PATIENCE = 0.01
"""Real seconds that a commit may wait for others, when nobody outside waits for it: what somebody says once is often
said by many, and a trip to the disk costs the same for all of them."""


_Given = list[Event] | Exception
"""What came of a commit: its lines of the log, or why there is nothing of it."""


class _Request(Struct):
    """One caller's commit, waiting for its turn; a caller that was cancelled meanwhile wants no answer any more."""

    lease: Lease
    ops: Sequence[Op]
    then: Then | None
    otherwise: Otherwise | None
    done: asyncio.Future[list[Event]]

    def answer(self, given: _Given) -> None:
        if not isinstance(given, Exception) and self.then is not None:
            try:
                self.then(given)
            except Exception as error:  # a bug of his own, which must not stop the others' commits
                given = error
        elif isinstance(given, Exception) and self.otherwise is not None:
            self.otherwise(given)
        if self.done.done():
            return
        if isinstance(given, Exception):
            self.done.set_exception(given)
            if self.otherwise is not None:
                self.done.exception()  # it was told, whether or not anybody waits for the answer
        else:
            self.done.set_result(given)


class SqliteStore:
    """The store on one machine. ``new_id`` gives the identity of a fresh database; ``mark`` stands beside it."""

    def __init__(self, path: Path, new_id: str, mark: Mark | None = None) -> None:
        self._path = path
        self._checkpoints = Checkpoints(mark)
        self._new_id = new_id
        self._waiting: list[_Request] = []
        self._busy = False
        """Whether a group is being written or about to be."""
        self._urgent = False
        """Whether anybody who waits does so for the disk alone."""
        self._later: asyncio.TimerHandle | None = None
        """Begins a group of those who have patience."""
        self._quiet: asyncio.Future[None] | None = None
        """Waits for the last group while the store closes; nothing more is taken."""
        self._locker = Locker(path)
        self._failing = False
        """Whether the last commit met a trouble of SQLite, so that its beginning and its end are told once."""
        self._writer: Writer | None = None
        self._reader: aiosqlite.Connection | None = None
        self._epoch = 0
        self._revision = 0
        self._begins = 1
        self._daemon_id = ""

    async def open(self) -> None:
        self._loop = asyncio.get_running_loop()
        try:
            # An aiosqlite connection that cannot be made leaves a thread behind that outlives the loop.
            sqlite3.connect(self._path).close()
            self._locker.look()
            writer = Writer(self._path)
            await writer.open()
            self._writer = writer
            await writer.run(self._prepare)
            self._reader = await aiosqlite.connect(f"{self._path.absolute().as_uri()}?mode=ro", uri=True)
            await self._reader.execute("PRAGMA query_only=ON")
            self._locker.look()
        except BaseException as error:
            self._locker.look()
            holder = self._locker.holder()
            await self.close()
            if isinstance(error, sqlite3.Error):
                raise failure(error, self._path, holder) from error
            raise

    async def acquire(self, owner: str) -> Lease:
        self._epoch += 1
        lease = Lease(owner, self._epoch)
        await self.commit(lease, ())
        return lease

    def commit(
        self,
        lease: Lease,
        ops: Sequence[Op],
        then: Then | None = None,
        patient: bool = False,
        otherwise: Otherwise | None = None,
    ) -> asyncio.Future[list[Event]]:
        request = _Request(lease, ops, then, otherwise, self._loop.create_future())
        if self._writer is None or self._quiet is not None:
            request.answer(StoreError("database", "The store is closed."))
            return request.done
        self._waiting.append(request)
        self._urgent = self._urgent or not patient
        if not self._busy:
            self._begin_soon()
        if armed():
            point("queued", *concerned(ops))
        return request.done

    async def load(self) -> Contents:
        try:
            return await self._contents()
        except (ValueError, TypeError) as error:  # a row that is not what was written
            raise damaged(self._path, str(error)) from error

    async def _contents(self) -> Contents:
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
            dict(await read("SELECT token, target FROM commands")),
            {name: sealed for name, sealed in await read("SELECT name, sealed FROM secrets")},
            self._begins,
            rows.lived_of(await read("SELECT value FROM meta WHERE key = 'lived'")),
            [rows.use_of(r) for r in await read(f"SELECT {rows.USE_COLUMNS} FROM uses")],
        )

    def held_up(self) -> StoreError | None:
        holder = self._locker.holder()
        return None if holder is None else held(self._path, holder)

    async def prune(self, lease: Lease, what: Pruning) -> Pruning:
        if self._writer is None or self._quiet is not None:
            raise StoreError("database", "The store is closed.")
        try:
            left = await self._writer.run(partial(self._prune, lease, what))
        except sqlite3.Error as error:
            raise failure(error, self._path, self._locker.holder()) from error
        self._begins = max(self._begins, left.begins)
        return left

    async def checkpoint(self) -> None:
        if self._writer is not None and self._quiet is None and self._checkpoints.is_behind(self._revision):
            await self._writer.run(lambda db: self._checkpoints.move(db, self._revision))

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
        found = await self._piece(rows.EVENT_COLUMNS, "events", "revision", wanted, limit, tail)
        try:
            return [rows.event_of(row) for row in found]
        except (ValueError, TypeError) as error:
            raise damaged(self._path, str(error)) from error

    async def calls(
        self, after: int, limit: int, target: str | None, tail: bool, bodies: bool
    ) -> list[OutsideCall]:
        wanted: list[tuple[str, Any]] = [("id > ?", after)]
        if target is not None:
            wanted.append(("target = ?", target))
        columns = rows.CALL_COLUMNS if bodies else rows.CALL_COLUMNS.removesuffix(", sent, answered")
        found = await self._piece(columns, "calls", "id", wanted, limit, tail)
        return [rows.call_of(row) for row in found]

    async def _piece(
        self, columns: str, table: str, key: str, wanted: list[tuple[str, Any]], limit: int, tail: bool
    ) -> list[Any]:
        """Rows of a table in the order of its key, the first or the last so many for which all that is wanted holds."""
        where, order = " AND ".join(condition for condition, _ in wanted), "DESC" if tail else "ASC"
        sql = f"SELECT {columns} FROM {table} WHERE {where} ORDER BY {key} {order} LIMIT ?"
        found = await self._read(sql, (*(value for _, value in wanted), limit))
        return found[::-1] if tail else found

    async def close(self) -> None:
        if self._reader is not None:
            await self._reader.close()
            self._reader = None
        if self._writer is not None:
            self._quiet, self._urgent = self._loop.create_future(), True
            if self._waiting and not self._busy:
                self._begin_soon()
            if self._busy:
                await self._quiet
            if self._daemon_id:
                await self._writer.run(lambda db: self._checkpoints.end(db, self._revision))
            await self._writer.close()
            self._writer = None
        self._locker.close()

    async def _read(self, sql: str, values: Iterable[Any] = ()) -> list[Any]:
        if self._reader is None:
            raise StoreError("database", "The store is closed.")
        try:
            return list(await self._reader.execute_fetchall(sql, values))
        except sqlite3.Error as error:
            told = failure(error, self._path)
            if isinstance(told, StateLost):
                raise told from error
            raise StoreError("database", "The database cannot be read.", evidence=str(error)) from error

    def _begin_soon(self) -> None:
        """Begin a group at once, or after a while if all who wait have patience."""
        if self._urgent:
            self._busy = True
            if self._later is not None:
                self._later.cancel()
                self._later = None
            self._loop.call_soon(self._begin)
        elif self._later is None:
            self._later = self._loop.call_later(PATIENCE, self._begin)

    def _begin(self) -> None:
        """Give what has queued to the writing connection's thread, in one trip."""
        assert self._writer is not None
        self._busy, self._urgent, self._later = True, False, None
        requests, self._waiting = self._waiting, []
        self._writer.put(partial(self._write, requests))

    def _answer(self, requests: Sequence[_Request], given: Sequence[_Given]) -> None:
        """In the order of the commits. What those who were answered write next is the next group."""
        for request, one in zip(requests, given, strict=True):
            request.answer(one)
        self._busy = False
        if self._waiting:
            self._begin_soon()
        elif self._quiet is not None and not self._quiet.done():
            self._quiet.set_result(None)

    # From here on: the writing connection's own thread.

    def _prepare(self, db: sqlite3.Connection) -> None:
        version: int = db.execute("PRAGMA user_version").fetchone()[0]
        scripts = _scripts()
        if version > len(scripts):
            raise StateLost(
                "database",
                f"The database {self._path} was written by a newer nxd (schema {version}).",
                remedy="Install that version of nxd again.",
            )
        if not _ours(db, version):
            raise StateLost(
                "database",
                f"{self._path} is a database of something else.",
                remedy="Move it away, and put the database of nxd there. If there is none: `nxd audit` finds "
                "what stands in the cloud.",
            )
        if version:
            self._checkpoints.check(db)
        for pragma in _PRAGMAS:
            db.execute(f"PRAGMA {pragma}")
        for number, script in enumerate(scripts[version:], start=version + 1):
            point("migrating")
            db.executescript(f"BEGIN; {script} PRAGMA user_version = {number}; COMMIT;")
        first = (("daemon_id", self._new_id), ("epoch", "0"))
        db.executemany("INSERT OR IGNORE INTO meta (key, value) VALUES (?, ?)", first)
        stored = dict(db.execute("SELECT key, value FROM meta"))
        self._daemon_id = stored["daemon_id"]
        self._epoch = int(stored["epoch"])
        self._begins = log_begins(db)
        self._revision = last_revision(db)
        self._checkpoints.begin(self._revision)

    def _write(self, requests: Sequence[_Request], db: sqlite3.Connection) -> None:
        """Commit them, say so, and let the write-ahead log not grow for ever. Nothing more is written to a database
        that was moved away."""
        given: Sequence[_Given]
        try:
            self._checkpoints.check_here()
        except StoreError as error:
            given = [self._failed(error)] * len(requests)
        else:
            given = self._committed(db, requests)
        self._checkpoints.wrote(self._revision)
        self._loop.call_soon_threadsafe(self._answer, requests, given)
        if self._checkpoints.is_due(db):
            self._checkpoints.move(db, self._revision)

    def _prune(self, lease: Lease, what: Pruning, db: sqlite3.Connection) -> Pruning:
        self._checkpoints.check_here()
        return prune(db, check_epoch, lease, what)

    def _committed(self, db: sqlite3.Connection, requests: Sequence[_Request]) -> Sequence[_Given]:
        """Commit them together; each alone if one of them cannot be. A lock of somebody else hinders all of them alike,
        and is waited for once."""
        try:
            commits = [(request.lease, request.ops) for request in requests]
            given = transact(db, commits, self._revision)
        except Exception as error:
            if len(requests) == 1 or locked(error):
                return [self._failed(error)] * len(requests)
            return [one for request in requests for one in self._committed(db, [request])]
        self._revision += sum(map(len, given))
        if self._failing:
            self._failing = False
            log.info("database_works", extra={"path": self._path})
        return given

    def _failed(self, error: Exception) -> Exception:
        """What the caller is told of a commit that came to nothing; the first of a row is told to the journal too."""
        told = failure(error, self._path, self._locker.holder() if isinstance(error, sqlite3.Error) else None)
        if isinstance(told, StoreError) and not self._failing:
            self._failing = True
            log.error("database_fails", extra={"problem": told.message, "evidence": told.evidence})
        return told


def _ours(db: sqlite3.Connection, version: int) -> bool:
    """Whether the database was made by nxd, or nothing has been made in it yet."""
    tables = {name for (name,) in db.execute("SELECT name FROM sqlite_master WHERE type = 'table'")}
    return {"meta", "records", "resources"} <= tables if version else not tables


def _scripts() -> list[str]:
    """The numbered migrations, in order."""
    return [path.read_text() for path in sorted(Path(__file__).parent.glob("migrations/*.sql"))]
