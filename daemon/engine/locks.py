"""Named locks: they keep steps out of each other's way."""

from __future__ import annotations

import asyncio
from weakref import WeakValueDictionary


class Locks:
    """Locks by name: one address allocator per subnet, one DNS writer per zone."""

    def __init__(self) -> None:
        self._locks: WeakValueDictionary[str, asyncio.Lock] = WeakValueDictionary()

    def __call__(self, name: str) -> asyncio.Lock:
        """The lock of that name; it is there as long as anybody holds it or waits for it."""
        return self._locks.setdefault(name, asyncio.Lock())
