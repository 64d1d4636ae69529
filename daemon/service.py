"""The daemon put together: takes the state directory, opens the ports and the socket, works until told to stop."""

from __future__ import annotations

import asyncio
import contextlib
import errno
import fcntl
import logging
import os
import signal
import socket
from collections.abc import AsyncIterator, Iterator
from contextlib import AsyncExitStack, asynccontextmanager, contextmanager
from importlib.metadata import version
from pathlib import Path

import sdnotify
from aiohttp import web

from daemon import platforms, wire
from daemon.api.app import Api
from daemon.api.views import Views
from daemon.boot_book import BootBook
from daemon.bus import Bus
from daemon.clock import Clock, SystemClock
from daemon.crashes import CrashLog
from daemon.engine import Engine, Pace
from daemon.faultpoints import point
from daemon.garbage import settle
from daemon.journal import Journal
from daemon.mirror import Mirror
from daemon.orders import Orders
from daemon.secrets import SecretBox
from daemon.setting_kinds import HostPort
from daemon.settings import Settings
from daemon.store.sqlite import SqliteStore
from daemon.wishes import Wishes
from pxe.app import app_runner, boot_app, config_app
from pxe.images import Images, ImagesError, load_images

log = logging.getLogger("nxd")

CLOSE_SECONDS = 5.0
"""How long a connection may finish what it is doing when the daemon stops."""


class ServeError(Exception):
    """The daemon cannot start; the text says why and what to do."""


async def serve(settings: Settings) -> None:
    """Run the daemon until SIGTERM or SIGINT. Raises ServeError, StoreError, Fenced."""
    clock = SystemClock(settings.clock_speed, settings.clock_origin)
    with _claimed(settings.state_dir), _stop_signals() as stop:
        async with AsyncExitStack() as stack:
            engine = await _open(settings, clock, stack)
            work = asyncio.create_task(engine.run(), name="engine")
            systemd = sdnotify.SystemdNotifier()
            systemd.notify("READY=1\nSTATUS=Serving")
            log.info("action=ready socket=%s", settings.socket)
            told = asyncio.create_task(stop.wait(), name="stop")
            try:
                await asyncio.wait((work, told), return_when=asyncio.FIRST_COMPLETED)
            finally:
                systemd.notify("STOPPING=1")
                log.info("action=stopping")
                told.cancel()
                work.cancel()
                with contextlib.suppress(asyncio.CancelledError):
                    await work


async def _open(settings: Settings, clock: Clock, stack: AsyncExitStack) -> Engine:
    """Everything but the work itself, to be closed in the opposite order."""
    store = SqliteStore(settings.state_dir / "nxd.db", clock.new_id())
    stack.push_async_callback(store.close)
    await store.open()
    lease = await store.acquire(f"{socket.gethostname()}:{os.getpid()}")
    mirror = Mirror(await store.load())
    settle()
    point("loaded")
    journal = Journal(store, lease, mirror, Bus(), clock)
    await journal.read_back()
    box = SecretBox.at(settings.state_dir / "secret.key")
    known = {name: platforms.load(name, settings, clock) for name in platforms.NAMES}
    for platform in known.values():
        stack.push_async_callback(platform.close)
    pace = Pace(
        settings.limits_steps,
        settings.retry_first_seconds,
        settings.retry_max_seconds,
        settings.deadlines_factor,
        settings.limits_crashes,
    )
    crashes = CrashLog(settings.state_dir / "running")
    stack.callback(crashes.close)
    engine = Engine(journal, known, box, pace, crashes)
    orders, wishes = Orders(journal, engine), Wishes(journal, engine)
    about = wire.DaemonView(
        id=mirror.daemon_id,
        version=version("nxd"),
        api=wire.API_VERSION,
        environment=settings.environment,
        started=clock.now(),
    )
    book = BootBook(journal, engine, box)
    images = await asyncio.to_thread(_images, settings.images_dir)
    await stack.enter_async_context(_listening(boot_app(book, images), settings.boot_listen, "boot.listen"))
    await stack.enter_async_context(_listening(config_app(book), settings.config_listen, "config.listen"))
    api = Api(journal, engine, orders, wishes, Views(journal, engine, orders, about), box).app()
    await stack.enter_async_context(_on_socket(api, settings.socket))
    return engine


def _images(directory: Path) -> Images:
    """The boot images; a daemon without them serves all the same, and preflight says what is missing."""
    try:
        return load_images(directory)
    except ImagesError as error:
        for problem in error.problems:
            log.error("action=image_unusable problem=%s", problem)
        return Images({})


@contextmanager
def _claimed(state_dir: Path) -> Iterator[None]:
    """The state directory, for this daemon alone while it runs."""
    try:
        state_dir.mkdir(mode=0o700, parents=True, exist_ok=True)
        lock = os.open(state_dir / "nxd.lock", os.O_RDWR | os.O_CREAT, 0o600)
    except OSError as error:
        raise ServeError(
            f"The state directory {state_dir} cannot be used ({error.strerror}): "
            "make it writable for this user, or name another one as state_dir."
        ) from error
    try:
        fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        os.close(lock)
        raise ServeError(
            f"Another nxd works on {state_dir} already: stop that one first, or give this one its own state_dir."
        ) from None
    try:
        yield
    finally:
        os.close(lock)


@contextmanager
def _stop_signals() -> Iterator[asyncio.Event]:
    """An event that SIGTERM and SIGINT set."""
    stop = asyncio.Event()
    loop = asyncio.get_running_loop()
    signals = (signal.SIGTERM, signal.SIGINT)
    for number in signals:
        loop.add_signal_handler(number, stop.set)
    try:
        yield stop
    finally:
        for number in signals:
            loop.remove_signal_handler(number)


@asynccontextmanager
async def _listening(app: web.Application, at: HostPort, setting: str) -> AsyncIterator[None]:
    """Serve an application on a TCP port."""
    runner = app_runner(app)
    await runner.setup()
    try:
        try:
            await web.TCPSite(runner, at.host, at.port, shutdown_timeout=CLOSE_SECONDS).start()
        except OSError as error:
            busy = error.errno == errno.EADDRINUSE
            why = "the port is in use" if busy else error.strerror
            raise ServeError(
                f"Cannot listen on {at}: {why}. End whatever uses it, or change {setting} in the settings."
            ) from error
        yield
    finally:
        await runner.cleanup()


@asynccontextmanager
async def _on_socket(app: web.Application, path: Path) -> AsyncIterator[None]:
    """Serve the API on the Unix socket, for its owner and group."""
    runner = web.AppRunner(app, access_log=None, shutdown_timeout=1.0)
    await runner.setup()
    try:
        _make_way(path)
        try:
            await web.UnixSite(runner, str(path)).start()
            os.chmod(path, 0o660)
        except OSError as error:
            raise ServeError(
                f"Cannot listen on the socket {path} ({error.strerror}): "
                "make its directory writable, or change socket in the settings."
            ) from error
        try:
            yield
        finally:
            with contextlib.suppress(FileNotFoundError):
                os.unlink(path)
    finally:
        await runner.cleanup()


def _make_way(path: Path) -> None:
    """Remove a socket that a killed daemon left; refuse one that still answers."""
    if not path.is_socket():
        return
    with socket.socket(socket.AF_UNIX) as probe:
        try:
            probe.connect(str(path))
        except OSError:
            path.unlink(missing_ok=True)
            return
    raise ServeError(f"Another nxd answers on {path}: stop that one first, or change socket in the settings.")
