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
"""What ends a stay that counts: the step was done. A failure, a verb, a step that was ``idle``, for it found nothing to
do, and one that was taken up again where it had been left, say nothing of how long it takes."""


class History:
    """Durations in seconds, by kind of record and step; a stage of a rollback is a step of its own."""

    def __init__(self) -> None:
        self._open: dict[str, tuple[str, float, bool]] = {}
        """Record → where it stands, since when, and whether it began there with nothing of the step behind it."""
        self._left: defaultdict[str, set[str]] = defaultdict(set)
        """Record → the steps it left undone since it did one: whoever takes one up again needs only the rest of it."""
        self._stays: defaultdict[tuple[str, str], deque[float]] = defaultdict(partial(deque, maxlen=KEPT))

    def take(self, events: Iterable[Event]) -> None:
        """Follow the log; it must come in order."""
        for event in events:
            if event.kind != "transition" or event.record is None or "kind" not in event.data:
                continue
            data, done = event.data, event.data["by"] in _DONE
            state = data["step"] if data["to"] == ROLLING_BACK else data["to"]
            step, since, whole = self._open.get(event.record, ("", 0.0, False))
            if done and whole and "idle" not in data:
                self._stays[data["kind"], step].append(max(0.0, event.time - since))
            if done:
                self._left.pop(event.record, None)
            else:
                self._left[event.record].add(step)
            self._open[event.record] = (state, event.time, state not in self._left.get(event.record, ()))

    def usual(self, kind: str, step: str) -> float | None:
        """The median; None before the first."""
        return median(self._stays.get((kind, step), ()))

    def runs(self, kind: str, step: str) -> int:
        """How many stays are remembered."""
        return len(self._stays.get((kind, step), ()))

    def slow_after(self, kind: str, step: str) -> float | None:
        """What 95 of 100 stays did not exceed; None while there are too few to call one slow."""
        return slow_after(self._stays.get((kind, step), ()))
