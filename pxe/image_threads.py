"""Threads that touch the disk of the images and nothing else: one that never answers holds up nobody but machines."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from dataclasses import dataclass
from queue import SimpleQueue
from threading import Thread
from typing import Any, Generic, TypeVar

T = TypeVar("T")

MOST = 8
"""So many images are looked at, at the same time."""


@dataclass(frozen=True)
class _Task(Generic[T]):
    """What a thread shall do, and who waits for it. ``unwanted`` takes what came when nobody waited any more, or None
    for an error."""

    do: Callable[[], T]
    answer: asyncio.Future[T]
    unwanted: Callable[[T | None], None]

    def end(self, found: T | None, error: BaseException | None) -> None:
        if self.answer.done():
            self.unwanted(found)
        elif error is not None:
            self.answer.set_exception(error)
        else:
            self.answer.set_result(found)  # type: ignore[arg-type]


class ImageThreads:
    """Works on images beside everything else. A thread that is left behind keeps its place until the disk answers."""

    def __init__(self, seconds: float, most: int = MOST) -> None:
        self._places = asyncio.Semaphore(most)
        self._seconds = seconds
        self._idle: list[SimpleQueue[_Task[Any] | None]] = []
        self._closed = False

    async def ask(self, do: Callable[[], T], unwanted: Callable[[T | None], None] = lambda _: None) -> T:
        """What ``do`` returns or raises. Raises TimeoutError when it is not done in time.

        Whoever stops waiting hears of it by ``unwanted``, as soon as no thread is at it any more: with what came of it,
        or None.
        """
        answer: asyncio.Future[T] = asyncio.get_running_loop().create_future()
        begun = False
        try:
            async with asyncio.timeout(self._seconds):
                await self._places.acquire()
                begun = True
                self._begin(_Task(do, answer, unwanted))
                return await answer
        except (asyncio.CancelledError, TimeoutError):
            if not begun:
                unwanted(None)
            elif not answer.cancelled():  # it was done in the very moment
                unwanted(None if answer.exception() else answer.result())
            raise

    def close(self) -> None:
        """End the threads that have nothing to do; each of the others ends with what it does."""
        self._closed = True
        while self._idle:
            self._idle.pop().put(None)

    def _begin(self, task: _Task[Any]) -> None:
        if self._idle:
            inbox = self._idle.pop()
        else:
            inbox, loop = SimpleQueue(), asyncio.get_running_loop()
            Thread(target=self._work, args=(loop, inbox), name="image", daemon=True).start()
        inbox.put(task)

    def _work(self, loop: asyncio.AbstractEventLoop, inbox: SimpleQueue[_Task[Any] | None]) -> None:
        while (task := inbox.get()) is not None:
            found, error = None, None
            try:
                found = task.do()
            except BaseException as raised:
                error = raised
            try:
                loop.call_soon_threadsafe(self._end, inbox, task, found, error)
            except RuntimeError:  # the loop is over
                task.unwanted(found)
                return
            del task, found, error  # it shall hold nothing while it waits

    def _end(
        self,
        inbox: SimpleQueue[_Task[Any] | None],
        task: _Task[Any],
        found: Any,
        error: BaseException | None,
    ) -> None:
        self._places.release()
        if self._closed:
            inbox.put(None)
        else:
            self._idle.append(inbox)
        task.end(found, error)
