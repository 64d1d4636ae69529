"""The serial console of a node: a WebSocket on the daemon's socket (RFC 6455), spoken by hand as the other requests."""

from __future__ import annotations

import asyncio
import base64
import contextlib
import os
from pathlib import Path
from typing import cast
from urllib.parse import quote

import orjson

from daemon.client.asking import ANSWER_WITHIN, answer, request_fields, unreachable
from daemon.wire import ConsoleLine

SWITCHING = 101
LONGEST = 1 << 20
"""Bytes of a message that are taken."""
_TEXT, _BINARY, _CLOSE, _PING, _PONG = 1, 2, 8, 9, 10
_SHORT, _MIDDLE, _LONG = 125, 126, 127
"""How a length is written: up to 125 as it is, else in two or in eight bytes behind one of the others."""


class ConsoleLink:
    """One session: bytes both ways, until ``close`` or the other side ends it."""

    def __init__(self, socket: Path, name: str) -> None:
        self._socket = socket
        self._name = name

    async def open(self) -> None:
        """Begin the session. Raises DaemonRefused, DaemonUnreachable."""
        try:
            async with asyncio.timeout(ANSWER_WITHIN):
                await self._open()
        except TimeoutError:
            raise unreachable(self._socket, "silent") from None
        except (OSError, asyncio.IncompleteReadError, ValueError) as cause:
            raise unreachable(self._socket, "broken") from cause

    async def _open(self) -> None:
        try:
            self._reader, self._writer = await asyncio.open_unix_connection(str(self._socket), limit=LONGEST)
        except OSError as cause:
            raise unreachable(self._socket, "connect") from cause
        fields = [(name, value) for name, value in request_fields(None) if name != "Connection"]
        key = base64.b64encode(os.urandom(16)).decode()
        fields += [("Connection", "Upgrade"), ("Upgrade", "websocket")]
        fields += [("Sec-WebSocket-Version", "13"), ("Sec-WebSocket-Key", key)]
        path = f"/v1/nodes/{quote(self._name, safe='')}/console"
        lines = [f"GET {path} HTTP/1.1", *(f"{name}: {value}" for name, value in fields), "", ""]
        self._writer.write("\r\n".join(lines).encode())
        head = (await self._reader.readuntil(b"\r\n\r\n")).decode("latin-1").split("\r\n")
        status = int(head[0].split(" ", 2)[1])
        if status == SWITCHING:
            return
        told = {line.partition(":")[0].lower(): line.partition(":")[2].strip() for line in head[1:] if line}
        body = await self._reader.readexactly(min(LONGEST, int(told.get("content-length", "0"))))
        await self.close()
        answer(status, body.decode(errors="replace"))

    async def receive(self) -> bytes | ConsoleLine | None:
        """What the machine sent, or what the daemon says of the session; None once it is over."""
        try:
            while True:
                kind, data = await self._message()
                if kind == _BINARY:
                    return data
                if kind == _TEXT:
                    return cast(ConsoleLine, orjson.loads(data))
                if kind == _PING:
                    self._write(_PONG, data)
                if kind == _CLOSE:
                    return None
        except (OSError, asyncio.IncompleteReadError, ValueError):
            return None

    async def _message(self) -> tuple[int, bytes]:
        """One message, put together from its frames. Raises ValueError for one that is too long."""
        kind, data, is_last = 0, b"", False
        while not is_last:
            first, second = await self._reader.readexactly(2)
            size = second & 127
            if size > _SHORT:
                size = int.from_bytes(await self._reader.readexactly(2 if size == _MIDDLE else 8))
            if size + len(data) > LONGEST:
                raise ValueError(size)
            kind, is_last = first & 15 or kind, bool(first & 128)
            data += await self._reader.readexactly(size)
        return kind, data

    def _write(self, kind: int, data: bytes) -> None:
        """One frame, masked, as a client has to."""
        size = len(data)
        written = (
            bytes((128 | size,))
            if size <= _SHORT
            else bytes((128 | _MIDDLE,)) + size.to_bytes(2)
            if size < 1 << 16
            else bytes((128 | _LONG,)) + size.to_bytes(8)
        )
        mask = os.urandom(4)
        masked = bytes(byte ^ mask[place % 4] for place, byte in enumerate(data))
        self._writer.write(bytes((128 | kind,)) + written + mask + masked)

    async def send(self, data: bytes) -> None:
        """Send keys. Raises OSError if the session is over."""
        self._write(_BINARY, data)
        await self._writer.drain()

    async def close(self) -> None:
        """Leave it."""
        with contextlib.suppress(OSError):
            self._write(_CLOSE, b"")
            self._writer.close()
            await self._writer.wait_closed()
