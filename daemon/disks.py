"""Reads what may never answer beside everything else, and within a deadline: a disk in the network, a name server."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Hashable
from concurrent.futures import Future
from functools import partial
from typing import Any, TypeVar

from pxe.threads import answer_in_thread

T = TypeVar("T")

_reading: dict[Hashable, Future[Any]] = {}
"""What is being read now, so that what hangs holds one thread however often it is asked."""


async def read_within(seconds: float, what: Hashable, read: Callable[[], T]) -> T:
    """What ``read`` returns or raises. Raises TimeoutError after so many real seconds.

    The thread that waits for a disk or a name server is left behind then, and whoever asks for ``what`` again waits for
    the same one.
    """
    reading: Future[T] | None = _reading.get(what)
    if reading is None:
        reading = _reading[what] = Future()
        answer_in_thread(reading, partial(_read, what, read), "disk")
    async with asyncio.timeout(seconds):
        return await asyncio.wrap_future(reading)


def _read(what: Hashable, read: Callable[[], T]) -> T:
    try:
        return read()
    finally:  # before anybody learns of it: whoever asks from then on has it read anew
        del _reading[what]
