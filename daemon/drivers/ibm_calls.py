"""Runs the calls of the synchronous IBM SDKs in threads of their own, at a bounded rate, with time limits."""

from __future__ import annotations

import asyncio
import os
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import Any, TypeVar
from urllib.parse import parse_qs, urlsplit

from daemon.drivers.answers import plain
from daemon.drivers.ibm_auth import TrustedProfile
from daemon.drivers.ibm_errors import translate
from daemon.drivers.rates import TokenBucket
from daemon.errors.tree import OutsideError, as_json

PAGE = 100
TOO_MANY = 429

Picked = TypeVar("Picked")


@dataclass(frozen=True, slots=True)
class IbmCloud:
    """What all services of the cloud share: who calls, in which threads, and how long a call may take.

    ``timeout`` is (connect, read) in real seconds.
    """

    profile: TrustedProfile
    threads: ThreadPoolExecutor
    connections: int
    timeout: tuple[float, float]

    def calls(self, make: Callable[[Any], Any], url: str, bucket: TokenBucket) -> IbmCalls:
        """The calls of one service at ``url``; ``make`` builds it, given the authenticator."""

        def build() -> Any:
            service = make(self.profile.authenticator())
            service.set_service_url(url)
            _widen_pool(service, self.connections, self.timeout)
            _look_around_once(service.http_client, url)
            return service

        return IbmCalls(self.threads, bucket, build, self.profile.renounce)


class IbmCalls:
    """One SDK service. ``make`` builds it, in a thread and at first use, because importing an SDK takes long.

    ``renounce`` is called, in a thread too, when the service refuses the token.
    """

    def __init__(
        self,
        threads: ThreadPoolExecutor,
        bucket: TokenBucket,
        make: Callable[[], Any],
        renounce: Callable[[], None] = lambda: None,
    ) -> None:
        self._threads = threads
        self._bucket = bucket
        self._make = make
        self._renounce = renounce
        self._service: asyncio.Future[Any] | None = None

    async def __call__(self, method: str, /, *args: Any, **named: Any) -> Any:
        """The result of one call. Raises OutsideError; one that timed out is in doubt, never failed."""
        if self._service is None:
            loop = asyncio.get_running_loop()
            self._service = asyncio.ensure_future(loop.run_in_executor(self._threads, self._make))
        service = await asyncio.shield(self._service)
        await self._bucket.take()
        loop = asyncio.get_running_loop()
        try:
            result = await loop.run_in_executor(
                self._threads, lambda: self._call(getattr(service, method), args, named)
            )
        except Exception as error:
            told = translate(error, method.replace("_", " "))
            if told.status == TOO_MANY:
                self._bucket.refused(told.after)
            raise told from error
        if result is not None and not isinstance(result, dict):
            what, shown = method.replace("_", " "), plain(str(getattr(result, "text", result)))
            raise OutsideError("malformed", f"{what}: the answer is no JSON object.", evidence=shown)
        return result

    def _call(self, call: Callable[..., Any], args: tuple[Any, ...], named: dict[str, Any]) -> Any:
        """One call, in a thread. A 401 means that the token is no good, however long it should live."""
        try:
            return call(*args, **named).get_result()
        except Exception as error:
            if getattr(error, "status_code", None) == 401:
                self._renounce()
            raise

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
        return await self.picked(method, key, lambda item: item, *args, **named)

    async def picked(
        self, method: str, key: str, pick: Callable[[dict[str, Any]], Picked], /, *args: Any, **named: Any
    ) -> list[Picked]:
        """As ``pages``, of each item what ``pick`` makes of it: a thousand servers whole are 10 MB."""
        items: list[Picked] = []
        start: str | None = None
        while True:
            more = {"start": start} if start else {}
            page = await self(method, *args, limit=PAGE, **named, **more)
            items += map(pick, page[key])
            following = page.get("next")
            if not following:
                return items
            start = parse_qs(urlsplit(following["href"]).query)["start"][0]


def _look_around_once(session: Any, url: str) -> None:
    """Take proxies and authorities from the environment now, and not with every call; no password from a netrc file,
    which would go instead of the token."""
    from requests.utils import get_environ_proxies

    session.trust_env = False
    session.proxies = get_environ_proxies(url)
    session.verify = os.environ.get("REQUESTS_CA_BUNDLE") or os.environ.get("CURL_CA_BUNDLE") or True


def _widen_pool(service: Any, connections: int, timeout: tuple[float, float]) -> None:
    """Give a service as many connections as there are threads, and its time limits (connect, read; seconds).

    With the SDK's default pool of ten, further connections are thrown away and made anew with each call.
    """
    from ibm_cloud_sdk_core.base_service import SSLHTTPAdapter

    adapter = SSLHTTPAdapter(pool_connections=connections, pool_maxsize=connections)
    service.http_client.mount("http://", adapter)
    service.http_client.mount("https://", adapter)
    service.set_http_config({"timeout": timeout})
