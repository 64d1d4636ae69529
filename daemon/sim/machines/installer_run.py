"""How one run of an installer goes, drawn from a seed: no two runs say the same, and some meet misfortunes."""

from __future__ import annotations

import zlib
from dataclasses import dataclass

from daemon.clock import SystemClock

LINES: dict[int, tuple[str, ...]] = {
    1: ("kernel command line read", "network is up"),
    3: (
        "found 48 cores with VT-x, 384 GiB of memory",
        "found 8 NVMe drives of 3200 GB, boot mirror of 2 x 960 GB",
    ),
    4: ("fetching AOS 6.8.1", "fetching AHV el8.nutanix.20230302.101026", "checking signatures"),
    5: ("writing the hypervisor to the boot mirror", "installing the boot loader"),
    6: ("writing the CVM image to /dev/nvme2n1", "starting genesis", "waiting for the CVM's first heartbeat"),
    7: ("checksums of all partitions match",),
}
"""What an installer may say in each phase; those that it says begin with the first."""

MOST_PERCENTS = 9
LAST_LINE = 40
"""The power of an erratic run fails before so many reports, or not at all."""
TWICE, LATE, LATEST = 0.2, 0.2, 300.0


@dataclass(frozen=True)
class Delivery:
    """What happens to one report on its way: whether it arrives ``twice``, and how many seconds ``late``."""

    twice: bool = False
    late: float = 0.0


class InstallerRun:
    """One run, by its seed. ``erratic``: its reports come twice, late and out of order, and in the first ``run`` the
    power may fail at any of them. ``stock``: it names no boot."""

    def __init__(self, seed: int, machine: str, run: int, word: str = "") -> None:
        self._draws = SystemClock(seed=zlib.crc32(f"{seed}:{machine}:{run}".encode()))
        self._erratic = word == "erratic"
        self.names_boot = word != "stock"
        self.dies_at = self._pick(1, 2 * LAST_LINE) if self._erratic and run == 1 else 0
        """The number of the report that the power fails before; 0: at none."""

    def percents(self) -> tuple[int, ...]:
        """The percentages that a long phase tells, from 0 to 100."""
        between = {self._pick(1, 99) for _ in range(self._pick(1, MOST_PERCENTS - 2))}
        return (0, *sorted(between), 100)

    def lines(self, phase: int) -> tuple[str, ...]:
        """The lines of its log before a phase."""
        known = LINES.get(phase, ())
        return known[: self._pick(0 if phase != 3 else 1, len(known))]

    def delivery(self, last: bool) -> Delivery:
        """What happens to the next report. Its ``last`` one is waited for: nobody reboots before it is taken."""
        if not self._erratic:
            return Delivery()
        late = self._draws.uniform(0.0, LATEST) if self._draws.uniform(0.0, 1.0) < LATE and not last else 0.0
        return Delivery(self._draws.uniform(0.0, 1.0) < TWICE, late)

    def _pick(self, low: int, high: int) -> int:
        return round(self._draws.uniform(low - 0.499, high + 0.499))
