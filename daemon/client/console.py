"""A session on the serial console of a node: a WebSocket to the daemon.

It is a room of its own: it alone of the client needs aiohttp, which takes longer to load than most commands run.
"""

from __future__ import annotations

import asyncio
from pathlib import Path
from typing import Any, cast
from urllib.parse import quote

import aiohttp
import orjson

from daemon.client.asking import ANSWER_WITHIN, answer, unreachable
from daemon.wire import ConsoleLine

OPENING = ANSWER_WITHIN + 10.0
"""Seconds for the whole way to the machine: the daemon itself gives up sooner and says why."""
PULSE = 30.0
SWITCHING = 101


class _Handshake(aiohttp.ClientResponse):
    """The answer to the question for a WebSocket: one that is no WebSocket says why."""

    async def start(self, connection: Any) -> aiohttp.ClientResponse:
        await super().start(connection)
        if self.status != SWITCHING:
            answer(self.status, await self.text())
        return self


class ConsoleLink:
    """Bytes both ways, until ``close`` or the other side ends it. ``force`` takes the console from whoever has it."""

    def __init__(self, socket: Path, name: str, force: bool = False) -> None:
        self._socket = socket
        self._url = f"http://nxd/v1/nodes/{quote(name, safe='')}/console"
        self._asked = {"force": "1"} if force else {}

    async def open(self) -> None:
        """Begin the session. Raises DaemonRefused, DaemonUnreachable."""
        connector = aiohttp.UnixConnector(str(self._socket))
        self._session = aiohttp.ClientSession(connector=connector, response_class=_Handshake)
        try:
            async with asyncio.timeout(OPENING):
                self._line = await self._session.ws_connect(self._url, params=self._asked, heartbeat=PULSE)
        except BaseException as error:
            await self._session.close()
            if isinstance(error, TimeoutError):
                raise unreachable(self._socket, "silent") from None
            if isinstance(error, aiohttp.ClientConnectorError):
                raise unreachable(self._socket, "connect") from None
            if isinstance(error, aiohttp.ClientError | OSError):
                raise unreachable(self._socket, "broken") from None
            raise

    async def receive(self) -> bytes | ConsoleLine | None:
        """What the machine sent, or what the daemon says of the session; None once it is over."""
        message = await self._line.receive()
        if message.type is aiohttp.WSMsgType.BINARY:
            return cast(bytes, message.data)
        if message.type is aiohttp.WSMsgType.TEXT:
            return cast(ConsoleLine, orjson.loads(message.data))
        return None

    async def send(self, data: bytes) -> bool:
        """Send keys; whether the session still stands."""
        try:
            await self._line.send_bytes(data)
        except (ConnectionError, RuntimeError):
            return False
        return True

    async def close(self) -> None:
        """Leave it."""
        await self._line.close()
        await self._session.close()
