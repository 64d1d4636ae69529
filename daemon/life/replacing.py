"""A node gets another of what it stands on, a server or whatever it is: which one goes, and which one comes for it."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from daemon.platforms.base import Planned
from daemon.store.ops import Resource
from state_machines.kind import Kind
from state_machines.record import Record

GENERATION = "server"
"""What a node remembers: the number of the server that it stands on. None is used twice."""
FAILED_AT, UNWANTED = "failed_at", "unwanted"
"""What the row of a server remembers that is no good: the attempt that it failed at; that it goes, whatever comes."""

Changes = tuple[Sequence[Resource], Sequence[Planned]]
"""What goes, and what is made anew."""


def generation_of(record: Record) -> int:
    """The number of the record's present server: each that is ordered for it is another one."""
    return int(record.facts.get(GENERATION, 1))


def is_unfit(row: Resource) -> bool:
    """Whether a server has to go when its node is tried again: it failed, or somebody asked to replace it."""
    return row.state == "deleting" or FAILED_AT in row.data or UNWANTED in row.data


def is_renewed(record: Record, row: Resource, kind: Kind) -> bool:
    """Whether a server is one of an earlier attempt, and the verb that began this one gives the node another."""
    earlier = int(row.data.get("attempt", 1)) < record.attempt
    return earlier and kind.effect(str(record.facts.get("asked"))).renews


@dataclass(frozen=True)
class Replacing:
    """How a platform calls what is replaced: its kind, its name by node and number, and the kind of the cluster's rows
    that make a node its member."""

    kind: str
    name: Callable[[str, int], str]
    tie: str

    def ties(self, node: str, rows: Sequence[Resource]) -> list[Resource]:
        """Of a cluster's ledger rows, those that make the node its member."""
        return [row for row in rows if row.kind == self.tie and row.name == node and row.state != "gone"]

    def renewal(self, record: Record, rows: Sequence[Resource]) -> Changes:
        """What is no good, and what comes for it when the node is tried again."""
        unfit = [row for row in self._standing(rows) if is_unfit(row)]
        return unfit, [self._next(record, generation_of(record) + 1)] if unfit else []

    def replacement(self, record: Record, rows: Sequence[Resource]) -> Changes:
        """What goes and what comes when the node is replaced, and its place in its cluster with them."""
        ties = [row for row in rows if row.kind == self.tie]
        standing = self._standing(rows)
        new = [self._next(record, generation_of(record) + bool(standing))]
        return [*ties, *standing], [*new, *(Planned(row.owner, self.tie, row.name) for row in ties)]

    def _standing(self, rows: Sequence[Resource]) -> list[Resource]:
        return [row for row in rows if row.kind == self.kind and row.state != "gone"]

    def _next(self, record: Record, generation: int) -> Planned:
        return Planned(record.name, self.kind, self.name(record.name, generation))
