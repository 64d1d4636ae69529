"""The daemon's clients: ask it and follow it over its Unix socket, once for scripts and once for asyncio.

``Client`` serves the command line, ``AsyncClient`` the terminal UI; both speak ``docs/api.md`` and nothing
else. A request is made once: whether to try again is the caller's to decide.
"""

from __future__ import annotations

import contextlib
import json
import os
import socket as socketlib
from collections.abc import AsyncGenerator, Generator
from pathlib import Path
from typing import Any, NamedTuple, Self, cast
from urllib.parse import quote

import httpx

from daemon.wire import (
    Accepted,
    Applied,
    CheckView,
    Detail,
    EntityView,
    ErrorView,
    FindingView,
    Health,
    Log,
    Plan,
    Problem,
    Snapshot,
    StreamLine,
)

ANSWER_WITHIN = 30.0
"""Seconds a request may take: a verb answers when it is durable, a plan when the cloud was looked at."""

LINE_WITHIN = 5.0
"""Seconds without a line after which a stream counts as lost: the daemon sends a heartbeat each second."""


class DaemonUnreachable(Exception):
    """Nobody answers, or no longer; the text is one sentence with the socket and what to do."""


class Refused(Exception):
    """The daemon answered, and the answer is no."""

    def __init__(self, status: int, error: ErrorView, problems: list[Problem] | None = None) -> None:
        super().__init__(error["message"])
        self.status = status
        self.error = error
        self.problems: list[Problem] = problems or []


class _Call(NamedTuple):
    """One request of the API, before anybody sends it."""

    method: str
    path: str
    params: dict[str, str] = {}  # noqa: RUF012 (never changed, only merged)
    body: dict[str, Any] | None = None


def _given(**values: Any) -> dict[str, Any]:
    return {key: value for key, value in values.items() if value is not None}


def _show(kind: str, name: str) -> _Call:
    return _Call("GET", f"/v1/{kind}/{quote(name, safe='')}")


def _log(after: int | None, limit: int, cluster: str | None, node: str | None, tail: bool) -> _Call:
    given = _given(after=after, limit=limit, cluster=cluster, node=node, tail=1 if tail else None)
    return _Call("GET", "/v1/log", {key: str(value) for key, value in given.items()})


def _events(after: int | None) -> _Call:
    return _Call("GET", "/v1/events", {} if after is None else {"after": str(after)})


def _plan(**what: str) -> _Call:
    return _Call("POST", "/v1/plans", body=what)


def _apply(spec: str, digest: str | None) -> _Call:
    return _Call("POST", "/v1/specs", body=_given(spec=spec, digest=digest))


def _verb(verb: str, target: str, **how: str | None) -> _Call:
    return _Call("POST", "/v1/verbs", body=_given(verb=verb, target=target, **how))


_SNAPSHOT = _Call("GET", "/v1/snapshot")
_NODES = _Call("GET", "/v1/nodes")
_CLUSTERS = _Call("GET", "/v1/clusters")
_HEALTH = _Call("GET", "/v1/healthz")


def _unreachable(socket: Path, cause: Exception) -> DaemonUnreachable:
    if isinstance(cause, httpx.ConnectError | httpx.ConnectTimeout):
        if socket.exists() and not os.access(socket, os.W_OK):
            return DaemonUnreachable(
                f"You may not talk to the daemon on {socket}: join the group that owns the socket."
            )
        return DaemonUnreachable(
            f"No daemon answers on {socket}: start it with `nxd serve` or name another one with --config."
        )
    if isinstance(cause, httpx.TimeoutException):
        return DaemonUnreachable(f"The daemon on {socket} is silent: look at it with `nxd doctor`.")
    return DaemonUnreachable(
        f"The daemon on {socket} broke off in the middle: see whether it still runs, then try again."
    )


def _answer(response: httpx.Response) -> Any:
    """The decoded body. Raises Refused for anything but a 2xx with JSON in it."""
    body = None
    with contextlib.suppress(ValueError):
        body = response.json()
    if response.is_success and body is not None:
        return body
    if isinstance(body, dict) and isinstance(body.get("error"), dict):
        raise Refused(response.status_code, cast(ErrorView, body["error"]), body.get("problems"))
    raise Refused(
        response.status_code,
        ErrorView(
            code="not_the_api",
            message=f"What answers on the socket is not nxd's API (HTTP {response.status_code}).",
            remedy="Check which program listens on the socket, and that both are the same version.",
            retry="never",
            evidence=response.text[:500],
        ),
    )


