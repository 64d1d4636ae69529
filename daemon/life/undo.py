"""The stages of a rollback: each deletes one kind of object and ends when every one was seen to be gone."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Mapping, Sequence

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
        left = [row.name for row, answer in zip(rows, answers, strict=True) if not answer]
        if not left:
            return Done()
        now = {row.name: row for row in ctx.resources(kind)}
        shown = ", ".join(
            f"{name} ({said})" if (said := _why(now.get(name), told)) else name for name in left
        )
        ways = tuple(stubborn(list(now.values())))
        return Wait(
            f"the {what} to be gone", f"not gone yet: {shown}", poll, attention=bool(ways), remedies=ways
        )

    return run


def _why(row: Resource | None, told: Callable[[Resource], str]) -> str:
    """Why something is not gone, if more is known than that."""
    if row is None:
        return ""
    if row.cloud_id is None:
        return "a create of it was refused or not answered, and may take effect late"
    return told(row)
