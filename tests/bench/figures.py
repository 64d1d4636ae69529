"""What a measurement is, and how one is taken: medians of several runs, both sides of a ratio in one run."""

from __future__ import annotations

import os
import statistics
import subprocess
import sys
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from typing import Literal

ROUNDS = 7
RUNS = 3


@dataclass(frozen=True, slots=True)
class Figure:
    """One measured number. ``goal`` is a bound in the same unit, None where there is nothing to reach; ``least`` is
    the bound that has to be kept, if that is another one. ``settings`` is what it was measured with, where that is not
    the default; ``runs`` are the values of several runs, ``value`` their median: a bound is met if each meets it."""

    name: str
    value: float
    unit: str
    goal: float | None = None
    better: Literal["lower", "higher"] = "lower"
    least: float | None = None
    settings: str = ""
    runs: tuple[float, ...] = ()

    @property
    def met(self) -> bool | None:
        """Whether the goal is reached; None without one."""
        return self._within(self.goal)

    @property
    def enough(self) -> bool | None:
        """Whether what has to be kept is kept; None without a bound."""
        return self._within(self.goal if self.least is None else self.least)

    def _within(self, bound: float | None) -> bool | None:
        if bound is None:
            return None
        worst = self.runs or (self.value,)
        return max(worst) <= bound if self.better == "lower" else min(worst) >= bound


def of_runs(
    name: str, runs: Sequence[float], unit: str, goal: float | None = None, settings: str = ""
) -> Figure:
    """A figure that several runs gave; less is better."""
    return Figure(name, statistics.median(runs), unit, goal, settings=settings, runs=tuple(runs))


def thrice(measure: Callable[[], list[Figure]]) -> Callable[[], list[Figure]]:
    """The same measurement in three runs: each figure with its spread, and met only if all three meet it."""

    def measured() -> list[Figure]:
        runs = [measure() for _ in range(RUNS)]
        merged = []
        for same in zip(*runs, strict=True):
            values = tuple(one.value for one in same)
            merged.append(replace(same[0], value=statistics.median(values), runs=values))
        return merged

    measured.__name__, measured.__module__ = measure.__name__, measure.__module__
    return measured


def wall(command: Sequence[str], environ: dict[str, str] | None = None) -> float:
    """Seconds a command takes from its start to its end."""
    begun = time.perf_counter()
    subprocess.run(command, check=True, stdout=subprocess.DEVNULL, env={**os.environ, **(environ or {})})
    return time.perf_counter() - begun


def side_by_side(
    one: Callable[[], float], other: Callable[[], float], rounds: int = ROUNDS
) -> tuple[float, float]:
    """The medians of two measurements taken in turns, so that noise meets both alike."""
    pairs = [(one(), other()) for _ in range(rounds)]
    return statistics.median(a for a, _ in pairs), statistics.median(b for _, b in pairs)


def python(code: str) -> list[str]:
    """The command that runs a line of Python in a fresh interpreter."""
    return [sys.executable, "-c", code]


def resident_mb(pid: int) -> float:
    """Resident memory of a process in MB (VmRSS of proc(5))."""
    with open(f"/proc/{pid}/status") as status:
        for line in status:
            if line.startswith("VmRSS:"):
                return int(line.split()[1]) / 1024
    raise ValueError(f"process {pid} has no VmRSS")


def percentile(values: Sequence[float], percent: float) -> float:
    """The value that so many percent of them do not exceed."""
    ranked = sorted(values)
    return ranked[min(len(ranked) - 1, int(len(ranked) * percent / 100))]


def cpu_seconds(pid: int) -> float:
    """Seconds of a core that a process has used (utime and stime of proc(5))."""
    with open(f"/proc/{pid}/stat") as status:
        fields = status.read().rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")
