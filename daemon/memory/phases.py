"""How long each phase of an installation took before: kept in memory and read back from the log."""

from __future__ import annotations

from collections import defaultdict, deque
from collections.abc import Iterable
from functools import partial
from typing import NamedTuple

from daemon.display.usual import median
from daemon.store.ops import Event

KEPT = 200
"""So many of the latest runs of each phase are remembered."""
READ_BACK = 2000
"""So many lines of machines are read from the log when the daemon starts."""
PHASE, PERCENT, LAST = "phase", "percent", "of"
"""What a line of the log holds of a report: the phase, how much of it is done if that is said, how many there are."""
KIND, BOOT = "kind", "boot"


class _Reached(NamedTuple):
    """What a machine reported last, and when the phase before that was over."""

    boot: int
    phase: int
    at: float
    before: float


class Phases:
    """Durations in seconds, by kind of record and phase. A phase lasts from the last report of the one before."""

    def __init__(self) -> None:
        self._last: dict[str, _Reached] = {}
        self._runs: defaultdict[tuple[str, int], deque[float]] = defaultdict(partial(deque, maxlen=KEPT))

    def take(self, events: Iterable[Event]) -> None:
        """Follow the log; it must come in order."""
        for event in events:
            if event.kind == "boot" and event.record is not None and BOOT in event.data:
                self._follow(event.record, event)

    def _follow(self, name: str, event: Event) -> None:
        boot, phase = event.data[BOOT], event.data.get(PHASE)
        last = self._last.get(name)
        if last is None or last.boot != boot:
            self._last[name] = _Reached(boot, phase or 0, event.time, event.time)
        elif phase is not None and phase == last.phase:
            self._last[name] = last._replace(at=event.time)
        elif phase is not None and phase > last.phase:
            if last.phase:
                self._add(event.data.get(KIND, ""), last.phase, last.at - last.before)
            self._last[name] = _Reached(boot, phase, event.time, last.at)
            if phase == event.data.get(LAST):
                self._add(event.data.get(KIND, ""), phase, event.time - last.at)

    def _add(self, kind: str, phase: int, seconds: float) -> None:
        self._runs[kind, phase].append(max(0.0, seconds))

    def usual(self, kind: str, phase: int) -> float | None:
        """The median; None before the first."""
        return median(self._runs.get((kind, phase), ()))
