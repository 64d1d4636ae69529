"""A wall clock that can be stepped under the daemons of one process, and under nobody else.

A small library stands before the C library's `clock_gettime`. Its page of memory is shared with whatever is forked
from the process that loaded it, so that a running daemon sees the step at once.
"""

from __future__ import annotations

import ctypes
import os
import shutil
import subprocess
from functools import cache
from pathlib import Path

PRELOAD = "LD_PRELOAD"
HOUR = 3600.0

_SOURCE = r"""
#define _GNU_SOURCE
#include <dlfcn.h>
#include <sys/mman.h>
#include <time.h>
static volatile double *ahead;
__attribute__((constructor)) static void share_a_page(void) {
    void *page = mmap(0, 4096, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
    if (page != MAP_FAILED) ahead = page;
}
void set_clock_ahead(double seconds) { if (ahead) *ahead = seconds; }
int clock_gettime(clockid_t which, struct timespec *now) {
    static int (*real)(clockid_t, struct timespec *);
    if (!real) real = dlsym(RTLD_NEXT, "clock_gettime");
    int answer = real(which, now);
    if (which == CLOCK_REALTIME && ahead) now->tv_sec += (time_t)*ahead;
    return answer;
}
"""


def build(directory: Path) -> Path | None:
    """The library, to be preloaded; None where there is no C compiler."""
    compiler = shutil.which("gcc") or shutil.which("cc")
    if compiler is None:
        return None
    source, library = directory / "wallclock.c", directory / "wallclock.so"
    source.write_text(_SOURCE)
    command = [compiler, "-shared", "-fPIC", "-O1", "-o", str(library), str(source), "-ldl"]
    subprocess.run(command, check=True, capture_output=True, timeout=60)
    return library


@cache
def loaded() -> Path | None:
    """The library that this process was started with, and which what it spawns does not get; None without one."""
    library = os.environ.pop(PRELOAD, None)
    return Path(library) if library else None


class WallClock:
    """The wall clock of this process and of all that is forked from it."""

    def __init__(self, library: Path) -> None:
        self._set = ctypes.CDLL(str(library)).set_clock_ahead
        self._set.argtypes = [ctypes.c_double]

    def step(self, seconds: float) -> None:
        """From now on it is so much later than it is; 0 is the truth."""
        self._set(seconds)
