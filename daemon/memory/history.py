"""How long each step took before: the measure of what is usual, kept in memory and read back from the log."""

from __future__ import annotations

from collections import defaultdict, deque
from collections.abc import Iterable
from functools import partial

from daemon.display.usual import median, slow_after
from daemon.store.ops import Event
from state_machines.kind import ROLLING_BACK

KEPT = 200
"""So many of the latest stays of each kind of record at each step are remembered."""
READ_BACK = 6_000
"""So many changes of state are read from the log when the daemon starts: the latest 200 whole lives, and some more."""
_DONE = ("advance", "released")
"""What ends a stay that counts: the step was done. A failure, a verb, and a step that was ``idle``, for it found
nothing to do, say nothing of how long it takes."""


class History:
    """Durations in seconds, by kind of record and step; a stage of a rollback is a step of its own."""

    def __init__(self) -> None:
        self._open: dict[str, tuple[str, float]] = {}
        self._stays: defaultdict[tuple[str, str], deque[float]] = defaultdict(partial(deque, maxlen=KEPT))

    def take(self, events: Iterable[Event]) -> None:
        """Follow the log; it must come in order."""
        for event in events:
            if event.kind != "transition" or event.record is None or "kind" not in event.data:
                continue
            data, state = event.data, event.data["to"]
            before = self._open.get(event.record)
            if before is not None and data["by"] in _DONE and "idle" not in data:
                self._stays[data["kind"], before[0]].append(max(0.0, event.time - before[1]))
            self._open[event.record] = (data["step"] if state == ROLLING_BACK else state, event.time)

    def usual(self, kind: str, step: str) -> float | None:
        """The median; None before the first."""
        return median(self._stays.get((kind, step), ()))

    def runs(self, kind: str, step: str) -> int:
        """How many stays are remembered."""
        return len(self._stays.get((kind, step), ()))

    def slow_after(self, kind: str, step: str) -> float | None:
        """What 95 of 100 stays did not exceed; None while there are too few to call one slow."""
        return slow_after(self._stays.get((kind, step), ()))
