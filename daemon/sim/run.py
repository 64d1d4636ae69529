"""Starts the simulated world: every service on its own loopback port, until it is told to stop."""

from __future__ import annotations

import asyncio
import errno
import ipaddress
import socket
from collections.abc import Callable, Mapping
from contextlib import AsyncExitStack
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from daemon.clock import SystemClock
from daemon.sim.active_scenarios import ActiveScenarios
from daemon.sim.cloud.catalogue import populate
from daemon.sim.cloud.dns import dns_service
from daemon.sim.cloud.metadata import Tokens, metadata_service
from daemon.sim.cloud.vpc import vpc_service
from daemon.sim.control import Control
from daemon.sim.cvm_ports import PRISM_PORT, CvmPorts
from daemon.sim.faults.rules import Faults
from daemon.sim.machines.machines import Machines
from daemon.sim.nutanix.cvm import REAL, SEED
from daemon.sim.nutanix.fleet import NutanixFleet
from daemon.sim.refusals import SimError
from daemon.sim.scenarios.listed import assign
from daemon.sim.service.ports import ServicePorts
from daemon.sim.service.service import build
from daemon.sim.world.behaviour import BY_NAME, Behaviour
from daemon.sim.world.clock import WorldClock
from daemon.sim.world.initial import QUOTAS, ZONES
from daemon.sim.world.world import Places, World

__all__ = ["SimError", "SimOptions", "SimUrls", "serve"]

SSH_PORT = 22
OTHER_SSH_PORT = 2222
_SMALLEST_PREFIX = 29
_LARGEST_PREFIX = 8
_LATEST_ORIGIN = 2.0**33
"""Of the Unix times from which time may run: no clock of the world shall leave the calendar."""


@dataclass(frozen=True)
class SimOptions:
    """How the world shall be. ``origin`` is the Unix time from which time runs ``speed`` times as fast; 0
    means now. A port of 0 takes any free one. ``fail`` holds ``NODE:STEP`` and ``CLUSTER:STEP`` entries;
    ``scenarios`` holds names of scenarios, each perhaps with ``@TARGET``. ``personality`` is how fresh CVMs
    behave; ``quotas`` and ``capacity`` (of every profile in every zone) stand for the documented ones.
    ``order`` is whether a create is held first to its name or to what it takes hold of, ``replays`` the chance with
    which a proxy sends a call that changes something twice. Without ``machines`` the servers' machines are somebody
    else's, at the addresses that the cloud gives out: its networks need not be on loopback then.
    ``ssh_port`` is the one on which real CVMs take SSH; 0 means 22 where that can be bound, and 2222 otherwise.
    ``state_dir`` is where keys pass through files on their way into TLS contexts."""

    speed: float = 60.0
    origin: float = 0.0
    seed: int = 1
    management: str = "127.24.0.0/24"
    workload: str = "127.24.1.0/24"
    host: str = "127.0.0.1"
    vpc_port: int = 0
    dns_port: int = 0
    metadata_port: int = 0
    control_port: int = 0
    page_size: int = 50
    fail: tuple[str, ...] = ()
    scenarios: tuple[str, ...] = ()
    personality: str = SEED
    quotas: Mapping[str, int] = field(default_factory=dict)
    capacity: int | None = None
    order: str = BY_NAME
    replays: float = 0.0
    machines: bool = True
    ssh_port: int = 0
    state_dir: Path | None = None


@dataclass(frozen=True)
class SimUrls:
    """Where the world answers. ``ssh_port`` is the one on which real CVMs take SSH."""

    vpc_url: str
    dns_url: str
    metadata_url: str
    control_url: str
    management: str
    workload: str
    ssh_port: int


async def serve(options: SimOptions, ready: Callable[[SimUrls], None], stop: asyncio.Event) -> None:
    """Run a world until ``stop`` is set; ``ready`` is called once when every address answers.

    Raises SimError, before anything answers, if an option is wrong or an address is taken; and if the world
    itself breaks.
    """
    _check(options)
    behaviour = Behaviour(options.order, options.replays, options.seed)
    castings = [assign(text) for text in options.scenarios]
    faults = Faults(options.fail, options.seed)
    async with AsyncExitStack() as stack:
        stack.enter_context(_claim(options))
        sockets = {name: stack.enter_context(_bind(options, name)) for name in _SERVICES}
        urls = _urls(options, sockets, _ssh_port(options))
        origin = options.origin or SystemClock().now()
        clock = WorldClock(options.speed, origin, options.seed)
        places = Places(urls.vpc_url, urls.dns_url)
        world = World(clock, options.seed, places, faults, options.page_size, options.quotas, behaviour)
        fleet = NutanixFleet(world, options.state_dir, options.personality)
        listeners = CvmPorts(world, fleet, urls.ssh_port)
        machines = Machines(world, fleet, options.machines)
        ports = ServicePorts(world, listeners.shut)
        fleet.listeners, world.hardware, world.ports = listeners, machines, ports
        populate(world, options.management, options.workload)
        if options.capacity is not None:
            world.capacity = {(p, z): options.capacity for p in world.catalogue["profile"] for z in ZONES}
        active_scenarios = ActiveScenarios(world, fleet)
        for casting in castings:
            active_scenarios.begin(casting)
        tokens = Tokens()
        apps = {
            "vpc": build(vpc_service(tokens), world),
            "dns": build(dns_service(tokens), world),
            "metadata": build(metadata_service(tokens), world),
            "control": Control(world, machines, fleet, active_scenarios, clock).build(),
        }
        stack.push_async_callback(world.close)
        await listeners.start()
        stack.push_async_callback(listeners.close)
        stack.push_async_callback(ports.close)
        for name, app in apps.items():
            await ports.open(name, app, sockets[name])
        ready(urls)
        await _until(stop, world)


