"""The ports of the CVMs: Prism on 9440, Foundation on 8000 and SSH, the same behind every address."""

from __future__ import annotations

import asyncio
import base64
import binascii
import json
import socket
import ssl
from collections.abc import Awaitable, Callable
from contextlib import suppress
from typing import TYPE_CHECKING, Any, Protocol

from aiohttp import hdrs, web

from daemon.sim.nutanix import foundation
from daemon.sim.nutanix.certificates import Certificate
from daemon.sim.nutanix.cvm import REAL, Cvm
from daemon.sim.nutanix.fleet import NutanixFleet
from daemon.sim.nutanix.prism import BASE, PASSWORD_PATH, ROUTES, PrismCall, PrismHandler, no_route
from daemon.sim.refusals import Refusal, bad_request, foundation_envelope, prism_envelope
from daemon.sim.service.service import Reply, respond
from daemon.sim.world.world import World

if TYPE_CHECKING:
    from daemon.sim.ssh.sshd import Sshd

PRISM_PORT = 9440
FOUNDATION_PORT = 8000
USER = "admin"

_UNAUTHORIZED = "<html><head><title>Unauthorized</title></head><body>401 Unauthorized</body></html>"
_STARTING = "<html><head><title>502 Bad Gateway</title></head><body>502 Bad Gateway</body></html>"


class Listener(Protocol):
    """What listens on a port until it is closed."""

    def close(self) -> None:
        """Take no more connections."""


class _AbortingPort:
    """A port on which every connection is closed as soon as it is made."""

    def __init__(self, address: str, port: int) -> None:
        self._socket = socket.create_server((address, port))
        self._socket.setblocking(False)
        asyncio.get_running_loop().add_reader(self._socket, self._slam)

    def _slam(self) -> None:
        with suppress(OSError):  # whoever it was may have gone
            self._socket.accept()[0].close()

    def close(self) -> None:
        asyncio.get_running_loop().remove_reader(self._socket)
        self._socket.close()


Web = Callable[[web.Request], Awaitable[web.StreamResponse]]


