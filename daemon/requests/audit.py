"""Compares what the clouds hold with the ledger, and deletes what a person picked of it."""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Mapping, Sequence
from contextlib import suppress
from dataclasses import replace

from daemon import wire
from daemon.engine import legality
from daemon.engine.engine import Engine
from daemon.engine.legality import Situation
from daemon.engine.remedies import text
from daemon.engine.sentences import NAMED, event
from daemon.errors.tree import NxdError, StoreError
from daemon.memory.journal import Journal
from daemon.memory.mirror import Mirror
from daemon.platforms.base import Finding
from daemon.store.ops import NO_ROUND, AddEvent, Event, Op, PutSignal, Signal
from daemon.words import first_of, sentences
from state_machines.objects import ObjectKind
from state_machines.outcome import Remedy
from state_machines.record import Record

LOSSES = "losses"
"""The signal of a record that keeps what an audit missed of it."""

_MEANT = (
    "Look at each of them: another nxd with the same environment may own it. The command asks, or takes --yes; the API "
    "takes meant."
)


def missed(mirror: Mirror, name: str) -> dict[str, float]:
    """The ids of what a record has by the ledger and the last audit did not find outside → when one missed it first."""
    signal = mirror.signals(name).get(LOSSES)
    kept = {} if signal is None else signal.data
    standing = {row.cloud_id for row in mirror.resources(name) if row.state == "present"}
    return {id_: time for id_, time in kept.items() if id_ in standing}


