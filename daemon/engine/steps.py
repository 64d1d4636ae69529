"""What a step is handed: its record, the ledger, and the one safe way to make or delete something outside.

``ensure`` and ``remove`` are the sequence of every outside call: the intent is durable before the call, what
an earlier call may have made is looked for by name before another is sent, and the result is durable before
anything else happens.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Iterable, Mapping, Set
from typing import Any

from msgspec.structs import replace

from daemon.clock import Clock
from daemon.engine.doubts import (
    UNHEARD,
    is_lost,
    is_refusal,
    is_unanswered,
    late_for,
    sent_again,
    settled,
    unsettled,
    was_there_before,
)
from daemon.engine.draft import Draft
from daemon.engine.legality import DELETING, Protected, is_protected
from daemon.engine.objects import Disposal, Found, Want
from daemon.errors.tree import NxdError, OutsideError, as_json
from daemon.faultpoints import point
from daemon.memory.journal import Journal
from daemon.secrets.box import SecretBox
from daemon.store.base import Gone
from daemon.store.ops import (
    AddCommand,
    AddEvent,
    Command,
    DropRecord,
    DropSecrets,
    Event,
    Op,
    PutRecord,
    PutResource,
    PutSecret,
    Resource,
    Signal,
)
from state_machines.outcome import Outcome
from state_machines.record import Record


class Interrupted(Exception):
    """A person's verb is waiting and this is a safe point to honour it."""


Step = Callable[["StepContext"], Awaitable[Outcome]]
"""One step of a platform: it may run any number of times and says each time how things stand."""


