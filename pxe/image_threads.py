"""Threads that touch the disk of the images and nothing else: one that never answers holds up nobody but machines."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import Callable
from concurrent.futures import Future

from pxe.threads import answer_in_thread

MOST = 8
"""So many images are looked at, at the same time."""


class ImageThreads:
    """Looks at images beside everything else. A thread that is left behind keeps its place until the disk answers."""

    def __init__(self, seconds: float, most: int = MOST) -> None:
        self._places = asyncio.Semaphore(most)
        self._seconds = seconds

    async def ask(self, look: Callable[[], bool]) -> bool:
        """What ``look`` returns or raises. Raises TimeoutError when it is not done in time."""
        async with asyncio.timeout(self._seconds):
            await self._places.acquire()
            loop, answer = asyncio.get_running_loop(), Future[bool]()
            answer.add_done_callback(lambda _: self._free(loop))
            answer_in_thread(answer, look, "image")
            return await asyncio.wrap_future(answer)

    def _free(self, loop: asyncio.AbstractEventLoop) -> None:
        with contextlib.suppress(RuntimeError):  # the loop is over
            loop.call_soon_threadsafe(self._places.release)
