"""A house for one test: a toy platform whose steps the test scripts, a store that forgets, time that stands still."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest
from cryptography.fernet import Fernet

from daemon.api.app import Api
from daemon.api.views import Views
from daemon.clock import ManualClock
from daemon.engine.context import Step, StepContext
from daemon.engine.engine import Engine
from daemon.engine.objects import Disposal, Found, Want
from daemon.engine.pace import Pace
from daemon.memory.bus import Bus
from daemon.memory.journal import Journal
from daemon.memory.mirror import Mirror
from daemon.platforms.base import Bound, Check, Finding, Foresight, Planned, Platform, Seed
from daemon.platforms.ibm_nutanix.manifest import MANIFEST
from daemon.requests.consoles import Consoles
from daemon.requests.specs import Specs
from daemon.requests.verbs import Verbs
from daemon.secrets.box import SecretBox
from daemon.spec.reading import ClusterSpec
from daemon.store.base import Store as AnyStore
from daemon.store.memory import MemoryStore
from daemon.store.ops import AddCommand, Command, Event, Lease, Op, PutRecord, Resource
from daemon.wire import DaemonView
from pxe.image_list import write_list
from pxe.images import fingerprint
from state_machines.kind import ROLLING_BACK
from state_machines.objects import ObjectKind, by_name
from state_machines.outcome import Done, Outcome, Problem, Wait
from state_machines.record import Record
from tests.daemon.toy_kinds import CLUSTER, CLUSTER_STEPS, NODE, NODE_STEPS

PATIENCE = 5.0
"""Real seconds a test waits for what must come at once."""


class ToySpec(ClusterSpec):
    """What every spec has, and nothing more."""


@dataclass
class Outside:
    """What stands in the toy cloud, by name, and every call it received."""

    objects: dict[str, Found] = field(default_factory=dict)
    calls: list[str] = field(default_factory=list)
    before: Callable[[str, str], Awaitable[None]] | None = None
    """Runs at the beginning of each call, with its verb and the name; it may look around or raise."""
    after: Callable[[str, str], Awaitable[None]] | None = None
    """Runs when the call has taken effect and before it is answered."""
    undeletable: bool = False

    async def _enter(self, verb: str, name: str) -> None:
        self.calls.append(f"{verb} {name}")
        if self.before is not None:
            await self.before(verb, name)

    async def find(self, name: str) -> Found | None:
        await self._enter("find", name)
        return self.objects.get(name)

    async def create(self, name: str, mark: str) -> Found:
        await self._enter("create", name)
        self.objects[name] = Found(f"id-{name}-{len(self.calls)}", {"mark": mark})
        if self.after is not None:
            await self.after("create", name)
        return self.objects[name]

    async def get(self, row: Resource) -> Found | None:
        await self._enter("get", row.name)
        found = self.objects.get(row.name)
        return found if found and found.cloud_id == row.cloud_id else None

    async def delete(self, row: Resource) -> None:
        await self._enter("delete", row.name)
        if not self.undeletable:
            self.objects.pop(row.name, None)

    def want(self, name: str, mark: str = "ours", unique: bool = True) -> Want:
        """An object that shall exist here."""
        return Want(
            "thing",
            name,
            find=lambda: self.find(name),
            create=lambda: self.create(name, mark),
            ours=lambda found: found.data["mark"] == mark,
            unique=unique,
        )

    def disposal(self, mark: str = "ours") -> Disposal:
        """How objects here go: those that carry our mark."""

        async def find(row: Resource) -> Found | None:
            found = await self.find(row.name)
            return found if found is not None and found.data["mark"] == mark else None

        return Disposal(find, self.get, self.delete)


class Store(MemoryStore):
    """A store whose commits take their time, so that others come in between."""

    def commit(self, lease: Lease, ops: Sequence[Op], *what: Any, **more: Any) -> asyncio.Future[list[Event]]:
        return asyncio.ensure_future(self._slowly(lease, ops, *what, **more))

    async def _slowly(self, lease: Lease, ops: Sequence[Op], *what: Any, **more: Any) -> list[Event]:
        await asyncio.sleep(0)
        events = await super().commit(lease, ops, *what, **more)
        await asyncio.sleep(0)
        return events


Script = Callable[[StepContext], Awaitable[Outcome]] | list[Any] | Outcome | Exception


class Toy(Platform):
    """A platform whose steps do what the test puts into ``script``, by state or by (record, state)."""

    node = NODE
    cluster = CLUSTER
    model = ToySpec
    objects: Mapping[str, ObjectKind] = by_name(
        (
            ObjectKind("thing", "thing", "things", 2, removal=("toy rm {id}",)),
            ObjectKind("power", "switch", "switches", 1, "effect", 20.0, ("toy off {name}",)),
            ObjectKind("mac", "MAC", "MACs", 3, "claim"),
        )
    )

    def __init__(self) -> None:
        self.outside = Outside()
        self.script: dict[Any, Script] = {}
        self.calls: list[tuple[str, str, float]] = []
        """Every run of a step: whose, which, and when."""
        self.vetoes: dict[str, str] = {}
        self.steps: dict[str, Step] = {state.name: self._step(state.name, self._done) for state in NODE_STEPS}
        self.steps["gathering"] = self._step("gathering", self._gather)
        self.undo: dict[str, Step] = {
            "unmake": self._step("unmake", self._unmake),
            "forget": self._step("forget", self._done),
            "release_nodes": self._step("release_nodes", self._release),
        }

    def _step(self, name: str, usual: Step) -> Step:
        async def run(ctx: StepContext) -> Outcome:
            self.calls.append((ctx.record.name, name, ctx.clock.now()))
            play: Any = self.script.get((ctx.record.name, name), self.script.get(name, usual))
            if isinstance(play, list):
                play = play.pop(0) if play else usual
            if isinstance(play, Exception):
                raise play
            answer: Outcome = await play(ctx) if callable(play) else play
            return answer

        return run

    async def _done(self, ctx: StepContext) -> Outcome:
        return Done()

    async def _unmake(self, ctx: StepContext) -> Outcome:
        disposal = self.outside.disposal()
        left = [row for row in ctx.resources() if not await ctx.remove(row, disposal)]
        return Wait("things to be gone", f"{len(left)} left", 10.0) if left else Done()

    async def _gather(self, ctx: StepContext) -> Outcome:
        for member in ctx.members:
            if member.state == "pending":
                await ctx.give(member.name, "start")
        ready = [member for member in ctx.members if member.state == "ready"]
        if len(ready) == len(ctx.members):
            return Done()
        return Wait("ready nodes", f"{len(ready)} of {len(ctx.members)}", 500.0)

    async def _release(self, ctx: StepContext) -> Outcome:
        left = [member for member in ctx.members if member.state != "rolled_back"]
        for member in left:
            if member.state != ROLLING_BACK:
                await ctx.give(member.name, "release")
        return Wait("nodes to go", f"{len(left)} left", 500.0) if left else Done()

    def seeds(self, spec: Mapping[str, Any]) -> Sequence[Seed]:
        nodes = [Seed(node["name"], NODE, {}) for node in spec["nodes"]]
        about = {"on_failure": spec.get("on_failure", "hold"), "nodes": [seed.name for seed in nodes]}
        return [Seed(spec["cluster"], CLUSTER, about), *nodes]

    def planned(self, spec: Mapping[str, Any]) -> Sequence[Planned]:
        return [Planned(node["name"], "thing", f"{node['name']}-thing") for node in spec["nodes"]]

    def claims(self, spec: Mapping[str, Any]) -> Mapping[str, str]:
        return {}

    async def foresee(self, spec: Mapping[str, Any], mirror: Mirror) -> Foresight:
        return Foresight()

    def passes(self, grows: bool, shrinks: bool) -> Sequence[str]:
        return [CLUSTER_STEPS[0].name]

    def bounds(self, nodes: int, usual: Callable[[str], float | None]) -> Sequence[Bound]:
        return [Bound("limits.toys", 10.0, 60.0 * nodes)]

    def may_change(self, setting: str) -> bool:
        return setting == "on_failure"

    def stays(self, record: Record) -> str | None:
        return None

    def ties(self, node: str, rows: Sequence[Resource]) -> Sequence[Resource]:
        return []

    def replacement(
        self, record: Record, rows: Sequence[Resource]
    ) -> tuple[Sequence[Resource], Sequence[Planned]]:
        return [], []

    renewal = replacement

    def veto(self, verb: str, record: Record, cluster: Record) -> str | None:
        return self.vetoes.get(verb)

    def climb(self, record: Record, cluster: Record, problem: Problem) -> None:
        return None

    def login(self, record: Record, secret: Callable[[str], str | None]) -> None:
        return None

    def addresses(self, record: Record, resources: Sequence[Resource]) -> dict[str, str]:
        return {}

    def guest(self, mirror: Mirror, record: Record, secret: Callable[[str], str | None]) -> None:
        return None

    async def preflight(self, spec: Mapping[str, Any], mirror: Mirror) -> Sequence[Check]:
        return []

    async def audit(self, mirror: Mirror) -> Sequence[Finding]:
        return []

    async def close(self) -> None:
        pass

    def runs(self, state: str, record: str = "node01") -> list[float]:
        """When a step of a record ran."""
        return [when for name, step, when in self.calls if (name, step) == (record, state)]


class House:
    """A daemon without a process: the engine on a store, and what a test asks and tells it."""

    def __init__(self, store: AnyStore, clock: ManualClock, pace: Pace) -> None:
        self.store = store
        self.clock = clock
        self.pace = pace
        self.toy = Toy()
        self.box = SecretBox(Fernet.generate_key())
        self.work: asyncio.Task[None] | None = None

    async def prepare(self) -> None:
        """Everything but the work, as a starting daemon does it."""
        lease = await self.store.acquire("test")
        self.mirror = Mirror(await self.store.load())
        self.journal = Journal(self.store, lease, self.mirror, Bus(), self.clock, self.box.known)
        self.engine = Engine(self.journal, {"toy": self.toy}, self.box, self.pace)
        self.verbs = Verbs(self.journal, self.engine)
        about = DaemonView(
            id=self.mirror.daemon_id, version="0", api=1, environment="toy", started=self.clock.now()
        )
        self.views = Views(self.journal, self.engine, self.verbs, about)
        specs = Specs(self.journal, self.engine)
        self.api = Api(
            self.journal,
            self.engine,
            self.verbs,
            specs,
            self.views,
            self.box,
            Consoles(self.journal, self.engine, self.box),
        )

    async def start(self) -> None:
        """Begin to work; after ``stop`` this is a restart on the same store."""
        await self.prepare()
        await self.run()

    async def run(self) -> None:
        """Let the engine that was prepared work."""
        self.work = asyncio.create_task(self.engine.run(), name="engine")

    async def stop(self) -> None:
        """Cancel the work and see its end."""
        if self.work is not None:
            self.work.cancel()
            await asyncio.wait([self.work])

    async def sow(self, *nodes: str, cluster: str = "demo", **spec: Any) -> None:
        """Write a cluster and its nodes down, all pending."""
        now = self.clock.now()
        records = [
            Record(cluster, CLUSTER.name, cluster, "pending", now, version=1, step="pending", spec=spec)
        ]
        records += [
            Record(node, NODE.name, cluster, "pending", now, version=1, step="pending") for node in nodes
        ]
        await self.journal.commit(*(PutRecord(record) for record in records))

    async def tell(self, name: str, verb: str) -> None:
        """Put a verb into a record's inbox and let everything that follows happen."""
        await self.ask(name, verb)
        await self.idle()

    async def ask(self, name: str, verb: str, **args: Any) -> None:
        """Put a verb into a record's inbox."""
        record = self.record(name)
        token, now = self.clock.new_id(), self.clock.now()
        await self.journal.commit(AddCommand(Command(token, name, record.shard, verb, "ada", now, args)))
        self.engine.poke(name)

    async def begin(self, name: str = "node01", **spec: Any) -> Record:
        """A node that was told to start, as far as it comes at once."""
        await self.sow(name, **spec)
        await self.tell(name, "start")
        return self.record(name)

    def record(self, name: str = "node01") -> Record:
        return self.mirror.records[name]

    def turns(self) -> list[str]:
        """Every turn that is under way, by its task's name."""
        return [name for task in asyncio.all_tasks() if (name := task.get_name()).startswith("turn:")]

    async def idle(self) -> None:
        """Until nothing happens any more while time stands still."""
        await self.until(lambda: not self.turns(), quiet=25)

    async def until(self, condition: Callable[[], Any], quiet: int = 1) -> None:
        """Until the condition held ``quiet`` times in a row."""
        held = 0
        async with asyncio.timeout(PATIENCE):
            while held < quiet:
                await asyncio.sleep(0)
                held = held + 1 if condition() else 0

    async def pass_time(self, seconds: float) -> None:
        """Move time on, in one step, and let everything that follows happen."""
        self.clock.advance(seconds)
        await self.idle()

    async def log(self, name: str = "node01", kind: str | None = None) -> list[Event]:
        return await self.store.events(record=name, kind=kind, limit=10_000)

    async def commit(self, *ops: Op) -> None:
        await self.journal.commit(*ops)


PACE = Pace(steps_at_once=8, retry_first=2.0, retry_max=60.0)


@pytest.fixture
async def house() -> AsyncIterator[House]:
    """A house at work, with an empty store. Nothing of it may be left when the test is over."""
    one = House(Store("daemon-1"), ManualClock(), PACE)
    await one.start()
    yield one
    await one.stop()
    assert one.turns() == []


@pytest.fixture
def build() -> Callable[..., House]:
    """Builds a house that the test starts and stops itself."""

    def make(store: AnyStore | None = None, pace: Pace = PACE) -> House:
        return House(store or Store("daemon-1"), ManualClock(), pace)

    return make


@pytest.fixture
def boot_images(tmp_path: Path) -> Path:
    """The images that machines boot from, in their directory."""
    directory = tmp_path / "images"
    directory.mkdir(mode=0o755)
    for name in MANIFEST.images:
        (directory / name).write_bytes(name.encode())
        (directory / name).chmod(0o644)
    write_list(directory, {name: fingerprint(directory / name) for name in MANIFEST.images})
    return directory
