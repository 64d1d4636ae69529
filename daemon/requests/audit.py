"""Compares what the clouds hold with the ledger, and deletes what a person picked of it."""

from __future__ import annotations

from collections.abc import Collection, Sequence

from daemon.engine.engine import Engine
from daemon.engine.remedies import text
from daemon.errors.tree import NxdError
from daemon.memory.journal import Journal
from daemon.platforms.base import Finding
from daemon.store.ops import AddEvent, Event
from daemon.words import sentences


class Audit:
    """Looks at the clouds of every platform."""

    def __init__(self, journal: Journal, engine: Engine) -> None:
        self._journal = journal
        self._engine = engine

    async def findings(self) -> Sequence[Finding]:
        """What the clouds hold against what the ledger says; nothing is changed. A platform that cannot be asked is
        one finding, and the others are asked all the same."""
        findings: list[Finding] = []
        for name, platform in self._engine.platforms.items():
            try:
                findings += await platform.audit(self._journal.mirror)
            except NxdError as error:
                said = sentences(error.message, error.evidence, text(error.remedies))
                findings.append(Finding("unasked", "platform", name, "", None, said))
        return [*findings, *self._of_absent()]

    def _of_absent(self) -> list[Finding]:
        """Platforms that are not switched on although something of theirs stands in the ledger."""
        found: dict[str, Finding] = {}
        for row in self._journal.mirror.all_resources():
            record = self._journal.mirror.records.get(row.owner)
            if row.state == "gone" or record is None or not self._engine.is_absent(record):
                continue
            here = self._engine.standing(record)
            said = sentences(here.absent, here.switch_on.text if here.switch_on else None)
            found[record.platform] = Finding("unasked", "platform", record.platform, "", None, said)
        return list(found.values())

    async def discard(self, ids: Collection[str], actor: str) -> Sequence[Finding]:
        """Go one step towards deleting objects that an audit calls unknown; those that still stand. Raises NxdError."""
        unknown = {one.id: one for one in await self.findings() if one.finding == "unknown"}
        now = self._journal.clock.now()
        for one in (unknown[id_] for id_ in ids if id_ in unknown):
            said = f"{actor} has {one.kind} {one.name} ({one.id}) deleted, which is in no ledger"
            await self._journal.commit(AddEvent(Event(now, "", None, "verb", said, "warning", actor)))
        left: list[Finding] = []
        for platform in self._engine.platforms.values():
            left += await platform.discard(self._journal.mirror, set(ids) & set(unknown))
        return left
