"""Measures what costs by the hour: each such object from its order until it is gone, whatever becomes of its row."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence

from daemon.memory.journal import Journal
from daemon.platforms.base import Platform
from daemon.store.ops import BeginUse, EndUse, Op, PutResource, Resource, Use
from state_machines.record import Record


class Uses:
    """Adds to a commit of ledger rows what began or ended by it to cost by the hour."""

    def __init__(self, journal: Journal, platform: Callable[[Record], Platform]) -> None:
        self._journal = journal
        self._platform = platform
        journal.also = self.follow

    def follow(self, ops: Sequence[Op]) -> list[Op]:
        """What the ledger rows among these begin and end."""
        return [one for op in ops if type(op) is PutResource for one in self._of(op.resource)]

    def unmeasured(self) -> list[Op]:
        """What begins all that stands in the ledger and was ordered by a daemon that did not measure."""
        return [one for row in self._journal.mirror.all_resources() for one in self._begun(row)]

    def sort(self, row: Resource) -> str | None:
        """What a price list calls an object, empty where nobody knows; None for one that costs nothing by the hour."""
        record = self._journal.mirror.records.get(row.owner)
        kind = None if record is None else self._platform(record).objects.get(row.kind)
        return None if kind is None or not kind.hourly else str(row.data.get(kind.hourly, ""))

    def _of(self, row: Resource) -> Iterator[Op]:
        if self.sort(row) is None:
            return
        mirror = self._journal.mirror
        before = mirror.resource(row.owner, row.kind, row.name)
        if before is not None and before.cloud_id is not None:
            use = mirror.uses(row.shard).get((row.kind, before.cloud_id))
            goes = row.state == "gone" or row.cloud_id != before.cloud_id
            if goes and use is not None and use.ended is None:
                yield EndUse(row.shard, row.kind, before.cloud_id, self._journal.clock.now())
        yield from self._begun(row)

    def _begun(self, row: Resource) -> Iterator[Op]:
        """The beginning of an object that stands, unless that is known."""
        sort, id_ = self.sort(row), row.cloud_id
        if sort is None or id_ is None or row.state not in ("present", "deleting"):
            return
        if (row.kind, id_) not in self._journal.mirror.uses(row.shard):
            ordered = float(row.data.get("sent_at", self._journal.clock.now()))
            yield BeginUse(Use(row.shard, row.kind, id_, sort, ordered))
