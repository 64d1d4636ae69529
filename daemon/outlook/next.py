"""What comes next, in one sentence: what moves, or that nothing moves by itself."""

from __future__ import annotations

from collections.abc import Iterable
from math import inf

from daemon import wire
from daemon.display.sorting import natural
from daemon.engine.engine import Engine
from daemon.engine.sentences import sentence
from daemon.memory.journal import Journal
from daemon.outlook.standing import Standings
from daemon.outlook.troubles import has_stopped
from daemon.words import counted
from state_machines.record import Record


def is_at_work(record: Record) -> bool:
    """Whether a step of a record runs, or is to run again, by what stands in it alone."""
    return record.deadline is not None or record.wake_at is not None


def is_held(record: Record) -> bool:
    """Whether a person stopped it."""
    return record.state == "held"


class Prospect:
    """Looks at all that moves or waits."""

    def __init__(self, journal: Journal, engine: Engine, standings: Standings) -> None:
        self._journal = journal
        self._engine = engine
        self._standings = standings

    def next(self) -> wire.NextView:
        """What comes next: the first end of a step that is expected, or who is at work, or who waits for a person."""
        mirror = self._journal.mirror
        stopped = self._needing(mirror.where(has_stopped) | mirror.where(is_held))
        moving = [one for one in self._records(mirror.where(is_at_work)) if self._is_moving(one)]
        if not moving:
            if stopped:
                waits = "waits" if len(stopped) == 1 else "wait"
                told = f"Nothing moves by itself: {_counted(stopped)} {waits} for a person."
                return wire.NextView(sentence=told)
            everything = list(mirror.records.values())
            well = f"Nothing waits for you: {_counted(everything)} stand as they should."
            return wire.NextView(sentence=well if everything else "There is no cluster yet.")
        ends = {one.name: self._standings.of(one).expected.step_ends for one in moving}
        first = min(moving, key=lambda one: (ends[one.name] or inf, natural(one.name)))
        at = ends[first.name]
        if at is None:
            are = "is" if len(moving) == 1 else "are"
            return wire.NextView(
                sentence=f"{_counted(moving)} {are} at work; when the next step ends is not known."
            )
        step = sentence(first, self._engine.kind(first))
        return wire.NextView(sentence=f"Next: {first.name} ends “{step}”.", at=at)

    def _records(self, names: Iterable[str]) -> list[Record]:
        return [self._journal.mirror.records[name] for name in names]

    def _needing(self, names: Iterable[str]) -> list[Record]:
        return [one for one in self._records(names) if self._standings.of(one).needs_person]

    def _is_moving(self, record: Record) -> bool:
        standing = self._standings.of(record)
        return standing.phase in ("working", "releasing") and not standing.needs_person


def _counted(records: Iterable[Record]) -> str:
    """``4 nodes and 2 clusters``, whichever there are."""
    records = list(records)
    clusters = sum(one.name == one.shard for one in records)
    nodes = len(records) - clusters
    told = [counted(nodes, "node")] if nodes else []
    return " and ".join([*told, counted(clusters, "cluster")] if clusters else told)
