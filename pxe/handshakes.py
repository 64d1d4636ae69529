"""Lets strangers in over TLS: who comes counts from the first packet, and a handshake has its time."""

from __future__ import annotations

import asyncio
import logging
import socket
import ssl
from collections.abc import Callable
from typing import Any, cast

from aiohttp import web

from pxe.connections import ConnectionLimiter, LimitedHandler, LimitedSite, source_of_connection

log = logging.getLogger("nxd.boot")


class SecureHandler(LimitedHandler):
    """A machine's connection over TLS. Its first request may come before it is told that the handshake is over, and so
    may its end."""

    __slots__ = ("_early", "_over")

    def __init__(self, *args: Any, **options: Any) -> None:
        super().__init__(*args, **options)
        self._early = b""
        self._over = False

    def admitted(self, source: str, transport: asyncio.BaseTransport) -> None:
        if self._over:
            self._limiter.release(source)
            return
        super().admitted(source, transport)
        if self._early:
            super().data_received(self._early)

    def data_received(self, data: bytes) -> None:
        if self._source is None:
            self._early += data
        else:
            super().data_received(data)

    def connection_lost(self, exc: BaseException | None) -> None:
        self._over = True
        super().connection_lost(exc)


class Handshake(asyncio.Protocol):
    """A connection until its handshake is over; ``under_way`` holds the tasks of all of them, of which each ends within
    its time or with its connection."""

    def __init__(
        self,
        limiter: ConnectionLimiter,
        shown: ssl.SSLContext,
        make: Callable[[], SecureHandler],
        under_way: set[asyncio.Task[None]],
    ) -> None:
        self._limiter = limiter
        self._shown = shown
        self._make = make
        self._under_way = under_way

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        plain, source = cast(asyncio.Transport, transport), source_of_connection(transport)
        if not self._limiter.admit(source):
            plain.abort()
            return
        # A task begins before anything is read, and the TLS of it reads.
        task = asyncio.get_running_loop().create_task(self._shake(plain, source), name="handshake")
        self._under_way.add(task)
        task.add_done_callback(self._under_way.discard)

    async def _shake(self, plain: asyncio.Transport, source: str) -> None:
        loop, handler, patience = asyncio.get_running_loop(), self._make(), self._limiter.patience
        try:
            secure = await loop.start_tls(
                plain,
                handler,
                self._shown,
                server_side=True,
                ssl_handshake_timeout=patience.head,
                ssl_shutdown_timeout=patience.linger,
            )
        except OSError as error:
            self._limiter.release(source)
            why = getattr(error, "reason", None) or str(error) or type(error).__name__
            untold = self._limiter.untold(source)
            if untold is not None:
                about = {"source": source, "reason": why, "left_out": untold or None}
                log.warning("handshake_failed", extra=about)
            return
        except BaseException:
            self._limiter.release(source)
            raise
        assert secure is not None
        handler.admitted(source, secure)


class SecureSite(LimitedSite):
    """A LimitedSite that speaks TLS, with the certificate that is ``shown``."""

    __slots__ = ("_shown", "_under_way")

    def __init__(self, *limited: Any, shown: ssl.SSLContext) -> None:
        super().__init__(*limited)
        self._shown = shown
        self._under_way: set[asyncio.Task[None]] = set()

    async def stop(self) -> None:
        for handshake in self._under_way:
            handshake.cancel()
        await super().stop()

    def _protocol(self, server: web.Server, options: dict[str, Any]) -> Callable[[], asyncio.BaseProtocol]:
        def handler() -> SecureHandler:
            return SecureHandler(self._limiter, server, **options)

        return lambda: Handshake(self._limiter, self._shown, handler, self._under_way)


def machines_site(
    runner: web.AppRunner,
    sock: socket.socket,
    limiter: ConnectionLimiter,
    shown: ssl.SSLContext | None = None,
) -> LimitedSite:
    """An open socket for machines; over TLS where there is a certificate to be shown."""
    if shown is None:
        return LimitedSite(runner, sock, limiter)
    return SecureSite(runner, sock, limiter, shown=shown)
