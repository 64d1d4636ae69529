"""Sends what the synchronous IBM SDKs want to say, at a bounded rate, with time limits.

The SDK builds each request and reads each answer; between the two nxd carries it itself. A call of the SDK's own takes
a thread and four times the processor.
"""

from __future__ import annotations

import asyncio
import logging
import os
import ssl
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from contextvars import copy_context
from copy import copy
from dataclasses import dataclass
from functools import cache, partial
from io import BytesIO
from typing import Any, NamedTuple, TypeVar
from urllib.parse import parse_qs, urlencode, urlsplit

import msgspec
import orjson

from daemon.clock import held
from daemon.drivers.answers import plain
from daemon.drivers.call_log import logged
from daemon.drivers.http import Line, Response
from daemon.drivers.ibm_auth import TrustedProfile
from daemon.drivers.ibm_errors import translate
from daemon.drivers.rates import TokenBucket
from daemon.errors.tree import OutsideError, as_json

_LOGGER = "ibm-cloud-sdk-core"
"""It logs as an error what is told as one anyway, with all that came back."""
PAGE = 100
TOO_MANY = 429
_PRIVATE = frozenset({"create_bare_metal_server_console_access_token"})
"""What is answered with a secret."""

Picked = TypeVar("Picked")


@dataclass(frozen=True, slots=True)
class IbmCloud:
    """What all services of the cloud share: who calls, the threads for what blocks (tokens and imports), how many calls
    are made at once to each service, and how long one may take.

    ``timeout`` is (connect, read) in real seconds.
    """

    profile: TrustedProfile
    threads: ThreadPoolExecutor
    connections: int
    timeout: tuple[float, float]

    def calls(self, load: Callable[[], Any], url: str, bucket: TokenBucket) -> IbmCalls:
        """The calls of one service at ``url``; ``load`` gives its class."""
        logging.getLogger(_LOGGER).setLevel(logging.CRITICAL)

        def build() -> SdkService:
            service = copy(_made(load()))
            service.set_service_url(url)
            return SdkService(service, Line(self.connections, _authorities(url), _proxy(url)), self.timeout)

        return IbmCalls(self.threads, bucket, build, self.profile, self.connections)


@cache
def _made(service: Any) -> Any:
    """A service that is to be copied: when one is made it reads the certificates of every authority, and nobody uses
    them here, for it is a line of ours that calls."""
    from ibm_cloud_sdk_core.authenticators import NoAuthAuthenticator

    return service(authenticator=NoAuthAuthenticator())


class SdkService:
    """One service of the SDK, whose requests go over a line of ours."""

    def __init__(self, sdk: Any, line: Line, timeout: tuple[float, float]) -> None:
        self._sdk = sdk
        self._read = type(sdk).send
        self._line = line
        self._timeout = timeout
        sdk.send = lambda request, **_: request

    async def call(
        self,
        token: str,
        method: str,
        args: tuple[Any, ...],
        named: dict[str, Any],
        read: Callable[[bytes], Any],
    ) -> Any:
        """What ``read`` makes of the JSON of a good answer, and the SDK of any other. Raises what the SDK raises, and
        Unheard, Lost."""
        from ibm_cloud_sdk_core.utils import is_json_mimetype

        request = getattr(self._sdk, method)(*args, **named)
        query = urlencode(request["params"] or {}, doseq=True)
        headers = {**request["headers"], "Authorization": f"Bearer {token}"}
        url = f"{request['url']}?{query}" if query else request["url"]
        answer = await self._line.ask(request["method"], url, headers, request["data"], *self._timeout)
        with suppress(ValueError, msgspec.DecodeError):  # the SDK tells what is wrong with it
            if answer.status in (200, 201, 202) and is_json_mimetype(answer.headers.get("Content-Type")):
                return read(answer.content)
        self._sdk.http_client = _Answered(answer)
        return self._read(self._sdk, request).get_result()

    async def close(self) -> None:
        """End its connections."""
        await self._line.close()


class _Answered:
    """Stands where the SDK has its HTTP client, and gives it the answer that came."""

    def __init__(self, answer: Response) -> None:
        self._answer = answer

    def request(self, **_: Any) -> Any:
        from requests import Response
        from requests.structures import CaseInsensitiveDict
        from requests.utils import get_encoding_from_headers

        response = Response()
        response.status_code = self._answer.status
        response.headers = CaseInsensitiveDict(self._answer.headers)
        response.encoding = get_encoding_from_headers(response.headers)
        response.raw = BytesIO(self._answer.content)
        return response


def _about(args: tuple[Any, ...], named: dict[str, Any]) -> str | None:
    """What a call is about, for the journal: a name, else an id."""
    ids = [one for one in args if isinstance(one, str)]
    told: str | None = named.get("name") or named.get("id") or (ids[-1] if ids else None)
    return told


class _Reading(NamedTuple):
    """How the JSON of a good answer is read, and what comes of it."""

    shape: type
    read: Callable[[bytes], Any]


_ANYTHING = _Reading(dict, orjson.loads)