class CvmPorts:
    """Opens and closes the ports of every address; it is what the network sees of the fleet."""

    def __init__(self, world: World, fleet: NutanixFleet, ssh_port: int) -> None:
        self._world = world
        self._fleet = fleet
        self._ssh_port = ssh_port
        self._shells: Sshd | None = None
        self._listeners: dict[tuple[str, int], Listener] = {}
        app = web.Application()
        for method, path, handler, lasts in ROUTES:
            app.router.add_route(method, BASE + path, self._prism(path, handler, lasts))
        app.router.add_route("*", "/{anything:.*}", self._prism("", no_route, "prism.read"))
        other = web.Application()
        for method, path, work in foundation.ROUTES:
            other.router.add_route(method, foundation.BASE + path, self._foundation(path, work))
        other.router.add_route("*", "/{anything:.*}", self._foundation("", foundation.nothing_here))
        self._runners = {
            PRISM_PORT: web.AppRunner(app, access_log=None, shutdown_timeout=1.0),
            FOUNDATION_PORT: web.AppRunner(other, access_log=None, shutdown_timeout=1.0),
        }

    async def start(self) -> None:
        for runner in self._runners.values():
            await runner.setup()

    async def close(self) -> None:
        for address, port in list(self._listeners):
            self._close(address, port)
        for runner in self._runners.values():
            await runner.cleanup()
        if self._shells is not None:
            await self._shells.end()

    def open_shell(self, cvm: Cvm) -> str | None:
        """SSH is loaded when the first CVM wants it."""
        if self._shells is None:
            from daemon.sim.ssh.sshd import Sshd

            self._shells = Sshd(self._world, self._fleet, self._ssh_port)
        return self._shells.open(cvm)

    def close_shell(self, address: str) -> None:
        if self._shells is not None:
            self._shells.close(address)

    async def open_prism(self, address: str, certificate: Certificate) -> str | None:
        return await self._open(address, PRISM_PORT, certificate.context)

    async def open_broken_prism(self, address: str) -> str | None:
        """Take connections, and end each of them in the middle of its TLS handshake."""
        try:
            self._listeners[address, PRISM_PORT] = _AbortingPort(address, PRISM_PORT)
        except OSError as error:
            return f"{address}:{PRISM_PORT} cannot be bound ({error.strerror})"
        return None

    def close_prism(self, address: str) -> None:
        self._close(address, PRISM_PORT)

    def shut(self, address: str, seconds: float) -> None:
        """Refuse connections to Prism at a CVM's address for a while (virtual seconds)."""
        cvm = self._fleet.cvms.get(address)
        if cvm is not None and (address, PRISM_PORT) in self._listeners:
            self._close(address, PRISM_PORT)
            self._world.spawn(self._reopen(cvm, seconds), f"port of {address}")

    async def _reopen(self, cvm: Cvm, seconds: float) -> None:
        await self._world.clock.sleep(seconds)
        there = self._fleet.cvms.get(cvm.address) is cvm and (cvm.address, PRISM_PORT) not in self._listeners
        if there and cvm.certificate is not None:
            await self.open_prism(cvm.address, cvm.certificate)

    async def open_foundation(self, address: str) -> str | None:
        return await self._open(address, FOUNDATION_PORT, None)

    def close_foundation(self, address: str) -> None:
        self._close(address, FOUNDATION_PORT)

    async def _open(self, address: str, port: int, context: ssl.SSLContext | None) -> str | None:
        server = self._runners[port].server
        if server is None:
            return "the simulated world is closed"
        try:
            listener = await asyncio.get_running_loop().create_server(
                server, address, port, ssl=context, backlog=128
            )
        except OSError as error:
            return f"{address}:{port} cannot be bound ({error.strerror})"
        self._listeners[address, port] = listener
        return None

    def _close(self, address: str, port: int) -> None:
        listener = self._listeners.pop((address, port), None)
        server = self._runners[port].server
        if listener is None or server is None:
            return
        listener.close()
        for connection in server.connections:
            transport = connection.transport
            # A TLS connection that is just ending has no address any more.
            if transport is not None and (transport.get_extra_info("sockname") or ("",))[0] == address:
                transport.abort()

    def _prism(self, path: str, handler: PrismHandler, lasts: str) -> Web:
        async def handle(request: web.Request) -> web.StreamResponse:
            text = await request.text()
            cvm = self._cvm_at(request)
            received, number = self._world.clock.now(), self._world.journal.last + 1

            async def answer() -> Reply:
                if cvm is None:
                    raise Refusal(503, "", "The service is shutting down.")
                cluster = cvm.cluster
                if cvm.personality == REAL and (cluster is None or cluster.status != "UP"):
                    return Reply(502, html=_STARTING)
                open_to_all = path == PASSWORD_PATH and hdrs.AUTHORIZATION not in request.headers
                if not open_to_all and not self._authorized(request, cvm):
                    return Reply(401, html=_UNAUTHORIZED)
                body = _body(request, text)
                await self._world.take(lasts)
                where, query = dict(request.match_info), dict(request.query)
                return handler(PrismCall(self._world, self._fleet, cvm, where, query, body, received, number))

            names = _names(cvm, text)
            return await respond(
                "prism", prism_envelope, self._world, request, BASE + path, text, answer, names
            )

        return handle

    def _foundation(self, path: str, work: foundation.Work) -> Web:
        async def handle(request: web.Request) -> web.StreamResponse:
            text = await request.text()
            cvm = self._cvm_at(request)

            async def answer() -> Reply:
                if cvm is None:
                    raise Refusal(500, "", "Foundation is shutting down.")
                body = _body(request, text)
                await self._world.take("foundation.request")
                return work(
                    foundation.FoundationCall(self._world, self._fleet, cvm, dict(request.query), body)
                )

            template, names = foundation.BASE + path, _names(cvm, text)
            return await respond(
                "foundation", foundation_envelope, self._world, request, template, text, answer, names
            )

        return handle

    def _cvm_at(self, request: web.Request) -> Cvm | None:
        """The CVM that answers at the address the request came to: that one, or any member behind a VIP."""
        transport = request.transport
        address = ((transport and transport.get_extra_info("sockname")) or ("",))[0]
        cvm = self._fleet.cvms.get(address)
        if cvm is not None:
            return cvm
        for cluster in self._fleet.clusters.values():
            if cluster.external_ip == address and cluster.vip_open:
                return next((member for member in cluster.members if member.up), None)
        return None

    def _authorized(self, request: web.Request, cvm: Cvm) -> bool:
        scheme, _, encoded = request.headers.get(hdrs.AUTHORIZATION, "").partition(" ")
        if scheme.lower() != "basic":
            return False
        try:
            user, _, password = base64.b64decode(encoded).decode().partition(":")
        except (ValueError, binascii.Error):
            return False
        return user == USER and self._fleet.accepts(cvm, password)


def _names(cvm: Cvm | None, text: str) -> list[str]:
    """Whom a request is about: the cluster that its body names, the CVM's own, and its node."""
    body = _decoded(text)
    named = body.get("name") if isinstance(body, dict) else None
    names = [named] if isinstance(named, str) else []
    if cvm is not None:
        names += [cvm.cluster.name] if cvm.cluster is not None else [cvm.cluster_name]
        names.append(cvm.node)
    return names


def _decoded(text: str) -> Any:
    try:
        return json.loads(text)
    except ValueError:
        return None


def _body(request: web.Request, text: str) -> Any:
    if request.method in ("GET", "DELETE"):
        return None
    body = _decoded(text)
    if body is None:
        raise bad_request("The body is not valid JSON.")
    return body
