"""The only part of nxtui that talks to the daemon: follows it for ever and carries requests to it."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING

from daemon.wire import (
    Accepted,
    Applied,
    Detail,
    EntityView,
    EventView,
    OfferView,
    Plan,
    StepView,
    StreamLine,
)

if TYPE_CHECKING:
    from daemon.client import AsyncClient

FIRST_LINES = 2000
"""Log lines fetched at the start; what is older stays in the daemon."""

FIRST_NODES = 100
"""Nodes in the first piece of the state, the most urgent ones: more than any screen has lines."""

BATCH = 0.03
"""Seconds for which lines are gathered before the screen hears of them: a frame or two."""

PATIENCE = 300.0
"""Seconds for an answer for which everything outside is looked at."""

FIRST_PAUSE = 0.1
LONGEST_PAUSE = 1.0


class Feed:
    """Follows one daemon: ``hear`` gets the lines in batches, ``lose`` the reason when the link breaks."""

    def __init__(
        self, socket: Path, hear: Callable[[list[StreamLine]], object], lose: Callable[[str], object]
    ) -> None:
        self.socket = socket
        self._hear = hear
        self._lose = lose
        self._waiting: list[StreamLine] = []
        self._flush: asyncio.TimerHandle | None = None
        self._client: AsyncClient | None = None
        self._daemon: str | None = None
        self._after: int | None = None
        self._received_something = False

    @property
    def client(self) -> AsyncClient:
        """The client, made when it is first needed."""
        if self._client is None:
            from daemon.client import AsyncClient

            self._client = AsyncClient(self.socket)
        return self._client

    @property
    def patient(self) -> AsyncClient:
        """A client for what looks at everything outside, and takes its time."""
        from daemon.client import AsyncClient

        return AsyncClient(self.socket, timeout=PATIENCE)

    async def run(self) -> None:
        """Connect, follow, and begin again, until it is cancelled."""
        from daemon.client import DaemonRefused, DaemonUnreachable

        pause = FIRST_PAUSE
        try:
            while True:
                try:
                    if await self._follow():
                        pause = FIRST_PAUSE
                        continue
                    reason = "The daemon ended the stream because this window was too slow."
                except DaemonUnreachable as cause:
                    reason = str(cause)
                except (KeyError, TypeError) as cause:
                    reason = f"The daemon said something that this nxtui does not understand ({cause!r})."
                except DaemonRefused as refused:
                    reason = f"{refused.error['message']} {refused.error['remedy']}"
                if self._received_something:
                    pause = FIRST_PAUSE
                self._flush_now()
                self._lose(reason)
                await asyncio.sleep(pause)
                pause = min(LONGEST_PAUSE, pause * 2)
        finally:
            if self._flush is not None:
                self._flush.cancel()
            if self._client is not None:
                await self._client.close()

    async def detail(self, name: str) -> Detail:
        """The timeline of a node or cluster."""
        return await self.client.show(name)

    async def steps(self) -> dict[str, dict[str, list[StepView]]]:
        """The steps of every kind with what they took before; none from a daemon too old to tell them."""
        from daemon.client import DaemonRefused

        try:
            return (await self.client.steps())["steps"]
        except DaemonRefused as refused:
            if refused.status == 404:
                return {}
            raise

    async def offers(self, name: str) -> list[OfferView]:
        """What each verb would come to now. Raises DaemonRefused, also of a daemon too old to tell it."""
        return (await self.client.offers(name))["offers"]

    async def events_of(self, entity: EntityView) -> list[EventView]:
        """The last lines of the log about an entity alone."""
        node = entity["name"] if entity["kind"] == "node" else None
        log = await self.client.log(limit=FIRST_LINES, cluster=entity["cluster"], node=node, tail=True)
        return [event for event in log["events"] if event["node"] == node]

    async def plan(self, verb: str, target: str, step: str | None = None) -> Plan:
        """What a verb would do now."""
        return await self.client.plan(verb, target, step)

    async def send(self, verb: str, target: str, digest: str | None, step: str | None) -> Accepted:
        """Ask for a verb once; returns when it is durable."""
        import secrets

        token = secrets.token_urlsafe(16)
        return await self.client.verb(verb, target, digest=digest, token=token, step=step)

    async def plan_spec(self, text: str) -> Plan:
        """What a spec would make now."""
        return await self.client.plan_spec(text)

    async def apply(self, text: str, digest: str) -> Applied:
        """Apply the spec, if its plan is still the one that was shown."""
        return await self.client.apply(text, digest)

    async def _follow(self) -> bool:
        """One connection. True if it must be made again at once because another database answers."""
        self._received_something = False
        after = self._after
        if after is None:
            log = await self.client.log(limit=FIRST_LINES, tail=True)
            after = log["revision"]
            early = log["events"]
        else:
            early = []
        # what was shown before is replaced at once by all that is; a first picture need not wait for all of it
        first = FIRST_NODES if self._daemon is None else None
        async with contextlib.aclosing(self.client.stream(after, first)) as lines:
            async for line in lines:
                self._received_something = True
                if line["type"] == "lagged":
                    return False
                if line["type"] == "snapshot":
                    if self._is_another(line, after):
                        self._daemon = self._after = None
                        return True
                    self._daemon = line["snapshot"]["daemon"]["id"]
                    self._after = after
                    self._say(line)
                    for event in early:
                        told = StreamLine(
                            type="event", revision=event["revision"], now=line["now"], event=event
                        )
                        self._say(told)
                    self._flush_now()
                    continue
                self._say(line)
                if line["type"] == "event":
                    self._after = line["revision"]
        return False

    def _is_another(self, line: StreamLine, after: int) -> bool:
        """Whether what was remembered belongs to another database than the one that answers."""
        if self._daemon is None:
            return False
        return line["snapshot"]["daemon"]["id"] != self._daemon or line["revision"] < after

    def _say(self, line: StreamLine) -> None:
        self._waiting.append(line)
        if self._flush is None:
            self._flush = asyncio.get_running_loop().call_later(BATCH, self._flush_now)

    def _flush_now(self) -> None:
        if self._flush is not None:
            self._flush.cancel()
            self._flush = None
        if self._waiting:
            lines, self._waiting = self._waiting, []
            self._hear(lines)
