"""The listening port of each service: it can refuse connections for a while, as if nothing ran there."""

from __future__ import annotations

import asyncio
import socket
from collections.abc import Callable
from dataclasses import dataclass

from aiohttp import web

from daemon.sim.world.world import World


@dataclass
class _Port:
    runner: web.AppRunner
    address: tuple[str, int]
    listener: asyncio.Server | None


class ServicePorts:
    """Every service's port, by name; it is the ``Ports`` of the world."""

    def __init__(self, world: World, shut_prism: Callable[[str, float], None]) -> None:
        self._world = world
        self._shut_prism = shut_prism
        self._ports: dict[str, _Port] = {}

    async def open(self, name: str, app: web.Application, bound: socket.socket) -> None:
        """Answer at a socket that is bound already."""
        runner = web.AppRunner(app, access_log=None, shutdown_timeout=1.0)
        await runner.setup()
        # Later, while old connections linger, the port is bound again.
        bound.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        port = _Port(runner, bound.getsockname()[:2], None)
        self._ports[name] = port
        assert runner.server is not None
        port.listener = await asyncio.get_running_loop().create_server(runner.server, sock=bound, backlog=512)

    async def close(self) -> None:
        """Answer no longer; every connection is ended."""
        for port in self._ports.values():
            if port.listener is not None:
                port.listener.close()
            await port.runner.cleanup()

    def shut(self, service: str, address: str, seconds: float) -> None:
        """Refuse connections to a service, and end those it has, for a while (virtual seconds)."""
        if service == "prism":
            self._shut_prism(address, seconds)
        port = self._ports.get(service)
        if port is None or port.listener is None:
            return
        port.listener.close()
        port.listener = None
        if port.runner.server is not None:
            for connection in port.runner.server.connections:
                if connection.transport is not None:
                    connection.transport.abort()
        self._world.spawn(self._reopen(port, seconds), f"port of {service}")

    async def _reopen(self, port: _Port, seconds: float) -> None:
        await self._world.clock.sleep(seconds)
        if port.runner.server is not None:
            port.listener = await asyncio.get_running_loop().create_server(
                port.runner.server, *port.address, backlog=512, reuse_address=True
            )
