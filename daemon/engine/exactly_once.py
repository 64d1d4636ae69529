"""Makes and deletes things outside exactly once.

``ensure`` and ``remove`` are the sequence of every outside call: the intent is durable before the call, what
an earlier call may have made is looked for by name before another is sent, and the result is durable before
anything else happens.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from typing import Any

from msgspec.structs import replace

from daemon.engine.doubts import (
    certain,
    is_lost,
    is_refusal,
    is_shut_out,
    is_unanswered,
    is_unheard,
    late_for,
    never_sent,
    sent_again,
    uncertain,
    was_there_before,
)
from daemon.engine.draft import Draft
from daemon.engine.interrupts import checkpoint, keep_protected
from daemon.engine.objects import Disposal, Found, Want
from daemon.errors.tree import NxdError, OutsideError, as_json
from daemon.faultpoints import point
from daemon.memory.journal import Journal
from daemon.store.ops import AddEvent, Event, PutResource, Resource

Late = Callable[[str], float]
"""Kind of object → for how many seconds an accepted call may still take effect."""


class ExactlyOnce:
    """The objects of one record during one turn. What it learns goes into the turn's draft."""

    def __init__(
        self, journal: Journal, draft: Draft, locks: Callable[[str], asyncio.Lock], late: Late
    ) -> None:
        self._journal = journal
        self._draft = draft
        self._locks = locks
        self._late = late
        self._waited_out: dict[tuple[str, str, str], float] = {}
        """Row → until when an earlier call for it may take effect, of those that were looked for in vain."""

    async def ensure(self, want: Want) -> Resource:
        """Make sure that the object exists and is ours, without ever making it twice. Raises NxdError."""
        known = self._draft.resource(self._draft.name, want.kind, want.name)
        if known is not None and known.state == "present":
            return known
        checkpoint(self._journal.mirror, self._draft.name)
        doubtful = known is not None and known.state != "gone" and known.sent > 0
        unanswered = doubtful and known is not None and is_unanswered(known)
        found = await want.find() if unanswered or not want.unique else None
        if found is not None:
            return await self._adopt(want, known if doubtful else None, found)
        if unanswered and known is not None and not want.unique:
            self._wait_out(known)
        before = known if doubtful else None
        row = await self._intend(want, before)
        try:
            made = await want.create()
        except OutsideError as error:
            point("call_refused", row.owner, row.kind, row.name)
            row = uncertain(row, error, self._journal.clock.now())
            self._draft.note(PutResource(row))
            looked = is_refusal(error) and not is_unheard(error)
            found = await self._look_after(want, error) if looked else None
            if found is not None:
                return await self._adopt(want, row, found)
            if is_shut_out(error):
                self._draft.note(PutResource(never_sent(row, before)))
            raise
        point("after_call", row.owner, row.kind, row.name)
        return await self._confirm(want, row, made, "made")

    async def shared(self, want: Want) -> Resource:
        """Make sure of an object that several nodes of a cluster need: whoever comes first makes it, the others find
        it, and it belongs to the cluster, whose rollback deletes it. Raises NxdError."""
        cluster = self._draft.record.shard
        async with self._locks(f"shared:{cluster}:{want.kind}:{want.name}"):
            draft = Draft(cluster, self._journal)
            row = await ExactlyOnce(self._journal, draft, self._locks, self._late).ensure(want)
            await draft.save()
            return row

    async def _intend(self, want: Want, known: Resource | None) -> Resource:
        record = self._draft.record
        now = self._journal.clock.now()
        data = sent_again(known, now) if known else {**want.data, "sent_at": now}
        sent = known.sent + 1 if known else 1
        row = Resource(record.name, record.shard, want.kind, want.name, "intended", None, sent, data)
        await self._draft.intend(row)
        return row

    def _wait_out(self, row: Resource) -> None:
        """A second create of a name that is not unique must not meet a first one that was only late."""
        left = self._late_for(row)
        if left > 0:
            message = f"{row.kind} {row.name} is not there yet; an earlier call may still make it."
            raise OutsideError("in_doubt", message, after=left)

    def _late_for(self, row: Resource) -> float:
        now = self._journal.clock.now()
        return late_for(row, self._journal.started, now, self._late(row.kind))

    async def _look_after(self, want: Want, error: OutsideError) -> Found | None:
        """Look for the name after a refusal, which proves nothing before."""
        try:
            found = await want.find()
        except OutsideError as blind:
            raise blind if blind.retry == "now" else error from blind
        if found is None and error.code == "name_taken":
            raise OutsideError("conflict", error.message, evidence=error.evidence) from error
        return found

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
                if row.kind == kind and row.cloud_id == found.cloud_id and row.owner != self._draft.name
            ),
            None,
        )

    async def _confirm(self, want: Want, row: Resource, found: Found, how: str) -> Resource:
        data = {**certain(row), **found.data}
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
        keep_protected(self._journal.mirror, self._draft.cluster)
        if row.cloud_id is None:
            found = await disposal.find(row) if row.sent else None
            if found is not None and was_there_before(row, found.created):
                found = None
            if found is None and row.sent and self._may_still_come(row):
                return False
            if found is None:
                await self.note_absent(row)
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
        await self.note_absent(row)
        return True

    async def _missing(self, row: Resource, disposal: Disposal) -> bool:
        """Believe that an object is gone which nobody has seen and deleted; one of its name that is ours goes next."""
        if self._may_still_come(row):
            return False
        found = await disposal.find(row)
        if found is None:
            await self.note_absent(row)
            return True
        await self._put(replace(row, cloud_id=found.cloud_id))
        return False

    def _may_still_come(self, row: Resource) -> bool:
        """Whether an earlier call may still make what is not there, which is remembered for who asks why it waits."""
        left = self._late_for(row)
        if left > 0:
            self._waited_out[row.key] = self._journal.clock.now() + left
        return left > 0

    def waited_out(self, row: Resource) -> float | None:
        """Until when, in Unix seconds, an earlier call may take effect for an object that this turn was to delete and
        saw nowhere; None for any other."""
        return self._waited_out.get(row.key)

    async def vanished(self, row: Resource, disposal: Disposal) -> bool:
        """Whether an object that answered with a 404 is gone. Soon after it was made, and while a list still shows
        its name, that may be an old answer."""
        return self.is_certain(row) and await disposal.find(row) is None

    def is_certain(self, row: Resource) -> bool:
        """Whether so much time has passed since it was made that answers about it are no old ones."""
        return self._late_for(row) <= 0

    async def note_absent(self, row: Resource) -> None:
        """Note that an object does not exist any more."""
        message = f"{row.kind} {row.name} is gone"
        event = self._event("call", message, {"kind": row.kind, "name": row.name, "id": row.cloud_id})
        await self._draft.commit(PutResource(replace(row, state="gone")), event)
        point("after_gone", row.owner, row.kind, row.name)

    async def note_present(self, kind: str, name: str, cloud_id: str, **data: Any) -> Resource:
        """Note an object that was made together with another one."""
        record = self._draft.record
        row = Resource(record.name, record.shard, kind, name, "present", cloud_id, 1, data)
        await self._put(row)
        return row

    def _put(self, row: Resource) -> Awaitable[None]:
        return self._draft.commit(PutResource(row))

    def _event(self, kind: Any, message: str, data: dict[str, Any]) -> AddEvent:
        record = self._draft.record
        return AddEvent(Event(self._journal.clock.now(), record.shard, record.name, kind, message, data=data))
