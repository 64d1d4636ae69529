"""What the disk itself can do: the rate and the median time of a confirmed 4 KiB write."""

from __future__ import annotations

import os
import statistics
import time
from dataclasses import dataclass
from pathlib import Path

BLOCK = b"x" * 4096
BLOCKS = 256


@dataclass(frozen=True, slots=True)
class Disk:
    """Confirmed writes a second, and the median of one in seconds."""

    rate: float
    median: float


def syncs(directory: Path, count: int = 2000) -> Disk:
    """Write over existing blocks and wait for each (fdatasync), as a write-ahead log that is reused does."""
    path = directory / "sync"
    path.write_bytes(BLOCK * BLOCKS)
    handle = os.open(path, os.O_RDWR)
    times = []
    try:
        for number in range(count):
            begun = time.perf_counter()
            os.pwrite(handle, BLOCK, (number % BLOCKS) * len(BLOCK))
            os.fdatasync(handle)
            times.append(time.perf_counter() - begun)
    finally:
        os.close(handle)
    return Disk(count / sum(times), statistics.median(times))
