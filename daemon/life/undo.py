"""The stages of a rollback: each deletes one kind of object and ends when every one was seen to be gone."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Mapping, Sequence

from daemon.display.durations import time_of_day
from daemon.engine.context import Step, StepContext
from daemon.engine.objects import Disposal
from daemon.store.ops import Resource
from state_machines.outcome import Done, Outcome, Remedy, Wait

DELETION_POLL = 10.0

Stubborn = Callable[[Sequence[Resource]], Sequence[Remedy]]
"""What a person can do about those of the objects that do not go; nothing while they may still go by themselves."""


def stage(
    kind: str,
    what: str,
    disposals: Mapping[str, Disposal],
    told: Callable[[Resource], str] = lambda row: "",
    stubborn: Stubborn = lambda rows: (),
    poll: float = DELETION_POLL,
) -> Step:
    """The stage that deletes every object of a ``kind``, which people call ``what``; ``told`` says more of one that is
    being deleted."""

    async def run(ctx: StepContext) -> Outcome:
        rows = ctx.resources(kind)
        answers = await asyncio.gather(
            *(ctx.remove(row, disposals[kind]) for row in rows), return_exceptions=True
        )
        for answer in answers:
            if isinstance(answer, BaseException):
                raise answer
        left = [row for row, answer in zip(rows, answers, strict=True) if not answer]
        if not left:
            return Done()
        now = {row.name: row for row in ctx.resources(kind)}
        ways = tuple(stubborn(list(now.values())))
        evidence = _evidence([now.get(row.name, row) for row in left], ctx.waited_out, told)
        return Wait(f"the {what} to be gone", evidence, poll, attention=bool(ways), remedies=ways)

    return run


def _evidence(
    rows: Sequence[Resource],
    waited_out: Callable[[Resource], float | None],
    told: Callable[[Resource], str],
) -> str:
    """What still stands; what does not, and until when an earlier call may make it all the same."""
    absent = {row.name: until for row in rows if (until := waited_out(row)) is not None}
    standing = [row for row in rows if row.name not in absent]
    parts = []
    if standing:
        shown = (f"{row.name} ({said})" if (said := told(row)) else row.name for row in standing)
        parts.append(f"not gone yet: {', '.join(shown)}")
    if absent:
        over = time_of_day(max(absent.values()))
        parts.append(
            f"seen to be gone: {', '.join(absent)}, but an earlier call may take effect until {over}"
        )
    return "; ".join(parts)
