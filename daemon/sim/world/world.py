"""The one world that every simulated service works on: its objects, its time and the tasks that move it."""

from __future__ import annotations

import asyncio
import logging
from collections import Counter, defaultdict
from collections.abc import Awaitable, Callable, Coroutine, Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any, Protocol, TypeVar, cast

from daemon.clock import Clock, SystemClock
from daemon.sim.faults.rules import Faults, Strike
from daemon.sim.refusals import Json, not_found
from daemon.sim.world.behaviour import Behaviour
from daemon.sim.world.consoles import ConsoleGrants, SerialConsole
from daemon.sim.world.durations import DURATIONS, JITTER
from daemon.sim.world.initial import QUOTAS
from daemon.sim.world.names import NameBook
from daemon.sim.world.objects import PROVIDER, STRANGER, CloudObject, DnsRecord, ReservedIp, Server, Subnet
from daemon.sim.world.request_log import RequestLog

T = TypeVar("T", bound=CloudObject)

_log = logging.getLogger(__name__)

ZONE_PREFIX = {"us-south-1": "0717", "us-south-2": "0727", "us-south-3": "0737"}
_NAMES_MAY_REPEAT = frozenset({"record"})
LARGEST_PAGE = 100


class Hardware(Protocol):
    """The machines behind the servers: what the power buttons of the API press."""

    def power_on(self, server: Server) -> None:
        """Start the machine; it tests itself and boots."""

    def power_off(self, server: Server) -> None:
        """Cut the power at once."""

    def wipe(self, server: Server) -> None:
        """Empty the boot disk."""

    def scrap(self, server: Server) -> None:
        """The server is no longer; its machine forgets everything."""

    def console(self, server: Server) -> SerialConsole | None:
        """The serial console of its machine; None before it was ever switched on."""


class Ports(Protocol):
    """The ports of the services, as the network sees them."""

    def shut(self, service: str, address: str, seconds: float) -> None:
        """Refuse connections to a service, at this address if it has many, for a while (virtual seconds)."""


@dataclass(frozen=True)
class Places:
    """The base URLs that objects name in their ``href``."""

    vpc: str
    dns: str


