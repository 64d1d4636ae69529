"""Gives records their turns: one at a time for each, all beside each other, when they are poked or their time comes."""

from __future__ import annotations

import asyncio
import heapq
import logging
from collections import OrderedDict
from collections.abc import Awaitable, Callable

from daemon.clock import Clock, count_held, held
from daemon.errors.tree import StoreError
from daemon.outside import call_for
from daemon.store.base import Fenced
from daemon.words import sentences
from state_machines.record import Record

log = logging.getLogger("nxd.engine")

STORE_RETRY_SECONDS = 1.0
"""Real seconds after which a turn that broke off is taken again; twice as long each time that it does so in a row."""
STORE_RETRY_LONGEST = 15.0
"""Real seconds to which that grows."""

Turn = Callable[[str], Awaitable[None]]
"""What a record has its turn for: the verbs that wait for it, and every step that can run now."""


class Turns:
    """The turns of all records, so many at once; whoever is poked meanwhile waits in line, which costs no task.
    ``alone`` says of which no two may have theirs at the same time."""

    def __init__(self, clock: Clock, turn: Turn, at_once: int, alone: Callable[[str], bool]) -> None:
        self._clock = clock
        self._turn = turn
        self._at_once = at_once
        self._busy = 0
        """Turns that are under way, but for those of records that have theirs alone."""
        self._line: OrderedDict[str, float] = OrderedDict()
        """Who waits for one of them to end, in order, and since when."""
        self._alone = alone
        self._single = asyncio.Lock()
        self._turns: dict[str, asyncio.Task[None]] = {}
        self.fresh: dict[str, None] = {}
        """Whose turns begin as soon as the loop comes to them, but for those of records that have theirs alone."""
        self._again: set[str] = set()
        self._due: list[tuple[float, str]] = []
        self._wakes: dict[str, float] = {}
        self._woken = asyncio.Event()
        self._fenced: Fenced | None = None
        self._stopped = False
        self._broken: dict[str, str] = {}
        self._breaks: dict[str, int] = {}
        """Whose turns broke off, and how many times in a row."""

    @property
    def problems(self) -> list[str]:
        """What keeps records from having their turn, for the health answer; empty when nothing does."""
        return list(dict.fromkeys(self._broken.values()))

    @property
    def load(self) -> tuple[int, int]:
        """How many records have their turn, and how many wait in line for it."""
        return len(self._turns), len(self._line)

    async def run(self) -> None:
        """Work until cancelled; then every turn is stopped where it is. Raises Fenced."""
        try:
            while self._fenced is None:
                self._woken.clear()
                delay = self._wake_due()
                if delay is None:
                    await self._woken.wait()
                else:
                    await self._sleep_or_wake(delay)
            raise self._fenced
        finally:
            self._stopped = True
            turns = list(self._turns.values())
            for turn in turns:
                turn.cancel()
            await asyncio.gather(*turns, return_exceptions=True)

    def poke(self, name: str) -> None:
        """Give a record a turn now, or right after the one it is having; none any more once ``run`` has ended."""
        if self._stopped:
            return
        if name in self._turns:
            self._again.add(name)
        elif self._alone(name):
            self._begin(name, alone=True)
        elif self._line or self._busy >= self._at_once:
            self._line.setdefault(name, self._clock.now())
        else:
            self._begin(name, alone=False)

    def take_poke(self, name: str) -> bool:
        """Whether a record was poked since its turn began or this was asked last; it is no reason for another turn
        then."""
        poked = name in self._again
        self._again.discard(name)
        return poked

    def _begin(self, name: str, alone: bool, asked: float | None = None) -> None:
        """A turn, for which the record waited in line since it ``asked`` for it."""
        waited = 0.0 if asked is None else self._clock.now() - asked
        turn = asyncio.create_task(self._take_turn(name, alone, waited), name=f"turn:{name}")
        self._turns[name] = turn
        if not alone:
            self._busy += 1
            self.fresh[name] = None

    def wake_at(self, name: str, when: float) -> None:
        """Give a record a turn at a time, unless it is given another one before."""
        self._wakes[name] = when
        heapq.heappush(self._due, (when, name))
        if self._due[0][1] == name:  # sooner than what is slept for
            self._woken.set()

    def pause(self, record: Record, now: float, delay: float) -> bool:
        """Come back after ``delay`` seconds, and not later than the deadline. True when that is at once."""
        if delay <= 0:
            return True
        until = now + delay
        self.wake_at(record.name, until if record.deadline is None else min(until, max(record.deadline, now)))
        return False

    def _turn_over(self, name: str, alone: bool) -> None:
        del self._turns[name]
        self._busy -= not alone
        again = name in self._again
        self._again.discard(name)
        if self._stopped or self._fenced is not None:
            return
        if again:
            self.poke(name)
        while self._line and self._busy < self._at_once:
            following, asked = self._line.popitem(last=False)
            self._begin(following, alone=False, asked=asked)

    def _wake_due(self) -> float | None:
        """Poke every record whose time has come; the seconds until the next one, if any."""
        now = self._clock.now()
        while self._due:
            when, name = self._due[0]
            if self._wakes.get(name) != when:
                heapq.heappop(self._due)
            elif when <= now:
                heapq.heappop(self._due)
                self.poke(name)
            else:
                return when - now
        return None

    async def _sleep_or_wake(self, delay: float) -> None:
        sleep = asyncio.create_task(self._clock.sleep(delay), name="engine-sleep")
        woken = asyncio.create_task(self._woken.wait(), name="engine-moved")
        try:
            await asyncio.wait((sleep, woken), return_when=asyncio.FIRST_COMPLETED)
        finally:
            sleep.cancel()
            woken.cancel()

    async def _take_turn(self, name: str, alone: bool, waited: float) -> None:
        count_held(waited)
        call_for(name)
        self._wakes.pop(name, None)
        self.fresh.pop(name, None)
        try:
            if alone:
                with held(self._clock):
                    await self._single.acquire()
                try:
                    await self._turn(name)
                finally:
                    self._single.release()
            else:
                await self._turn(name)
            self._broken.pop(name, None)
            self._breaks.pop(name, None)
        except StoreError as error:
            if name not in self._breaks:
                log.error("commit_failed", extra={"record": name, "evidence": error.evidence})
            self._broken[name] = sentences(error.message, error.evidence, error.remedy)
            self._take_again(name)
        except Fenced as error:
            self._fenced = error
            self._woken.set()
        except Exception as error:
            log.exception("turn_broke", extra={"record": name})
            self._broken[name] = f"The turn of {name} broke: {type(error).__name__}: {error}"
            self._take_again(name)
        finally:
            self._turn_over(name, alone)

    def _take_again(self, name: str) -> None:
        """Give a record another turn, after a pause that grows with each that broke off."""
        times = self._breaks[name] = self._breaks.get(name, 0) + 1
        pause = min(STORE_RETRY_SECONDS * 2.0 ** min(times - 1, 30), STORE_RETRY_LONGEST)
        self.wake_at(name, self._clock.now() + pause * self._clock.speed)
