"""Time that the daemon did not live through: it was stopped, its machine slept, or the clock was set while it was down.

A deadline is for what is waited for outside, and is given up by a daemon that looked. Over a lapse nobody looked, and
a machine that asked was not answered: every deadline that ran then is put off by it.
"""

from __future__ import annotations

import logging
from collections.abc import Callable

from msgspec.structs import replace

from daemon.display.durations import lasting
from daemon.errors.tree import StoreError
from daemon.memory.journal import Journal
from daemon.store.base import Fenced
from daemon.store.ops import AddEvent, Event, Op, PutRecord
from state_machines.record import Record

log = logging.getLogger("nxd.engine")

BEAT = 5.0
"""Real seconds between two signs of life."""
LEAST = 30.0
"""Real seconds without one that make a lapse; the last sign that a daemon which died left is older than its life by
less."""


class Lapses:
    """Notices lapses and puts deadlines off. ``poke`` gives a record a turn."""

    def __init__(self, journal: Journal, poke: Callable[[str], None]) -> None:
        self._journal = journal
        self._poke = poke
        self._beat: float | None = None
        self._found: list[tuple[float, float]] = []
        """Every lapse of this life, when it began and when it was over."""
        self._told = 0
        self._applied: dict[str, tuple[float, int]] = {}
        """Record → since when it stands where it does, and how many lapses its deadline was put off by."""

    def since_the_last_life(self) -> list[Op]:
        """What puts off every deadline that ran when the daemon before this one died. Durable before any turn."""
        now, lived = self._journal.clock.now(), self._journal.mirror.lived
        if lived is None or not self._is_lapse(lived, now):
            return []
        ops: list[Op] = [
            PutRecord(replace(one, deadline=one.deadline + _within(one, lived, now), version=one.version + 1))
            for one in self._journal.mirror.records.values()
            if one.deadline is not None and one.since < now
        ]
        return [*ops, _told(now, now - lived, "There was no daemon for up to {}")] if ops else []

    def put_off(self, record: Record) -> Record:
        """The record, with its deadline put off by what was missed since it stands where it does."""
        self._look()
        if record.deadline is None or not self._found:
            return record
        since, done = self._applied.get(record.name, (record.since, 0))
        missed = self._found[done if since == record.since else 0 :]
        seconds = sum(_within(record, begun, over) for begun, over in missed)
        self._applied[record.name] = record.since, len(self._found)
        return replace(record, deadline=record.deadline + seconds) if seconds else record

    def forget(self, record: Record) -> None:
        """The step in which the record stood is over."""
        self._applied.pop(record.name, None)

    async def run(self) -> None:
        """Give signs of life until cancelled, and tell of every lapse."""
        clock = self._journal.clock
        self._beat = clock.now()
        while True:
            self._look()
            try:
                await self._tell()
            except StoreError as error:
                log.warning("lapse_untold", extra={"problem": error})
            except Fenced:
                return
            await clock.sleep(BEAT * clock.speed)

    def _look(self) -> None:
        """Whether there was a lapse since the last sign of life; this is another one. Nothing before the first."""
        if self._beat is None:
            return
        now, before = self._journal.clock.now(), self._beat
        self._beat = max(now, before)
        if self._is_lapse(before, now):
            self._found.append((before, now))

    def _is_lapse(self, begun: float, over: float) -> bool:
        return over - begun > LEAST * self._journal.clock.speed

    async def _tell(self) -> None:
        """Tell of the lapses that nobody was told of, and have whoever waits look again. Raises StoreError."""
        untold = self._found[self._told :]
        waiting = [one.name for one in self._journal.mirror.records.values() if one.deadline is not None]
        if untold and waiting:
            said = "The daemon stood still for {} (it was stopped, or its machine slept)"
            await self._journal.commit(*(_told(over, over - begun, said) for begun, over in untold))
        self._told += len(untold)
        for name in waiting if untold else ():
            self._poke(name)


def _within(record: Record, begun: float, over: float) -> float:
    """How much of a lapse a record has stood where it does."""
    return max(0.0, over - max(begun, record.since))


def _told(now: float, seconds: float, said: str) -> AddEvent:
    message = f"{said.format(lasting(seconds))}: the deadlines that ran are put off by that"
    return AddEvent(Event(now, "", None, "note", message, "warning", "nxd", {"seconds": seconds}))