class World:
    """Objects by kind and id, the names and addresses in use, and everything that was ever made."""

    def __init__(
        self,
        clock: Clock,
        seed: int,
        places: Places,
        faults: Faults,
        page_size: int,
        quotas: Mapping[str, int] = QUOTAS,
        behaviour: Behaviour | None = None,
    ) -> None:
        self.clock = clock
        self.seed = seed
        self.places = places
        self.faults = faults
        self.page_size = page_size
        self.page_limit = LARGEST_PAGE
        self.quotas = {**QUOTAS, **quotas}
        self.behaviour = behaviour or Behaviour()
        self.capacity: dict[tuple[str, str], int] = {}
        """How many servers of a profile a zone holds, where it is not the catalogue's number."""
        self.journal = RequestLog()
        self.names = NameBook()
        self.catalogue: dict[str, dict[str, Json]] = defaultdict(dict)
        self.addresses: dict[str, dict[str, str]] = defaultdict(dict)
        self.made: Counter[str] = Counter()
        self.deleted_objects: list[CloudObject] = []
        self.hardware: Hardware | None = None
        self.ports: Ports | None = None
        self.consoles = ConsoleGrants()
        self.crash: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self._objects: dict[str, dict[str, CloudObject]] = defaultdict(dict)
        self._namesakes: dict[str, dict[str, CloudObject]] = defaultdict(dict)
        """By name and id, what may share its name with others."""
        self._ids = SystemClock(seed=seed)
        self._serial = 0
        self._tasks: set[asyncio.Task[None]] = set()

    # time

    def lasts(self, name: str) -> float:
        """A duration of the table, with its jitter, in virtual seconds."""
        return DURATIONS[name] * self.clock.uniform(1 - JITTER, 1 + JITTER)

    async def take(self, name: str) -> None:
        """Wait for a duration of the table."""
        await self.clock.sleep(self.lasts(name))

    def stamp(self, trigger: float | None = None) -> str:
        """A moment, or now, as the services write it."""
        when = datetime.fromtimestamp(self.clock.now() if trigger is None else trigger, UTC)
        return when.isoformat(timespec="milliseconds").replace("+00:00", "Z")

    # ids

    def zonal_id(self, zone: str) -> str:
        return f"{ZONE_PREFIX[zone]}-{self._ids.new_id()}"

    def plain_id(self) -> str:
        return self._ids.new_id()

    def number(self) -> int:
        """The next serial number: objects are listed in the order in which they were made."""
        self._serial += 1
        return self._serial

    # objects

    def add(self, item: T) -> T:
        """Take an object in: its name must be free in its scope, its address in its subnet."""
        if item.kind in _NAMES_MAY_REPEAT:
            self._namesakes[item.name][item.id] = item
        else:
            self.names.claim(item.kind, item.scope, item.name, item.id)
        if isinstance(item, ReservedIp):
            self.addresses[item.subnet_id][item.address] = item.id
        item.serial = self.number()
        self._objects[item.kind][item.id] = item
        self.made[item.kind] += 1
        return item

    def remove(self, item: CloudObject) -> None:
        """Let an object go: from now on it is a 404, and its name is free."""
        self._objects[item.kind].pop(item.id, None)
        if item.kind in _NAMES_MAY_REPEAT:
            self._forget_namesake(item)
        else:
            self._release_name(item)
        if isinstance(item, ReservedIp):
            self.addresses[item.subnet_id].pop(item.address, None)
            subnet = self.get(Subnet, item.subnet_id)
            subnet.lowest = min(subnet.lowest, item.number - int(subnet.network.network_address))
        item.state = "gone"
        item.deleted = self.clock.now()
        self.deleted_objects.append(item)

    def _release_name(self, item: CloudObject) -> None:
        """Free the name of an object that is gone, at once or, if a rule says so, after a while."""
        strike = self.strike("name release", item)
        if strike is None:
            self.names.release(item.kind, item.scope, item.name)
            return
        scope, name = item.scope, item.name

        async def later() -> None:
            await self.hold(strike)
            self.names.release(item.kind, scope, name)

        self.spawn(later(), f"name {name}")

    def remove_strangers(self) -> None:
        """Take away what somebody else made."""
        for kind in list(self._objects.values()):
            for item in [item for item in kind.values() if item.maker is STRANGER]:
                self.remove(item)

    def rename(self, item: CloudObject, name: str) -> None:
        self.names.claim(item.kind, item.scope, name, item.id)
        if name != item.name:
            self.names.release(item.kind, item.scope, item.name)
        item.name = name

    def rename_record(self, record: DnsRecord, name: str) -> None:
        """Give a record another name, which others may have."""
        self._forget_namesake(record)
        record.name = name
        self._namesakes[name][record.id] = record

    def _forget_namesake(self, item: CloudObject) -> None:
        others = self._namesakes[item.name]
        others.pop(item.id, None)
        if not others:
            del self._namesakes[item.name]

    def records_named(self, name: str) -> list[DnsRecord]:
        """Every record of a name, in the order in which they were made."""
        return (
            cast("list[DnsRecord]", list(self._namesakes[name].values())) if name in self._namesakes else []
        )

    def find(self, kind: type[T], key: str) -> T | None:
        return cast("T | None", self._objects[kind.kind].get(key))

    def any_object(self, key: str) -> CloudObject | None:
        """The object with this id, of whatever kind."""
        return next((items[key] for items in self._objects.values() if key in items), None)

    def get(self, kind: type[T], key: str) -> T:
        """The object, or a 404."""
        item = self.find(kind, key)
        if item is None:
            raise not_found(kind.kind, key)
        return item

    def all(self, kind: type[T]) -> Iterator[T]:
        """Every existing object of a kind, in the order in which they were made."""
        return cast("Iterator[T]", iter(list(self._objects[kind.kind].values())))

    def count(self, kind: type[CloudObject]) -> int:
        return len(self._objects[kind.kind])

    def everything(self) -> list[CloudObject]:
        """Every object that exists or existed."""
        existing = [item for kind in self._objects.values() for item in kind.values()]
        return sorted([*existing, *self.deleted_objects], key=lambda item: item.serial)

    def made_by_clients(self) -> Iterator[CloudObject]:
        """Every object, gone or not, that neither the provider nor a stranger made."""
        return (item for item in self.everything() if item.maker not in (PROVIDER, STRANGER))

    # faults

    def strike(self, trigger: str, *about: CloudObject | str) -> Strike | None:
        """The rule that strikes now, if one waits for this moment of these objects."""
        names = [n for one in about for n in ((one,) if isinstance(one, str) else (one.name, one.id)) if n]
        return self.faults.strike(trigger, names, self.clock.now())

    async def hold(self, strike: Strike, seconds: float | None = None) -> None:
        """Wait as long as a strike holds what it concerns: for its seconds, or until it is mended."""
        limit = strike.seconds if strike.seconds is not None else seconds
        if limit is None:
            await strike.over.wait()
            return
        over = asyncio.create_task(strike.over.wait())
        time = asyncio.create_task(self.clock.sleep(limit))
        try:
            await asyncio.wait((over, time), return_when=asyncio.FIRST_COMPLETED)
        finally:
            over.cancel()
            time.cancel()

    # tasks

    def spawn(self, work: Coroutine[Any, Any, None], name: str) -> asyncio.Task[None]:
        """Run ``work`` as a task of the world; it ends with the world, and its failure ends the world."""
        task = asyncio.create_task(work, name=name)
        self._tasks.add(task)
        task.add_done_callback(self._ended)
        return task

    def later(self, duration: str, then: Callable[[], Awaitable[None] | None]) -> None:
        """Do ``then`` after a duration of the table."""

        async def work() -> None:
            await self.take(duration)
            result = then()
            if result is not None:
                await result

        self.spawn(work(), f"after {duration}")

    async def close(self) -> None:
        """End every task of the world."""
        tasks = list(self._tasks)
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
        self.crash.cancel()

    def _ended(self, task: asyncio.Task[None]) -> None:
        self._tasks.discard(task)
        if task.cancelled():
            return
        error = task.exception()
        if error is not None and not self.crash.done():
            _log.error("the task %r of the simulated world failed", task.get_name(), exc_info=error)
            self.crash.set_exception(error)
