"""Opens the daemon's ports: two TCP ports for machines, within limits that leave room for the Unix socket of its
people."""

from __future__ import annotations

import asyncio
import contextlib
import errno
import logging
import os
import resource
import socket
import ssl
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from contextlib import asynccontextmanager
from pathlib import Path

from aiohttp import web

from daemon.clock import Clock
from daemon.disks import read_within
from daemon.errors.tree import StartError
from daemon.spec.hosts import HostPort
from pxe.app import app_runner, protocol_log
from pxe.connections import ConnectionLimiter, Nonsense, SocketSite
from pxe.handshakes import machines_site

log = logging.getLogger("nxd")

LOOKUP_SECONDS = 10.0
"""How long the name in a setting may take to be looked up."""
SOCKET_SECONDS = 1.0
"""Real seconds between two looks at whether the Unix socket is still there."""
KEPT_FILES = 256
"""File descriptors that strangers leave to the daemon itself: the socket, the database, the calls to the cloud."""
FILES_PER_VISIT = 3
"""A connection, the image that is sent over it, and the thread's own hold on the connection."""
Port = Sequence[socket.socket]
"""A TCP port that is open, by its sockets: one for each address of its host."""
_WRONG = (errno.EACCES, errno.EPERM, errno.EAFNOSUPPORT)
"""Why a port cannot be opened today and tomorrow neither; anything else may pass."""


def connection_limiter(at_once: int, per_source: int) -> ConnectionLimiter:
    """Keeps the ports for strangers, after the daemon has taken as many file descriptors as it may have."""
    files = _as_many_files_as_may_be()
    room = max(1, (files - KEPT_FILES) // FILES_PER_VISIT)
    if room < at_once:
        log.warning("few_files", extra={"files": files, "connections": room, "wanted": at_once})
    return ConnectionLimiter(min(at_once, room), per_source)


def _as_many_files_as_may_be() -> int:
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    with contextlib.suppress(OSError, ValueError):
        resource.setrlimit(resource.RLIMIT_NOFILE, (hard, hard))
        soft = hard
    return soft if soft != resource.RLIM_INFINITY else 1 << 20


@asynccontextmanager
async def listening(
    app: web.Application,
    port: Port,
    limiter: ConnectionLimiter,
    shown: ssl.SSLContext | None = None,
) -> AsyncIterator[None]:
    """Serve an application to strangers on a port that was opened, over TLS with the certificate that is ``shown``."""
    runner = app_runner(app, limiter.patience)
    await runner.setup()
    try:
        for one in port:
            await machines_site(runner, one, limiter, shown).start()
        yield
    finally:
        await runner.cleanup()


@asynccontextmanager
async def opened(at: HostPort, setting: str, lookup_seconds: float = LOOKUP_SECONDS) -> AsyncIterator[Port]:
    """Open a TCP port: nobody else can have it from here on, and who comes waits until it is served. Raises
    StartError."""
    with contextlib.ExitStack() as held:
        try:
            port = [
                held.enter_context(
                    socket.create_server(
                        (host, at.port), family=socket.AF_INET6 if ":" in host else socket.AF_INET
                    )
                )
                for host in await _addresses(at, lookup_seconds)
            ]
        except OSError as error:  # a TimeoutError is one too
            raise _closed(error, at, setting) from error
        yield port


async def _addresses(at: HostPort, seconds: float) -> Sequence[str]:
    """The addresses of a host, which may be given by its name. Raises OSError, TimeoutError when nobody tells them."""

    def look_up() -> Sequence[str]:
        found = socket.getaddrinfo(at.host, at.port, type=socket.SOCK_STREAM, flags=socket.AI_PASSIVE)
        return list(dict.fromkeys(str(address[0]) for *_, address in found))

    return await read_within(seconds, at, look_up)


def _closed(error: OSError, at: HostPort, setting: str) -> StartError:
    remedy = f"or change {setting} in the settings."
    if isinstance(error, TimeoutError):
        said = f"the name {at.host} cannot be looked up: no name server answers in time. Mend that, {remedy}"
    elif error.errno == errno.EADDRINUSE:
        said = (
            f"the port is in use. End whatever uses it (`ss -ltnp 'sport = :{at.port}'` names it), {remedy}"
        )
    elif error.errno == errno.EADDRNOTAVAIL:
        said = f"this host has no address {at.host} (yet). Give it to an interface, {remedy}"
    elif error.errno in (errno.EACCES, errno.EPERM):
        said = f"{error.strerror}. Ports below 1024 are for root: change {setting} in the settings."
    elif isinstance(error, socket.gaierror):
        said = f"{at.host} is no address, and no name that this host can look up (now). Make it one, {remedy}"
    else:
        said = f"{error.strerror}. Mend that, {remedy}"
    return StartError(f"Cannot listen on {at}: {said}", passing=error.errno not in _WRONG)


@asynccontextmanager
async def on_socket(
    app: web.Application, path: Path, nonsense: Nonsense, clock: Clock
) -> AsyncIterator[None]:
    """Serve the API on the Unix socket, for its owner and group; one that somebody removes is made anew. Raises
    StartError."""
    runner = web.AppRunner(app, access_log=None, logger=protocol_log, shutdown_timeout=1.0)
    await runner.setup()

    async def listen() -> None:
        await SocketSite(runner, str(path), nonsense).start()
        os.chmod(path, 0o660)

    try:
        make_way(path)
        try:
            await listen()
        except OSError as error:
            raise StartError(
                f"Cannot listen on the socket {path} ({error.strerror}): "
                "make its directory writable, or change socket in the settings.",
                passing=error.errno not in _WRONG,
            ) from error
        watch = asyncio.create_task(_keep(path, listen, clock), name="socket")
        try:
            yield
        finally:
            watch.cancel()
            await asyncio.wait((watch,))
            with contextlib.suppress(FileNotFoundError):
                os.unlink(path)
    finally:
        await runner.cleanup()


async def _keep(path: Path, listen: Callable[[], Awaitable[None]], clock: Clock) -> None:
    """Make the socket anew when it is gone: without it nobody reaches a daemon that works."""
    told = ""
    while True:
        await clock.sleep(SOCKET_SECONDS * clock.speed)
        if not _has_vanished(path):
            continue
        try:
            await listen()
        except OSError as error:
            if told != str(error):
                log.error("socket_gone", extra={"socket": path, "problem": error})
            told = str(error)
        else:
            log.warning("socket_made_anew", extra={"socket": path})
            told = ""


def _has_vanished(path: Path) -> bool:
    return not os.path.lexists(path)


def make_way(path: Path) -> None:
    """Remove a socket that a killed daemon left; refuse one that still answers, and whatever is no socket."""
    if not path.is_socket():
        if path.exists():
            raise StartError(
                f"Cannot listen on the socket {path}: something else stands there. "
                "Move it away, or change socket in the settings.",
                passing=False,
            )
        return
    with socket.socket(socket.AF_UNIX) as probe:
        try:
            probe.connect(str(path))
        except OSError:
            path.unlink(missing_ok=True)
            return
    raise StartError(
        f"Another nxd answers on {path}: stop that one first, or change socket in the settings.", passing=True
    )
