"""A session on a console: a WebSocket to the daemon on one side, the person's terminal on the other."""

from __future__ import annotations

import asyncio
import contextlib
import os
import signal
import sys
from collections.abc import Iterator
from pathlib import Path

from daemon.client.console import ConsoleLink
from daemon.display.plain import PlainText
from daemon.wire import ConsoleLine
from daemon.words import printable

LEAVE = b"\x1d"
"""Ctrl-], as in telnet."""
PIECE = 4096
_HINT = "The console of {name}. Ctrl-] leaves it."
_LEFT = ("left", "")
_BROKE = ("broken", "The connection to the daemon broke off: see whether it still runs.")

Ended = tuple[str, str]
"""How the session ended, as in ``wire.ConsoleEnd``, and the sentence about it."""


async def run(socket: Path, name: str, plain: bool, force: bool) -> Ended:
    """The whole session. Raises DaemonRefused, DaemonUnreachable."""
    link = ConsoleLink(socket, name, force)
    await link.open()
    try:
        return await (_read(link) if plain else _talk(link, name))
    finally:
        await link.close()


async def _read(link: ConsoleLink) -> Ended:
    """Show what comes as plain text, until it ends or Ctrl-C."""
    text = PlainText()
    while (said := await link.receive()) is not None:
        if isinstance(said, bytes):
            sys.stdout.write(text.feed(said))
            sys.stdout.flush()
        elif (end := _told(said)) is not None:
            return end
    return _BROKE


async def _talk(link: ConsoleLink, name: str) -> Ended:
    """Bytes both ways until it ends or the person leaves."""
    with _raw_terminal():
        _remark(_HINT.format(name=name))
        tasks = [asyncio.create_task(_show(link)), asyncio.create_task(_type(link))]
        try:
            done, _ = await asyncio.wait(tasks, return_when=asyncio.FIRST_COMPLETED)
        finally:
            for task in tasks:
                task.cancel()
            await asyncio.gather(*tasks, return_exceptions=True)
    print(file=sys.stderr)
    return (tasks[0] if tasks[0] in done else tasks[1]).result()


async def _show(link: ConsoleLink) -> Ended:
    while (said := await link.receive()) is not None:
        if isinstance(said, bytes):
            try:
                _write(said)
            except OSError:  # the terminal was hung up
                return _LEFT
        elif (end := _told(said)) is not None:
            return end
    return _BROKE


async def _type(link: ConsoleLink) -> Ended:
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
        if keys and not await link.send(keys):
            return _BROKE
        if leaves or not keys:
            return _LEFT


def _told(said: ConsoleLine) -> Ended | None:
    """What the daemon says beside the bytes; how it ended, once it has."""
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
