"""What nxtui knows: the daemon's last words, how old they are, and nothing it was not told.

The model is fed lines of the stream and answers what changed. It draws nothing and asks nobody.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from typing import Literal

from daemon.display.durations import lasting
from daemon.wire import (
    API_VERSION,
    CallRates,
    DaemonView,
    EntityView,
    EventView,
    NextView,
    Snapshot,
    StreamLine,
    TroubleView,
    UnwrittenView,
    VerbTable,
    VerbView,
)
from nxtui.model.calls import CallLog
from nxtui.model.entry import Entry, entry
from nxtui.model.history import StepHistory
from nxtui.model.times import clock

STALE_AFTER = 3.0
"""Seconds without a word from the daemon after which what is shown counts as stale."""

LOG_KEPT = 100_000
"""Log lines kept in memory; older ones are still in the daemon."""

LinkState = Literal["connecting", "live", "stale", "lost", "foreign", "replay", "unwritten"]


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
    shields: bool = False
    """Whether a cluster was protected, or is no longer: each of its rows says so."""
    troubles: bool = False
    """Whether the causes of what stopped, or what comes next, are others."""
    failed: list[str] = field(default_factory=list)
    done: list[str] = field(default_factory=list)
    vanished: list[str] = field(default_factory=list)
    moved: set[str] = field(default_factory=set)
    """What stands in another state or phase than before."""

    def compare(self, before: EntityView | None, after: EntityView) -> None:
        """Note what a person should hear of: something moved or failed, or a cluster is done."""
        if before is None:
            return
        if (before["state"], before["phase"]) != (after["state"], after["phase"]):
            self.moved.add(after["name"])
        if before["phase"] == after["phase"]:
            return
        if after["phase"] == "failed":
            self.failed.append(after["name"])
        elif after["phase"] == "ok" and after["kind"] == "cluster":
            self.done.append(after["name"])


class LogBook:
    """The log so far, in order and without repeats; line numbers stay valid when the oldest lines leave."""

    def __init__(self, kept: int = LOG_KEPT) -> None:
        self._kept = kept
        self._entries: list[Entry] = []
        self._words: dict[str, str] = {}
        self.first = 0
        self.generation = 0

    @property
    def end(self) -> int:
        """One more than the number of the last line."""
        return self.first + len(self._entries)

    @property
    def revision(self) -> int:
        """The revision of the last line, 0 if there is none."""
        return self._entries[-1].revision if self._entries else 0

    def __getitem__(self, number: int) -> Entry:
        return self._entries[number - self.first]

    def add(self, event: EventView) -> bool:
        """Append a line; False if it was already there."""
        if event["revision"] <= self.revision:
            return False
        self._entries.append(entry(event, self._words))
        if len(self._entries) > self._kept + self._kept // 10:
            vanished = len(self._entries) - self._kept
            del self._entries[:vanished]
            self.first += vanished
        return True

    def clear(self) -> None:
        """Forget everything; a new generation tells readers that their line numbers are void."""
        self._entries.clear()
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
        self.calls = CallLog()
        self.history = StepHistory()
        self.recording: Callable[[], tuple[float, str]] | None = None
        """In a replay: the recorded moment that is shown, and the words for it."""
        self.lost_because: str | None = None
        self.unwritten: UnwrittenView | None = None
        """Since when the daemon cannot write its database, and why."""
        self.untold = 0
        """Nodes of the first state that the daemon has yet to tell."""
        self.troubles: list[TroubleView] = []
        """The causes of what stopped, the oldest first; none of a daemon that tells none."""
        self.next: NextView | None = None
        """What comes next, in the daemon's words."""
        self.rates: CallRates | None = None
        """How many calls were made lately; None of a daemon that does not count them."""
        self._verbs: VerbTable = {}
        self._cluster_phases: Counter[str] = Counter()
        self._phases: dict[str | None, Counter[str]] = {}
        """Nodes by phase, of each cluster and under None of all."""
        self._members: dict[str, set[str]] = {}
        self._speed = 1.0
        self._told: tuple[float, float] | None = None
        self._lost_at: float | None = None
        self._seen_once = False

    def take(self, lines: Iterable[StreamLine]) -> Changes:
        """Learn what the daemon said and answer what is different now."""
        changes = Changes()
        foreign, last = self.foreign, None
        for line in lines:
            kind, last = line["type"], line["now"]
            if kind == "snapshot":
                self._replace(line["snapshot"], changes)
                foreign = self.foreign
                self.untold = line.get("left", 0)
            elif foreign:
                continue
            elif kind == "heartbeat":
                self.unwritten = line.get("unwritten")
            elif kind == "trouble":
                self.troubles, self.next = line.get("troubles", []), line.get("next")
                changes.troubles = True
            elif kind == "nodes":
                for node in line["nodes"]:
                    self._put(node, changes)
                self.untold = line["left"]
            elif kind == "event":
                event = line["event"]
                if self.log.add(event):
                    changes.events += 1
                    if event["kind"] == "transition":
                        self.history.hear(event)
            elif kind == "call":
                self.calls.add(line["call"])
            elif kind == "rates":
                self.rates = line["rates"]
            elif kind == "change":
                self._put(line["entity"], changes)
            elif kind == "removed":
                self._remove(line["name"], changes)
        if last is not None:
            self._told = (self._monotonic(), last)
            self._lost_at = self.lost_because = None
        return changes

    def beside(self) -> Fleet:
        """Another one, on the same clocks, that knows nothing yet."""
        return Fleet(self._monotonic, self._wall)

    def whole(self) -> Snapshot | None:
        """Everything as it stands, as a daemon would tell it; None before one did."""
        if self.daemon is None or self.foreign or self.now is None:
            return None
        told = Snapshot(
            daemon=self.daemon, revision=self.log.revision, now=self.now, speed=1.0, troubles=self.troubles,
            clusters=list(self.clusters.values()), nodes=list(self.nodes.values()), verbs=self._verbs,
        )  # fmt: skip
        return told if self.next is None else Snapshot(**told, next=self.next)

    def lost(self, reason: str) -> None:
        """The link broke, or could not be made; the first moment of it is kept."""
        self.lost_because = reason
        if self._lost_at is None:
            self._lost_at = self._wall()

    @property
    def moment(self) -> float:
        """Seconds on this window's own clock, which no daemon moves."""
        return self._monotonic()

    @property
    def foreign(self) -> bool:
        """Whether the daemon speaks another version of the API, so that its words are not interpreted."""
        return self.daemon is not None and self.daemon["api"] != API_VERSION

    @property
    def told_at(self) -> float | None:
        """The daemon's time at its last word; None before the first one."""
        return None if self._told is None else self._told[1]

    @property
    def now(self) -> float | None:
        """The daemon's time, carried on from its last word but never past the point where it became stale."""
        if self.recording is not None:
            return self.recording()[0]
        if self._told is None:
            return None
        if self.unwritten is not None:
            return min(
                self._told[1], self.unwritten["since"]
            )  # of then is what is shown, and no deadline runs
        received, told = self._told
        return told + min(self._monotonic() - received, STALE_AFTER) * self._speed

    @property
    def link(self) -> Link:
        """The state of the link at this moment."""
        if self.recording is not None:
            return Link("replay", f"REPLAY {self.recording()[1]}")
        if self._lost_at is not None:
            if not self._seen_once:
                return Link("lost", f"NO DAEMON since {clock(self._lost_at)}")
            return Link("lost", f"LOST since {clock(self.told_at)}")
        if self._told is None:
            return Link("connecting", "connecting")
        if self.daemon is not None and self.foreign:
            return Link("foreign", f"OTHER API {self.daemon['api']}")
        silent = self._monotonic() - self._told[0]
        if silent >= STALE_AFTER:
            return Link("stale", f"STALE {lasting(silent)}")
        if self.unwritten is not None:
            return Link("unwritten", f"AS OF {clock(self.unwritten['since'])}")
        return Link("live", "LIVE")

    @property
    def unknown(self) -> str:
        """That what was not told is not known, and since when, by the daemon's clock as everything here; empty while
        the daemon, or a recording, tells all that there is."""
        if self.link.state not in ("lost", "stale", "unwritten"):
            return ""
        since = self.told_at if self.unwritten is None else self.unwritten["since"]
        return "not known" if since is None else f"not known since {clock(since)}"

    @property
    def not_told(self) -> str:
        """What stands in the place of something that was asked for and is not there."""
        return f"It is {self.unknown}." if self.unknown else "The daemon has not told it yet."

    def phases(self, cluster: str | None = None) -> Counter[str]:
        """How many nodes are in each phase, of one cluster or of all."""
        return +self._phases.get(cluster, Counter())

    def cluster_phases(self) -> Counter[str]:
        """How many clusters are in each phase."""
        return +self._cluster_phases

    @property
    def at_work(self) -> tuple[int, int]:
        """How many nodes and how many clusters are worked on."""
        return tuple(
            phases["working"] + phases["releasing"] for phases in (self.phases(), self._cluster_phases)
        )  # type: ignore[return-value]

    @property
    def is_well(self) -> bool:
        """Whether every node and cluster stands as it should, and nothing works on any of them."""
        return not self.troubles and not (self.phases() | self.cluster_phases()).keys() - {"ok", "released"}

    def members(self, cluster: str) -> list[EntityView]:
        """The nodes of a cluster, in no order."""
        return [self.nodes[name] for name in self._members.get(cluster, ())]

    def find(self, name: str) -> EntityView | None:
        """The node of that name, else the cluster."""
        return self.nodes.get(name) or self.clusters.get(name)

    def verb(self, name: str, entity: EntityView) -> VerbView | None:
        """What the daemon said of a verb of what this is; None if nothing."""
        verbs = self._verbs.get(entity["platform"], {}).get(entity["kind"], ())
        return next((verb for verb in verbs if verb["name"] == name), None)

    def is_protected(self, entity: EntityView) -> bool:
        """Whether deletions of it are refused: it is protected itself, or with its cluster."""
        cluster = self.clusters.get(entity["cluster"])
        return entity["protected"] or (cluster is not None and cluster["protected"])

    def _replace(self, snapshot: Snapshot, changes: Changes) -> None:
        daemon = snapshot["daemon"]
        another = self.daemon is not None and self.daemon["id"] != daemon["id"]
        if another or snapshot["revision"] < self.log.revision:
            self.log.clear()
            self.calls.clear()
            self.history.clear()
            changes.log_replaced = True
        self.daemon = daemon
        changes.whole = True
        if self.foreign:
            return
        self._speed = snapshot["speed"]
        self.unwritten = snapshot.get("unwritten")
        self._verbs = snapshot.get("verbs", {})
        self.troubles, self.next = snapshot.get("troubles", []), snapshot.get("next")
        self.rates = snapshot.get("rates")
        entities = [*snapshot["clusters"], *snapshot["nodes"]]
        for entity in entities:
            self.history.see(entity)
            if not another:
                changes.compare(self.find(entity["name"]), entity)
        if not another:
            changes.vanished += self.clusters.keys() - {cluster["name"] for cluster in snapshot["clusters"]}
        self._seen_once = True
        self.clusters = {entity["name"]: entity for entity in snapshot["clusters"]}
        self.nodes = {entity["name"]: entity for entity in snapshot["nodes"]}
        self._phases, self._members = {}, {}
        self._cluster_phases = Counter(cluster["phase"] for cluster in self.clusters.values())
        for node in self.nodes.values():
            self._count(node)

    def _put(self, entity: EntityView, changes: Changes) -> None:
        name = entity["name"]
        self.history.see(entity)
        changes.compare(self.find(name), entity)
        if entity["kind"] == "cluster":
            before = self.clusters.get(name)
            changes.shields |= before is not None and before["protected"] != entity["protected"]
            if before is not None:
                self._cluster_phases[before["phase"]] -= 1
            self._cluster_phases[entity["phase"]] += 1
            self.clusters[name] = entity
            changes.clusters.add(name)
            return
        self._uncount(name)
        self.nodes[name] = entity
        self._count(entity)
        changes.nodes.add(name)
        changes.clusters.add(entity["cluster"])

    def _remove(self, name: str, changes: Changes) -> None:
        if name in self.nodes:
            changes.clusters.add(self.nodes[name]["cluster"])
            changes.nodes.add(name)
            self._uncount(name)
            del self.nodes[name]
        elif (left := self.clusters.pop(name, None)) is not None:
            self._cluster_phases[left["phase"]] -= 1
            changes.clusters.add(name)
            changes.vanished.append(name)

    def _count(self, node: EntityView) -> None:
        for whose in (node["cluster"], None):
            self._phases.setdefault(whose, Counter())[node["phase"]] += 1
        self._members.setdefault(node["cluster"], set()).add(node["name"])

    def _uncount(self, name: str) -> EntityView | None:
        """Take a node out of the counts; answers it as it was."""
        old = self.nodes.get(name)
        if old is not None:
            for whose in (old["cluster"], None):
                self._phases[whose][old["phase"]] -= 1
            self._members[old["cluster"]].discard(name)
        return old
