"""How long things usually take: what the steps of this fleet lasted, as far as this window has seen it."""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Sequence
from itertools import pairwise
from typing import NamedTuple

from daemon.wire import EntityView, EventView, StepTiming

ENOUGH = 5
"""Stays that must be known before one of them is called slow."""

SLOW = 0.95
"""Part of the history that a slow stay has left behind."""

KEPT = 5000
"""Stays remembered for each step; the oldest make room."""


class Usual(NamedTuple):
    """What a step took so far, in daemon seconds, over ``runs`` stays that ended well."""

    median: float
    p95: float
    runs: int


class Step(NamedTuple):
    """A step by the name that the daemon takes and the title that a person reads."""

    name: str
    title: str
    place: int


class History:
    """Learns from transitions in the log, from timelines and from entities; knows nothing by itself."""

    def __init__(self) -> None:
        self._stays: dict[tuple[str, str], dict[tuple[str, float], float]] = {}
        self._sorted: dict[tuple[str, str], list[float]] = {}
        self._open: dict[str, tuple[str, float]] = {}
        self._ends_badly: set[tuple[str, str]] = set()
        self._steps: dict[tuple[str, str], dict[str, Step]] = {}

    def clear(self) -> None:
        """Forget everything: another database answers."""
        for known in (self._stays, self._sorted, self._open, self._ends_badly, self._steps):
            known.clear()

    def hear(self, event: EventView) -> None:
        """A line of the log; a transition ends one stay and begins another."""
        if event["kind"] != "transition":
            return
        name = event["node"] or event["cluster"]
        kind = "node" if event["node"] else "cluster"
        before = self._open.get(name)
        if event["level"] == "error":
            self._ends_badly.add((kind, event["message"]))
        elif before is not None:
            self._keep(kind, before[0], name, before[1], event["time"])
        self._open[name] = (event["message"], event["time"])

    def learn(self, entity: EntityView, stays: Sequence[StepTiming]) -> None:
        """A timeline. A stay that ended in a failure says nothing about how long the step takes."""
        kind = entity["kind"]
        for stay, after in pairwise(stays):
            if (kind, after["title"]) not in self._ends_badly and stay["ended"] is not None:
                self._keep(kind, stay["title"], entity["name"], stay["started"], stay["ended"])
        self._learn_steps(entity, stays)

    def _learn_steps(self, entity: EntityView, stays: Sequence[StepTiming]) -> None:
        """The steps of a way that was gone straight on: their number must be what the daemon counts."""
        kind, step = entity["kind"], entity["step"]
        titles: dict[str, str] = {}
        for stay in stays:
            at_rest = stay["state"] == entity["state"] and stay["state"] != step
            if not at_rest and (kind, stay["title"]) not in self._ends_badly:
                titles.setdefault(stay["state"], stay["title"])
                if stay["state"] == step:
                    break
        if len(titles) == (entity["step_index"] if step else entity["step_count"]):
            known = self._steps.setdefault((entity["platform"], kind), {})
            for place, (state, title) in enumerate(titles.items(), 1):
                known.setdefault(state, Step(state, title, place))

    def see(self, entity: EntityView) -> None:
        """An entity as it is now: the place and title of the step it is in, and whether it stands badly."""
        if entity["phase"] in ("failed", "attention") and entity["state"] != entity["step"]:
            self._ends_badly.add((entity["kind"], entity["title"]))
        if entity["state"] == entity["step"] and entity["step_index"] > 0:
            known = self._steps.setdefault((entity["platform"], entity["kind"]), {})
            if entity["state"] not in known:
                known[entity["state"]] = Step(entity["state"], entity["title"], entity["step_index"])

    def usual(self, kind: str, title: str, but: tuple[str, float] | None = None) -> Usual | None:
        """Median and 95th percentile of a step, leaving out the stay of ``but`` (name, start)."""
        lengths = self._lengths(kind, title, but)
        if not lengths:
            return None
        count = len(lengths)
        middle = count // 2
        median = lengths[middle] if count % 2 else (lengths[middle - 1] + lengths[middle]) / 2
        return Usual(median, lengths[min(count - 1, -(-95 * count // 100) - 1)], count)

    def is_slow(self, kind: str, title: str, length: float, but: tuple[str, float]) -> bool:
        """Whether a stay is longer than 95 % of the others; False while there are too few of them."""
        lengths = self._lengths(kind, title, but)
        return len(lengths) >= ENOUGH and bisect_left(lengths, length) >= SLOW * len(lengths)

    def left(self, entity: EntityView, now: float | None) -> tuple[float | None, float | None]:
        """Seconds until the end of the step and of all its steps, by the medians; None where unknown."""
        if now is None or entity["phase"] != "working" or entity["state"] != entity["step"]:
            return None, None
        usual = self.usual(entity["kind"], entity["title"], (entity["name"], entity["since"]))
        if usual is None:
            return None, None
        here = max(0.0, usual.median - (now - entity["since"]))
        later = [step for step in self.steps(entity) if step.place > entity["step_index"]]
        usuals = [self.usual(entity["kind"], step.title) for step in later]
        if len(later) != entity["step_count"] - entity["step_index"] or None in usuals:
            return here, None
        return here, here + sum(one.median for one in usuals if one is not None)

    def steps(self, entity: EntityView) -> list[Step]:
        """The steps of such an entity that were seen so far, in their order."""
        known = self._steps.get((entity["platform"], entity["kind"]), {})
        return sorted(known.values(), key=lambda step: step.place)

    def _keep(self, kind: str, title: str, name: str, started: float, ended: float) -> None:
        key = (kind, title)
        stays = self._stays.setdefault(key, {})
        stays[name, started] = max(0.0, ended - started)
        self._sorted.pop(key, None)
        if len(stays) > KEPT:
            del stays[next(iter(stays))]

    def _lengths(self, kind: str, title: str, but: tuple[str, float] | None) -> list[float]:
        key = (kind, title)
        stays = self._stays.get(key, {})
        lengths = self._sorted.get(key)
        if lengths is None:
            lengths = self._sorted[key] = sorted(stays.values())
        if but is not None and but in stays:
            place = bisect_left(lengths, stays[but])
            return lengths[:place] + lengths[place + 1 :]
        return lengths