async def _until(stop: asyncio.Event, world: World) -> None:
    """Wait for ``stop``, or for the failure of one of the world's own tasks."""
    told = asyncio.create_task(stop.wait(), name="the end of the world")
    either: set[asyncio.Future[Any]] = {told, world.crash}
    try:
        await asyncio.wait(either, return_when=asyncio.FIRST_COMPLETED)
    finally:
        told.cancel()
    if world.crash.done():
        error = world.crash.exception()
        raise SimError(f"The simulated world broke ({error!r}); start it again, and report this.") from error


_SERVICES = ("vpc", "dns", "metadata", "control")


def _check(options: SimOptions) -> None:
    if not 0 < options.speed <= 100_000:
        raise SimError(f"The speed {options.speed:g} is not between 0 and 100000; choose for example 60.")
    if not 0 <= options.origin < _LATEST_ORIGIN:
        raise SimError(
            f"The origin {options.origin:g} is not a Unix time in seconds; leave it out to begin now."
        )
    if not 1 <= options.page_size <= 100:
        raise SimError(f"The page size {options.page_size} is not between 1 and 100; 50 is usual.")
    if options.personality not in (SEED, REAL):
        raise SimError(f"There is no personality {options.personality!r}; choose {SEED} or {REAL}.")
    for name, number in options.quotas.items():
        if name not in QUOTAS or number < 0:
            raise SimError(f"There is no quota {name}={number}; there is {', '.join(QUOTAS)}, from 0 on.")
    if options.state_dir is not None and not options.state_dir.is_dir():
        raise SimError(f"The directory {options.state_dir} does not exist; make it, or name another one.")
    networks = [
        _network(name, cidr, options.machines)
        for name, cidr in (("management", options.management), ("workload", options.workload))
    ]
    if networks[0].overlaps(networks[1]):
        raise SimError(
            f"The management network {networks[0]} and the workload network {networks[1]} overlap; "
            "give them different ranges."
        )


def _network(name: str, cidr: str, loopback: bool) -> ipaddress.IPv4Network:
    try:
        network = ipaddress.IPv4Network(cidr)
    except ValueError as error:
        raise SimError(
            f"The {name} network {cidr!r} is not an IPv4 network ({error}); write for example 127.24.0.0/24."
        ) from None
    if loopback and not network.is_loopback:
        raise SimError(
            f"The {name} network {cidr} is not on loopback; choose one inside 127.0.0.0/8, "
            "or let the machines be yours (--no-machines)."
        )
    if not _LARGEST_PREFIX <= network.prefixlen <= _SMALLEST_PREFIX:
        raise SimError(
            f"The {name} network {cidr} is too large or too small; choose a prefix "
            f"from /{_LARGEST_PREFIX + 1} to /{_SMALLEST_PREFIX}."
        )
    return network


def _claim(options: SimOptions) -> socket.socket:
    """Hold the Prism port of the provider's gateway address, so that no second world takes the network."""
    gateway = str(_network("management", options.management, options.machines)[1])
    return _bound(
        gateway,
        PRISM_PORT,
        f"The network {options.management} is in use by another simulated world; stop that one, "
        "or choose another network with --management and --workload.",
    )


def _bind(options: SimOptions, name: str) -> socket.socket:
    port: int = getattr(options, f"{name}_port")
    return _bound(
        options.host,
        port,
        f"The address {options.host}:{port} for the {name} service is in use; stop what listens there, "
        "or choose another port.",
        reuse=port != 0,
    )


def _bound(host: str, port: int, in_use: str, reuse: bool = False) -> socket.socket:
    bound = socket.socket(socket.AF_INET, socket.SOCK_STREAM)
    try:
        if reuse:
            bound.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        bound.bind((host, port))
        return bound
    except (OSError, OverflowError) as error:
        bound.close()
        if getattr(error, "errno", None) == errno.EADDRINUSE:
            raise SimError(in_use) from None
        raise SimError(
            f"The address {host}:{port} cannot be bound ({error}); choose an address of this machine, "
            "for example 127.0.0.1, and a port from 0 to 65535."
        ) from None


def _ssh_port(options: SimOptions) -> int:
    """The port that stands for 22: 22 itself, unless this process may not bind it, or somebody holds it."""
    gateway = str(_network("management", options.management, options.machines)[1])
    if options.ssh_port:
        in_use = f"The port {options.ssh_port} at {gateway} is in use; choose another one with --ssh-port."
        _bound(gateway, options.ssh_port, in_use).close()
        return options.ssh_port
    try:
        _bound(gateway, SSH_PORT, "").close()
    except SimError:
        return OTHER_SSH_PORT
    return SSH_PORT


def _urls(options: SimOptions, sockets: dict[str, socket.socket], ssh_port: int) -> SimUrls:
    at = {name: "http://{}:{}".format(*bound.getsockname()) for name, bound in sockets.items()}
    return SimUrls(
        vpc_url=f"{at['vpc']}/v1",
        dns_url=f"{at['dns']}/v1",
        metadata_url=at["metadata"],
        control_url=at["control"],
        management=options.management,
        workload=options.workload,
        ssh_port=ssh_port,
    )
