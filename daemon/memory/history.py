"""How long each step took before: the measure of what is usual, kept in memory and read back from the log."""

from __future__ import annotations

from bisect import bisect_right
from collections import Counter, defaultdict, deque
from collections.abc import Iterable, Mapping
from functools import partial
from typing import Any, NamedTuple

from daemon.display.usual import median, slow_after
from daemon.store.ops import Event
from state_machines.kind import ROLLING_BACK
from state_machines.lifecycle import RELEASED

KEPT = 200
"""So many of the latest stays of each kind of record at each step are remembered."""
READ_BACK = 6_000
"""So many changes of state are read from the log when the daemon starts: the latest 200 whole lives, and some more."""
_DONE = ("advance", "released")
"""What ends a stay that counts: the step was done. A failure, a verb, a step that was ``idle``, for it found nothing to
do, and one that was taken up again where it had been left, say nothing of how long it takes."""

_STOPPED = ("failed", "held", *RELEASED)
"""Where a node makes its cluster wait for a person."""


class Measure:
    """How long a step took before, in seconds."""

    def __init__(self, lengths: Iterable[float]) -> None:
        self._known = sorted(lengths)
        self.runs = len(self._known)
        self.usual = median(self._known)
        """The median; None before the first."""
        self.slow_after = slow_after(self._known)
        """What 95 of 100 stays did not exceed; None while there are too few to call one slow."""

    def beyond(self, lasted: float) -> float | None:
        """How long a stay takes in all that has lasted so long already: the median of those that took longer."""
        return median(self._known[bisect_right(self._known, lasted) :])


class _Stay(NamedTuple):
    """Where a record stands: since when, at which attempt, whether how long counts, and as one of a repeated try."""

    state: str
    since: float
    attempt: int
    counts: bool
    again: bool


_NOWHERE = _Stay("", 0.0, 1, False, False)


class History:
    """Durations in seconds, by kind of record and step; a stage of a rollback is a step of its own.

    What a record does for the first time and what it does once more after a retry are measured apart: a step that was
    begun already is looked through, taken up or undone first.
    """

    def __init__(self) -> None:
        self._open: dict[str, _Stay] = {}
        """Record → where it stands."""
        self._left: defaultdict[str, set[str]] = defaultdict(set)
        """Record → the steps it left undone since it did one: whoever takes one up again needs only the rest of it."""
        self._stopped: dict[str, str] = {}
        """Record → the furthest step at which it stopped."""
        self._repeats: dict[str, str] = {}
        """Record that was tried again → the step up to which it does once more what it did before."""
        self._stays: defaultdict[tuple[str, str, bool], deque[float]] = defaultdict(
            partial(deque, maxlen=KEPT)
        )
        self._idle: Counter[tuple[str, str]] = Counter()
        self._measures: dict[tuple[str, str, bool], Measure] = {}

    def take(self, events: Iterable[Event]) -> None:
        """Follow the log; it must come in order."""
        for event in events:
            if event.kind == "transition" and event.record is not None and "kind" in event.data:
                self._follow(event.record, event.time, event.data)
                if event.record != event.shard and event.data["to"] in _STOPPED:
                    self._stop(event.shard)

    def _stop(self, cluster: str) -> None:
        """A node stopped: how long its cluster waits for it and for a person says nothing of what its step takes."""
        if cluster in self._open:
            self._open[cluster] = self._open[cluster]._replace(counts=False)

    def _follow(self, name: str, moment: float, data: Mapping[str, Any]) -> None:
        done = data["by"] in _DONE
        state = data["step"] if data["to"] == ROLLING_BACK else data["to"]
        before, attempt = self._open.get(name, _NOWHERE), data["attempt"]
        if done:
            self._end(name, data["kind"], before, moment, "idle" in data)
            self._left.pop(name, None)
        else:
            self._left[name].add(before.state)
        tried_again = attempt > before.attempt and name in self._open
        if tried_again and name in self._stopped:
            self._repeats[name] = self._stopped.pop(name)
        elif not done and data["to"] != data["step"] and name not in self._repeats:
            self._stopped[name] = data["step"]
        if data["to"] in RELEASED or data["step"] is None:
            self._stopped.pop(name, None)
            self._repeats.pop(name, None)
        whole = state not in self._left.get(name, ())
        self._open[name] = _Stay(state, moment, attempt, whole or tried_again, name in self._repeats)

    def _end(self, name: str, kind: str, stay: _Stay, moment: float, idle: bool) -> None:
        """A step was done: how long it took counts."""
        if idle:
            self._idle[kind, stay.state] += 1
        elif stay.counts:
            key = (kind, stay.state, stay.again)
            self._stays[key].append(max(0.0, moment - stay.since))
            self._measures.pop(key, None)
        if self._repeats.get(name) == stay.state:
            del self._repeats[name]

    def repeats(self, name: str) -> str | None:
        """The step up to which a record that was tried again does what it did before; None: all is new to it."""
        return self._repeats.get(name)

    def measure(self, kind: str, step: str, again: bool = False) -> Measure:
        """How long a step took before, ``again`` where it was tried once more; as long as that was never seen, as where
        it was not."""
        if again and (kind, step, True) in self._stays:
            return self._measured(kind, step, True)
        return self._measured(kind, step, False)

    def _measured(self, kind: str, step: str, again: bool) -> Measure:
        key = (kind, step, again)
        if key not in self._measures:
            self._measures[key] = Measure(self._stays.get(key, ()))
        return self._measures[key]

    def repeated(self, kind: str, step: str) -> Measure:
        """How long it took where it was tried once more, and nothing else."""
        return self._measured(kind, step, True)

    def is_idle(self, kind: str, step: str) -> bool:
        """Whether the step was passed through, and never had anything to do."""
        return (kind, step) in self._idle and (kind, step, False) not in self._stays

    def usual(self, kind: str, step: str) -> float | None:
        """The median; None before the first."""
        return self._measured(kind, step, False).usual

    def runs(self, kind: str, step: str) -> int:
        """How many stays are remembered."""
        return self._measured(kind, step, False).runs

    def slow_after(self, kind: str, step: str) -> float | None:
        """What 95 of 100 stays did not exceed; None while there are too few to call one slow."""
        return self._measured(kind, step, False).slow_after
