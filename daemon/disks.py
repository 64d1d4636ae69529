"""Reads what may never answer beside everything else, and within a deadline: a disk in the network, a name server."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Hashable
from concurrent.futures import Future
from threading import Thread
from typing import Any, TypeVar

T = TypeVar("T")

_reading: dict[Hashable, Future[Any]] = {}
"""What is being read now, so that what hangs holds one thread however often it is asked."""


async def read_within(seconds: float, what: Hashable, read: Callable[[], T]) -> T:
    """What ``read`` returns or raises. Raises TimeoutError after so many real seconds.

    Nobody can end a thread that waits for a disk or a name server: it is left behind, and whoever asks for ``what``
    again waits for the same one.
    """
    reading: Future[T] | None = _reading.get(what)
    if reading is None:
        reading = _reading[what] = Future()
        reading.set_running_or_notify_cancel()  # whoever stops waiting ends it for nobody
        Thread(target=_read, args=(what, read, reading), name="disk", daemon=True).start()
    async with asyncio.timeout(seconds):
        return await asyncio.wrap_future(reading)


def _read(what: Hashable, read: Callable[[], T], reading: Future[T]) -> None:
    try:
        found = read()
    except BaseException as error:
        del _reading[what]
        reading.set_exception(error)
    else:
        del _reading[what]
        reading.set_result(found)
