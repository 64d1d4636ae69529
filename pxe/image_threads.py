"""Threads that touch the disk of the images and nothing else: one that never answers holds up nobody but machines."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import Callable
from concurrent.futures import Future
from threading import Thread

MOST = 8
"""So many images are looked at, at the same time."""


class ImageThreads:
    """Looks at images beside everything else. Nobody can end a thread that waits for a disk: it is left behind, and
    keeps its place until the disk answers."""

    def __init__(self, seconds: float, most: int = MOST) -> None:
        self._places = asyncio.Semaphore(most)
        self._seconds = seconds

    async def ask(self, look: Callable[[], bool]) -> bool:
        """What ``look`` returns or raises. Raises TimeoutError when it is not done in time."""
        async with asyncio.timeout(self._seconds):
            await self._places.acquire()
            loop, answer = asyncio.get_running_loop(), Future[bool]()
            answer.set_running_or_notify_cancel()  # whoever stops waiting does not end it
            answer.add_done_callback(lambda _: self._free(loop))
            Thread(target=_look, args=(look, answer), name="image", daemon=True).start()
            return await asyncio.wrap_future(answer)

    def _free(self, loop: asyncio.AbstractEventLoop) -> None:
        with contextlib.suppress(RuntimeError):  # the loop is over
            loop.call_soon_threadsafe(self._places.release)


def _look(look: Callable[[], bool], answer: Future[bool]) -> None:
    try:
        found = look()
    except BaseException as error:
        answer.set_exception(error)
    else:
        answer.set_result(found)
