"""When something is ready, by what its steps took before: pure functions from measures to an outlook."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from math import hypot, inf

from msgspec import Struct, field

from daemon import wire
from daemon.memory.history import Measure
from state_machines.kind import Kind
from state_machines.record import Record

PARTS = 10
"""In so many parts a whole way is told: a row is told anew when it enters the next one."""


class Step(Struct, frozen=True):
    """What is known of one step: how long it takes, with what it was measured; nothing where it never was."""

    usual: float | None = None
    measure: Measure | None = None

    @property
    def runs(self) -> int | None:
        """How often it was measured; None for what takes no time, or was never measured."""
        return self.measure.runs if self.measure and self.measure.runs else None

    @property
    def spread(self) -> float | None:
        """By how much 95 of 100 exceed the usual at most; None while too few are known."""
        if self.measure is None or not self.measure.runs:
            return 0.0
        slow, usual = self.measure.slow_after, self.measure.usual
        return None if slow is None or usual is None else slow - usual


NO_TIME = Step(0.0)
"""A step that has nothing to do."""
UNKNOWN = Step()


class Expectation(Struct, frozen=True):
    """What is expected of one record. ``until``: when it is to be looked at anew though nothing has happened, ``whole``
    how many seconds its whole way takes, None where that is not known."""

    outlook: wire.Outlook = field(default_factory=lambda: wire.Outlook())
    until: float = inf
    whole: float | None = None
    step_ends: float | None = None
    """When its present step is expected to end."""


NOTHING = Expectation()


def known(measure: Measure, is_idle: bool) -> Step:
    """A step as it was measured."""
    if measure.usual is not None:
        return Step(measure.usual, measure)
    return NO_TIME if is_idle else UNKNOWN


def expectation(
    record: Record, kind: Kind, step_of: Callable[[str], Step], now: float, ends: float | None = None
) -> Expectation:
    """What is expected of a record on its way through the steps of its kind; ``ends`` is when its present step ends
    where that follows from other records."""
    phase = kind.states[record.state].phase
    if phase == "ok":
        return Expectation(wire.Outlook(share=1.0), whole=_sum([step_of(name) for name in kind.steps]))
    here = record.state if record.state in kind.steps else record.step
    if phase in ("releasing", "released") or (here not in kind.steps and phase != "waiting"):
        return NOTHING
    steps = [step_of(name) for name in kind.steps]
    place = kind.steps.index(here) if here in kind.steps else 0
    whole, behind = _sum(steps), _sum(steps[:place])
    if record.state not in kind.steps:
        return Expectation(_shared(wire.Outlook(), behind, whole), whole=whole)
    return _at_work(record.since, steps[place:], behind, whole, now, ends)


def _at_work(
    since: float,
    ahead: Sequence[Step],
    behind: float | None,
    whole: float | None,
    now: float,
    ends: float | None,
) -> Expectation:
    """What is expected of a step that lasts since then, and of those after it."""
    here, later = ahead[0], _sum(ahead[1:])
    lasted = max(0.0, now - since)
    takes = here.measure.beyond(lasted) if here.measure else here.usual
    told, turns = wire.Outlook(), [inf]
    if here.measure and here.measure.slow_after is not None:
        told["late"] = round(since + here.measure.slow_after, 1)
        turns.append(since + here.measure.slow_after)
    end = ends if ends is not None else None if takes is None else since + takes
    runs = [one.runs for one in ahead if one.runs is not None]
    if end is not None and later is not None and (runs or ends is not None):
        told["ready_at"] = round(end + later, 1)
        turns.append(end)
        if runs:
            told["runs"] = min(runs)
        by95 = _by95(since, ahead, end, now, ends is not None)
        if by95 is not None:
            told["by95"] = round(by95 + later, 1)
    done = None if behind is None or here.usual is None else behind + min(lasted, here.usual)
    told = _shared(told, done, whole)
    if done is not None and whole and here.usual is not None and lasted < here.usual:
        part = (int(PARTS * done / whole) + 1) * whole / PARTS
        turns.append(since + part - (behind or 0.0))
    until = min(turn for turn in turns if turn > now)
    return Expectation(told, until, whole, end if here.runs and end is not None and end > now else None)


def _by95(since: float, ahead: Sequence[Step], end: float, now: float, follows: bool) -> float | None:
    """When the present step and all delays after it are over in 95 of 100 cases, the usual of later steps left out;
    delays of different steps rarely come together."""
    spreads = [one.spread for one in ahead[1:]]
    if follows:
        own: float | None = 0.0
    else:
        slow = ahead[0].measure.slow_after if ahead[0].measure else 0.0
        own = None if slow is None or since + slow < now else max(0.0, since + slow - end)
    if own is None or None in spreads:
        return None
    return end + hypot(own, *(one for one in spreads if one is not None))


def _sum(steps: Sequence[Step]) -> float | None:
    """How long all of them take; None where that is not known of one."""
    usual = [step.usual for step in steps]
    measured = [seconds for seconds in usual if seconds is not None]
    return sum(measured) if len(measured) == len(usual) else None


def _shared(told: wire.Outlook, done: float | None, whole: float | None) -> wire.Outlook:
    """The outlook with the share that is done."""
    if done is not None and whole:
        told["share"] = round(min(1.0, done / whole), 3)
    return told