class Audit:
    """Looks at the clouds of every platform."""

    def __init__(self, journal: Journal, engine: Engine) -> None:
        self._journal = journal
        self._engine = engine

    async def findings(self) -> Sequence[Finding]:
        """What the clouds hold against what the ledger says; neither is changed. A platform that cannot be asked is
        one finding, and the others are asked all the same. What a record has lost is kept with it until an audit
        finds it again or the ledger has it no more."""
        by_platform = await self._by_platform()
        return [*(one for found in by_platform.values() for one in found), *self._of_absent()]

    async def _by_platform(self) -> Mapping[str, Sequence[Finding]]:
        """The findings of each platform that is switched on."""
        found: dict[str, list[Finding]] = {}
        asked: dict[str, bool] = {}
        for name, platform in self._engine.platforms.items():
            try:
                found[name] = [self._with_way(one) for one in await platform.audit(self._journal.mirror)]
                asked[name] = all(one.finding != "unasked" for one in found[name])
            except NxdError as error:
                error.mend_by(platform.remedies)
                said = sentences(error.message, error.evidence, text(error.remedies))
                found[name] = [Finding("unasked", "platform", name, "", None, said)]
        with suppress(StoreError):  # what it says, it says all the same
            await self._keep([one for told in found.values() for one in told], asked)
        return found

    def agreed(self, findings: Sequence[Finding]) -> list[wire.AgreedView]:
        """How many objects of each kind are as the ledger says, by these findings; of a platform that could not be
        asked for everything nothing is known."""
        mirror = self._journal.mirror
        unasked = {one.name for one in findings if one.finding == "unasked" and one.kind == "platform"}
        if any(one.finding == "unasked" and one.kind != "platform" for one in findings):
            return []
        missing = {one.id for one in findings if one.finding == "missing"}
        counts: Counter[str] = Counter()
        words: dict[str, ObjectKind] = {}
        for row in mirror.all_resources():
            record = mirror.records.get(row.owner)
            if record is None or record.platform in unasked or self._engine.is_absent(record):
                continue
            kind = self._engine.platform(record).objects.get(row.kind)
            if kind is not None and row.state == "present" and row.cloud_id and row.cloud_id not in missing:
                counts[row.kind] += 1
                words[row.kind] = kind
        return [
            wire.AgreedView(kind=kind, count=count, text=f"{count} {_word(words[kind], count)}")
            for kind, count in counts.most_common()
        ]

    def makes_up(self, record: Record) -> list[Remedy]:
        """What a person can do about each object that the last audit did not find outside, of what should stand as it
        is."""
        if self._engine.kind(record).states[record.state].phase != "ok":
            return []
        lost = missed(self._journal.mirror, record.name)
        return [
            Remedy(
                "outside",
                f"{row.kind} {row.name} is missing outside: {self._way(record, str(row.cloud_id))}.",
            )
            for row in self._journal.mirror.resources(record.name)
            if row.cloud_id in lost
        ]

    async def _keep(self, findings: Sequence[Finding], asked: Mapping[str, bool]) -> None:
        """Keep with every record of these platforms what is lost of it, and tell of what is lost or found since the
        audit before; nothing is found again on one that could not be asked for everything. Raises StoreError."""
        mirror, now = self._journal.mirror, self._journal.clock.now()
        lost: dict[str, dict[str, Finding]] = {}
        for one in findings:
            if one.finding == "missing" and one.owner is not None:
                lost.setdefault(one.owner, {})[one.id] = one
        ops: list[Op] = []
        for record in mirror.records.values():
            before, missing = missed(mirror, record.name), lost.get(record.name, {})
            if record.platform not in asked:
                continue
            kept = missing.keys() if asked[record.platform] else before.keys() | missing.keys()
            if before.keys() == kept:
                continue
            data = {id_: before.get(id_, now) for id_ in kept}
            ops.append(PutSignal(Signal(record.name, record.shard, LOSSES, NO_ROUND, 0, now, data)))
            ops += [_lost(record, one, now) for id_, one in missing.items() if id_ not in before]
            found = [row for row in mirror.resources(record.name) if row.cloud_id in before.keys() - kept]
            ops += [
                event(record, "note", now, f"an audit finds {row.kind} {row.name} again") for row in found
            ]
        if ops:
            await self._journal.commit(*ops)

    def _with_way(self, one: Finding) -> Finding:
        """A loss with what makes up for it as its node stands now."""
        record = self._journal.mirror.records.get(one.owner or "")
        if one.finding != "missing" or record is None:
            return one
        return replace(one, command=self._way(record, one.id))

    def _way(self, record: Record, id_: str) -> str:
        """The command, or what to do, that brings back what a record has lost."""
        name, here = record.name, self._engine.situation(record)
        cluster, platform = here.cluster, self._engine.platform(record)
        if legality.is_protected(cluster, here.cluster_inbox):
            return f"nxd unprotect {cluster.name}, then nxd audit again"
        renewed, _ = platform.replacement(record, self._journal.mirror.resources(name))
        if id_ in (row.cloud_id for row in renewed):
            if here.kind.states[record.state].work:
                return f"nxd wait {name}: the step it is at notices"
            if (other := legality.legal_for(here, "renew")) is not None:
                return f"nxd {other} {name}"
        back, again = legality.legal_for(here, "back"), here.kind.parts.get("again")
        if back and again:
            return f"nxd {back} {name} --wait, then nxd {again} {name}"
        if self._may_leave(here):
            return f"nxd spec {cluster.name}, put a node of another name in the place of {name}, and apply it"
        if (end := legality.legal_for(self._engine.situation(cluster), "end")) is not None:
            return f"only nxd {end} {cluster.name}, and its spec applied again, brings it back"
        return f"nxd wait {cluster.name}, then nxd audit again"

    def _may_leave(self, here: Situation) -> bool:
        """Whether a spec without the node can be applied now."""
        cluster = self._engine.situation(here.cluster)
        alone = len(self._journal.mirror.members(here.cluster.name)) < 2
        stays = self._engine.platform(here.record).stays(here.record)
        leaves = {"leaving": [here.record.name]}
        return not (alone or stays) and legality.why_not(cluster, "change", leaves) is None

    def _of_absent(self) -> list[Finding]:
        """Platforms that are not switched on although something of theirs stands in the ledger."""
        found: dict[str, Finding] = {}
        for row in self._journal.mirror.all_resources():
            record = self._journal.mirror.records.get(row.owner)
            if row.state == "gone" or record is None or not self._engine.is_absent(record):
                continue
            here = self._engine.situation(record)
            said = sentences(here.absent, here.switch_on.text if here.switch_on else None)
            found[record.platform] = Finding("unasked", "platform", record.platform, "", None, said)
        return list(found.values())

    async def discard(self, ids: Collection[str], actor: str, meant: bool = False) -> Sequence[Finding]:
        """Go one step towards deleting objects that an audit calls unknown; those that still stand. Unless it is
        ``meant``, what would be deleted is told and left. Raises NxdError."""
        now, by_platform = self._journal.clock.now(), await self._by_platform()
        unknown = {
            name: [one for one in found if one.finding == "unknown" and one.id in ids]
            for name, found in by_platform.items()
        }
        concerned = [one for found in unknown.values() for one in found]
        self._hold_deletable(unknown)
        if concerned and not meant:
            named = first_of((f"{one.kind} {one.name} ({one.id})" for one in concerned), NAMED)
            raise NxdError("deletes", f"This deletes for good: {named}.", remedy=_MEANT)
        for one in concerned:
            said = f"{actor} has {one.kind} {one.name} ({one.id}) deleted, which is in no ledger"
            await self._journal.commit(AddEvent(Event(now, "", None, "verb", said, "warning", actor)))
        left: list[Finding] = []
        for name, found in unknown.items():
            platform = self._engine.platforms[name]
            try:
                left += (
                    await platform.discard(self._journal.mirror, {one.id for one in found}) if found else ()
                )
            except NxdError as error:
                error.mend_by(platform.remedies)
                raise
        return left

    def _hold_deletable(self, unknown: Mapping[str, Sequence[Finding]]) -> None:
        """See that what is to be deleted can be, and is only one of its id. Raises NxdError, before anything is
        deleted."""
        concerned = [one for found in unknown.values() for one in found]
        ids = Counter(one.id for one in concerned)
        twice = [one for one in concerned if ids[one.id] > 1]
        fixed = [
            one
            for name, found in unknown.items()
            for one in found
            if not self._engine.platforms[name].has("discard")
        ]
        by_hand = twice or fixed
        if by_hand:
            what = first_of((f"{one.kind} {one.name} ({one.id})" for one in by_hand), NAMED)
            why = "several have the same id" if twice else "its platform deletes nothing that is in no ledger"
            raise NxdError("refused", f"Nothing was deleted: {why}: {what}.",
                           remedy=[Remedy("command", one.command, command=one.command) for one in by_hand])  # fmt: skip


def _word(kind: ObjectKind, count: int) -> str:
    return kind.one if count == 1 else kind.several


def _lost(record: Record, one: Finding, now: float) -> AddEvent:
    said = f"an audit misses {one.kind} {one.name} ({one.id}), which is gone outside: {one.command}"
    return event(record, "error", now, said, "warning")
