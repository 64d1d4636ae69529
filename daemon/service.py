"""The daemon put together: takes the state directory, opens the ports and the socket, works until told to stop."""

from __future__ import annotations

import asyncio
import contextlib
import logging
import os
import signal
import socket
from collections.abc import Iterator, Mapping
from contextlib import AsyncExitStack, contextmanager
from importlib.metadata import version

import sdnotify
from prometheus_client import ProcessCollector

from daemon import platforms, wire
from daemon.api.app import Api
from daemon.api.views import Views
from daemon.boot.book import BootBook
from daemon.clock import Clock, SystemClock
from daemon.engine.absent import Others
from daemon.engine.crashes import CrashLog
from daemon.engine.engine import Engine
from daemon.engine.moved import hold_what_was_at_work
from daemon.engine.pace import Pace
from daemon.errors.tree import StartError
from daemon.faultpoints import point
from daemon.host.heap import freeze
from daemon.host.ledger_mark import LedgerMark
from daemon.host.platforms_seen import keep_seen, platforms_seen
from daemon.host.ports import Port, connection_limiter, listening, make_way, on_socket, opened
from daemon.host.state_dir import DATABASE, KEY, RUNNING, StateDir, check_files, check_ledger, claimed
from daemon.memory.bus import Bus
from daemon.memory.journal import Journal
from daemon.memory.mirror import Mirror
from daemon.outside import telling_of_calls
from daemon.platforms.base import Platform
from daemon.requests.consoles import Consoles
from daemon.requests.last_screens import LastScreens
from daemon.requests.specs import Specs
from daemon.requests.verbs import Verbs
from daemon.secrets.box import SecretBox
from daemon.secrets.certificate import read_certificate
from daemon.secrets.redaction import Redactor
from daemon.settings.reading import Settings
from daemon.store.sqlite import SqliteStore
from daemon.upkeep import Upkeep
from pxe.app import boot_server
from pxe.images import Images
from pxe.routes import NO_PIN

log = logging.getLogger("nxd")


_UNWRITTEN = "The state directory {} cannot be written ({}): free disk space or mend the file system, then start again."


async def serve(settings: Settings, known: Redactor) -> None:
    """Run the daemon until SIGTERM or SIGINT; ``known`` learns every secret. Raises StartError, StoreError, Fenced."""
    for said in (said for mistakes in platforms.broken().values() for said in mistakes):
        log.error("platform_unusable", extra={"problem": said})
    for said in platforms.notes():
        log.warning("platform_doubtful", extra={"problem": said})
    if settings.unused:
        log.warning("settings_unused", extra={"keys": ",".join(settings.unused)})
    if settings.uninstalled:
        log.error("platforms_not_installed", extra={"platforms": ",".join(settings.uninstalled)})
    clock = SystemClock(settings.clock_speed, settings.clock_origin)
    with claimed(settings.state_dir) as state_dir, _stop_signals() as stop:
        async with AsyncExitStack() as stack:
            try:
                engine, upkeep, screens = await _open(settings, state_dir, clock, known, stack)
            except OSError as error:
                raise StartError(
                    _UNWRITTEN.format(settings.state_dir, error.strerror), passing=True
                ) from error
            work = asyncio.create_task(engine.run(), name="engine")
            chores = asyncio.create_task(upkeep.run(), name="upkeep")
            pulse = asyncio.create_task(engine.lapses.run(), name="pulse")
            looks = asyncio.create_task(screens.run(), name="screens")
            systemd = sdnotify.SystemdNotifier()
            systemd.notify("READY=1\nSTATUS=Serving")
            log.info("ready", extra={"socket": settings.socket})
            told = asyncio.create_task(stop.wait(), name="stop")
            try:
                await asyncio.wait((work, told), return_when=asyncio.FIRST_COMPLETED)
            finally:
                systemd.notify("STOPPING=1")
                log.info("stopping")
                told.cancel()
                work.cancel()
                chores.cancel()
                pulse.cancel()
                looks.cancel()
                await asyncio.wait((chores, pulse, looks))
                with contextlib.suppress(asyncio.CancelledError):
                    await work


