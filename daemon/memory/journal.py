"""Commits, then remembers, then tells: the only way to the store for everybody in the daemon."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable, Sequence
from functools import partial

from msgspec import Struct
from msgspec.structs import replace

from daemon.clock import Clock
from daemon.errors.tree import StoreError
from daemon.faultpoints import armed, point
from daemon.memory import phases
from daemon.memory.bus import Bus, Notice
from daemon.memory.calls import KEPT, KEPT_DAYS, CallBook
from daemon.memory.history import READ_BACK, History
from daemon.memory.mirror import Mirror
from daemon.memory.phases import Phases
from daemon.outside import OutsideCall
from daemon.secrets.redaction import Redactor
from daemon.store.base import Store
from daemon.store.ops import (
    NO_ROUND,
    AddEvent,
    BeginUse,
    DropRecord,
    EndUse,
    Event,
    KeepCalls,
    Lease,
    Op,
    Pruning,
    PutRecord,
    PutResource,
    PutSignal,
    TryToWrite,
    concerned,
)
from daemon.words import sentences
from state_machines.record import Record

log = logging.getLogger("nxd")

DAY = 86400.0
ROOM = 65536
"""Characters that are written to see whether there is room again."""
CALLS_READ_BACK = 1000
"""So many of the last calls are read when the daemon starts: which try of an intent comes next."""
WRITE_SECONDS = 2.0
"""Real seconds in which the database has to take a commit, where it is only asked whether it does."""
BETWEEN_PIECES = 0.02
"""Real seconds that the writer is left to others between two pieces of what is forgotten."""


class Unwritten(Struct, frozen=True):
    """Since when no commit goes through, and why: all that is known is of then."""

    since: float
    problem: str


class Journal:
    """The store with the lease, the mirror that follows it, and the bus that tells of it."""

    def __init__(
        self,
        store: Store,
        lease: Lease,
        mirror: Mirror,
        bus: Bus,
        clock: Clock,
        known: Redactor | None = None,
    ) -> None:
        self._store = store
        self._known = known or Redactor()
        self._lease = lease
        self.mirror = mirror
        self.bus = bus
        self.clock = clock
        self.calls = CallBook(clock, self._known, bus.tell)
        self.history = History()
        self.phases = Phases()
        self.started = clock.now()
        self._trial: asyncio.Future[list[Event]] | None = None
        """The commit of nothing by which the health answer learns whether one goes through."""
        self._tries = 0
        self.noted: dict[str, str] = {}
        """What somebody noticed to be wrong on this host, by what it concerns, for the health answer."""
        self.unwritten: Unwritten | None = None
        """Set from the first commit that failed until one goes through."""
        self._refused: float | None = None
        """When the first commit was handed over that failed since one went through."""
        self.went_through: Callable[[float, float], None] = lambda begun, over: None
        """Told of every commit that went through: since when none had, although one was handed over, and until when."""
        self.told: Callable[[Event], None] = lambda event: None
        """Called with each line of the log once it is durable: unlike a listener of the bus it costs nothing while
        records only change."""
        self.also: Callable[[Sequence[Op]], Sequence[Op]] = lambda ops: ()
        """Asked what is written together with ops, because it follows from them."""
        self._soon: list[Callable[[], object]] = []

    async def read_back(self) -> None:
        """Learn from the log how long things took before this daemon started, and which calls failed last. Raises
        StoreError."""
        self.calls.begin(await self._store.calls(0, CALLS_READ_BACK, None, tail=True, bodies=False))
        self.history.take(await self._store.events(0, READ_BACK, None, None, "transition", True))
        self.phases.take(await self._store.events(0, phases.READ_BACK, None, None, "boot", True))

    async def troubles(self, seconds: float) -> list[str]:
        """What is wrong with what is kept on this host: the noted troubles, and whether a commit goes through now."""
        if self._trial is None or self._trial.done():
            self._trial = self.submit(())
        await self._see(self._trial, seconds)
        unwritten = [] if self.unwritten is None else [self.unwritten.problem]
        return [*self.noted.values(), *unwritten]

    async def try_to_write(self, seconds: float) -> None:
        """Learn whether the database can be written, also where nobody has anything to write; while it could not, by
        as much as any commit needs, so that the last free page is not taken for room."""
        await self._see(self._try(), seconds)

    async def see_that_it_writes(self) -> None:
        """After a commit that failed nothing is called outside before one went through. Raises StoreError, Fenced
        where none does."""
        if self.unwritten is not None:
            await self._try()

    def _try(self) -> asyncio.Future[list[Event]]:
        self._tries += 1
        room = 0 if self.unwritten is None else ROOM
        return self.submit((TryToWrite(self.clock.now(), f"{self._tries} {'x' * room}"),))

    async def _see(self, commit: asyncio.Future[list[Event]], seconds: float) -> None:
        """Wait for the end of a commit; one that takes longer than so many seconds does not go through."""
        await asyncio.wait((commit,), timeout=seconds)
        if not commit.done():
            held = self._store.held_up()
            late = f"The database did not take a commit within {seconds:g} seconds."
            self._cannot_write(late if held is None else sentences(str(held), held.remedy))

    def _learn(self, begun: float, taken: list[OutsideCall], error: Exception) -> None:
        """The database takes nothing from the first commit on that failed until one goes through."""
        self.calls.give_back(taken)
        if isinstance(error, StoreError):
            self._cannot_write(sentences(str(error), error.evidence, error.remedy))
            self._refused = begun if self._refused is None else min(begun, self._refused)

    def _learn_written(self, begun: float) -> None:
        """A commit went through that had something to write."""
        since = begun if self._refused is None else min(begun, self._refused)
        self.unwritten = self._refused = None
        self.went_through(since, self.clock.now())

    def _cannot_write(self, problem: str) -> None:
        since = self.clock.now() if self.unwritten is None else self.unwritten.since
        self.unwritten = Unwritten(since, self._known.value(problem))

    async def commit(self, *ops: Op, patient: bool = False) -> list[Event]:
        """All of it or nothing, durable when it returns. Raises Fenced, VersionConflict, StoreError."""
        return await self.submit(ops, patient=patient)

    def submit(
        self, ops: Sequence[Op], then: Callable[[], None] | None = None, patient: bool = False
    ) -> asyncio.Future[list[Event]]:
        """Commit, and go on meanwhile. Once it is durable it is remembered, ``then`` follows, and the answer comes,
        which is that of ``commit``. No secret that the daemon knows gets into it. ``patient``: a hundredth of a second
        more or less does not matter."""
        free = self._known.is_free(*map(_told_of, ops))
        done = list(ops) if free else [self._without_secrets(op) for op in ops]
        if armed():
            point("before_commit", *concerned(done))
        done += self.also(ops)
        begun = self.clock.now()
        taken = self.calls.take_along()
        if taken:
            done.append(KeepCalls(taken))
        follow, learn = partial(self._follow, done, then, begun, taken), partial(self._learn, begun, taken)
        return self._store.commit(self._lease, done, follow, patient, learn)

    def show(self, record: Record) -> None:
        """Remember and tell how far the wait of a record has come, which nobody needs after a restart: its step looks
        again then. The record is the one that stands, in all but this; its next commit writes it down."""
        op = self._without_secrets(PutRecord(record))
        self.mirror.apply((op,))
        if self.bus.has_subscribers:
            self.bus.publish(_notice((op,), ()))

    def _without_secrets(self, op: Op) -> Op:
        """The op, without the secrets that somebody outside quoted in an answer or a line (see ``_told_of``)."""
        hidden = self._known.value
        if type(op) is AddEvent:
            event = op.event
            message, data = self._known.text(event.message), hidden(event.data)
            if message is not event.message or data is not event.data:
                return AddEvent(replace(event, message=message, data=data))
        elif type(op) is PutRecord:
            record = op.record
            if record.wait is None and record.error is None:
                return op
            wait, error = hidden(record.wait), hidden(record.error)
            if wait is not record.wait or error is not record.error:
                return PutRecord(replace(record, wait=wait, error=error))
        elif type(op) is PutSignal:
            data = hidden(op.signal.data)
            if data is not op.signal.data:
                return PutSignal(replace(op.signal, data=data))
        return op

    def soon(self, call: Callable[[], object]) -> None:
        """Call it when everybody who can go on now has done so."""
        if not self._soon:
            asyncio.get_running_loop().call_soon(self._call_all)
        self._soon.append(call)

    def _call_all(self) -> None:
        calls, self._soon = self._soon, []
        for call in calls:
            call()

    def _follow(
        self,
        ops: Sequence[Op],
        then: Callable[[], None] | None,
        begun: float,
        taken: list[OutsideCall],
        events: list[Event],
    ) -> None:
        if armed():
            point("after_commit", *concerned(ops))
        if ops:
            self._learn_written(begun)
        if taken:
            self.calls.written(taken)
        self.mirror.apply(ops)
        if armed():
            _pass_results(ops)
        said = log.isEnabledFor(logging.INFO)
        for event in events:
            if said:
                _say(event)
            self.told(event)
        if events:
            self.history.take(events)
            self.phases.take(events)
            self.mirror.revision = events[-1].revision
        if self.bus.has_subscribers:
            self.bus.publish(_notice(ops, events))
        if then is not None:
            then()

    async def prune(self, days: float, lines: int) -> int:
        """Forget what is older than so many days or exceeds so many lines, piece by piece while others commit; how many
        pieces it took. Raises Fenced, StoreError."""
        now, pieces = self.clock.now(), 0
        old = int((now - KEPT_DAYS * DAY) * 1000)
        what = Pruning(now - days * DAY, self.mirror.revision - lines, calls_until=max(0, old), calls=KEPT)
        while not what.done:
            what, pieces = await self._store.prune(self._lease, what), pieces + 1
            self.mirror.forget(what.tokens, what.begins)
            if not what.done:
                await self.clock.sleep(BETWEEN_PIECES * self.clock.speed)
        return pieces

    async def checkpoint(self) -> None:
        """Have what was written moved into the file of the database, so that this is not far behind. Raises nothing."""
        await self._store.checkpoint()

    async def events(
        self,
        after: int = 0,
        limit: int = 1000,
        shard: str | None = None,
        record: str | None = None,
        kind: str | None = None,
        tail: bool = False,
    ) -> list[Event]:
        """A piece of the log, oldest first. Raises StoreError."""
        return await self._store.events(after, limit, shard, record, kind, tail)

    async def calls_made(
        self,
        after: int = 0,
        limit: int = 1000,
        target: str | None = None,
        tail: bool = False,
        bodies: bool = False,
    ) -> list[OutsideCall]:
        """Calls to something outside, oldest first, those included that wait to be written. Raises StoreError."""
        fresh = [one for one in self.calls.unwritten() if one.id > after and target in (None, one.target)]
        found = await self._store.calls(after, limit, target, tail, bodies)
        stored = {one.id for one in found}
        found += [one for one in fresh if one.id not in stored]
        return found[-limit:] if tail else found[:limit]


def _told_of(op: Op) -> object:
    """What of an op may quote somebody outside."""
    if type(op) is AddEvent:
        return op.event.message, op.event.data
    if type(op) is PutRecord:
        return op.record.wait, op.record.error
    if type(op) is PutSignal:
        return op.signal.data
    return None


def _say(event: Event) -> None:
    """The journal of the host has each change of state, verb and failure too."""
    about: dict[str, object] = {"record": event.record or event.shard or None}
    if event.kind == "transition":
        about |= {key: event.data.get(key) for key in ("from", "to", "by", "attempt")}
        log.info("transition", extra=about)
    elif event.kind == "verb" or (event.kind == "note" and event.actor != "nxd"):
        log.info("asked", extra={**about, "actor": event.actor, "said": event.message})
    elif event.level == "error":
        log.warning("failed", extra={**about, "said": event.message})


def _pass_results(ops: Sequence[Op]) -> None:
    for op in ops:
        if isinstance(op, PutResource) and op.resource.state == "present":
            point("after_result", *op.resource.key)


def _notice(ops: Sequence[Op], events: Sequence[Event]) -> Notice:
    """What is told of a commit."""
    removed = frozenset(op.name for op in ops if isinstance(op, DropRecord))
    changed = {op.record.name for op in ops if isinstance(op, PutRecord)}
    changed |= {op.resource.owner for op in ops if isinstance(op, PutResource)}
    changed |= {op.use.shard for op in ops if isinstance(op, BeginUse)}
    changed |= {op.shard for op in ops if isinstance(op, EndUse)}
    changed |= {op.signal.record for op in ops if isinstance(op, PutSignal) and op.signal.round == NO_ROUND}
    return Notice(events, frozenset(changed) - removed, removed)
