"""Tells Python's garbage collector that what was loaded stays, and that there is little to find in the rest, and the C
library to give back what is free."""

from __future__ import annotations

import gc
import os
from contextlib import suppress

OFTEN = (50_000, 20, 50)
"""New objects before the youngest are looked through, and how many such rounds before the older ones are. Python's
700 costs a busy engine a fifth of its time: its garbage forms no cycles and goes by itself."""


def collect_rarely() -> None:
    """Search less often from now on: good for a start too, which makes much that stays."""
    gc.set_threshold(*OFTEN)


def freeze() -> None:
    """Leave what exists now out of every search."""
    gc.freeze()


ARENAS = 2
"""Heaps of the C library that the threads share. By itself it gives one to nearly every thread, and what is free in one
is of no use to another: that costs 50 MB with the 32 threads of an SDK."""
ALONE = 128 * 1024
"""Blocks of so many bytes are taken from the system alone, and given back as soon as they are free. By itself the C
library keeps them once one was freed: a TLS connection has one of 256 kB that it hardly touches."""
_M_ARENA_MAX, _M_MMAP_THRESHOLD = -8, -3
"""Of mallopt(3)."""


def few_heaps() -> None:
    """Let new threads share heaps, and keep large blocks out of them; where the C library is another one, nothing
    happens."""
    import ctypes

    with suppress(AttributeError, OSError):
        library = ctypes.CDLL(None)
        library.mallopt(_M_ARENA_MAX, ARENAS)
        library.mallopt(_M_MMAP_THRESHOLD, ALONE)


GROWN = 1.05
"""By how much the memory of the daemon may grow before it is worth a look at what of it is free."""


def resident() -> float:
    """Megabytes of this process that are in memory; 0 where the system does not tell."""
    with suppress(OSError, ValueError, IndexError), open("/proc/self/statm") as file:
        return int(file.read().split()[1]) * os.sysconf("SC_PAGE_SIZE") / 1e6
    return 0.0


def give_back() -> None:
    """Look through everything, which ``collect_rarely`` puts off, and give the free pages of all heaps back to the
    system, wherever in them they are: by itself the C library does so at their ends only. All threads wait meanwhile,
    20 to 50 ms with a thousand nodes."""
    import ctypes

    gc.collect()
    with suppress(AttributeError, OSError):
        ctypes.CDLL(None).malloc_trim(0)
