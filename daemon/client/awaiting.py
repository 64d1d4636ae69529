"""The same API for asyncio, spoken by hand: importing an HTTP library takes longer than nxtui's first frame."""

from __future__ import annotations

import asyncio
import contextlib
import json
from collections.abc import AsyncGenerator
from pathlib import Path
from typing import Any, Self, cast
from urllib.parse import urlencode

from daemon.client import asking
from daemon.client.asking import (
    ANSWER_WITHIN,
    CLUSTERS,
    HEALTH,
    NODES,
    SNAPSHOT,
    STEPS,
    Broken,
    Call,
    Refused,
    answer,
    apply_call,
    events_call,
    line_of,
    log_call,
    plan_call,
    show_call,
    spec_call,
    unreachable,
    verb_call,
)
from daemon.wire import (
    Accepted,
    Applied,
    Detail,
    EntityView,
    Health,
    Log,
    Plan,
    Snapshot,
    SpecText,
    Steps,
    StreamLine,
)


class _Exchange:
    """One request of the async client and its answer, over a connection of its own.

    Spoken by hand, because importing an HTTP library takes longer than the whole first frame of nxtui.
    """

    def __init__(self, socket: Path, call: Call) -> None:
        self._socket = socket
        self._call = call
        self.status = 0

    async def __aenter__(self) -> Self:
        try:
            self._reader, self._writer = await asyncio.open_unix_connection(str(self._socket), limit=_LIMIT)
        except OSError as cause:
            raise unreachable(self._socket, "connect") from cause
        return self

    async def __aexit__(self, *_: object) -> None:
        self._writer.close()
        with contextlib.suppress(OSError):
            await self._writer.wait_closed()

    async def ask(self) -> None:
        """Send the request and read the head of the answer."""
        call = self._call
        query = f"?{urlencode(call.params)}" if call.params else ""
        body = b"" if call.body is None else json.dumps(call.body).encode()
        lines = [f"{call.method} {call.path}{query} HTTP/1.1", "Host: nxd", "Connection: close"]
        if call.body is not None:
            lines += ["Content-Type: application/json", f"Content-Length: {len(body)}"]
        self._writer.write("\r\n".join([*lines, "", ""]).encode() + body)
        await self._writer.drain()
        head = (await self._reader.readuntil(b"\r\n\r\n")).decode("latin-1").split("\r\n")
        try:
            self.status = int(head[0].split(" ", 2)[1])
        except (IndexError, ValueError) as cause:
            raise Broken from cause
        fields = (line.partition(":") for line in head[1:] if line)
        self._fields = {name.strip().lower(): value.strip().lower() for name, _, value in fields}

    async def pieces(self, patience: float | None) -> AsyncGenerator[bytes, None]:
        """The body as it comes; each piece may take ``patience`` seconds."""
        if self._fields.get("transfer-encoding") == "chunked":
            while True:
                async with asyncio.timeout(patience):
                    size = int(await self._reader.readuntil(b"\r\n"), 16)
                    piece = (await self._reader.readexactly(size + 2))[:-2]
                if not size:
                    return
                yield piece
        elif "content-length" in self._fields:
            async with asyncio.timeout(patience):
                yield await self._reader.readexactly(int(self._fields["content-length"]))
        else:
            async with asyncio.timeout(patience):
                yield await self._reader.read()


_LIMIT = 4 * 1024 * 1024
"""Bytes read ahead: a snapshot of a large fleet is one line of some megabytes."""

_BREAKS = (Broken, asyncio.IncompleteReadError, asyncio.LimitOverrunError, ValueError, OSError)
"""What a connection that ends in the middle, or is no HTTP, raises; a timeout is told apart first."""