def _line(text: str) -> StreamLine:
    """One line of the stream. Raises a protocol error if it was cut off or is no JSON object."""
    with contextlib.suppress(ValueError, TypeError):
        if "type" in (line := json.loads(text)):
            return cast(StreamLine, line)
    raise httpx.RemoteProtocolError(f"not a line of the stream: {text[:80]!r}")


def _knock(socket: Path) -> None:
    """Make sure that somebody listens: a blocking httpx forgets to close a socket that could not connect."""
    with socketlib.socket(socketlib.AF_UNIX) as probe:
        try:
            probe.connect(str(socket))
        except OSError as cause:
            raise httpx.ConnectError(str(cause)) from cause


# trust_env is off because a proxy variable must not touch a Unix socket; verify is off because nothing is
# encrypted on it and loading the certificates would cost more than most requests.
_BASE = "http://nxd"
_STREAMING = httpx.Timeout(ANSWER_WITHIN, read=LINE_WITHIN)


class Client:
    """The API for scripts: each method is one request, raising DaemonUnreachable or Refused."""

    def __init__(self, socket: Path, timeout: float = ANSWER_WITHIN) -> None:
        self.socket = socket
        self._http = httpx.Client(
            transport=httpx.HTTPTransport(uds=str(socket), verify=False),
            base_url=_BASE,
            timeout=timeout,
            trust_env=False,
        )

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def close(self) -> None:
        """Give the connections back."""
        self._http.close()

    def snapshot(self) -> Snapshot:
        """Everything at one revision."""
        return cast(Snapshot, self._ask(_SNAPSHOT))

    def nodes(self) -> list[EntityView]:
        """Every node."""
        return cast(list[EntityView], self._ask(_NODES))

    def clusters(self) -> list[EntityView]:
        """Every cluster."""
        return cast(list[EntityView], self._ask(_CLUSTERS))

    def show(self, name: str) -> Detail:
        """The node of that name, else the cluster. Raises Refused with status 404 if it is neither."""
        try:
            return cast(Detail, self._ask(_show("nodes", name)))
        except Refused as refused:
            if refused.status != 404:
                raise
        return cast(Detail, self._ask(_show("clusters", name)))

    def log(
        self,
        after: int | None = None,
        limit: int = 1000,
        cluster: str | None = None,
        node: str | None = None,
        tail: bool = False,
    ) -> Log:
        """At most ``limit`` lines later than ``after``, or with ``tail`` the last ones."""
        return cast(Log, self._ask(_log(after, limit, cluster, node, tail)))

    def stream(self, after: int | None = None) -> Generator[StreamLine, None, None]:
        """Follow the daemon: the state first, then whatever changes.

        Ends only after a ``lagged`` line; raises DaemonUnreachable when the link is lost, which a silence of
        ``LINE_WITHIN`` seconds means too.
        """
        call = _events(after)
        try:
            _knock(self.socket)
            with self._http.stream(
                call.method, call.path, params=call.params, timeout=_STREAMING
            ) as response:
                if not response.is_success:
                    response.read()
                    _answer(response)
                for text in response.iter_lines():
                    line = _line(text)
                    yield line
                    if line["type"] == "lagged":
                        return
                raise httpx.RemoteProtocolError("the stream ended")
        except httpx.TransportError as cause:
            raise _unreachable(self.socket, cause) from cause

    def plan(self, verb: str, target: str) -> Plan:
        """What the verb would do now."""
        return cast(Plan, self._ask(_plan(verb=verb, target=target)))

    def plan_spec(self, text: str) -> Plan:
        """What applying the spec would do now. Raises Refused with ``problems`` if it is wrong."""
        return cast(Plan, self._ask(_plan(spec=text)))

    def preflight(self, text: str) -> list[CheckView]:
        """What the spec needs, looked up now."""
        return cast(
            list[CheckView], self._ask(_Call("POST", "/v1/preflights", body={"spec": text}))["checks"]
        )

    def audit(self) -> list[FindingView]:
        """The clouds against the ledger, both ways."""
        return cast(list[FindingView], self._ask(_Call("GET", "/v1/audit"))["findings"])

    def login(self, cluster: str) -> dict[str, str]:
        """Where and how to log in to a cluster."""
        return cast(dict[str, str], self._ask(_Call("GET", f"/v1/clusters/{quote(cluster, safe='')}/login")))

    def apply(self, text: str, digest: str | None = None) -> Applied:
        """Make the spec the wish; with ``digest`` only if the plan is still the one that was shown."""
        return cast(Applied, self._ask(_apply(text, digest)))

    def verb(self, verb: str, target: str, **how: str | None) -> Accepted:
        """Ask for a verb. ``digest``: of the plan shown; ``token``: the same one twice is one effect;
        ``step``: where a retry begins, after which a hold stops."""
        return cast(Accepted, self._ask(_verb(verb, target, **how)))

    def health(self) -> Health:
        """Whether the daemon is well, and what it lacks if not."""
        return cast(Health, self._ask(_HEALTH))

    def _ask(self, call: _Call) -> Any:
        try:
            _knock(self.socket)
            response = self._http.request(call.method, call.path, params=call.params, json=call.body)
        except httpx.TransportError as cause:
            raise _unreachable(self.socket, cause) from cause
        return _answer(response)


