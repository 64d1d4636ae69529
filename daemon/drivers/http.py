"""Sends HTTP requests, and tells one that was never delivered from one whose answer was lost."""

from __future__ import annotations

import asyncio
import hashlib
import ssl
from collections.abc import AsyncIterable, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING

from daemon.drivers.call_log import answered, told

if TYPE_CHECKING:
    import aiohttp

KEEPALIVE = 60.0
"""Real seconds after which a connection that was kept is not used again."""


WHOLE = 10
"""So many times as long as for a piece of it is waited for the end of an answer."""
LONGEST = 64 * 1024 * 1024
"""The most bytes that an answer may have."""


class NotDelivered(Exception):
    """There was no connection: the request was not delivered."""


class OtherCertificate(NotDelivered):
    """The other side shows another certificate than the one it is known by."""


class AnswerLost(Exception):
    """The request may have been delivered; its answer did not come, or not to its end."""


@dataclass(frozen=True, slots=True)
class Response:
    """What came back, to its end."""

    status: int
    headers: Mapping[str, str]
    content: bytes

    @property
    def text(self) -> str:
        """The content as text, whatever it is."""
        return self.content.decode(errors="replace")


class Line:
    """The connections to one service, at most so many at once. No request is repeated, no redirection followed, and no
    cookie kept, and what the environment says of proxies counts only for who looked there himself.

    ``trust`` are the certificates that are believed, or the only one (see ``only``).
    """

    def __init__(
        self,
        at_once: int,
        trust: ssl.SSLContext | aiohttp.Fingerprint | bool = True,
        proxy: str | None = None,
    ) -> None:
        self._at_once = at_once
        self._room = asyncio.Semaphore(at_once)
        self._trust = trust
        self._proxy = proxy
        self._session: aiohttp.ClientSession | None = None

    def _opened(self) -> aiohttp.ClientSession:
        if self._session is None:
            import aiohttp

            self._session = aiohttp.ClientSession(
                connector=aiohttp.TCPConnector(limit=self._at_once, keepalive_timeout=KEEPALIVE),
                cookie_jar=aiohttp.DummyCookieJar(),
                trust_env=False,
            )
            self._session._retry_connection = False  # it would send a DELETE twice
        return self._session

    async def ask(
        self,
        method: str,
        url: str,
        headers: Mapping[str, str],
        body: bytes | None,
        connect: float,
        read: float,
    ) -> Response:
        """The answer. ``connect`` and ``read`` are how long each may take, in real seconds; ``connect`` is for all of
        it, from the lookup of the name to the end of the handshake. To wait for a free connection counts for neither.
        ``url`` is sent as it is. Raises NotDelivered, AnswerLost."""
        with told(method, url, body) as call:
            answer = await self._asked(method, url, headers, body, connect, read)
            answered(call, answer.status, answer.headers, answer.content)
            return answer

    async def _asked(
        self,
        method: str,
        url: str,
        headers: Mapping[str, str],
        body: bytes | None,
        connect: float,
        read: float,
    ) -> Response:
        import aiohttp
        from yarl import URL

        limits = aiohttp.ClientTimeout(total=None, connect=connect, sock_connect=connect, sock_read=read)
        async with self._room:
            try:
                async with self._opened().request(
                    method,
                    URL(url, encoded=True),
                    headers=headers,
                    data=body,
                    ssl=self._trust,
                    proxy=self._proxy,
                    timeout=limits,
                    allow_redirects=False,
                ) as answer:
                    async with asyncio.timeout(WHOLE * read):
                        return Response(
                            answer.status, answer.headers, await _content(answer.content.iter_any())
                        )
            except aiohttp.ServerFingerprintMismatch as error:
                raise OtherCertificate("It shows another certificate.") from error
            except aiohttp.ConnectionTimeoutError:
                raise NotDelivered(
                    f"No connection within {connect:g} s, the lookup of the name included."
                ) from None
            except aiohttp.ClientConnectorError as error:
                raise NotDelivered(*error.args) from error
            except (aiohttp.ClientError, OSError, TimeoutError) as error:
                raise AnswerLost(*error.args) from error

    async def close(self) -> None:
        """End every connection."""
        if self._session is not None:
            session, self._session = self._session, None
            await session.close()


async def _content(stream: AsyncIterable[bytes]) -> bytes:
    """The body, as long as it may be. Raises AnswerLost."""
    pieces, size = [], 0
    async for piece in stream:
        pieces.append(piece)
        size += len(piece)
        if size > LONGEST:
            raise AnswerLost(f"The answer has more than {LONGEST} bytes.")
    return b"".join(pieces)


def only(certificate: str) -> aiohttp.Fingerprint:
    """Trust this one certificate (PEM, the first of several) and no other, whatever name stands in it. Raises
    ValueError."""
    import aiohttp

    first, _, _ = certificate.strip().partition(ssl.PEM_FOOTER)
    return aiohttp.Fingerprint(hashlib.sha256(ssl.PEM_cert_to_DER_cert(first + ssl.PEM_FOOTER)).digest())
