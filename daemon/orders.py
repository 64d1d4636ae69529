"""What people ask for: which verbs are legal, what they would do, and the door through which they enter."""

from __future__ import annotations

import asyncio
import hashlib
import json
from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import TYPE_CHECKING, Any

from daemon import moves, wire
from daemon.engine import Engine
from daemon.errors import NxdError
from daemon.journal import Journal
from daemon.platforms.base import Check, Finding, Platform, Seed
from daemon.secrets import SecretBox
from daemon.store.ops import AddCommand, AddEvent, Command, Event, Op, PutRecord, Resource
from state_machines.kind import FLAGS
from state_machines.record import Record

if TYPE_CHECKING:
    from daemon.spec import ClusterSpec

_DELETING = ("rollback", "destroy")


class Orders:
    """Verbs and specs on their way into the inbox."""

    def __init__(self, journal: Journal, engine: Engine) -> None:
        self._journal = journal
        self._engine = engine
        self._applying = asyncio.Lock()

    def find(self, name: str) -> Record:
        """The node or cluster of that name. Raises NxdError."""
        record = self._journal.mirror.records.get(name)
        if record is None:
            raise NxdError("unknown", f"There is no node or cluster named {name}.")
        return record

    def can(self, record: Record) -> dict[str, str | None]:
        """Each verb the record knows → None when it is legal now, else the reason why it is not."""
        return {verb: self._why_not(record, verb, {}) for verb in self._engine.kind(record).verbs}

    def _why_not(self, record: Record, verb: str, args: Mapping[str, Any]) -> str | None:
        reason = moves.why_not(record, self._engine.kind(record), verb, args)
        if reason is not None:
            return reason
        cluster = self._journal.mirror.records[record.shard]
        if verb in moves.DELETING and self._will_be_protected(cluster):
            return f"{cluster.name} is protected: unprotect it first."
        waiting = [command.verb for command in self._journal.mirror.commands(record.name)]
        if verb in waiting:
            return f"{verb} was asked for already and will be honoured at the next safe point."
        return self._engine.platform(record).veto(verb, record, cluster)

    def _will_be_protected(self, cluster: Record) -> bool:
        """Whether the cluster is protected once the verbs in its inbox are honoured, which is in order."""
        asked = [c.verb for c in self._journal.mirror.commands(cluster.name) if c.verb in FLAGS]
        return FLAGS[asked[-1]] if asked else cluster.protected

    def plan(self, verb: str, target: str) -> wire.Plan:
        """What the verb would do now. Raises NxdError."""
        record = self.find(target)
        self._know(record, verb)
        items: list[wire.PlanItem] = []
        if verb in _DELETING:
            members = self._journal.mirror.members(record.shard) if record.name == record.shard else []
            for one in (*members, record):
                items += self._deletions(one)
        return _plan(verb, target, items)

    def _deletions(self, record: Record) -> list[wire.PlanItem]:
        return [
            wire.PlanItem(action="delete", owner=record.name, kind=row.kind, name=row.name, id=row.cloud_id)
            for row in self._in_order(record)
            if row.state != "gone"
        ]

    def _in_order(self, record: Record) -> Sequence[Resource]:
        """Ledger rows in the order of their deletion."""
        order = self._engine.platform(record).undo_order
        return sorted(self._journal.mirror.resources(record.name), key=lambda row: order.index(row.kind))

    async def give(
        self,
        verb: str,
        target: str,
        actor: str,
        digest: str | None = None,
        token: str | None = None,
        step: str | None = None,
    ) -> int:
        """Accept a verb: durable when it returns, with the log's revision. Raises NxdError.

        ``step``: where a retry begins, after which a hold stops.
        """
        record = self.find(target)
        self._know(record, verb)
        if token is not None and self._journal.mirror.knows_token(token):
            return self._journal.mirror.revision
        args = {"step": step} if step else {}
        reason = self._why_not(record, verb, args)
        if reason is not None:
            raise NxdError("refused", reason, remedy=self._legal(record))
        if digest is not None and self.plan(verb, target)["digest"] != digest:
            raise NxdError("plan_changed")
        now = self._journal.clock.now()
        token = token or self._journal.clock.new_id()
        said = moves.event(record, "verb", now, f"{actor} asked for {verb} of {target}", actor=actor)
        await self._journal.commit(
            AddCommand(Command(token, target, record.shard, verb, actor, now, args)), said
        )
        self._engine.poke(target)
        return self._journal.mirror.revision

    def _know(self, record: Record, verb: str) -> None:
        kind = self._engine.kind(record)
        if verb not in kind.verbs:
            verbs = ", ".join(kind.verbs)
            raise NxdError("request", f"A {kind.role} has no verb {verb}.", remedy=f"Its verbs are {verbs}.")

    def _legal(self, record: Record) -> str:
        legal = [verb for verb, reason in self.can(record).items() if reason is None]
        return f"Legal now: {', '.join(legal)}." if legal else "Nothing is legal now: wait until it is done."

    def plan_spec(self, spec: ClusterSpec) -> wire.Plan:
        """What applying the spec would make. Raises NxdError."""
        platform = self._platform(spec)
        seeds = platform.seeds(_plain(spec))
        if not self._changes(seeds):
            return _plan("apply", spec.cluster, [])
        items = [
            wire.PlanItem(action="create", owner=one.owner, kind=one.kind, name=one.name, id=None)
            for one in platform.planned(_plain(spec))
        ]
        return _plan("apply", spec.cluster, items)

    async def login(self, name: str, actor: str, box: SecretBox) -> dict[str, str]:
        """Where and how to log in to a cluster; that it was asked for stands in the log. Raises NxdError."""
        record = self.find(name)

        def secret(word: str) -> str | None:
            sealed = self._journal.mirror.secrets.get(f"{name}/{word}")
            return None if sealed is None else box.open(sealed)

        found = self._engine.platform(record).login(record, secret)
        if found is None:
            raise NxdError(
                "refused", f"{name} has no password of its own yet.", remedy="Wait until it is secured."
            )
        now = self._journal.clock.now()
        await self._journal.commit(
            moves.event(record, "note", now, f"{actor} read the password", actor=actor)
        )
        return dict(found)

    async def preflight(self, spec: ClusterSpec) -> Sequence[Check]:
        """What the spec needs, looked up now; nothing is changed."""
        return await self._platform(spec).preflight(_plain(spec))

    async def audit(self) -> Sequence[Finding]:
        """What the clouds hold against what the ledger says; nothing is changed. Raises OutsideError."""
        findings: list[Finding] = []
        for platform in self._engine.platforms.values():
            findings += await platform.audit(self._journal.mirror)
        return findings

    async def apply(self, spec: ClusterSpec, actor: str, digest: str | None) -> bool:
        """Make the spec the wish. False when it is the wish already. Raises NxdError."""
        async with self._applying:
            return await self._apply(spec, actor, digest)

    async def _apply(self, spec: ClusterSpec, actor: str, digest: str | None) -> bool:
        if digest is not None and self.plan_spec(spec)["digest"] != digest:
            raise NxdError("plan_changed")
        platform = self._platform(spec)
        seeds = platform.seeds(_plain(spec))
        if not self._changes(seeds):
            return False
        now = self._journal.clock.now()
        ops: list[Op] = [PutRecord(self._sown(seed, spec.cluster, now)) for seed in seeds]
        start = Command(self._journal.clock.new_id(), spec.cluster, spec.cluster, "start", actor, now)
        nodes = len(seeds) - 1
        said = f"{actor} applied the spec of {spec.cluster}: {nodes} node{'s' if nodes != 1 else ''}"
        await self._journal.commit(
            *ops,
            AddCommand(start),
            AddEvent(Event(now, spec.cluster, spec.cluster, "verb", said, "info", actor)),
        )
        for seed in seeds:
            self._engine.poke(seed.name)
        return True

    def _platform(self, spec: ClusterSpec) -> Platform:
        return self._engine.platforms[spec.platform]

    def _changes(self, seeds: Sequence[Seed]) -> bool:
        """Whether the spec asks for anything new. Raises NxdError when it cannot be had."""
        cluster = seeds[0].name
        records = self._journal.mirror.records
        for seed in seeds:
            known = records.get(seed.name)
            if known is not None and known.shard != cluster:
                raise NxdError("refused", f"{seed.name} belongs to {known.shard} already.",
                               remedy="Give the node or cluster in the spec another name.")  # fmt: skip
        standing = records.get(cluster)
        if standing is None:
            return True
        have = {record.name: record.spec for record in (standing, *self._journal.mirror.members(cluster))}
        if have == {seed.name: seed.spec for seed in seeds}:
            return False
        raise NxdError(
            "refused",
            f"{cluster} exists, and this spec is not the one it was made from.",
            remedy=f"Destroy it first (nxd destroy {cluster}), or apply this spec under another cluster name.",
        )

    def _sown(self, seed: Seed, cluster: str, now: float) -> Record:
        kind = seed.kind
        record = Record(seed.name, kind.name, cluster, kind.initial, now, step=kind.initial, spec=seed.spec)
        return replace(record, version=1)


def _plain(spec: ClusterSpec) -> dict[str, Any]:
    """The spec as the records keep it: plain data, deadlines in seconds."""
    return {**spec.model_dump(mode="json"), "deadlines": dict(spec.deadlines)}


def _plan(verb: str, target: str, items: list[wire.PlanItem]) -> wire.Plan:
    text = json.dumps([verb, target, items], sort_keys=True)
    digest = hashlib.sha256(text.encode()).hexdigest()[:16]
    return wire.Plan(digest=digest, target=target, verb=verb, items=items)


def problem_view(error: NxdError) -> dict[str, Any]:
    """An error as the API says it."""
    view: dict[str, Any] = {
        "code": error.code,
        "message": error.message,
        "remedy": error.remedy,
        "retry": error.retry,
    }
    if error.evidence is not None:
        view["evidence"] = error.evidence
    return view
