"""The console of a server: the token for one session, and the session itself over a WebSocket."""

from __future__ import annotations

import asyncio
import contextlib

from aiohttp import WSMsgType, web

from daemon.sim.refusals import Refusal, conflict, not_found, token_invalid, token_missing
from daemon.sim.service.service import Reply, ServiceCall, Upgrade
from daemon.sim.world.consoles import ConsoleGrant, SerialConsole
from daemon.sim.world.objects import Server
from daemon.sim.world.world import World

TOKEN_SECONDS = 180.0
IDLE_SECONDS, LONGEST_SECONDS = 600.0, 3600.0
"""How long a session may be idle, and how long it may last whatever happens."""
MOST_KEYS = 64 * 1024
"""Bytes that one message may have."""
TAKEN_OVER = 4001
"""The code with which a session ends that somebody else took over; a guess."""
SWITCHING = 101


def console_token(call: ServiceCall) -> Reply:
    """A token for one session on the console, good for three minutes."""
    world, key = call.world, call.path["server_id"]
    server = world.find(Server, key)
    if server is None:
        raise not_found("bare metal server", key)
    if server.status not in ("stopped", "starting", "running"):
        raise conflict(f"The console of a server that is {server.status} cannot be opened.")
    now = world.clock.now()
    token, kind, force = world.plain_id(), call.body["console_type"], call.body.get("force", False)
    world.consoles.grants[token] = ConsoleGrant(server.id, kind, force, now + TOKEN_SECONDS)
    href = f"{world.places.vpc.replace('http', 'ws', 1)}/bare_metal_servers/{server.id}/console"
    return Reply(
        200,
        {
            "access_token": token,
            "console_type": kind,
            "created_at": world.stamp(now),
            "expires_at": world.stamp(now + TOKEN_SECONDS),
            "force": force,
            "href": f"{href}?access_token={token}",
        },
    )


async def _admit(request: web.Request, world: World) -> Reply:
    """Let in whoever brings a token of this server that nobody has used and that has not expired."""
    token = request.query.get("access_token")
    if token is None:
        raise token_missing()
    grant = world.consoles.grants.pop(token, None)
    server = world.find(Server, request.match_info["server_id"])
    if grant is None or server is None or grant.server != server.id or grant.until < world.clock.now():
        raise token_invalid()
    if grant.kind != "serial":
        raise Refusal(501, "no_such_route", "The simulated vpc service has no VNC console.")
    if request.headers.get("Upgrade", "").lower() != "websocket":
        raise Refusal(400, "bad_request", "The console is a WebSocket.")
    if not grant.force and _open_session(world, server.id) is not None:
        raise conflict("There is an open session on the console.")
    return Reply(SWITCHING)


def _open_session(world: World, server: str) -> asyncio.Future[str] | None:
    found = world.consoles.sessions.get(server)
    return None if found is None or found.done() else found


async def _session(request: web.Request, world: World) -> web.StreamResponse:
    """Bytes both ways until somebody ends it."""
    key = request.match_info["server_id"]
    if (other := _open_session(world, key)) is not None:
        other.set_result("another session was opened by force")
    over = world.consoles.sessions[key] = asyncio.get_running_loop().create_future()
    socket = web.WebSocketResponse(max_msg_size=MOST_KEYS + 1)
    try:
        await socket.prepare(request)
        server = world.get(Server, key)
        screen = world.hardware.console(server) if world.hardware is not None else None
        lines: asyncio.Queue[str] = asyncio.Queue() if screen is None else screen.listen()
        line = _Line(socket, world, lines, server, screen)
        tasks = [asyncio.create_task(one) for one in (line.speak(), line.listen(), line.lapse())]
        try:
            await asyncio.wait((*tasks, over), return_when=asyncio.FIRST_COMPLETED)
        finally:
            if screen is not None:
                screen.leave(lines)
            for task in tasks:
                task.cancel()
            await asyncio.gather(*tasks, return_exceptions=True)
        if over.done():
            await socket.close(code=TAKEN_OVER, message=over.result().encode())
        else:
            await socket.close(message=line.reason.encode())
    finally:
        over.cancel()
        if world.consoles.sessions.get(key) is over:
            del world.consoles.sessions[key]
    return socket


class _Line:
    """One session: what the machine says goes out, and keys go to a machine that stands elsewhere; a simulated one
    echoes them, and Enter asks a tiny prompt."""

    def __init__(
        self,
        socket: web.WebSocketResponse,
        world: World,
        lines: asyncio.Queue[str],
        server: Server,
        screen: SerialConsole | None,
    ) -> None:
        self._screen = screen
        self._socket, self._world, self._lines, self._server = socket, world, lines, server
        self._used = world.clock.now()
        self.reason = ""

    async def speak(self) -> None:
        while True:
            text = await self._lines.get()
            await self._send(f"{text}\r\n".encode())

    async def listen(self) -> None:
        async for message in self._socket:
            if message.type is not WSMsgType.BINARY:
                self.reason = "only binary messages are taken"
                return
            if self._screen is not None and self._screen.type_to is not None:
                self._used = self._world.clock.now()
                self._screen.type_to(message.data)
                continue
            for key in message.data.split(b"\r")[:-1]:
                await self._send(key + f"\r\n{self._server.name}: {self._server.status}\r\n# ".encode())
            await self._send(message.data.rpartition(b"\r")[2])

    async def lapse(self) -> None:
        """Ends when the session was idle for too long, has lasted too long, or its server is gone."""
        end = self._world.clock.now() + LONGEST_SECONDS
        while True:
            await self._world.clock.sleep(5.0)
            now = self._world.clock.now()
            if self._world.find(Server, self._server.id) is None:
                self.reason = "the server is gone"
            elif now >= end:
                self.reason = "the session lasted for 60 minutes"
            elif now >= self._used + IDLE_SECONDS:
                self.reason = "the session was idle for 10 minutes"
            if self.reason:
                return

    async def _send(self, data: bytes) -> None:
        if data:
            self._used = self._world.clock.now()
            with contextlib.suppress(ConnectionError):
                await self._socket.send_bytes(data)


CONSOLE = Upgrade("/bare_metal_servers/{server_id}/console", _admit, _session)
"""The one address of the VPC API that is a WebSocket."""
