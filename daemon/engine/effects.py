"""Claims keys that nobody else may hold, and brings things that exist anyway into another state and back.

A claim is unique in the commit. An effect is kept in the ledger before it is asked for, with the state there was; it is
looked at again before it is relied on, and when it is taken back, what was asked for before may take effect late.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import Any

from msgspec import Struct
from msgspec.structs import replace

from daemon.engine.doubts import is_refusal
from daemon.engine.draft import Draft
from daemon.engine.exactly_once import Late
from daemon.engine.interrupts import checkpoint, keep_protected
from daemon.errors.tree import NxdError, OutsideError
from daemon.faultpoints import point
from daemon.memory.journal import Journal
from daemon.store.base import Taken
from daemon.store.ops import PutResource, Resource


class Effect(Struct, frozen=True):
    """A state that something shall be in: ``kind`` and ``name`` say what of it (the power of a machine, by its name).

    ``look`` tells how it stands now and ``send`` asks for another state; a call that was accepted may take effect late,
    as its kind says. The state that was found first is the one to go back to.
    """

    kind: str
    name: str
    wanted: str
    look: Callable[[], Awaitable[str]]
    send: Callable[[str], Awaitable[None]]


class Effects:
    """The claims and effects of one record during one turn."""

    def __init__(self, journal: Journal, draft: Draft, late: Late) -> None:
        self._journal = journal
        self._draft = draft
        self._late = late

    async def claim(self, kind: str, key: str) -> Resource:
        """Hold a key that nobody else may hold meanwhile. Raises NxdError ("claimed") with whose it is."""
        known = self._draft.resource(self._draft.name, kind, key)
        if known is not None and known.state == "present":
            return known
        await self._draft.written()  # so that nothing but the claim fails if somebody holds it
        row = Resource(self._draft.name, self._draft.record.shard, kind, key, "present", nature="claim")
        try:
            await self._draft.commit(PutResource(row))
        except Taken as error:
            holder = self._holder(kind, key)
            whose = f"{holder.owner} of {holder.shard}" if holder else "another record"
            said = f"The {kind} {key} is {whose}'s."
            raise NxdError("claimed", said) from error
        return row

    def _holder(self, kind: str, key: str) -> Resource | None:
        rows = self._journal.mirror.all_resources()
        return next(
            (row for row in rows if row.claimed == (kind, key) and row.owner != self._draft.name), None
        )

    async def give_back(self, row: Resource) -> None:
        """Hold the key no longer."""
        await self._draft.commit(PutResource(replace(row, state="gone")))

    async def bring(self, effect: Effect) -> bool:
        """Bring it into the state that is wanted. True once it is seen there; ask again until then. Raises NxdError."""
        known = self._draft.resource(self._draft.name, effect.kind, effect.name)
        now = await effect.look()
        if known is not None and known.state in ("intended", "present") and now == effect.wanted:
            if known.state != "present":
                await self._put(replace(known, state="present"))
            return True
        checkpoint(self._journal.mirror, self._draft.name)
        if known is None or known.state == "gone":
            known = self._fresh(effect, now)
            if now == effect.wanted:  # it stands so already, and nothing is asked for
                await self._put(replace(known, state="present"))
                return True
        row = await self._send(known, effect, effect.wanted, "intended")
        if await effect.look() != effect.wanted:
            return False
        await self._put(replace(row, state="present"))
        return True

    async def take_back(self, row: Resource, effect: Effect) -> bool:
        """Bring it back into the state there was. True once it is seen there and nothing that was asked for before can
        change it any more. Raises NxdError, Protected."""
        keep_protected(self._journal.mirror, self._draft.cluster)
        former = str(row.data["former"])
        if await effect.look() != former:
            await self._send(row, effect, former, "deleting")
            return False
        asked = float(row.data.get("wanted_at", 0.0))
        if self._journal.clock.now() < asked + self._late(effect.kind):
            return False
        await self._put(replace(row, state="gone"))
        return True

    def _fresh(self, effect: Effect, former: str) -> Resource:
        data = {"former": former, "wanted": effect.wanted}
        shard = self._draft.record.shard
        return Resource(
            self._draft.name, shard, effect.kind, effect.name, "intended", None, 0, data, "effect"
        )

    async def _send(self, row: Resource, effect: Effect, state: str, stands: Any) -> Resource:
        """Ask for a state, with the intent durable before, and answer with the row as it stands then; not again while
        what was accepted may still take effect. One that is refused as the thing stands is asked for at the next look.
        """
        now = self._journal.clock.now()
        last = row.data.get("ordered") or {}
        if last.get("state") == state and now < float(last["at"]) + self._late(effect.kind):
            return row
        data = {**row.data, **({"wanted_at": now} if state == effect.wanted else {})}
        row = replace(row, state=stands, sent=row.sent + 1, data=data)
        await self._draft.intend(row)
        try:
            await effect.send(state)
        except OutsideError as error:
            point("call_refused", row.owner, row.kind, row.name)
            if error.code != "conflict" or not is_refusal(error):
                raise
            return row
        point("after_call", row.owner, row.kind, row.name)
        row = replace(row, data={**data, "ordered": {"state": state, "at": now}})
        self._draft.note(PutResource(row))
        return row

    async def _put(self, row: Resource) -> None:
        await self._draft.commit(PutResource(row))
