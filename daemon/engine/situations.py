"""Looks up what a record's own row does not say: its platform, tables, time limits, and what its verbs depend on."""

from __future__ import annotations

from collections.abc import Mapping

from daemon.engine.absent import NO_OTHERS, Absent, Others, kind_of
from daemon.engine.legality import Situation
from daemon.engine.limits import Limits
from daemon.memory.mirror import Mirror
from daemon.platforms.base import Platform
from daemon.store.ops import Command
from state_machines.kind import Kind
from state_machines.record import Record

STILL = ("failed", "attention", "released")
"""Phases in which a record stays until somebody moves it."""


class Situations:
    """Looks records up. ``platforms`` by name; a record's kind begins with its platform's name. ``deadline_factor``
    stretches every time limit. ``others`` are the platforms that are not switched on."""

    def __init__(
        self,
        mirror: Mirror,
        platforms: Mapping[str, Platform],
        deadline_factor: float,
        others: Others = NO_OTHERS,
    ) -> None:
        self._mirror = mirror
        self._others = others
        self._factor = deadline_factor
        both = [
            (kind, platform) for platform in platforms.values() for kind in (platform.node, platform.cluster)
        ]
        self._platform_of = {kind.name: platform for kind, platform in both}
        self._kinds = {kind.name: kind for kind, _ in both}

    def platform(self, record: Record) -> Platform:
        """The platform a record belongs to; one that stands for it where it is not switched on."""
        if record.kind not in self._platform_of:
            self._platform_of[record.kind] = Absent(record.platform, *self._others.absence(record.platform))
        return self._platform_of[record.kind]

    def absence(self, platform: str) -> tuple[str, ...]:
        """Why nobody can work with a platform that is not switched on, and what brings it back; nothing of one that
        neither the packages nor the ledger know."""
        of_records = any(record.platform == platform for record in self._mirror.records.values())
        known = of_records or platform in self._others.installed or platform in self._others.seen
        return self._others.absence(platform) if known else ()

    def kind(self, record: Record) -> Kind:
        """The tables of a record; where its platform is not switched on, tables in which nothing leads on."""
        if record.kind not in self._kinds:
            self._kinds[record.kind] = kind_of(record.kind, self._mirror.records.values())
        return self._kinds[record.kind]

    def is_absent(self, record: Record) -> bool:
        """Whether its platform is not switched on: then nothing of it is touched."""
        return isinstance(self.platform(record), Absent)

    def limits(self, record: Record) -> Limits:
        """How long the states of a record may last."""
        deadlines = self._mirror.records[record.shard].spec.get("deadlines", {})
        return Limits(deadlines, self._factor)

    def situation(self, record: Record, but: Command | None = None) -> Situation:
        """What the legality of the record's verbs depends on; ``but`` is the verb that is being carried out."""
        cluster, platform = self._mirror.records.get(record.shard, record), self.platform(record)
        absent = platform if isinstance(platform, Absent) else None
        return Situation(
            record,
            record if record.name == record.shard else cluster,
            self.kind(record),
            [command for command in self._mirror.commands(record.name) if command != but],
            [command for command in self._mirror.commands(record.shard) if command != but],
            platform,
            lambda: self.exists(record.shard),
            absent.why if absent else "",
            absent.remedy if absent else None,
            lambda: self._stopped(record),
            self.attempt_of,
        )

    def attempt_of(self, name: str) -> int:
        """At which attempt a record is; 0 when there is none."""
        record = self._mirror.records.get(name)
        return 0 if record is None else record.attempt

    def _stopped(self, cluster: Record) -> list[Situation]:
        """The nodes of a cluster that stopped on their way, and of which nobody asked anything since."""
        if cluster.name != cluster.shard:
            return []
        return [
            self.situation(member)
            for member in self._mirror.members(cluster.name)
            if self.kind(member).states[member.state].phase in STILL and not self._mirror.asked(member.name)
        ]

    def exists(self, cluster: str) -> bool:
        """Whether anything of a cluster exists outside, or may be about to: no setting that it was made from may change
        then."""
        members = self._mirror.members(cluster)
        if any(self._stands(one) or self._mirror.asked(one.name) for one in members):
            return True
        names = (cluster, *(member.name for member in members))
        return any(row.state != "gone" for name in names for row in self._mirror.resources(name))

    def is_empty(self, node: Record) -> bool:
        """Whether nothing is made of a node, nobody asked anything of it, and it stopped before it was ready: it may
        begin anew with another entry of the spec."""
        held = any(row.state != "gone" for row in self._mirror.resources(node.name))
        return node.state in ("failed", "rolled_back") and not held and not self._mirror.asked(node.name)

    def _stands(self, record: Record) -> bool:
        state = self.kind(record).states[record.state]
        return state.work or state.phase in ("ok", "releasing")