class AsyncClient:
    """The same API for asyncio; cancelling a call drops its connection."""

    def __init__(self, socket: Path, timeout: float = ANSWER_WITHIN) -> None:
        self.socket = socket
        self._timeout = timeout

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(self, *_: object) -> None:
        await self.close()

    async def close(self) -> None:
        """Nothing is kept open between two requests."""

    async def snapshot(self) -> Snapshot:
        """See ``Client.snapshot``."""
        return cast(Snapshot, await self._ask(SNAPSHOT))

    async def nodes(self) -> list[EntityView]:
        """See ``Client.nodes``."""
        return cast(list[EntityView], await self._ask(NODES))

    async def clusters(self) -> list[EntityView]:
        """See ``Client.clusters``."""
        return cast(list[EntityView], await self._ask(CLUSTERS))

    async def show(self, name: str) -> Detail:
        """See ``Client.show``."""
        try:
            return cast(Detail, await self._ask(show_call("nodes", name)))
        except Refused as refused:
            if refused.status != 404:
                raise
        return cast(Detail, await self._ask(show_call("clusters", name)))

    async def log(
        self,
        after: int | None = None,
        limit: int = 1000,
        cluster: str | None = None,
        node: str | None = None,
        tail: bool = False,
    ) -> Log:
        """See ``Client.log``."""
        return cast(Log, await self._ask(log_call(after, limit, cluster, node, tail)))

    async def stream(
        self, after: int | None = None, first: int | None = None
    ) -> AsyncGenerator[StreamLine, None]:
        """See ``Client.stream``; close the generator (``contextlib.aclosing``) to leave early.

        ``first``: take the state in pieces, the most urgent nodes first and so many of them in the snapshot.
        """
        try:
            async with _Exchange(self.socket, events_call(after, first)) as exchange:
                async with asyncio.timeout(self._timeout):
                    await exchange.ask()
                if exchange.status != 200:
                    answer(exchange.status, await self._text(exchange))
                rest = b""
                async for piece in exchange.pieces(asking.LINE_WITHIN):
                    *whole, rest = (rest + piece).split(b"\n")
                    for text in whole:
                        line = line_of(text)
                        yield line
                        if line["type"] == "lagged":
                            return
                raise Broken
        except TimeoutError as cause:
            raise unreachable(self.socket, "silent") from cause
        except _BREAKS as cause:
            raise unreachable(self.socket, "broken") from cause

    async def plan(self, verb: str, target: str, step: str | None = None) -> Plan:
        """See ``Client.plan``."""
        return cast(Plan, await self._ask(plan_call(verb=verb, target=target, step=step)))

    async def plan_spec(self, text: str) -> Plan:
        """See ``Client.plan_spec``."""
        return cast(Plan, await self._ask(plan_call(spec=text)))

    async def apply(self, text: str, digest: str | None = None) -> Applied:
        """See ``Client.apply``."""
        return cast(Applied, await self._ask(apply_call(text, digest)))

    async def spec(self, cluster: str) -> SpecText:
        """See ``Client.spec``."""
        return cast(SpecText, await self._ask(spec_call(cluster)))

    async def verb(self, verb: str, target: str, **how: str | None) -> Accepted:
        """See ``Client.verb``."""
        return cast(Accepted, await self._ask(verb_call(verb, target, **how)))

    async def health(self) -> Health:
        """See ``Client.health``."""
        return cast(Health, await self._ask(HEALTH))

    async def steps(self) -> Steps:
        """See ``Client.steps``."""
        return cast(Steps, await self._ask(STEPS))

    async def _text(self, exchange: _Exchange) -> str:
        return b"".join([piece async for piece in exchange.pieces(None)]).decode(errors="replace")

    async def _ask(self, call: Call) -> Any:
        try:
            async with asyncio.timeout(self._timeout), _Exchange(self.socket, call) as exchange:
                await exchange.ask()
                text = await self._text(exchange)
        except TimeoutError as cause:
            raise unreachable(self.socket, "silent") from cause
        except _BREAKS as cause:
            raise unreachable(self.socket, "broken") from cause
        return answer(exchange.status, text)
