"""The C library's memory: threads share heaps, so that what one gives back another can use."""

from __future__ import annotations

import platform
import subprocess
import sys

import pytest

from daemon.host.heap import ARENAS

pytestmark = pytest.mark.e2e

COUNT = """
import sys, threading
from daemon.host.heap import few_heaps
if sys.argv[1] == "few":
    few_heaps()
started = threading.Barrier(33)
def work():
    held = [bytes(600) for _ in range(2000)]
    started.wait()
    started.wait()
threads = [threading.Thread(target=work) for _ in range(32)]
for thread in threads:
    thread.start()
started.wait()
begins = (int(line.split("-")[0], 16) for line in open("/proc/self/maps") if line.split()[4:] == ["0"])
print(sum(begin % (64 << 20) == 0 for begin in begins))
started.wait()
"""


def heaps(how: str) -> int:
    """How many heaps 32 threads at once have beside the first: each begins at a multiple of 64 MB."""
    done = subprocess.run([sys.executable, "-c", COUNT, how], capture_output=True, text=True, check=True)
    return int(done.stdout)


@pytest.mark.skipif(platform.libc_ver()[0] != "glibc", reason="another C library has no such heaps")
def test_thirty_two_threads_share_few_heaps() -> None:
    assert heaps("few") <= ARENAS < heaps("many")


HOLES = """
from daemon.host.heap import give_back
def resident():
    return int(open("/proc/self/statm").read().split()[1])
before = resident()
held = [bytes(2000) for _ in range(20_000)]
held = held[::100]  # what stays lies between what is free
full = resident()
give_back()
print(full - before, resident() - before)
"""


@pytest.mark.skipif(platform.libc_ver()[0] != "glibc", reason="another C library keeps house otherwise")
def test_what_is_free_between_what_stays_is_given_back() -> None:
    done = subprocess.run([sys.executable, "-c", HOLES], capture_output=True, text=True, check=True)
    full, left = map(int, done.stdout.split())
    assert full > 9_000 and left < full / 2, (full, left)


LARGE = """
import sys
from daemon.host.heap import few_heaps
if sys.argv[1] == "alone":
    few_heaps()
def resident():
    return int(open("/proc/self/statm").read().split()[1])
bytearray(1024 * 1024)  # one that is freed teaches the C library to keep smaller ones
before = resident()
held = [bytearray(b"x" * 256 * 1024) for _ in range(100)]
behind = [bytes(5000) for _ in range(500)]
del held
print(resident() - before)
"""


@pytest.mark.skipif(platform.libc_ver()[0] != "glibc", reason="another C library keeps house otherwise")
def test_a_large_block_is_given_back_once_it_is_free_whatever_stays_behind_it() -> None:
    def left(how: str) -> int:
        done = subprocess.run([sys.executable, "-c", LARGE, how], capture_output=True, text=True, check=True)
        return int(done.stdout)

    assert left("alone") < 1000 < 5000 < left("together")