async def _open(
    settings: Settings, state_dir: StateDir, clock: Clock, known: Redactor, stack: AsyncExitStack
) -> tuple[Engine, Upkeep, LastScreens]:
    """Everything but the work itself, to be closed in the opposite order. Nothing is made anew for a daemon that could
    not be reached."""
    ports = await _ports(settings, stack)
    make_way(settings.socket)
    check_files(settings.state_dir)
    loaded = _loaded(settings, clock, stack)
    others = _note_platforms(settings, state_dir)
    mark = LedgerMark(state_dir)
    check_ledger(settings.state_dir, mark.owner)
    store = SqliteStore(settings.state_dir / DATABASE, clock.new_id(), mark)
    stack.push_async_callback(store.close)
    await store.open()
    lease = await store.acquire(f"{socket.gethostname()}:{os.getpid()}")
    mirror = Mirror(await store.load())
    freeze()
    point("loaded")
    fresh = not mirror.records and not mirror.secrets
    box = SecretBox.at(settings.state_dir / KEY, fresh, mirror.secrets.values(), known)
    journal = Journal(store, lease, mirror, Bus(), clock, known)
    await journal.read_back()
    stack.enter_context(telling_of_calls(journal.calls.take))
    engine = _engine(settings, state_dir, journal, loaded, others, box, stack)
    if mark.moved():
        await hold_what_was_at_work(engine)
    mark.begin(mirror.daemon_id, mirror.revision)
    prices = settings.prices
    verbs, specs = Verbs(journal, engine, prices), Specs(journal, engine, prices)
    upkeep = await _booting(settings, ports, journal, engine, box, loaded, stack)
    consoles = Consoles(journal, engine, box)
    views = Views(journal, engine, verbs, _about(settings, journal), prices)
    api = Api(journal, engine, verbs, specs, views, box, consoles)
    await stack.enter_async_context(on_socket(api.app(), settings.socket, api.nonsense, clock))
    return engine, upkeep, LastScreens(journal, consoles)


async def _ports(settings: Settings, stack: AsyncExitStack) -> tuple[Port, Port]:
    """The two ports for machines, held from here on and open to them later. Raises StartError."""
    boot = await stack.enter_async_context(opened(settings.boot_listen, "boot.listen"))
    return boot, await stack.enter_async_context(opened(settings.config_listen, "config.listen"))


async def _booting(
    settings: Settings,
    ports: tuple[Port, Port],
    journal: Journal,
    engine: Engine,
    box: SecretBox,
    loaded: Mapping[str, Platform],
    stack: AsyncExitStack,
) -> Upkeep:
    """Both ports at which machines are told what to boot and report, with the images that they fetch."""
    tables = platforms.boot_tables(loaded)
    book = BootBook(journal, engine, box, tables)
    images = Images({})
    upkeep = Upkeep(
        journal,
        book,
        images,
        settings.images_dir,
        settings.log_keep_days,
        settings.log_keep_lines,
        needed=any(route.serves == "image" for table in tables.values() for route in table.routes),
    )
    await upkeep.start()
    shown, pin = None, NO_PIN
    if settings.config_certificate is not None and settings.config_key is not None:
        certificate = read_certificate(settings.config_certificate, settings.config_key, journal.clock.now())
        shown, pin = certificate.shown, certificate.pin
    boot, config = boot_server(book, images, tables, registry=engine.metrics, pin=pin)
    limiter = connection_limiter(settings.limits_connections, settings.limits_connections_per_source)
    await stack.enter_async_context(listening(boot, ports[0], limiter))
    await stack.enter_async_context(listening(config, ports[1], limiter, shown))
    return upkeep


def _note_platforms(settings: Settings, state_dir: StateDir) -> Others:
    """Keep the settings of all platforms that are installed in mind, for the day on which one is not; and those beside
    the ones that are switched on."""
    keys = {name: [one.key for one in manifest.settings] for name, manifest in platforms.manifests().items()}
    keep_seen(state_dir, keys)
    installed = {*keys, *platforms.broken()}
    return Others(installed, frozenset(platforms_seen(state_dir.path)), settings.uninstalled)


def _loaded(settings: Settings, clock: Clock, stack: AsyncExitStack) -> Mapping[str, Platform]:
    """The platforms that are switched on. Raises StartError."""
    loaded = {name: platforms.load(name, settings, clock) for name in settings.platforms}
    for platform in loaded.values():
        stack.push_async_callback(platform.close)
    return loaded


def _engine(
    settings: Settings,
    state_dir: StateDir,
    journal: Journal,
    loaded: Mapping[str, Platform],
    others: Others,
    box: SecretBox,
    stack: AsyncExitStack,
) -> Engine:
    """The engine, as fast and as patient as the settings say."""
    pace = Pace(
        settings.limits_steps,
        settings.retry_first_seconds,
        settings.retry_max_seconds,
        settings.deadlines_factor,
        settings.limits_crashes,
    )
    crashes = CrashLog(state_dir.folder, RUNNING)
    stack.callback(crashes.close)
    engine = Engine(journal, loaded, box, pace, crashes, others)
    ProcessCollector(registry=engine.metrics)
    return engine


def _about(settings: Settings, journal: Journal) -> wire.DaemonView:
    """What the daemon says of itself."""
    return wire.DaemonView(
        id=journal.mirror.daemon_id,
        version=version("nxd"),
        api=wire.API_VERSION,
        environment=settings.environment,
        started=journal.clock.now(),
    )


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
