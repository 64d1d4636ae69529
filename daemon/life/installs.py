"""Places to install: so many machines of all platforms together are installed at the same time."""

from __future__ import annotations

from daemon.engine.context import StepContext
from state_machines.lifecycle import ENDS
from state_machines.outcome import Wait
from state_machines.record import Record

FACT = "installing"
"""What a record remembers while it has a place; whoever is done gives it back by forgetting it."""
_NOT_UNDER_WAY = frozenset(state.name for state in ENDS)


def has_place(record: Record) -> bool:
    """Whether a record has a place now. One that failed or is held has none: it does not load the boot server."""
    return bool(record.facts.get(FACT)) and record.state not in _NOT_UNDER_WAY


def full(ctx: StepContext, most: int, poll: float) -> Wait | None:
    """The wait for a free place; None while there is one. Look and take it under ``ctx.lock("installs")``."""
    names = ctx.where(has_place)
    if len(names) - (ctx.record.name in names) < most:
        return None
    evidence = f"limits.installs is {most}, and so many nodes install now"
    return Wait("a free place to install", evidence, poll, in_line=True)