class AsyncClient:
    """The same API for asyncio; cancelling a call drops its connection."""

    def __init__(self, socket: Path, timeout: float = ANSWER_WITHIN) -> None:
        self.socket = socket
        self._http = httpx.AsyncClient(
            transport=httpx.AsyncHTTPTransport(uds=str(socket), verify=False),
            base_url=_BASE,
            timeout=timeout,
            trust_env=False,
        )

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(self, *_: object) -> None:
        await self.close()

    async def close(self) -> None:
        """Give the connections back."""
        await self._http.aclose()

    async def snapshot(self) -> Snapshot:
        """See ``Client.snapshot``."""
        return cast(Snapshot, await self._ask(_SNAPSHOT))

    async def nodes(self) -> list[EntityView]:
        """See ``Client.nodes``."""
        return cast(list[EntityView], await self._ask(_NODES))

    async def clusters(self) -> list[EntityView]:
        """See ``Client.clusters``."""
        return cast(list[EntityView], await self._ask(_CLUSTERS))

    async def show(self, name: str) -> Detail:
        """See ``Client.show``."""
        try:
            return cast(Detail, await self._ask(_show("nodes", name)))
        except Refused as refused:
            if refused.status != 404:
                raise
        return cast(Detail, await self._ask(_show("clusters", name)))

    async def log(
        self,
        after: int | None = None,
        limit: int = 1000,
        cluster: str | None = None,
        node: str | None = None,
        tail: bool = False,
    ) -> Log:
        """See ``Client.log``."""
        return cast(Log, await self._ask(_log(after, limit, cluster, node, tail)))

    async def stream(self, after: int | None = None) -> AsyncGenerator[StreamLine, None]:
        """See ``Client.stream``; close the generator (``contextlib.aclosing``) to leave early."""
        call = _events(after)
        try:
            async with self._http.stream(
                call.method, call.path, params=call.params, timeout=_STREAMING
            ) as response:
                if not response.is_success:
                    await response.aread()
                    _answer(response)
                async for text in response.aiter_lines():
                    line = _line(text)
                    yield line
                    if line["type"] == "lagged":
                        return
                raise httpx.RemoteProtocolError("the stream ended")
        except httpx.TransportError as cause:
            raise _unreachable(self.socket, cause) from cause

    async def plan(self, verb: str, target: str) -> Plan:
        """See ``Client.plan``."""
        return cast(Plan, await self._ask(_plan(verb=verb, target=target)))

    async def plan_spec(self, text: str) -> Plan:
        """See ``Client.plan_spec``."""
        return cast(Plan, await self._ask(_plan(spec=text)))

    async def apply(self, text: str, digest: str | None = None) -> Applied:
        """See ``Client.apply``."""
        return cast(Applied, await self._ask(_apply(text, digest)))

    async def verb(self, verb: str, target: str, **how: str | None) -> Accepted:
        """See ``Client.verb``."""
        return cast(Accepted, await self._ask(_verb(verb, target, **how)))

    async def health(self) -> Health:
        """See ``Client.health``."""
        return cast(Health, await self._ask(_HEALTH))

    async def _ask(self, call: _Call) -> Any:
        try:
            response = await self._http.request(call.method, call.path, params=call.params, json=call.body)
        except httpx.TransportError as cause:
            raise _unreachable(self.socket, cause) from cause
        return _answer(response)
