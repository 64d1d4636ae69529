"""How to speak to Prism Element on a CVM: HTTPS to port 9440 with a certificate pinned at first contact.

Every method raises OutsideError. Paths and bodies: the v1 and v2.0 REST API, and for creating a cluster the
contract of the requirement (``POST …/v2.0/clusters``), which names its members under ``nodes``.
"""

from __future__ import annotations

import asyncio
import ssl
from base64 import b64encode
from collections import OrderedDict
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass
from functools import cache
from typing import Any

import orjson

from daemon.drivers.answers import evidence as evidence_of
from daemon.drivers.answers import is_page, reason, retry_after
from daemon.drivers.call_log import logged, told
from daemon.drivers.http import AnswerLost, Line, NotDelivered, OtherCertificate, Response, only
from daemon.errors.tree import OutsideError

Json = dict[str, Any]
BASE = "/PrismGateway/services/rest"
PASSWORD = "/v1/utils/change_default_system_password"
KEPT = 64
"""To so many CVMs a connection is kept."""
PATIENCE = 60.0
"""Real seconds after which any call counts as lost; most have a shorter limit of their own."""


@dataclass(frozen=True, slots=True)
class Credentials:
    """A user and a password, which never shows in a log."""

    user: str
    password: str

    def __repr__(self) -> str:
        return f"Login({self.user!r}, ***)"


async def fetch_certificate(address: str, port: int, seconds: float) -> str:
    """The certificate a CVM shows, in PEM, before anything secret is sent; in real seconds."""
    url = f"tls://{address}:{port}/"
    with logged("prism", "certificate", address, quiet="unreachable"), told("TLS", url):
        return await _fetched_certificate(address, port, seconds)


async def _fetched_certificate(address: str, port: int, seconds: float) -> str:
    try:
        async with asyncio.timeout(seconds):
            _, writer = await asyncio.open_connection(address, port, ssl=_unpinned())
    except (OSError, TimeoutError) as error:
        raise OutsideError(
            "unreachable", f"{address}:{port} does not answer yet.", evidence=reason(error)
        ) from error
    try:
        shown = writer.get_extra_info("ssl_object").getpeercert(binary_form=True)
        return ssl.DER_cert_to_PEM_cert(shown)
    finally:
        writer.transport.abort()


