"""What nxtui knows: the daemon's last words, how old they are, and nothing it was not told.

The model is fed lines of the stream and answers what changed. It draws nothing and asks nobody.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from typing import Literal

from daemon.wire import API_VERSION, DaemonView, EntityView, EventView, Snapshot, StreamLine
from nxtui.text import clock, lasting

STALE_AFTER = 3.0
"""Seconds without a word from the daemon after which what is shown counts as stale."""

LOG_KEPT = 100_000
"""Log lines kept in memory; older ones are still in the daemon."""

LinkState = Literal["connecting", "live", "stale", "lost", "foreign"]


@dataclass(frozen=True)
class Link:
    """How far what is shown can be trusted, as a state and as the words for it."""

    state: LinkState
    text: str

    @property
    def current(self) -> bool:
        """Whether what is shown is what the daemon says now."""
        return self.state == "live"


@dataclass
class Changes:
    """What a batch of lines did: ``whole`` means that everything may be different."""

    whole: bool = False
    clusters: set[str] = field(default_factory=set)
    nodes: set[str] = field(default_factory=set)
    events: int = 0
    log_replaced: bool = False


class LogBook:
    """The log so far, in order and without repeats; line numbers stay valid when the oldest lines leave."""

    def __init__(self, kept: int = LOG_KEPT) -> None:
        self._kept = kept
        self._events: list[EventView] = []
        self.first = 0
        self.generation = 0

    @property
    def end(self) -> int:
        """One more than the number of the last line."""
        return self.first + len(self._events)

    @property
    def revision(self) -> int:
        """The revision of the last line, 0 if there is none."""
        return self._events[-1]["revision"] if self._events else 0

    def __getitem__(self, number: int) -> EventView:
        return self._events[number - self.first]

    def add(self, event: EventView) -> bool:
        """Append a line; False if it was already there."""
        if event["revision"] <= self.revision:
            return False
        self._events.append(event)
        if len(self._events) > self._kept + self._kept // 10:
            gone = len(self._events) - self._kept
            del self._events[:gone]
            self.first += gone
        return True

    def clear(self) -> None:
        """Forget everything; a new generation tells readers that their line numbers are void."""
        self._events.clear()
        self.first = 0
        self.generation += 1


class Fleet:
    """Every cluster and node by name, the log, and the state of the link to the daemon."""

    def __init__(self, monotonic: Callable[[], float], wall: Callable[[], float]) -> None:
        self._monotonic = monotonic
        self._wall = wall
        self.daemon: DaemonView | None = None
        self.clusters: dict[str, EntityView] = {}
        self.nodes: dict[str, EntityView] = {}
        self.log = LogBook()
        self.lost_because: str | None = None
        self._phases: dict[str, Counter[str]] = {}
        self._speed = 1.0
        self._told: tuple[float, float] | None = None
        self._lost_at: float | None = None
        self._seen_once = False

    def take(self, lines: Iterable[StreamLine]) -> Changes:
        """Learn what the daemon said and answer what is different now."""
        changes = Changes()
        for line in lines:
            kind = line["type"]
            self._told = (self._monotonic(), line["now"])
            self._lost_at = self.lost_because = None
            if kind == "snapshot":
                self._replace(line["snapshot"], changes)
            elif self.foreign:
                continue
            elif kind == "change":
                self._put(line["entity"], changes)
            elif kind == "removed":
                self._remove(line["name"], changes)
            elif kind == "event":
                changes.events += self.log.add(line["event"])
        return changes

    def lost(self, reason: str) -> None:
        """The link broke, or could not be made; the first moment of it is kept."""
        self.lost_because = reason
        if self._lost_at is None:
            self._lost_at = self._wall()

    @property
    def foreign(self) -> bool:
        """Whether the daemon speaks another version of the API, so that its words are not interpreted."""
        return self.daemon is not None and self.daemon["api"] != API_VERSION

    @property
    def now(self) -> float | None:
        """The daemon's time, carried on from its last word but never past the point where it became stale."""
        if self._told is None:
            return None
        heard, told = self._told
        return told + min(self._monotonic() - heard, STALE_AFTER) * self._speed

    @property
    def link(self) -> Link:
        """The state of the link at this moment."""
        if self._lost_at is not None:
            if not self._seen_once:
                return Link("lost", f"NO DAEMON since {clock(self._lost_at)}")
            return Link("lost", f"LOST since {clock(self._lost_at)}")
        if self._told is None:
            return Link("connecting", "connecting")
        if self.daemon is not None and self.foreign:
            return Link("foreign", f"OTHER API {self.daemon['api']}")
        silent = self._monotonic() - self._told[0]
        if silent >= STALE_AFTER:
            return Link("stale", f"STALE {lasting(silent)}")
        return Link("live", "LIVE")

    def phases(self, cluster: str | None = None) -> Counter[str]:
        """How many nodes are in each phase, of one cluster or of all."""
        if cluster is not None:
            return +self._phases.get(cluster, Counter())
        return sum(self._phases.values(), Counter())

    def find(self, name: str) -> EntityView | None:
        """The node of that name, else the cluster."""
        return self.nodes.get(name) or self.clusters.get(name)

    def _replace(self, snapshot: Snapshot, changes: Changes) -> None:
        daemon = snapshot["daemon"]
        another = self.daemon is not None and self.daemon["id"] != daemon["id"]
        if another or snapshot["revision"] < self.log.revision:
            self.log.clear()
            changes.log_replaced = True
        self.daemon = daemon
        changes.whole = True
        if self.foreign:
            return
        self._speed = snapshot["speed"]
        self._seen_once = True
        self.clusters = {entity["name"]: entity for entity in snapshot["clusters"]}
        self.nodes = {entity["name"]: entity for entity in snapshot["nodes"]}
        self._phases = {}
        for node in self.nodes.values():
            self._phases.setdefault(node["cluster"], Counter())[node["phase"]] += 1

    def _put(self, entity: EntityView, changes: Changes) -> None:
        name = entity["name"]
        if entity["kind"] == "cluster":
            self.clusters[name] = entity
            changes.clusters.add(name)
            return
        self._uncount(name)
        self.nodes[name] = entity
        self._phases.setdefault(entity["cluster"], Counter())[entity["phase"]] += 1
        changes.nodes.add(name)
        changes.clusters.add(entity["cluster"])

    def _remove(self, name: str, changes: Changes) -> None:
        if name in self.nodes:
            changes.clusters.add(self.nodes[name]["cluster"])
            changes.nodes.add(name)
            self._uncount(name)
            del self.nodes[name]
        elif self.clusters.pop(name, None) is not None:
            changes.clusters.add(name)

    def _uncount(self, name: str) -> None:
        if old := self.nodes.get(name):
            self._phases[old["cluster"]][old["phase"]] -= 1
