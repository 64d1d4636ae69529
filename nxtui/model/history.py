"""How long things usually take: the daemon's word where it gave one, else what this window has seen."""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Mapping, Sequence
from itertools import pairwise
from typing import NamedTuple

from daemon.display.usual import median, slow_after
from daemon.wire import EntityView, EventView, Nature, StepTiming, StepView

KEPT = 5000
"""Stays remembered for each step; the oldest make room."""


class Usual(NamedTuple):
    """What a step took so far, in daemon seconds, over ``runs`` stays that ended well. A stay is slow that lasts
    longer than 95 of 100 of them; ``slow_after`` is None where they are too few to say so."""

    median: float
    slow_after: float | None
    runs: int

    def is_exceeded(self, length: float | None) -> bool:
        """Whether a stay of this length is slow."""
        return length is not None and self.slow_after is not None and length > self.slow_after


class NamedStep(NamedTuple):
    """A step by the name that the daemon takes and the title that a person reads."""

    name: str
    title: str
    place: int


class StepHistory:
    """Learns from the daemon's steps; without them from transitions in the log, timelines and entities."""

    def __init__(self) -> None:
        self._stays: dict[tuple[str, str], dict[tuple[str, float], float]] = {}
        self._sorted: dict[tuple[str, str], list[float]] = {}
        self._open: dict[str, tuple[str, float]] = {}
        self._ends_badly: set[tuple[str, str]] = set()
        self._steps: dict[tuple[str, str], dict[str, NamedStep]] = {}
        self._told: dict[tuple[str, str], dict[str, StepView]] = {}

    def clear(self) -> None:
        """Forget everything: another database answers."""
        for known in (self._stays, self._sorted, self._open, self._ends_badly, self._steps, self._told):
            known.clear()

    def tell(self, steps: Mapping[str, Mapping[str, Sequence[StepView]]]) -> None:
        """The daemon's steps, by platform and kind: from now on they are the truth. Empty, what was seen is."""
        self._told = {
            (platform, kind): {step["name"]: step for step in way}
            for platform, kinds in steps.items()
            for kind, way in kinds.items()
        }

    def told(self, entity: EntityView) -> list[StepView]:
        """The steps of an entity as the daemon told them; none while it has not."""
        return list(self._told.get((entity["platform"], entity["kind"]), {}).values())

    @property
    def natures(self) -> dict[str, Nature]:
        """What goes on in the steps that the daemon told, by their names."""
        ways = self._told.values()
        return {name: step["nature"] for way in ways for name, step in way.items() if "nature" in step}

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

    def see(self, entity: EntityView) -> None:
        """An entity as it is now: the place and title of the step it is in, and whether it stands badly."""
        if entity["phase"] in ("failed", "attention") and entity["state"] != entity["step"]:
            self._ends_badly.add((entity["kind"], entity["title"]))
        if entity["state"] == entity["step"] and entity["step_index"] > 0:
            known = self._steps.setdefault((entity["platform"], entity["kind"]), {})
            if entity["state"] not in known:
                known[entity["state"]] = NamedStep(entity["state"], entity["title"], entity["step_index"])

    def usual(self, entity: EntityView, state: str, title: str, started: float | None = None) -> Usual | None:
        """What a state takes that the daemon calls so, and a person by its title; None where nothing is known.
        By this window's own history the stay that began at ``started`` is not compared with itself."""
        told = self._told.get((entity["platform"], entity["kind"]), {}).get(state)
        if told is None:
            return self._seen(entity["kind"], title, None if started is None else (entity["name"], started))
        return None if told["usual"] is None else Usual(told["usual"], told["slow_after"], told["runs"])

    def present(self, entity: EntityView) -> Usual | None:
        """What the step usually takes that an entity works on now; None where that is not known."""
        if entity["phase"] != "working" or entity["state"] != entity["step"]:
            return None
        return self.usual(entity, entity["state"], entity["title"], entity["since"])

    def slow(self, entity: EntityView, now: float | None) -> Usual | None:
        """The measure that an entity's present step exceeds; None while it does not."""
        usual = self.present(entity) if now is not None else None
        return usual if usual and now is not None and usual.is_exceeded(now - entity["since"]) else None

    def left(self, entity: EntityView, now: float | None) -> tuple[float | None, float | None]:
        """Seconds until the end of the step and of all its steps, by the medians; None where unknown."""
        usual = self.present(entity)
        if now is None or usual is None:
            return None, None
        here = max(0.0, usual.median - (now - entity["since"]))
        later = [step for step in self.steps(entity) if step.place > entity["step_index"]]
        usuals = [self.usual(entity, step.name, step.title) for step in later]
        if len(later) != entity["step_count"] - entity["step_index"] or None in usuals:
            return here, None
        return here, here + sum(one.median for one in usuals if one is not None)

    def way(self, entity: EntityView) -> Mapping[str, StepView]:
        """The daemon's steps of such an entity by their names; none where it did not tell them."""
        return self._told.get((entity["platform"], entity["kind"]), {})

    def is_told(self, entity: EntityView) -> bool:
        """Whether the daemon told the steps of such an entity, so that there are no others."""
        return bool(self._told.get((entity["platform"], entity["kind"])))

    def steps(self, entity: EntityView) -> list[NamedStep]:
        """The steps of such an entity in their order: those the daemon told, else those that were seen so far."""
        kind = (entity["platform"], entity["kind"])
        if told := self._told.get(kind):
            known = [NamedStep(step["name"], step["title"], step["place"]) for step in told.values()]
        else:
            known = list(self._steps.get(kind, {}).values())
        return sorted(known, key=lambda step: step.place)

    def title_of(self, entity: EntityView) -> str:
        """The title of the step at which it is, or stopped; empty as long as that is not known."""
        return next((step.title for step in self.steps(entity) if step.name == entity["step"]), "")

    def _seen(self, kind: str, title: str, but: tuple[str, float] | None) -> Usual | None:
        """Median and 95th percentile of what was seen, leaving out the stay of ``but`` (name, start)."""
        lengths = self._lengths(kind, title, but)
        middle = median(lengths)
        return None if middle is None else Usual(middle, slow_after(lengths), len(lengths))

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
