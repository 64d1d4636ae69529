"""Plans: what would be made, changed and deleted, in which order, under a digest that names exactly this."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable, Sequence

from daemon import wire
from daemon.history import History
from daemon.moves import Limits
from daemon.platforms.base import Planned
from daemon.store.ops import Resource
from state_machines.kind import Kind


def plan_of(
    verb: str, target: str, items: list[wire.PlanItem], stages: list[wire.PlanStage] | None = None
) -> wire.Plan:
    """The plan with its digest, which names what will be done and not how long it takes."""
    text = json.dumps([verb, target, items], sort_keys=True)
    digest = hashlib.sha256(text.encode()).hexdigest()[:16]
    return wire.Plan(digest=digest, target=target, verb=verb, items=items, stages=stages or [])


def creations(objects: Iterable[Planned]) -> list[wire.PlanItem]:
    """Objects that will be made, in their order."""
    return [
        wire.PlanItem(action="create", owner=one.owner, kind=one.kind, name=one.name, id=None)
        for one in objects
    ]


def deletions(rows: Iterable[Resource], order: Sequence[str]) -> list[wire.PlanItem]:
    """Ledger rows that are not gone, as deletions in the order of their kinds."""
    left = [row for row in rows if row.state != "gone"]
    return [
        wire.PlanItem(action="delete", owner=row.owner, kind=row.kind, name=row.name, id=row.cloud_id)
        for row in sorted(left, key=lambda row: order.index(row.kind))
    ]


def stages_of(kind: Kind, steps: Iterable[str], limits: Limits, history: History) -> list[wire.PlanStage]:
    """The steps that a plan goes through, with how long each usually takes and how long it may."""
    stages: list[wire.PlanStage] = []
    undo = {stage.name: stage for stage in kind.undo}
    for step in steps:
        deadline = limits.of(undo[step] if step in undo else kind.states[step])
        title = undo[step].title if step in undo else kind.states[step].title
        usual = history.usual(kind.name, step)
        stages.append(wire.PlanStage(step=step, title=title, usual=usual, deadline=deadline))
    return stages
