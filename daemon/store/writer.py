"""The writing connection and its own thread: a function that is handed over runs there with the connection, in order.

The public calls of aiosqlite cost a trip between the threads for each statement, and a commit is several: one of six
statements takes 34 µs here, 147 µs there, and 34 µs there by its private queue (medians, no sync).
"""

from __future__ import annotations

import asyncio
import contextlib
import logging
import sqlite3
import threading
from collections.abc import Callable
from functools import partial
from pathlib import Path
from queue import SimpleQueue
from typing import TypeVar

log = logging.getLogger("nxd.store")

T = TypeVar("T")

Work = Callable[[sqlite3.Connection], None]
"""What runs in the thread, and answers by itself."""


class Writer:
    """A connection in a thread of its own. Everything is called from the loop that opened it."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._loop = asyncio.get_running_loop()
        self._queue: SimpleQueue[Work | None] = SimpleQueue()
        self._ready: asyncio.Future[None] = self._loop.create_future()
        self._ended: asyncio.Future[None] = self._loop.create_future()
        self._thread = threading.Thread(target=self._work, name="nxd-writer", daemon=True)

    async def open(self) -> None:
        """Connect. Raises sqlite3.Error."""
        self._thread.start()
        try:
            await self._ready
        except sqlite3.Error:
            self._thread.join()  # it has said its last
            raise

    def put(self, work: Work) -> None:
        """Run this after everything that was handed over before."""
        self._queue.put(work)

    async def run(self, work: Callable[[sqlite3.Connection], T]) -> T:
        """What the function answers; what it raises is raised here."""
        done: asyncio.Future[T] = self._loop.create_future()
        self._queue.put(partial(self._answer, done, work))
        return await done

    async def close(self) -> None:
        """Close the connection after everything that was handed over before, and end the thread."""
        self._queue.put(None)
        await self._ended
        self._thread.join()

    def _answer(
        self, done: asyncio.Future[T], work: Callable[[sqlite3.Connection], T], db: sqlite3.Connection
    ) -> None:
        try:
            self._tell(done, work(db))
        except BaseException as error:
            self._tell(done, error)

    def _tell(self, done: asyncio.Future[T], given: T | BaseException) -> None:
        """Answer in the loop, unless nobody waits there any more."""

        def answer_caller() -> None:
            if done.done():
                return
            if isinstance(given, BaseException):
                done.set_exception(given)
            else:
                done.set_result(given)

        with contextlib.suppress(RuntimeError):  # the loop is closed: nobody waits at all
            self._loop.call_soon_threadsafe(answer_caller)

    def _work(self) -> None:
        """The thread, from its first to its last call."""
        try:
            db = sqlite3.connect(self._path, isolation_level=None)
        except sqlite3.Error as error:
            self._tell(self._ready, error)
            return
        self._tell(self._ready, None)
        while (work := self._queue.get()) is not None:
            try:
                work(db)
            except Exception:  # a bug: whoever comes next is served all the same
                log.exception("writer_broke")
        db.close()
        self._tell(self._ended, None)