class StepContext:
    """A step's window on the daemon. It is good for one turn of one record.

    A step may begin before the change of state that led to it is durable. ``ensure``, ``remove`` and whatever else
    commits wait for that; a step that changes something outside by other means awaits ``settled`` first.
    """

    def __init__(
        self,
        name: str,
        journal: Journal,
        locks: Callable[[str], asyncio.Lock],
        box: SecretBox,
        wake: Callable[[str], None],
    ) -> None:
        self._name = name
        self._journal = journal
        self._wake = wake
        self._box = box
        self._draft = Draft(journal)
        self._records = journal.mirror.records
        self.clock: Clock = journal.clock
        self.acted = False
        """Whether the step made, deleted, ordered or remembered anything in this run."""
        self.lock = locks

    @property
    def record(self) -> Record:
        """The record as it is committed now, or soon will be. Raises Gone once it is forgotten."""
        return self._draft.moved or self._stands(self._name)

    @property
    def cluster(self) -> Record:
        """The record of the cluster this one belongs to (itself, for a cluster)."""
        record = self.record
        return record if record.name == record.shard else self._stands(record.shard)

    def _stands(self, name: str) -> Record:
        if name not in self._records:
            raise Gone(f"{name} is gone.")
        return self._records[name]

    @property
    def members(self) -> list[Record]:
        """The nodes of the cluster."""
        return self._journal.mirror.members(self.record.shard)

    def where(self, rule: Callable[[Record], bool]) -> Set[str]:
        """The names of all records of the daemon for which a rule holds; see ``Mirror.where``."""
        return self._journal.mirror.where(rule)

    def go_on(self, record: Record, ops: Iterable[Op], then: Callable[[], None]) -> None:
        """The step is done and the next one can run: the record stands as given as soon as ``ops`` are committed;
        ``then`` follows that."""
        self._draft.go_on(record, ops, then)
        self.acted = False

    def settled(self) -> Awaitable[None]:
        """Wait until the change of state that led here is durable. Raises Fenced, StoreError."""
        return self._draft.settled()

    def save(self) -> Awaitable[None]:
        """Commit what the step has seen to be made, and what no commit holds yet."""
        return self._draft.save()

    def _commit(self, *ops: Op) -> Awaitable[None]:
        self.acted = True
        return self._draft.commit(*ops)

    def resources(self, kind: str | None = None, owner: str | None = None) -> list[Resource]:
        """Ledger rows that are not gone; the record's own unless another owner is named."""
        stored = self._journal.mirror.resources(owner or self._name)
        rows = [self._draft.row(*row.key) or row for row in stored]
        return [row for row in rows if row.state != "gone" and kind in (None, row.kind)]

    def resource(self, kind: str, name: str, owner: str | None = None) -> Resource | None:
        """One ledger row, gone or not; the record's own unless another owner is named."""
        owner = owner or self._name
        return self._draft.row(owner, kind, name) or self._journal.mirror.resource(owner, kind, name)

    def held(self, address: str) -> bool:
        """Whether any record has an object of this address, or means to."""
        return self._journal.mirror.is_held(address)

    def signals(self) -> Mapping[str, Signal]:
        """What was last reported for the record, by name, however early it came."""
        return self._journal.mirror.signals(self._name)

    def checkpoint(self) -> None:
        """A safe point: raises Interrupted when a verb waits to be honoured."""
        if self._journal.mirror.asked(self._name):
            raise Interrupted

    async def remember(self, **facts: Any) -> None:
        """Keep facts with the record, durably, before going on."""
        record = self.record
        kept = {**record.facts, **facts}
        await self._commit(PutRecord(replace(record, facts=kept, version=record.version + 1)))

    def keep_protected(self) -> None:
        """Nothing is deleted while the cluster is, or is about to be, protected. Raises Protected."""
        cluster = self.cluster
        if is_protected(cluster, self._journal.mirror.commands(cluster.name)):
            raise Protected(f"{cluster.name} is protected: nxd unprotect {cluster.name}")

    def is_asked(self, target: str) -> bool:
        """Whether a verb waits to be honoured for another record."""
        return self._journal.mirror.asked(target)

    def all_records(self) -> list[Record]:
        """Every record of the daemon: for what is done once for a cluster, and not at each look."""
        return list(self._records.values())

    async def order(self, target: str, verb: str, **args: Any) -> None:
        """Put a verb into another record's inbox, unless the same one waits there already; ``facts`` among ``args``
        are what the other record remembers from then on. Raises Protected."""
        if verb in DELETING:
            self.keep_protected()
        if any(command.verb == verb for command in self._journal.mirror.commands(target)):
            return
        clock = self.clock
        command = Command(clock.new_id(), target, self.record.shard, verb, self._name, clock.now(), args)
        await self._commit(AddCommand(command))
        self._wake(target)

    async def secret(self, name: str, make: Callable[[], str]) -> str:
        """The record's secret of that name; made and sealed first if there is none."""
        full = f"{self._name}/{name}"
        if full not in self._journal.mirror.secrets:
            await self._commit(PutSecret(full, self.record.shard, self._box.seal(make())))
        return self.known_secret(name)

    def known_secret(self, name: str) -> str:
        """A secret that was made before. Raises NxdError when there is none."""
        known = self.secret_if_any(name)
        if known is None:
            raise NxdError("bug", f"There is no secret {self._name}/{name}.")
        return known

    def secret_if_any(self, name: str) -> str | None:
        """A secret, if it was made before."""
        sealed = self._journal.mirror.secrets.get(f"{self._name}/{name}")
        return None if sealed is None else self._box.open(sealed)

    async def forget_secrets(self) -> None:
        """Forget every secret of the record."""
        await self._commit(DropSecrets(f"{self._name}/"))

    async def ensure(self, want: Want) -> Resource:
        """Make sure that the object exists and is ours, without ever making it twice. Raises NxdError."""
        known = self.resource(want.kind, want.name)
        if known is not None and known.state == "present":
            return known
        self.checkpoint()
        doubtful = known is not None and known.state != "gone" and known.sent > 0
        unanswered = doubtful and known is not None and is_unanswered(known)
        found = await want.find() if unanswered or not want.unique else None
        if found is not None:
            return await self._adopt(want, known if doubtful else None, found)
        if unanswered and known is not None and not want.unique:
            self._wait_out(known)
        row = await self._intend(want, known if doubtful else None)
        try:
            made = await want.create()
        except OutsideError as error:
            point("call_refused", row.owner, row.kind, row.name)
            row = unsettled(row, error, self.clock.now())
            self._draft.note(PutResource(row))
            if not is_refusal(error) or error.code in UNHEARD:
                raise
            return await self._look_after(want, row, error)
        point("after_call", row.owner, row.kind, row.name)
        return await self._confirm(want, row, made, "made")

    async def shared(self, want: Want) -> Resource:
        """Make sure of an object that several nodes of a cluster need: whoever comes first makes it, the others find
        it, and it belongs to the cluster, whose rollback deletes it. Raises NxdError."""
        cluster = self.record.shard
        async with self.lock(f"shared:{cluster}:{want.kind}:{want.name}"):
            owner = StepContext(cluster, self._journal, self.lock, self._box, self._wake)
            row = await owner.ensure(want)
            await owner.save()
            return row

    async def _intend(self, want: Want, known: Resource | None) -> Resource:
        record = self.record
        now = self.clock.now()
        data = sent_again(known, now) if known else {**want.data, "sent_at": now}
        sent = known.sent + 1 if known else 1
        row = Resource(record.name, record.shard, want.kind, want.name, "intended", None, sent, data)
        point("before_intent", row.owner, row.kind, row.name)
        await self._put(row)
        point("after_intent", row.owner, row.kind, row.name)
        return row

    def _wait_out(self, row: Resource) -> None:
        """A second create of a name that is not unique must not meet a first one that was only late."""
        left = self._late_for(row)
        if left > 0:
            message = f"{row.kind} {row.name} is not there yet; an earlier call may still make it."
            raise OutsideError("in_doubt", message, after=left)

    def _late_for(self, row: Resource) -> float:
        return late_for(row, self._journal.started, self.clock.now())

    async def _look_after(self, want: Want, row: Resource, error: OutsideError) -> Resource:
        """Look for the name after a refusal, which proves nothing before; raises the refusal if nothing is found."""
        try:
            found = await want.find()
        except OutsideError as blind:
            raise blind if blind.retry == "now" else error from blind
        if found is None:
            if error.code == "name_taken":
                raise OutsideError("conflict", error.message, evidence=error.evidence) from error
            raise error
        return await self._adopt(want, row, found)

    async def _adopt(self, want: Want, row: Resource | None, found: Found) -> Resource:
        """Take what an earlier call of ours made; refuse what carries our name without our intent or mark."""
        told = want.proven or found.created is not None
        own = row is not None and (is_lost(row) or (told and not was_there_before(row, found.created)))
        if row is not None and own and want.ours(found):
            return await self._confirm(want, row, found, "found, as an earlier call left it,")
        if row is not None and want.unique:  # beside it nothing of ours can bear the name
            await self._put(replace(row, state="gone", sent=0))
        said = f"{want.kind} {want.name} exists already ({found.cloud_id})"
        whose = self._owner_of(want.kind, found)
        if whose is None:
            evidence = as_json(found.data)
            raise NxdError("foreign", f"{said} and this daemon did not make it.", evidence=evidence)
        raise NxdError("foreign", f"{said} and is part of {whose.owner} of {whose.shard}, which stands.",
                       evidence=as_json(found.data),
                       remedy="Leave it: give what you deploy another name, under another spec.")  # fmt: skip

    def _owner_of(self, kind: str, found: Found) -> Resource | None:
        """The ledger row of something that another record of this daemon has made; None when nobody's."""
        rows = self._journal.mirror.all_resources()
        return next(
            (
                row
                for row in rows
                if row.kind == kind and row.cloud_id == found.cloud_id and row.owner != self._name
            ),
            None,
        )

    async def _confirm(self, want: Want, row: Resource, found: Found, how: str) -> Resource:
        data = {**settled(row), **found.data}
        row = replace(row, state="present", cloud_id=found.cloud_id, data=data)
        message = f"{how} {want.kind} {want.name}"
        event = self._event("call", message, {"kind": want.kind, "name": want.name, "id": found.cloud_id})
        self._draft.note(PutResource(row), event)
        return row

    async def update(self, row: Resource, **data: Any) -> Resource:
        """Keep more of what is known about an object."""
        row = replace(row, data={**row.data, **data})
        await self._put(row)
        return row

    async def remove(self, row: Resource, disposal: Disposal) -> bool:
        """Delete the object. True only once its absence was seen. Raises NxdError, Protected."""
        self.keep_protected()
        if row.cloud_id is None:
            found = await disposal.find(row) if row.sent else None
            if found is not None and was_there_before(row, found.created):
                found = None
            if found is None and row.sent and self._late_for(row) > 0:
                return False
            if found is None:
                await self.gone(row)
                return True
            row = replace(row, cloud_id=found.cloud_id)
        there = await disposal.get(row) is not None
        if row.state != "deleting":
            if not there:
                return await self._missing(row, disposal)
            point("before_deleting", row.owner, row.kind, row.name)
            row = replace(row, state="deleting")
            await self._put(row)
        point("before_delete", row.owner, row.kind, row.name)
        if there:
            kept = await disposal.delete(row)
            point("after_delete", row.owner, row.kind, row.name)
            if kept and any(row.data.get(key) != value for key, value in kept.items()):
                row = await self.update(row, **kept)
            if await disposal.get(row) is not None:
                return False
        if row.sent > 1:  # an earlier create of it was not answered with it and may still take effect
            return await self._missing(row, disposal)
        await self.gone(row)
        return True

    async def _missing(self, row: Resource, disposal: Disposal) -> bool:
        """Believe that an object is gone which nobody has seen and deleted; one of its name that is ours goes next."""
        if self._late_for(row) > 0:
            return False
        found = await disposal.find(row)
        if found is None:
            await self.gone(row)
            return True
        await self._put(replace(row, cloud_id=found.cloud_id))
        return False

    async def vanished(self, row: Resource, disposal: Disposal) -> bool:
        """Whether an object that answered with a 404 is gone. Soon after it was made, and while a list still shows
        its name, that may be an old answer."""
        return self.is_settled(row) and await disposal.find(row) is None

    def is_settled(self, row: Resource) -> bool:
        """Whether so much time has passed since it was made that answers about it are no old ones."""
        return self._late_for(row) <= 0

    async def gone(self, row: Resource) -> None:
        """Note that an object does not exist any more."""
        message = f"{row.kind} {row.name} is gone"
        event = self._event("call", message, {"kind": row.kind, "name": row.name, "id": row.cloud_id})
        await self._commit(PutResource(replace(row, state="gone")), event)
        point("after_gone", row.owner, row.kind, row.name)

    async def came(self, kind: str, name: str, cloud_id: str, **data: Any) -> Resource:
        """Note an object that came to be together with another one."""
        record = self.record
        row = Resource(record.name, record.shard, kind, name, "present", cloud_id, 1, data)
        await self._put(row)
        return row

    async def forget(self, member: Record) -> None:
        """A node of which nothing is left leaves the store; its log stays. Good for the cluster's own steps."""
        message = f"{member.name} left {member.shard} and is forgotten"
        said = AddEvent(Event(self.clock.now(), member.shard, member.name, "note", message))
        await self._commit(DropRecord(member.name), DropSecrets(f"{member.name}/"), said)

    def _put(self, row: Resource) -> Awaitable[None]:
        return self._commit(PutResource(row))

    def _event(self, kind: Any, message: str, data: dict[str, Any]) -> AddEvent:
        record = self.record
        return AddEvent(Event(self.clock.now(), record.shard, record.name, kind, message, data=data))
