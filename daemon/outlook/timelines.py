"""What a record went through: its stays in each state, and the way that is usual for it."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from daemon import wire
from daemon.engine.engine import Engine
from daemon.engine.natures import nature_of
from daemon.memory.journal import Journal
from daemon.outlook.expectation import known
from daemon.outlook.standing import Standings
from state_machines.kind import Kind
from state_machines.record import Record

MOST = 60
"""So many timelines are told in one answer."""
FAILURES = 100
"""Of so many failures, the last ones, it is told what was said."""


class Timelines:
    """Reads the log for the stays, and the history for what is usual."""

    def __init__(self, journal: Journal, engine: Engine, standings: Standings) -> None:
        self._journal = journal
        self._engine = engine
        self._standings = standings

    async def stays(self, record: Record) -> list[wire.StepTiming]:
        """Every stay in a state since it was made, oldest first. Raises StoreError."""
        kind = self._engine.kind(record)
        stays: list[wire.StepTiming] = []
        for event in await self._journal.events(record=record.name, kind="transition", limit=10_000):
            if stays and stays[-1]["state"] != event.data["from"]:
                stays.clear()  # what came before was another one of this name, which was destroyed
            stay = wire.StepTiming(
                state=event.data["to"],
                title=event.message,  # in the words of then: the tables may have others now, or be gone
                attempt=event.data["attempt"],
                started=event.time,
                ended=None,
            )
            state = kind.states.get(event.data["to"])
            if state is not None:
                stay["nature"] = nature_of(kind, state)
            if state is not None and state.phase == "failed":
                stay["mark"] = "failed"
            elif stays and stay["attempt"] > stays[-1]["attempt"]:
                stay["mark"] = "retried"
            if stays:
                stays[-1]["ended"] = event.time
            stays.append(stay)
        return stays

    async def told(self, record: Record) -> list[wire.StepTiming]:
        """The same, with what was said of each failure. Raises StoreError."""
        stays = await self.stays(record)
        failed = {stay["started"]: stay for stay in stays if stay.get("mark") == "failed"}
        if failed:
            for event in await self._journal.events(
                record=record.name, kind="error", limit=FAILURES, tail=True
            ):
                if event.time in failed:
                    failed[event.time]["why"] = event.message
        return stays

    async def of(self, record: Record) -> wire.TimelineView:
        """The timeline of one record. Raises StoreError."""
        kind, stays = self._engine.kind(record), await self.stays(record)
        view = wire.TimelineView(
            name=record.name,
            kind=kind.role,
            cluster=record.shard,
            stays=stays,
            usual=self._usual(kind, stays),
        )
        outlook = self._standings.of(record).expected.outlook
        if "ready_at" in outlook:
            view["ready_at"] = outlook["ready_at"]
        return view

    def _usual(self, kind: Kind, stays: Sequence[wire.StepTiming]) -> list[wire.SpanView]:
        """The usual way of each try, from where and when it began, as far as it is known: until the next one."""
        begins = [at for at, stay in enumerate(stays) if _begins(kind, stays, at)]
        spans: list[wire.SpanView] = []
        for number, at in enumerate(begins):
            over = stays[begins[number + 1]]["started"] if number + 1 < len(begins) else None
            again = stays[at].get("mark") == "retried"
            spans += self._way(kind, stays[at]["state"], stays[at]["started"], over, again)
        return spans

    def _way(
        self, kind: Kind, step: str, begin: float, over: float | None, again: bool
    ) -> Iterator[wire.SpanView]:
        """The steps from one on, each as long as usual, none that begins when the next try has begun."""
        for name in kind.steps[kind.steps.index(step) :]:
            measure = self._journal.history.measure(kind.name, name, again)
            usual = known(measure, self._journal.history.is_idle(kind.name, name)).usual
            if usual is None or (over is not None and begin >= over):
                return
            if usual:
                nature = kind.states[name].nature
                yield wire.SpanView(state=name, nature=nature, begins=begin, ends=begin + usual)
            begin += usual


def _begins(kind: Kind, stays: Sequence[wire.StepTiming], at: int) -> bool:
    """Whether a try begins with a stay: the first step, or one that was begun again."""
    stay = stays[at]
    if stay["state"] not in kind.steps:
        return False
    return stay.get("mark") == "retried" or not any(one["state"] in kind.steps for one in stays[:at])
