"""Tells how servers stand: a few are asked for one by one, many are looked at together in the list of all."""

from __future__ import annotations

import asyncio
from collections.abc import Collection, Sequence
from typing import Any

from msgspec import Struct

from daemon.clock import Clock
from daemon.drivers.ibm_vpc import IbmVpc, Reference
from daemon.errors.tree import OutsideError

MANY = 20
"""So many servers waited for at once are looked at together: a page of the list shows a hundred."""
FRESH_SECONDS = 10.0
"""How long one look at the list serves all who ask."""
SECONDS_FOR_EACH = 0.05
"""How long it serves for every server in it, and at least for half a poll: what a list costs grows with it."""
UNDER_WAY = ("pending", "starting", "restarting", "reinitializing", "running")
"""What the list is believed: it may lag, and nobody fails or deletes anything because of these."""


class _Attachment(Struct, gc=False):
    """What connects a server with an interface."""

    virtual_network_interface: Reference


class _ServerSeen(Reference, gc=False):
    """How a server stands in the list."""

    status: str
    network_attachments: Sequence[_Attachment] = ()

    def has(self, interfaces: Collection[str]) -> bool:
        """Whether it is attached to all of these."""
        return {one.virtual_network_interface.id for one in self.network_attachments}.issuperset(interfaces)


class ServerWatch:
    """The servers that somebody waits for. ``poll`` is how often each is asked for, in seconds."""

    def __init__(self, vpc: IbmVpc, clock: Clock, poll: float) -> None:
        self._vpc = vpc
        self._clock = clock
        self._poll = poll
        self._asked: dict[str, float] = {}
        self._listing: asyncio.Task[dict[str, _ServerSeen]] | None = None
        self.fresh = FRESH_SECONDS
        """How long the last look serves."""
        self._listed_at = 0.0

    async def server(self, id_: str, attached: Collection[str] = ()) -> dict[str, Any] | None:
        """The server, with its id and status at least; None once it is a 404. Raises OutsideError.

        ``attached`` are the interfaces that it should have: if the list does not show them, it is asked for itself.
        """
        now = self._clock.now()
        self._asked.pop(id_, None)
        self._asked[id_] = now
        if self._are_many(now):
            seen = (await self._list(now)).get(id_)
            if seen is not None and seen.status in UNDER_WAY and seen.has(attached):
                return {"id": id_, "status": seen.status}
        return await self._vpc.server(id_)

    def _are_many(self, now: float) -> bool:
        """Whether many were asked for within one poll; those of longer ago are forgotten."""
        while self._asked[oldest := next(iter(self._asked))] < now - self._poll:
            del self._asked[oldest]
        return len(self._asked) >= MANY

    async def _list(self, now: float) -> dict[str, _ServerSeen]:
        """How every server stands, by id, looked up once for everybody who asks meanwhile."""
        if self._listing is None or now - self._listed_at > self.fresh:
            self._listed_at = now
            self._listing = asyncio.create_task(self._look(), name="server-list")
            self._listing.add_done_callback(_observed)
        return await asyncio.shield(self._listing)

    async def _look(self) -> dict[str, _ServerSeen]:
        try:
            servers = await self._vpc.servers(_ServerSeen)
        except OutsideError:
            self._listing = None
            raise
        self.fresh = max(FRESH_SECONDS, self._poll / 2, len(servers) * SECONDS_FOR_EACH)
        return {server.id: server for server in servers}


def _observed(look: asyncio.Task[dict[str, _ServerSeen]]) -> None:
    """Whoever asked may be gone by the time a look fails: then nobody has to hear of it."""
    if not look.cancelled():
        look.exception()
