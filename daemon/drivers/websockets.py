"""How to speak to a console over a WebSocket: bytes both ways, within limits; its address, which holds a token, is told
to nobody.

Of the service it is known that messages are binary; with which codes it closes is not documented, so that its own words
are passed on.
"""

from __future__ import annotations

import asyncio
import ssl
from contextlib import suppress
from typing import TYPE_CHECKING

from daemon.drivers.answers import reason, sentence
from daemon.drivers.call_log import answered, logged, told
from daemon.errors.tree import OutsideError

if TYPE_CHECKING:
    import aiohttp

LONGEST_MESSAGE = 1024 * 1024
"""Bytes of one message from the other side; one that is longer ends the session."""
PIECE = 4 * 1024
"""Bytes of one message to the other side, whose own limit is not documented: what is pasted goes in several."""
PULSE = 30.0
"""Real seconds between two pings; a side that answers none is gone."""
CLOSING = 5.0
"""Real seconds that the other side has to say goodbye."""
SENDING = 10.0
"""Real seconds within which the other side has to take what is sent."""

_BY_STATUS = {401: "refused", 403: "not_authorized", 404: "not_found", 409: "conflict", 429: "rate_limited"}
_SAID = {
    "refused": "the token was refused: it is used up or has expired",
    "not_authorized": "this identity may not open it",
    "not_found": "there is no such console",
    "conflict": "somebody else has it open",
}


class WebSocketConsole:
    """One session, which is a connection of its own."""

    def __init__(self, session: aiohttp.ClientSession, socket: aiohttp.ClientWebSocketResponse) -> None:
        self._session, self._socket = session, socket
        self.note = ""
        self._said = ""

    @property
    def ended(self) -> str:
        """Why it is over, in the words of the other side; empty for none."""
        return self._said

    async def receive(self) -> bytes | None:
        """The next bytes; None once the session is over."""
        import aiohttp

        message = await self._socket.receive()
        if message.type is aiohttp.WSMsgType.BINARY:
            return bytes(message.data)
        if message.type is aiohttp.WSMsgType.TEXT:
            return str(message.data).encode()
        code = self._socket.close_code
        if message.type is aiohttp.WSMsgType.ERROR:
            self._said = self._said or f"the connection broke ({reason(message.data)})"
        elif not self._said and code is not None:
            said = message.extra if isinstance(message.extra, str) else ""
            self._said = sentence(said) if said else f"the WebSocket was closed with code {code}"
        return None

    async def send(self, data: bytes) -> None:
        """Raises ConnectionError where it cannot be sent."""
        try:
            for begun in range(0, len(data), PIECE):
                async with asyncio.timeout(SENDING):
                    await self._socket.send_bytes(data[begun : begun + PIECE])
        except (RuntimeError, TimeoutError) as error:
            raise ConnectionError(str(error)) from error

    async def close(self) -> None:
        """End the session, politely if the other side lets us."""
        with suppress(TimeoutError, ConnectionError):
            async with asyncio.timeout(CLOSING):
                await self._socket.close()
        await self._session.close()


async def open_console(
    url: str, about: str, trust: ssl.SSLContext | bool, proxy: str | None, patience: float
) -> WebSocketConsole:
    """Connect within ``patience`` real seconds; ``about`` names whose console it is. Raises OutsideError, which never
    quotes the address."""
    import aiohttp
    from yarl import URL

    session = aiohttp.ClientSession(cookie_jar=aiohttp.DummyCookieJar(), trust_env=False)
    what = "console"
    try:
        with logged("console", "open", about, private=True), told("GET", url.partition("?")[0]) as call:
            try:
                async with asyncio.timeout(patience):
                    socket = await session.ws_connect(
                        URL(url, encoded=True),
                        ssl=trust,
                        proxy=proxy,
                        heartbeat=PULSE,
                        max_msg_size=LONGEST_MESSAGE,
                        timeout=aiohttp.ClientWSTimeout(ws_close=CLOSING),
                    )
                answered(call, 101, {}, b"")
            except aiohttp.WSServerHandshakeError as error:
                answered(call, error.status, error.headers or {}, b"")
                code = _BY_STATUS.get(error.status, "unavailable" if error.status >= 500 else "malformed")
                said = _SAID.get(code, f"the answer is HTTP {error.status} and no WebSocket")
                raise OutsideError(
                    code, f"{what}: {said}.", evidence=f"HTTP {error.status}", status=error.status
                ) from None
            except TimeoutError:
                raise OutsideError("unreachable", f"{what}: no answer within {patience:g} s.") from None
            except (aiohttp.ClientConnectorError, OSError) as error:
                raise OutsideError("unreachable", f"{what}: no connection.", evidence=reason(error)) from None
            except (aiohttp.ClientError, ValueError) as error:
                raise OutsideError(
                    "malformed", f"{what}: no WebSocket.", evidence=type(error).__name__
                ) from None
    except BaseException:
        await session.close()
        raise
    return WebSocketConsole(session, socket)
