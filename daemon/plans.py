"""Plans: what would be made, changed and deleted, in which order, under a digest that names exactly this."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable, Sequence

from daemon import wire
from daemon.store.ops import Resource


def plan_of(verb: str, target: str, items: list[wire.PlanItem]) -> wire.Plan:
    """The plan with its digest."""
    text = json.dumps([verb, target, items], sort_keys=True)
    digest = hashlib.sha256(text.encode()).hexdigest()[:16]
    return wire.Plan(digest=digest, target=target, verb=verb, items=items)


def deletions(rows: Iterable[Resource], order: Sequence[str]) -> list[wire.PlanItem]:
    """Ledger rows that are not gone, as deletions in the order of their kinds."""
    left = [row for row in rows if row.state != "gone"]
    return [
        wire.PlanItem(action="delete", owner=row.owner, kind=row.kind, name=row.name, id=row.cloud_id)
        for row in sorted(left, key=lambda row: order.index(row.kind))
    ]
