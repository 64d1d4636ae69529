"""Tells how servers stand: a few are asked for one by one, many are looked at together in the list of all."""

from __future__ import annotations

import asyncio
from typing import Any

from daemon.clock import Clock
from daemon.drivers.ibm_vpc import IbmVpc
from daemon.errors import OutsideError

MANY = 20
"""So many servers waited for at once are looked at together: a page of the list shows a hundred."""
FRESH_SECONDS = 10.0
"""How long one look at the list serves all who ask."""
UNDER_WAY = ("pending", "starting", "restarting", "reinitializing", "running")
"""What the list is believed: it may lag, and nobody fails or deletes anything because of these."""


class ServerWatch:
    """The servers that somebody waits for. ``poll`` is how often each is asked for, in seconds."""

    def __init__(self, vpc: IbmVpc, clock: Clock, poll: float) -> None:
        self._vpc = vpc
        self._clock = clock
        self._poll = poll
        self._asked: dict[str, float] = {}
        self._listing: asyncio.Task[dict[str, str]] | None = None
        self._listed_at = 0.0

    async def server(self, id_: str) -> dict[str, Any] | None:
        """The server, with its id and status at least; None once it is a 404. Raises OutsideError."""
        now = self._clock.now()
        self._asked.pop(id_, None)
        self._asked[id_] = now
        if self._are_many(now):
            status = (await self._list(now)).get(id_)
            if status in UNDER_WAY:
                return {"id": id_, "status": status}
        return await self._vpc.server(id_)

    def _are_many(self, now: float) -> bool:
        """Whether many were asked for within one poll; those of longer ago are forgotten."""
        while self._asked[oldest := next(iter(self._asked))] < now - self._poll:
            del self._asked[oldest]
        return len(self._asked) >= MANY

    async def _list(self, now: float) -> dict[str, str]:
        """The status of every server by id, looked up once for everybody who asks meanwhile."""
        if self._listing is None or now - self._listed_at > FRESH_SECONDS:
            self._listed_at = now
            self._listing = asyncio.create_task(self._look(), name="server-list")
        return await asyncio.shield(self._listing)

    async def _look(self) -> dict[str, str]:
        try:
            return {server["id"]: server["status"] for server in await self._vpc.servers()}
        except OutsideError:
            self._listing = None
            raise
