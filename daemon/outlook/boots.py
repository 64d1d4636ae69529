"""What the boots of a machine came to: the phases of its installer, and how far it was when."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import pairwise

from daemon import wire
from daemon.memory.journal import Journal
from daemon.memory.phases import BOOT, LAST, PERCENT, PHASE
from daemon.store.ops import Event
from state_machines.record import Record

SHOWN = 10
"""So many boots are told, the last ones."""
POINTS = 64
"""So many points of progress are told of one boot."""
LINES = 3000
"""So many lines of a machine are looked through."""


async def boots_of(journal: Journal, record: Record) -> list[wire.BootView]:
    """The last boots of a node's machine, oldest first. Raises StoreError."""
    said = await journal.events(record=record.name, kind="boot", limit=LINES, tail=True)
    errors = await journal.events(record=record.name, kind="error", limit=SHOWN * 10, tail=True)
    of: dict[int, list[Event]] = {}
    for event in said:
        if event.actor == record.name and event.data.get(BOOT) and not event.data.get("late"):
            of.setdefault(event.data[BOOT], []).append(event)
    failed = {event.data[BOOT]: event.time for event in errors if event.data.get(BOOT)}
    numbers = sorted(of)[-SHOWN:]
    boots = [_boot(journal, record, number, of[number], failed.get(number)) for number in numbers]
    for boot, following in pairwise(boots):
        if boot["ended"] is None:
            boot["ended"] = following["began"]
            boot.pop("to_come", None)
    return boots


def _boot(
    journal: Journal, record: Record, number: int, events: Sequence[Event], failed: float | None
) -> wire.BootView:
    reports = [event for event in events if PHASE in event.data]
    over = [event.time for event in reports if event.data[PHASE] == event.data.get(LAST)]
    began = events[0].time
    ended = failed if failed is not None else over[0] if over else None
    view = wire.BootView(
        boot=number,
        began=began,
        ended=ended,
        failed=failed is not None,
        phases=_phases(journal, record, began, reports, failed),
        points=_thinned([[event.time, _share(event)] for event in reports]),
    )
    age = (journal.clock.now() if ended is None else ended) - began
    last = max((event.data.get(LAST) or 0 for event in reports), default=0)
    if last and (
        share := usual_share([journal.phases.usual(record.kind, one + 1) for one in range(last)], age)
    ):
        view["usual_share"] = share
    if last:
        view["of"] = last
    reached = max((event.data[PHASE] for event in reports), default=0)
    if ended is None and reached < last:
        coming = [journal.phases.usual(record.kind, number) for number in range(reached + 1, last + 1)]
        view["to_come"] = wire.ToComeView(first=reached + 1, last=last, usual=summed(coming))
    return view


def summed(phases: Sequence[float | None]) -> float | None:
    """How long phases take in all; None where one of them was never measured."""
    known = [seconds for seconds in phases if seconds is not None]
    return sum(known) if len(known) == len(phases) else None


def usual_share(phases: Sequence[float | None], age: float) -> float | None:
    """Which share of an installation is usually done at an age in seconds, by how long each phase took before; None
    where one of them was never measured."""
    done = 0.0
    for seconds in phases:
        if seconds is None:
            return None
        if age < seconds:
            done += age / seconds
            break
        age -= seconds
        done += 1
    return round(min(1.0, done / len(phases)), 4)


def _phases(
    journal: Journal, record: Record, began: float, reports: Sequence[Event], failed: float | None
) -> list[wire.PhaseView]:
    """Each phase that was reported. A phase lasts from the last report of the one before to its own last one, which
    says nothing of a share that is left."""
    phases: list[wire.PhaseView] = []
    before = began
    for event in reports:
        if not phases or phases[-1]["phase"] != event.data[PHASE]:
            phases.append(
                wire.PhaseView(
                    phase=event.data[PHASE],
                    title=event.message.partition(": ")[2] or event.message,
                    began=before,
                    ended=None,
                    usual=journal.phases.usual(record.kind, event.data[PHASE]),
                )
            )
        share = event.data.get(PERCENT)
        phases[-1]["ended"] = event.time if share is None or share >= 100 else None
        before = event.time
    for phase, following in pairwise(phases):
        phase["ended"] = following["began"]
    if phases and failed is not None:
        phases[-1]["ended"] = failed
    return phases


def _share(event: Event) -> float:
    """How much of the whole way is done, from 0 to 1, where a report without a share is of a phase that is over."""
    share = event.data.get(PERCENT)
    done = event.data[PHASE] - 1 + (100.0 if share is None else share) / 100
    return float(round(min(1.0, done / max(1, event.data.get(LAST) or event.data[PHASE])), 4))


def _thinned(points: list[list[float]]) -> list[list[float]]:
    """At most so many of them, evenly taken, the last one always."""
    if len(points) <= POINTS:
        return points
    step = (len(points) - 1) / (POINTS - 1)
    return [points[round(at * step)] for at in range(POINTS)]
