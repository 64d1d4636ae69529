"""Listens for strangers: so many connections of each and in all, and so much time for what they have to say."""

from __future__ import annotations

import asyncio
import logging
import socket
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any, cast

from aiohttp import web
from aiohttp.web_protocol import RequestHandler, _ErrInfo

from pxe.line_limiter import LineLimiter

log = logging.getLogger("nxd.boot")


@dataclass(frozen=True)
class TimeLimits:
    """How long a machine may take, in seconds.

    ``head``: for the head of a request, and between two requests; ``body``: for its body; ``stalled``: while it takes
    nothing of what it is sent; ``linger``: to go on with a body that nobody wants; ``disk``: for the disk of an image
    that it asks for.
    """

    head: float = 15.0
    body: float = 30.0
    stalled: float = 60.0
    linger: float = 2.0
    disk: float = 10.0


TIME_LIMITS = TimeLimits()


@dataclass
class ConnectionLimiter:
    """Counts who is inside, at all the ports that it keeps."""

    at_once: int
    per_source: int
    patience: TimeLimits = TIME_LIMITS
    inside: Counter[str] = field(default_factory=Counter)
    refused_count: int = 0
    _line_limiter: LineLimiter = field(default_factory=lambda: LineLimiter(lines=1))

    def admit(self, source: str) -> bool:
        """Whether one more connection from there may stay."""
        crowded = self.inside.total() >= self.at_once
        if not crowded and self.inside[source] < self.per_source:
            self.inside[source] += 1
            return True
        self.refused_count += 1
        why = f"{self.at_once} are open" if crowded else f"{self.per_source} of its own are open"
        untold = self.untold("" if crowded else source)
        if untold is not None:
            log.warning(
                "connection_refused", extra={"source": source, "reason": why, "left_out": untold or None}
            )
        return False

    def untold(self, of: str) -> int | None:
        """How many lines of the journal were left out of such a source since the last one; None while this one is left
        out too."""
        return self._line_limiter.take(of, asyncio.get_running_loop().time())

    def release(self, source: str) -> None:
        """A connection from there is over."""
        self.inside[source] -= 1
        if self.inside[source] <= 0:
            del self.inside[source]


class BoundedHandler(RequestHandler):
    """A connection over which nonsense may come: it is an answer and a line, never a traceback, and nobody waits for
    the rest of it."""

    __slots__ = ()

    def data_received(self, data: bytes) -> None:
        super().data_received(data)
        asked = self._current_request
        if asked is not None and self._messages and isinstance(self._messages[-1][0], _ErrInfo):
            asked.content.set_exception(web.RequestPayloadError("What follows the head makes no sense."))

    def log_exception(self, *args: Any, **kw: Any) -> None:
        if not isinstance(kw.get("exc_info"), web.RequestPayloadError):  # its request has been answered
            super().log_exception(*args, **kw)


class LimitedHandler(BoundedHandler):
    """A machine's connection."""

    __slots__ = ("_limiter", "_source")

    def __init__(self, limiter: ConnectionLimiter, server: web.Server, **options: Any) -> None:
        super().__init__(server, **options)
        self._limiter = limiter
        self._source: str | None = None

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        source = source_of_connection(transport)
        if not self._limiter.admit(source):
            cast(asyncio.Transport, transport).abort()
            return
        self.admitted(source, transport)

    def admitted(self, source: str, transport: asyncio.BaseTransport) -> None:
        """It may stay: from here on it is a connection of this source, until it is lost."""
        self._source = source
        stalled = int(self._limiter.patience.stalled * 1000)
        transport.get_extra_info("socket").setsockopt(socket.IPPROTO_TCP, socket.TCP_USER_TIMEOUT, stalled)
        super().connection_made(transport)

    def connection_lost(self, exc: BaseException | None) -> None:
        if self._source is not None:
            self._limiter.release(self._source)
            super().connection_lost(exc)

    def data_received(self, data: bytes) -> None:
        if self._source is not None:
            super().data_received(data)


def source_of_connection(transport: asyncio.BaseTransport) -> str:
    """The address that it comes from."""
    peer = transport.get_extra_info("peername")
    return str(peer[0]) if peer else ""


def _options(server: web.Server) -> dict[str, Any]:
    return {"loop": asyncio.get_running_loop(), **server._kwargs}


Nonsense = Callable[[int, str], web.Response]
"""The answer to what is no request in HTTP, by its status and what is wrong with it."""


class _Known(BoundedHandler):
    """A connection of somebody who is known, who is answered in his own format whatever he sends."""

    __slots__ = ("_nonsense",)

    def __init__(self, nonsense: Nonsense, server: web.Server, **options: Any) -> None:
        super().__init__(server, **options)
        self._nonsense = nonsense

    def handle_error(
        self,
        request: web.BaseRequest,
        status: int = 500,
        exc: BaseException | None = None,
        message: str | None = None,
    ) -> web.StreamResponse:
        plain = super().handle_error(request, status, exc, message)  # it also writes the line of the journal
        answer = self._nonsense(plain.status, message or plain.reason or "")
        answer.force_close()
        return answer


class SocketSite(web.UnixSite):
    """A Unix socket for people who are known; use it like a UnixSite."""

    __slots__ = ("_nonsense",)

    def __init__(self, runner: web.AppRunner, path: str, nonsense: Nonsense, **options: Any) -> None:
        super().__init__(runner, path, **options)
        self._nonsense = nonsense

    async def start(self) -> None:
        await super(web.UnixSite, self).start()
        server = self._runner.server
        assert server is not None
        loop, nonsense, options = asyncio.get_running_loop(), self._nonsense, _options(server)
        self._server = await loop.create_unix_server(
            lambda: _Known(nonsense, server, **options), self._path, backlog=self._backlog
        )


class LimitedSite(web.SockSite):
    """An open socket with a connection limiter; use it like a SockSite."""

    __slots__ = ("_limiter",)

    def __init__(self, runner: web.AppRunner, sock: socket.socket, limiter: ConnectionLimiter) -> None:
        super().__init__(runner, sock)
        self._limiter = limiter

    async def start(self) -> None:
        await super(web.SockSite, self).start()
        server = self._runner.server
        assert server is not None
        self._server = await asyncio.get_running_loop().create_server(
            self._protocol(server, _options(server)), sock=self._sock, backlog=self._backlog
        )

    def _protocol(self, server: web.Server, options: dict[str, Any]) -> Callable[[], asyncio.BaseProtocol]:
        """What makes the protocol of each connection."""
        return lambda: LimitedHandler(self._limiter, server, **options)