class IbmCalls:
    """One SDK service, to which ``at_once`` calls are under way at most. ``make`` builds it, in a thread and at first
    use, because importing an SDK takes long.

    ``profile`` gives the token, and is told, in a thread too, when the service refuses it.
    """

    def __init__(
        self,
        threads: ThreadPoolExecutor,
        bucket: TokenBucket,
        make: Callable[[], SdkService],
        profile: TrustedProfile,
        at_once: int,
    ) -> None:
        self._threads = threads
        self._bucket = bucket
        self._make = make
        self._profile = profile
        self._places = asyncio.Semaphore(at_once)
        self._service: asyncio.Future[SdkService] | None = None

    async def __call__(self, method: str, /, *args: Any, **named: Any) -> Any:
        """The result of one call. Raises OutsideError; one that timed out is in doubt, never failed."""
        return await self._asked(_ANYTHING, method, args, named)

    async def _asked(
        self, reading: _Reading, method: str, args: tuple[Any, ...], named: dict[str, Any]
    ) -> Any:
        """As a call, with the answer read in this way."""
        loop = asyncio.get_running_loop()
        if self._service is None:
            self._service = asyncio.ensure_future(loop.run_in_executor(self._threads, self._make))
        service = await asyncio.shield(self._service)
        with held(self._bucket.clock):
            await self._bucket.take()
            await self._places.acquire()
        try:
            private = method in _PRIVATE
            with logged(self._bucket.api or "ibm", method, _about(args, named), private=private):
                return await self._called(service, reading, method, args, named)
        finally:
            self._places.release()

    async def _called(
        self,
        service: SdkService,
        reading: _Reading,
        method: str,
        args: tuple[Any, ...],
        named: dict[str, Any],
    ) -> Any:
        loop = asyncio.get_running_loop()
        try:
            token = self._profile.at_hand()
            if token is None:
                fetch = partial(copy_context().run, self._profile.token)
                token = await loop.run_in_executor(self._threads, fetch)
            result = await service.call(token, method, args, named, reading.read)
        except Exception as error:
            told = translate(error, method.replace("_", " "))
            if told.status == TOO_MANY:
                self._bucket.refused(told.after)
            if told.status == 401:  # the token is no good, however long it should live
                await loop.run_in_executor(self._threads, self._profile.renounce)
            raise told from error
        shape = reading.shape
        if not isinstance(result, shape) and (result is not None or shape is not dict):
            what, shown = method.replace("_", " "), plain(str(getattr(result, "text", result)))
            lacks = "is no JSON object" if shape is dict else "is none of its lists"
            raise OutsideError("malformed", f"{what}: the answer {lacks}.", evidence=shown)
        return result

    async def close(self) -> None:
        """End its connections."""
        if self._service is not None:
            (service,) = await asyncio.gather(self._service, return_exceptions=True)
            if isinstance(service, SdkService):
                await service.close()

    async def make(self, method: str, /, *args: Any, **named: Any) -> dict[str, Any]:
        """The object a create answers with. Raises OutsideError, too where the answer does not say its id."""
        made = await self(method, *args, **named)
        if not isinstance(made, dict) or not made.get("id"):
            what = method.replace("_", " ")
            raise OutsideError(
                "malformed", f"{what}: the answer names no object.", evidence=as_json(made), status=200
            )
        return made

    async def pages(self, method: str, key: str, /, *args: Any, **named: Any) -> list[dict[str, Any]]:
        """Every item of a list that comes in pages. Raises OutsideError."""
        return await self.picked(method, key, dict[str, Any], *args, **named)

    async def picked(
        self, method: str, key: str, item: type[Picked], /, *args: Any, **named: Any
    ) -> list[Picked]:
        """As ``pages``, of each item only what stands in ``item``: a thousand servers whole are 10 MB."""
        items: list[Picked] = []
        reading = _page(key, item)  # type: ignore[arg-type]
        start: str | None = None
        while True:
            more = {"start": start} if start else {}
            page = await self._asked(reading, method, args, {"limit": PAGE, **named, **more})
            items += page.items
            if page.next is None or page.next.href is None:
                return items
            start = parse_qs(urlsplit(page.next.href).query)["start"][0]


class _Next(msgspec.Struct):
    """Where a list goes on."""

    href: str | None = None


@cache
def _page(key: str, item: Any) -> _Reading:
    """A page of a list of ``item`` under ``key``, and how it is read."""
    items: Any = list[item]
    more: Any = _Next | None
    shape = msgspec.defstruct("_Page", [("items", items), ("next", more, None)], rename={"items": key})
    return _Reading(shape, msgspec.json.Decoder(shape).decode)


def trust_and_proxy(url: str) -> tuple[ssl.SSLContext | bool, str | None]:
    """Who is believed to name the console at this address, and the way to it: as for the service itself."""
    plain = url.replace("ws", "http", 1)
    return _authorities(plain), _proxy(plain)


def _proxy(url: str) -> str | None:
    """What the environment says of the way to a service, looked up once."""
    from requests.utils import get_environ_proxies, prepend_scheme_if_needed, select_proxy

    proxy = select_proxy(url, get_environ_proxies(url))
    return prepend_scheme_if_needed(proxy, "http") if proxy else None


def _authorities(url: str) -> ssl.SSLContext | bool:
    """Who is believed to name a service, looked up once: whom the environment says, or those that the SDK brings."""
    from certifi import where

    if urlsplit(url).scheme != "https":
        return True
    path = os.environ.get("REQUESTS_CA_BUNDLE") or os.environ.get("CURL_CA_BUNDLE") or where()
    if os.path.isdir(path):
        return ssl.create_default_context(capath=path)
    return ssl.create_default_context(cafile=path)
