"""A session on a console: a WebSocket to the daemon on one side, the person's terminal on the other."""

from __future__ import annotations

import asyncio
import contextlib
import os
import signal
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any, cast
from urllib.parse import quote

import aiohttp
import orjson

from daemon.client.asking import ANSWER_WITHIN, answer, unreachable
from daemon.display.plain import PlainText
from daemon.wire import ConsoleLine
from daemon.words import printable

LEAVE = b"\x1d"
"""Ctrl-], as in telnet."""
PIECE = 4096
OPENING = ANSWER_WITHIN + 10.0
"""Seconds for the whole way to the machine: the daemon itself gives up sooner and says why."""
PULSE = 30.0
SWITCHING = 101
_HINT = "The console of {name}. Ctrl-] leaves it."
_LEFT = ("left", "")
_BROKE = ("broken", "The connection to the daemon broke off: see whether it still runs.")

Ended = tuple[str, str]
"""How the session ended, as in ``wire.ConsoleEnd``, and the sentence about it."""


class _Handshake(aiohttp.ClientResponse):
    """The answer to the question for a WebSocket: one that is no WebSocket says why."""

    async def start(self, connection: Any) -> aiohttp.ClientResponse:
        await super().start(connection)
        if self.status != SWITCHING:
            answer(self.status, await self.text())
        return self


async def run(socket: Path, name: str, plain: bool, force: bool) -> Ended:
    """The whole session. Raises DaemonRefused, DaemonUnreachable."""
    connector = aiohttp.UnixConnector(str(socket))
    async with aiohttp.ClientSession(connector=connector, response_class=_Handshake) as session:
        line = await _opened(session, socket, name, force)
        try:
            return await (_read(line) if plain else _talk(line, name))
        finally:
            await line.close()


async def _opened(
    session: aiohttp.ClientSession, socket: Path, name: str, force: bool
) -> aiohttp.ClientWebSocketResponse:
    url = f"http://nxd/v1/nodes/{quote(name, safe='')}/console"
    try:
        async with asyncio.timeout(OPENING):
            return await session.ws_connect(url, params={"force": "1"} if force else {}, heartbeat=PULSE)
    except TimeoutError:
        raise unreachable(socket, "silent") from None
    except aiohttp.ClientConnectorError:
        raise unreachable(socket, "connect") from None
    except (aiohttp.ClientError, OSError):
        raise unreachable(socket, "broken") from None


async def _read(line: aiohttp.ClientWebSocketResponse) -> Ended:
    """Show what comes as plain text, until it ends or Ctrl-C."""
    text = PlainText()
    async for message in line:
        if message.type is aiohttp.WSMsgType.BINARY:
            sys.stdout.write(text.feed(message.data))
            sys.stdout.flush()
        elif (end := _told(message)) is not None:
            return end
    return _BROKE


async def _talk(line: aiohttp.ClientWebSocketResponse, name: str) -> Ended:
    """Bytes both ways until it ends or the person leaves."""
    with _raw_terminal():
        _remark(_HINT.format(name=name))
        tasks = [asyncio.create_task(_show(line)), asyncio.create_task(_type(line))]
        try:
            done, _ = await asyncio.wait(tasks, return_when=asyncio.FIRST_COMPLETED)
        finally:
            for task in tasks:
                task.cancel()
            await asyncio.gather(*tasks, return_exceptions=True)
    print(file=sys.stderr)
    return (tasks[0] if tasks[0] in done else tasks[1]).result()


async def _show(line: aiohttp.ClientWebSocketResponse) -> Ended:
    async for message in line:
        if message.type is aiohttp.WSMsgType.BINARY:
            try:
                _write(message.data)
            except OSError:  # the terminal was hung up
                return _LEFT
        elif (end := _told(message)) is not None:
            return end
    return _BROKE


async def _type(line: aiohttp.ClientWebSocketResponse) -> Ended:
    """Send what is typed, up to the key that leaves."""
    loop = asyncio.get_running_loop()
    keyboard = sys.stdin.fileno()
    while True:
        typed = asyncio.Event()
        loop.add_reader(keyboard, typed.set)
        try:
            await typed.wait()
        finally:
            loop.remove_reader(keyboard)
        try:
            keys, leaves, _ = os.read(keyboard, PIECE).partition(LEAVE)
        except OSError:  # the terminal was hung up
            return _LEFT
        if keys:
            try:
                await line.send_bytes(keys)
            except (ConnectionError, RuntimeError):
                return _BROKE
        if leaves or not keys:
            return _LEFT


def _told(message: aiohttp.WSMessage) -> Ended | None:
    """What the daemon says beside the bytes; how it ended, once it has."""
    if message.type is not aiohttp.WSMsgType.TEXT:
        return None
    said = cast(ConsoleLine, orjson.loads(message.data))
    if said["type"] == "ended":
        return str(said["end"]), printable(said["message"])
    if said["message"]:
        _remark(printable(said["message"]))
    return None


def _remark(text: str) -> None:
    """A sentence of ours, where it does not mix with what the machine says; on a raw terminal too."""
    print(text, end="\r\n" if sys.stderr.isatty() else "\n", file=sys.stderr, flush=True)


def _write(data: bytes) -> None:
    """All of it, to a terminal that may take it in pieces."""
    screen = sys.stdout.fileno()
    while data:
        data = data[os.write(screen, data) :]


@contextlib.contextmanager
def _raw_terminal() -> Iterator[None]:
    """Every key goes to the machine; the terminal is as it was afterwards, however this ends."""
    import termios
    import tty

    keyboard, loop = sys.stdin.fileno(), asyncio.get_running_loop()
    before = termios.tcgetattr(keyboard)
    task = asyncio.current_task()
    assert task is not None
    ends = (signal.SIGTERM, signal.SIGHUP)
    for number in ends:
        loop.add_signal_handler(number, task.cancel)
    try:
        tty.setraw(keyboard, termios.TCSADRAIN)
        yield
    finally:
        with contextlib.suppress(termios.error):  # whoever hung up has no terminal any more
            termios.tcsetattr(keyboard, termios.TCSADRAIN, before)
        for number in ends:
            loop.remove_signal_handler(number)
