"""How a record stands for a person: whether it needs one, how urgent it is, and what is to be expected of it."""

from __future__ import annotations

from functools import partial
from math import hypot

from msgspec import Struct

from daemon import wire
from daemon.display.sorting import urgency_of
from daemon.engine.engine import Engine
from daemon.engine.legality import went_back_by_itself
from daemon.engine.spec_nodes import leaves
from daemon.memory.journal import Journal
from daemon.outlook.expectation import NO_TIME, NOTHING, Expectation, Step, expectation, known
from state_machines.kind import Kind
from state_machines.record import Record
from state_machines.verbs import PROTECTIONS

Stamp = tuple[int, ...]


class Standing(Struct, frozen=True):
    """How a record stands. It holds until something changes that it depends on, at the latest ``until`` then."""

    phase: wire.Phase
    needs_person: bool
    urgency: int
    expected: Expectation

    @property
    def until(self) -> float:
        return self.expected.until


class Standings:
    """Looks records up, and keeps what was found while nothing changes it."""

    def __init__(self, journal: Journal, engine: Engine) -> None:
        self._journal = journal
        self._engine = engine
        self._kept: dict[str, tuple[Stamp, Standing]] = {}

    def stamp(self, record: Record) -> Stamp:
        """Another one after each change of what the record shows: its row, ledger and inbox, those of its cluster, on
        which its verbs depend, and of a cluster where its nodes stand."""
        mirror = self._journal.mirror
        shard = mirror.stamps.get(record.shard, 0)
        if record.name == record.shard:
            return shard, mirror.transitions.get(record.name, 0)
        return mirror.stamps.get(record.name, 0), shard

    def of(self, record: Record) -> Standing:
        """How a record stands now."""
        now, stamp = self._journal.clock.now(), self.stamp(record)
        kept = self._kept.get(record.name)
        if kept is not None and kept[0] == stamp and now < kept[1].until:
            return kept[1]
        if len(self._kept) > 2 * len(self._journal.mirror.records):
            self._kept.clear()  # many have left the store
        found = self._standing(record, now)
        self._kept[record.name] = stamp, found
        return found

    def _standing(self, record: Record, now: float) -> Standing:
        kind = self._engine.kind(record)
        state = kind.states[record.state]
        phase: wire.Phase = "attention" if (record.wait or {}).get("attention") else state.phase
        needs = self._needs_person(record, kind, phase)
        expected = NOTHING
        if not self._engine.is_absent(record):
            expected = self._expected(record, kind, now, stopped=needs)
        late = expected.outlook.get("late")
        urgency = urgency_of(
            phase,
            needs,
            blocked=record.state == "rollback_blocked",
            held=state.phase == "attention",
            slow=late is not None and now >= late,
        )
        return Standing(phase, needs, urgency, expected)

    def _needs_person(self, record: Record, kind: Kind, phase: wire.Phase) -> bool:
        """Whether nothing will move the record by itself. What waits for its cluster is moved by that."""
        mirror = self._journal.mirror
        if any(command.verb not in PROTECTIONS for command in mirror.commands(record.name)):
            return False
        if phase in ("failed", "attention"):
            return True
        cluster = mirror.records.get(record.shard, record)
        if not went_back_by_itself(record, kind) or leaves(record, cluster):
            return False
        stands = self._engine.kind(cluster).states[cluster.state].phase != "released"
        return stands or record.name == record.shard

    def _expected(self, record: Record, kind: Kind, now: float, stopped: bool) -> Expectation:
        if record.name != record.shard:
            return expectation(record, kind, partial(self._step, record, kind), now)
        return self._of_cluster(record, kind, now, stopped)

    def _step(self, record: Record, kind: Kind, step: str) -> Step:
        """What is known of a step of a record, of one that was tried again apart."""
        history = self._journal.history
        until = history.repeats(record.name)
        again = until in kind.steps and kind.steps.index(step) <= kind.steps.index(str(until))
        return known(history.measure(kind.name, step, again), history.is_idle(kind.name, step))

    def _of_cluster(self, cluster: Record, kind: Kind, now: float, stopped: bool) -> Expectation:
        """What is expected of a cluster: of its own steps, and where it waits for its nodes of the slowest of them."""
        platform, mirror = self._engine.platform(cluster), self._journal.mirror
        members = mirror.members(cluster.name)
        shrinks = any(leaves(member, cluster) for member in members)
        busy = {*platform.ahead(cluster, True, shrinks), cluster.state, cluster.step}
        nodes = [self.of(member).expected for member in members]

        def step_of(step: str) -> Step:
            if step not in busy:
                return NO_TIME
            if platform.waits_for_nodes(step) and nodes and None not in (whole := [n.whole for n in nodes]):
                return Step(max(seconds for seconds in whole if seconds is not None))
            return self._step(cluster, kind, step)

        if not platform.waits_for_nodes(cluster.state):
            return expectation(cluster, kind, step_of, now)
        return self._gathering(expectation(cluster, kind, step_of, now, _last(nodes)), nodes, stopped)

    def _gathering(self, own: Expectation, nodes: list[Expectation], stopped: bool) -> Expectation:
        """The expectation of a cluster that waits for its nodes: done is what the slowest of them has done."""
        told = own.outlook.copy()
        told.pop("late", None)  # it is not the cluster that is slow
        share = min((node.outlook.get("share", 0.0) for node in nodes), default=0.0)
        wholes = [node.whole for node in nodes]
        if own.whole and nodes and None not in wholes:
            longest = max(seconds for seconds in wholes if seconds is not None)
            told["share"] = round(min(1.0, share * longest / own.whole), 3)
        else:
            told.pop("share", None)
        last = _last(nodes)
        if stopped or last is None:
            for key in ("ready_at", "by95", "runs"):
                told.pop(key, None)  # type: ignore[misc]
        slowest = [node for node in nodes if "ready_at" in node.outlook and node.outlook["ready_at"] == last]
        if slowest and "ready_at" in told:
            _take_over(told, slowest[0].outlook)
        return Expectation(told, min((node.until for node in slowest or nodes), default=own.until), own.whole)


def _take_over(told: wire.Outlook, slowest: wire.Outlook) -> None:
    """A cluster is no surer of its end than the slowest of its nodes."""
    if "runs" in slowest:
        told["runs"] = min(slowest["runs"], told.get("runs", slowest["runs"]))
    if "by95" in told and "by95" in slowest:
        own, node = told["by95"] - told["ready_at"], slowest["by95"] - slowest["ready_at"]
        told["by95"] = round(told["ready_at"] + hypot(own, node), 1)
    else:
        told.pop("by95", None)


def _last(nodes: list[Expectation]) -> float | None:
    """When the slowest of the nodes is ready; None where one of those that are not is not known."""
    ready = [node.outlook.get("ready_at") for node in nodes if node.outlook.get("share") != 1.0]
    if not ready or None in ready:
        return None
    return max(moment for moment in ready if moment is not None)
