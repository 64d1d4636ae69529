"""The stages of a node's rollback."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from daemon.engine.context import Step, StepContext
from daemon.engine.objects import Disposal
from daemon.life import undo
from daemon.life.members import LEFT
from daemon.life.replacing import GENERATION, generation_of
from daemon.platforms.ibm_nutanix.power import is_stubborn, told
from daemon.platforms.ibm_nutanix.ways import of_stubborn
from daemon.store.ops import Resource
from state_machines.outcome import Done, Outcome, Remedy

_KEPT = (GENERATION, "round", LEFT)
"""What outlives a rollback: counters, so that no name and no token is used twice, and why the node went."""


def stage(kind: str, what: str, disposals: Mapping[str, Disposal]) -> Step:
    """The stage that deletes every object of a kind; of a server that does not obey its buttons a person is told."""
    return undo.stage(kind, what, disposals, told, _of_stubborn)


def _of_stubborn(rows: Sequence[Resource]) -> Sequence[Remedy]:
    return of_stubborn(row for row in rows if is_stubborn(row))


async def forget_config(ctx: StepContext) -> Outcome:
    """What was recorded for the installer, the tokens and the pinned certificate are forgotten."""
    await ctx.forget_secrets()
    generation = generation_of(ctx.record)
    forgotten = {name: None for name in ctx.record.facts if name not in _KEPT}
    return Done({**forgotten, GENERATION: generation + bool(ctx.record.facts.get("ordered"))})
