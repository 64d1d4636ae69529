"""Carries the console of a node over a WebSocket: bytes as binary messages, what there is to say as JSON texts."""

from __future__ import annotations

import asyncio
import contextlib
from weakref import WeakSet

import orjson
from aiohttp import WSMsgType, web

from daemon.requests.consoles import Consoles, ConsoleSession
from daemon.secrets.box import SecretBox
from daemon.wire import ConsoleEnd, ConsoleLine
from state_machines.record import Record

LONGEST_KEYS = 64 * 1024
"""Bytes of one message of a person: what is pasted comes in several."""
READING = 30.0
"""Real seconds that a person's terminal may take for what the machine said, before the session ends."""
GOODBYE = 2.0
"""Real seconds within which the person's end takes the last word."""
PULSE = 20.0
"""Real seconds between two pings; a person's end that answers none is gone."""
LEFT, SLOW, ENDED = "left", "slow", "ended"

_STOPPING = "The daemon stops: open the console again once it runs."
_SLOW = f"Your terminal took nothing for {READING:g} s, and what the machine says is not kept: open it again."


class ConsoleSockets:
    """The WebSockets of everybody who has a console open."""

    def __init__(self, consoles: Consoles, box: SecretBox) -> None:
        self._consoles = consoles
        self._box = box
        self._open: WeakSet[asyncio.Future[str]] = WeakSet()

    def close(self) -> None:
        """Tell everybody that the daemon stops."""
        for stopped in list(self._open):
            if not stopped.done():
                stopped.set_result(_STOPPING)

    async def serve(
        self, request: web.Request, record: Record, actor: str, force: bool
    ) -> web.StreamResponse:
        """The whole session. Raises NxdError before it begins."""
        socket = web.WebSocketResponse(max_msg_size=LONGEST_KEYS + 1, heartbeat=PULSE, compress=False)
        if not socket.can_prepare(request).ok:
            raise web.HTTPUpgradeRequired(reason="The console is a WebSocket")
        async with self._consoles.session(record, actor, force) as session:
            stopped: asyncio.Future[str] = asyncio.get_running_loop().create_future()
            self._open.add(stopped)
            await socket.prepare(request)
            await self._say(socket, {"type": "opened", "message": session.console.note, "end": None})
            end, message = await _carry(socket, session, stopped)
            with contextlib.suppress(ConnectionError, TimeoutError, RuntimeError):
                async with asyncio.timeout(GOODBYE):
                    await self._say(socket, {"type": "ended", "message": message, "end": end})
                    await socket.close()
        return socket

    async def _say(self, socket: web.WebSocketResponse, line: ConsoleLine) -> None:
        with contextlib.suppress(ConnectionError):
            await socket.send_str(orjson.dumps(self._box.known.value(line)).decode())


async def _carry(
    socket: web.WebSocketResponse, session: ConsoleSession, stopped: asyncio.Future[str]
) -> tuple[ConsoleEnd, str]:
    """Bytes both ways until one side ends it; how it ended, and the sentence for the person."""
    to_person = asyncio.create_task(_to_person(socket, session))
    to_machine = asyncio.create_task(_to_machine(socket, session))
    waited: set[asyncio.Future[str]] = {to_person, to_machine, session.taken, stopped}
    try:
        done, _ = await asyncio.wait(waited, return_when=asyncio.FIRST_COMPLETED)
    finally:
        to_person.cancel()
        to_machine.cancel()
        await asyncio.gather(to_person, to_machine, return_exceptions=True)
    if session.taken in done:
        return "taken_over", session.taken.result()
    if stopped in done:
        return "stopped", stopped.result()
    ends = [one.result() for one in (to_machine, to_person) if one in done]
    if LEFT in ends:
        return "left", ""
    if SLOW in ends:
        return "slow", _SLOW
    said = session.console.ended
    return "ended", f"The other side ended the session{f': {said}' if said else ''}."


async def _to_person(socket: web.WebSocketResponse, session: ConsoleSession) -> str:
    """What the machine says; nothing of it waits here but the piece that is being sent."""
    while (data := await session.console.receive()) is not None:
        session.received += len(data)
        try:
            async with asyncio.timeout(READING):
                await socket.send_bytes(data)
        except TimeoutError:
            return SLOW
        except ConnectionError:
            return LEFT
    return ENDED


async def _to_machine(socket: web.WebSocketResponse, session: ConsoleSession) -> str:
    """The keys that a person presses; what is no key is passed over."""
    async for message in socket:
        if message.type is WSMsgType.BINARY:
            try:
                await session.console.send(message.data)
            except ConnectionError:
                return ENDED
            session.sent += len(message.data)
    return LEFT