@cache
def _unpinned() -> ssl.SSLContext:
    """Take any certificate, to see which one is shown."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    context.check_hostname = False
    context.verify_mode = ssl.CERT_NONE
    return context


class Connections:
    """The connections to the CVMs that were asked last: a handshake costs more than an answer."""

    def __init__(self) -> None:
        self._idle: OrderedDict[tuple[str, str], Line] = OrderedDict()

    @asynccontextmanager
    async def to(self, url: str, certificate: str, anew: bool) -> AsyncIterator[Line]:
        """A line for this block alone, kept afterwards unless the block raises; ``anew``: with no connection yet."""
        kept = None if anew else self._idle.pop((url, certificate), None)
        line = kept or Line(1, only(certificate))
        try:
            yield line
        except BaseException:
            await line.close()
            raise
        before = self._idle.pop((url, certificate), None)
        self._idle[url, certificate] = line
        if before is not None:
            await before.close()
        while len(self._idle) > KEPT:
            _, oldest = self._idle.popitem(last=False)
            await oldest.close()

    def kept(self, url: str, certificate: str) -> bool:
        """Whether a connection to this CVM was kept."""
        return (url, certificate) in self._idle

    async def close(self) -> None:
        """Close all of them."""
        while self._idle:
            _, line = self._idle.popitem()
            await line.close()


class Prism:
    """One CVM, or the cluster's own address, with its pinned certificate (PEM) and a login."""

    def __init__(
        self, address: str, port: int, certificate: str, login: Credentials, connections: Connections
    ) -> None:
        self.address = address
        self._url = f"https://{address}:{port}{BASE}"
        self._certificate = certificate
        self._login = login
        self._connections = connections

    async def _ask(
        self, method: str, path: str, seconds: float, body: object = None, makes: bool = False
    ) -> Any:
        """The answer's JSON. ``makes``: a refusal because of what is there means that it exists already."""
        with logged("prism", f"{method} {path}", self.address, private=path == PASSWORD):
            return await self._answer(method, path, seconds, body, makes)

    async def _answer(self, method: str, path: str, seconds: float, body: object, makes: bool) -> Any:
        what = f"{method} {path} on {self.address}"
        try:
            answer = await self._sent(method, path, min(seconds, PATIENCE), body)
        except OtherCertificate as error:
            raise OutsideError(
                "pin_changed", f"{what}: another certificate.", evidence=reason(error)
            ) from error
        except NotDelivered as error:
            raise OutsideError("unreachable", f"{what}: no connection.", evidence=reason(error)) from error
        except AnswerLost as error:
            raise OutsideError("in_doubt", f"{what}: the answer was lost.", evidence=reason(error)) from error
        return _understood(answer, what, makes)

    async def _sent(self, method: str, path: str, seconds: float, body: object) -> Response:
        """The answer. What changes something goes over a connection of its own, and so does a question that met the
        end of one that was kept: for those it is known whether they were delivered. Raises NotDelivered, AnswerLost."""
        login = b64encode(f"{self._login.user}:{self._login.password}".encode()).decode()
        headers = {"Authorization": f"Basic {login}", "Accept": "application/json"}
        content = None
        if body is not None:
            content = orjson.dumps(body)
            headers["Content-Type"] = "application/json"

        async def send(anew: bool) -> Response:
            async with self._connections.to(self._url, self._certificate, anew) as line:
                return await line.ask(method, self._url + path, headers, content, seconds, seconds)

        if method != "GET" or not self._connections.kept(self._url, self._certificate):
            return await send(anew=True)
        try:
            return await send(anew=False)
        except AnswerLost as error:
            if isinstance(error.__cause__, TimeoutError):
                raise
            return await send(anew=True)

    async def ready(self) -> Json:
        """What the CVM says of itself: `GET v1/cluster`, 5 seconds."""
        found: Json = await self._ask("GET", "/v1/cluster", 5)
        return found

    async def cluster(self) -> Json:
        """The cluster the CVM belongs to: `GET v2.0/cluster`, 10 seconds."""
        found: Json = await self._ask("GET", "/v2.0/cluster", 10)
        return found

    async def create_cluster(
        self,
        name: str,
        external_ip: str,
        redundancy_factor: int,
        timezone: str,
        nodes: Sequence[Json],
    ) -> Json:
        """Form a cluster of the CVMs named in ``nodes``: `POST v2.0/clusters`, 30 seconds."""
        body = {
            "name": name,
            "external_ip": external_ip,
            "redundancy_factor": redundancy_factor,
            "cluster_functions": ["AOS"],
            "timezone": timezone,
            "nodes": list(nodes),
        }
        made: Json = await self._ask("POST", "/v2.0/clusters", 30, body, makes=True)
        return made

    async def hosts(self) -> list[Json]:
        """Every host of the cluster: `GET v2.0/hosts`."""
        found: list[Json] = (await self._ask("GET", "/v2.0/hosts", 10))["entities"]
        return found

    async def host(self, uuid: str) -> Json | None:
        """One host of the cluster, None if it is none: `GET v2.0/hosts/{uuid}`."""
        try:
            found: Json = await self._ask("GET", f"/v2.0/hosts/{uuid}", 10)
        except OutsideError as error:
            if error.status == 404 and error.code != "unavailable":
                return None
            raise
        return found

    async def expand(self, nodes: Sequence[Json]) -> None:
        """Take the CVMs named in ``nodes`` into the cluster: `POST v2.0/cluster/expand` (our contract with the
        simulator: no public document shows how Prism Element does it)."""
        await self._ask("POST", "/v2.0/cluster/expand", 60, {"nodes": list(nodes)}, makes=True)

    async def remove_host(self, uuid: str) -> None:
        """Let a host leave the cluster, after its data: `DELETE v2.0/hosts/{uuid}` (see ``expand``)."""
        try:
            await self._ask("DELETE", f"/v2.0/hosts/{uuid}", 60)
        except OutsideError as error:
            if error.status != 404:  # whether it is gone, only a look at it proves
                raise

    async def change_password(self, old: str, new: str) -> None:
        """Replace the factory password: `POST v1/utils/change_default_system_password`."""
        body = {"oldPassword": old, "newPassword": new}
        await self._ask("POST", PASSWORD, 60, body)

    async def rename(self, name: str) -> None:
        """Set the cluster's name: `PATCH v1/cluster`."""
        await self._ask("PATCH", "/v1/cluster", 30, {"name": name})

    async def add_name_servers(self, addresses: Sequence[str]) -> None:
        """Add DNS servers: `POST v1/cluster/name_servers/add_list`."""
        await self._ask("POST", "/v1/cluster/name_servers/add_list", 30, list(addresses))

    async def add_ntp_servers(self, names: Sequence[str]) -> None:
        """Add NTP servers: `POST v1/cluster/ntp_servers/add_list`."""
        await self._ask("POST", "/v1/cluster/ntp_servers/add_list", 30, list(names))


def _understood(answer: Response, what: str, makes: bool) -> Any:
    """The answer's JSON. Raises OutsideError with the body verbatim for anything but a 2xx."""
    status, evidence = answer.status, evidence_of(answer.status, answer.text)
    if status == 401:
        raise OutsideError(
            "authentication", f"{what}: the password was refused.", evidence=evidence, status=status
        )
    if makes and (status == 409 or (status == 422 and "already" in answer.text)):
        raise OutsideError("name_taken", f"{what}: refused as existing.", evidence=evidence, status=status)
    if status == 409:
        raise OutsideError("conflict", f"{what}: refused as it stands.", evidence=evidence, status=status)
    if status == 429:
        after = retry_after(answer.headers)
        raise OutsideError(
            "rate_limited", f"{what}: too many requests.", evidence=evidence, after=after, status=status
        )
    if status >= 500 or (
        status == 404 and is_page(answer.text)
    ):  # while it starts, it has not even its paths
        raise OutsideError("unavailable", f"{what}: the service failed.", evidence=evidence, status=status)
    if status >= 300:
        raise OutsideError("bad_request", f"{what}: refused.", evidence=evidence, status=status)
    if not answer.content:
        return {}
    try:
        return orjson.loads(answer.content)
    except ValueError as error:
        raise OutsideError("malformed", f"{what}: not JSON.", evidence=evidence, status=status) from error
