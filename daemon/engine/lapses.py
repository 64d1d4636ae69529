"""Time in which the daemon could do nothing: it was stopped, its machine slept, the clock was set while it was down, or
its database took nothing.

A deadline is for what is waited for outside, and is given up by a daemon that looked and was heard. Over a lapse nobody
looked, and a machine that asked or reported was not answered: every deadline that ran then is put off by it.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable
from contextlib import suppress

from msgspec import Struct
from msgspec.structs import replace

from daemon.clock import Clock
from daemon.display.durations import lasting
from daemon.engine import transitions
from daemon.engine.sentences import event
from daemon.engine.situations import Situations
from daemon.engine.uses import Uses
from daemon.errors.tree import StoreError
from daemon.memory.journal import Journal
from daemon.store.base import Fenced
from daemon.store.ops import AddEvent, Event, Op, PutRecord, TryToWrite
from state_machines.record import Record

log = logging.getLogger("nxd.engine")

BEAT = 5.0
"""Real seconds between two signs of life; fewer where time passes faster, as with all of these."""
LEAST = 30.0
"""Real seconds without one that make a lapse; the last sign that a daemon which died left is older than its life by
less."""
SHORTEST = 1.0
"""Real seconds that are no lapse however fast time passes: a busy machine may keep anybody waiting for so long."""
COUNTED = 300.0
"""Daemon seconds that make a lapse where they pass faster than real ones: little beside any deadline."""
REMAINDER = 90.0
"""Daemon seconds that are left of a deadline after a lapse at least: a machine that was not answered asks and reports
again within a minute."""

STOOD_STILL = "The daemon stood still for {} (it was stopped, or its machine slept)"
UNWRITTEN = "The database took nothing for {}"
SWITCHED_ON = "its platform is switched on again: the time of this step begins anew"


class Lapse(Struct, frozen=True):
    """When one began, when it was over, and how it is told."""

    begun: float
    over: float
    said: str


def _least(clock: Clock) -> float:
    """Daemon seconds without a sign of life that make a lapse."""
    return max(SHORTEST * clock.speed, min(LEAST * clock.speed, COUNTED))


def _beat(clock: Clock) -> float:
    """Daemon seconds between two signs of life."""
    return _least(clock) * BEAT / LEAST


def _worth(clock: Clock) -> float:
    """Daemon seconds without a commit that make a lapse."""
    return max(_beat(clock), SHORTEST * clock.speed)


class Lapses:
    """Notices lapses and puts deadlines off. ``poke`` gives a record a turn."""

    def __init__(self, journal: Journal, known: Situations, poke: Callable[[str], None]) -> None:
        self._journal = journal
        self._known = known
        self._poke = poke
        self._last: float | None = None
        """The last sign of life."""
        self._found: list[Lapse] = []
        """Every lapse of this life; no two of them share any time."""
        self._told = 0
        self._untold = asyncio.Event()
        self._offered: dict[str, tuple[float, int]] = {}
        """Record → since when it stands where it does, and how many lapses its deadline is about to be put off by."""
        self._durable: dict[str, tuple[float, int]] = {}
        """The same, once that is durable."""
        self._worth = _worth(journal.clock)
        journal.went_through = self._wrote
        self._uses = Uses(journal, known.platform)

    async def make_up(self) -> None:
        """Make up, as a life begins, for what was missed before it."""
        for found in (self._before_this_life, self._without_a_platform, self._uses.unmeasured):
            if ops := found():
                with suppress(StoreError):  # the next start makes up for it
                    await self._journal.commit(*ops)

    def _before_this_life(self) -> list[Op]:
        records, now = self._journal.mirror.records, self._journal.clock.now()
        return transitions.brought_back(records.values(), now) or self._since_the_last_life()

    def _without_a_platform(self) -> list[Op]:
        """A record whose platform is not switched on has no deadline, for nobody works on it, however long; where it is
        switched on again, the time of its state begins anew."""
        now, ops = self._journal.clock.now(), list[Op]()
        for one in self._journal.mirror.records.values():
            absent = self._known.is_absent(one)
            if absent == (one.deadline is None):
                continue
            seconds = None if absent else self._known.limits(one).here(one, self._known.kind(one))
            if absent or seconds is not None:
                deadline = None if seconds is None else now + seconds
                ops.append(PutRecord(replace(one, deadline=deadline, version=one.version + 1)))
                ops += [] if absent else [event(one, "note", now, SWITCHED_ON)]
        return ops

    def _since_the_last_life(self) -> list[Op]:
        """What puts off every deadline that ran when the daemon before this one died. Durable before any turn."""
        now, lived = self._journal.clock.now(), self._journal.mirror.lived
        if lived is None:
            return []
        records = self._journal.mirror.records.values()
        lived = max([lived, *(one.since for one in records if one.since <= now)])
        if now - lived <= _least(self._journal.clock):
            return []
        lapse = Lapse(lived, now, "There was no daemon for up to {}")
        ops: list[Op] = [
            PutRecord(replace(one, deadline=self._later(one, [lapse]), version=one.version + 1))
            for one in records
            if one.deadline is not None and one.since < now
        ]
        return [*ops, _told(lapse)] if ops else []

    def put_off(self, record: Record) -> Record:
        """The record, with its deadline put off by what was missed since it stands where it does.
        ``made_durable`` follows."""
        self._look()
        if record.deadline is None or not self._found:
            return record
        missed = self._missed(record)
        self._offered[record.name] = record.since, len(self._found)
        later = self._later(record, missed)
        return record if later == record.deadline else replace(record, deadline=later)

    def made_durable(self, record: Record) -> None:
        """What the deadline of the record was put off by is durable."""
        offered = self._offered.pop(record.name, None)
        if offered is not None and offered[0] == record.since:
            self._durable[record.name] = offered

    async def missed_one(self, record: Record) -> bool:
        """Whether there is a lapse by which the deadline of a record, which is over otherwise, is to be put off yet.
        Nobody judges a deadline before something could be written. Raises StoreError."""
        await self._journal.commit(TryToWrite(self._journal.clock.now(), ""))
        self._look()
        since, count = self._offered.get(record.name, (record.since, 0))
        return any(_within(record, one) > 0 for one in self._found[count if since == record.since else 0 :])

    def forget(self, record: Record) -> None:
        """The step in which the record stood is over."""
        self._offered.pop(record.name, None)
        self._durable.pop(record.name, None)

    async def run(self) -> None:
        """Give signs of life until cancelled, and tell of every lapse."""
        clock = self._journal.clock
        self._last = clock.now()
        while True:
            self._look()
            try:
                await self._tell()
            except StoreError as error:
                log.warning("lapse_untold", extra={"problem": error})
            except Fenced:
                return
            await self._rest(_beat(clock))

    async def _rest(self, seconds: float) -> None:
        """Sleep so long, or until there is a lapse to be told of."""
        self._untold.clear()
        rests = (
            asyncio.create_task(self._journal.clock.sleep(seconds), name="pulse-sleep"),
            asyncio.create_task(self._untold.wait(), name="pulse-woken"),
        )
        try:
            await asyncio.wait(rests, return_when=asyncio.FIRST_COMPLETED)
        finally:
            for rest in rests:
                rest.cancel()

    def _look(self) -> None:
        """Whether there was a lapse since the last sign of life; this is another one. Nothing before the first."""
        if self._last is None:
            return
        now, before = self._journal.clock.now(), self._last
        self._last = max(now, before)
        if now - before > _least(self._journal.clock):
            self._add(before, now, STOOD_STILL)

    def _wrote(self, begun: float, over: float) -> None:
        """A commit went through, and since ``begun`` none had that was handed over."""
        if over - begun > self._worth:
            self._look()
            self._add(begun, over, UNWRITTEN)

    def _add(self, begun: float, over: float, said: str) -> None:
        """A lapse, as far as it is in none that is known: commits that waited together end one after the other."""
        pieces = [(begun, over)]
        for known in self._found:
            pieces = [
                piece
                for one in pieces
                for piece in ((one[0], min(one[1], known.begun)), (max(one[0], known.over), one[1]))
                if piece[0] < piece[1]
            ]
        pieces = [piece for piece in pieces if piece[1] - piece[0] > self._worth]
        self._found += [Lapse(*piece, said) for piece in pieces]
        if pieces:
            self._untold.set()

    def _missed(self, record: Record) -> list[Lapse]:
        """The lapses by which the deadline of a record is to be put off yet."""
        since, done = self._durable.get(record.name, (record.since, 0))
        found = self._found[done if since == record.since else 0 :]
        return [one for one in found if _within(record, one) > 0]

    def _later(self, record: Record, missed: list[Lapse]) -> float | None:
        """The deadline of a record, put off by these lapses, and so that whoever was not answered can be heard."""
        if record.deadline is None or not missed:
            return record.deadline
        seconds = sum(_within(record, one) for one in missed)
        least = max(REMAINDER, SHORTEST * self._journal.clock.speed)
        return max(record.deadline + seconds, max(one.over for one in missed) + least)

    async def _tell(self) -> None:
        """Tell of the lapses that nobody was told of, and have whoever waits look again. Raises StoreError."""
        untold = self._found[self._told :]
        waiting = [one.name for one in self._journal.mirror.records.values() if one.deadline is not None]
        if untold and waiting:
            await self._journal.commit(*map(_told, untold))
        self._told += len(untold)
        for name in waiting if untold else ():
            self._poke(name)


def _within(record: Record, lapse: Lapse) -> float:
    """How much of a lapse a record has stood where it does."""
    return max(0.0, lapse.over - max(lapse.begun, record.since))


def _told(lapse: Lapse) -> AddEvent:
    seconds = lapse.over - lapse.begun
    message = f"{lapse.said.format(lasting(seconds))}: the deadlines that ran are put off by that"
    return AddEvent(Event(lapse.over, "", None, "note", message, "warning", "nxd", {"seconds": seconds}))
