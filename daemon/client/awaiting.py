"""The same API for asyncio, spoken by hand: importing an HTTP library takes longer than nxtui's first frame."""

from __future__ import annotations

import asyncio
import contextlib
import json
from collections.abc import AsyncGenerator, Callable, Coroutine
from functools import wraps
from pathlib import Path
from typing import Any, Concatenate, ParamSpec, Self, TypeVar, cast
from urllib.parse import urlencode

from daemon.client import asking, calls
from daemon.client.asking import (
    ANSWER_WITHIN,
    Broken,
    DaemonRefused,
    answer,
    line_of,
    request_fields,
    unreachable,
)
from daemon.client.calls import Call
from daemon.wire import StreamLine

P = ParamSpec("P")
T = TypeVar("T")


class _AwaitingExchange:
    """One request of the async client and its answer, over a connection of its own.

    Spoken by hand, because importing an HTTP library takes longer than the whole first frame of nxtui.
    """

    def __init__(self, socket: Path, call: Call[Any]) -> None:
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
        body = None if call.body is None else json.dumps(call.body).encode()
        lines = [
            f"{call.method} {call.path}{query} HTTP/1.1",
            *(f"{name}: {value}" for name, value in request_fields(body)),
        ]
        self._writer.write("\r\n".join([*lines, "", ""]).encode() + (body or b""))
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


def _awaiting(
    make: Callable[P, Call[T]],
) -> Callable[Concatenate[AsyncClient, P], Coroutine[Any, Any, T]]:
    """The method that sends such a request."""

    @wraps(make)
    async def method(self: AsyncClient, /, *args: P.args, **named: P.kwargs) -> T:
        return await self._ask(make(*args, **named))

    return method


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

    snapshot = _awaiting(calls.snapshot)
    nodes = _awaiting(calls.nodes)
    clusters = _awaiting(calls.clusters)
    show = _awaiting(calls.show)
    log = _awaiting(calls.log)
    calls_made = _awaiting(calls.made)
    timelines = _awaiting(calls.timelines)
    map_of = _awaiting(calls.map_of)
    plan = _awaiting(calls.plan)
    plan_spec = _awaiting(calls.plan_spec)
    preflight = _awaiting(calls.preflight)
    audit = _awaiting(calls.audit)
    audited = _awaiting(calls.audited)
    last_audit = _awaiting(calls.last_audit)
    discard = _awaiting(calls.discard)
    login = _awaiting(calls.login)
    apply = _awaiting(calls.apply)
    spec = _awaiting(calls.spec)
    drafts = _awaiting(calls.drafts)
    draft = _awaiting(calls.draft)
    keep_draft = _awaiting(calls.keep_draft)
    drop_draft = _awaiting(calls.drop_draft)
    verb = _awaiting(calls.verb)
    health = _awaiting(calls.health)
    steps = _awaiting(calls.steps)
    verbs = _awaiting(calls.verbs)
    troubles = _awaiting(calls.troubles)
    offers = _awaiting(calls.offers)

    async def stream(
        self, after: int | None = None, first: int | None = None
    ) -> AsyncGenerator[StreamLine, None]:
        """As ``Client.stream``; close the generator (``contextlib.aclosing``) to leave early.

        ``first``: take the state in pieces, the most urgent nodes first and so many of them in the snapshot.
        """
        try:
            async with _AwaitingExchange(self.socket, calls.events(after, first)) as exchange:
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

    async def _text(self, exchange: _AwaitingExchange) -> str:
        return b"".join([piece async for piece in exchange.pieces(None)]).decode(errors="replace")

    async def _ask(self, call: Call[T]) -> T:
        try:
            async with asyncio.timeout(self._timeout), _AwaitingExchange(self.socket, call) as exchange:
                await exchange.ask()
                text = await self._text(exchange)
        except TimeoutError as cause:
            raise unreachable(self.socket, "silent") from cause
        except _BREAKS as cause:
            raise unreachable(self.socket, "broken") from cause
        try:
            body = answer(exchange.status, text)
        except DaemonRefused as refused:
            if call.otherwise is None or refused.status != 404:
                raise
            return await self._ask(call.otherwise)
        return cast(T, body if call.key is None else body[call.key])
