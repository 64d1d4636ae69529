"""Plans: what would be made, changed and deleted, in which order, under a digest that names exactly this."""

from __future__ import annotations

import hashlib
import json
from collections import Counter
from collections.abc import Collection, Iterable, Mapping, Sequence
from math import inf
from typing import Any

from daemon import wire
from daemon.display.durations import lasting
from daemon.display.money import NO_PRICES, Prices, cost
from daemon.engine import sentences
from daemon.engine.limits import Limits
from daemon.errors.tree import NxdError
from daemon.memory.history import History
from daemon.platforms.base import Bound, Planned, Platform
from daemon.store.ops import Resource
from daemon.words import counted, first_of
from state_machines.kind import Kind
from state_machines.objects import ObjectKind

FELT_SECONDS = 60.0
"""What takes less than this is no wait that a plan tells of."""
TOLD = ("address",)
"""Of what the ledger keeps with an object, what a plan tells of one that goes, beside its sort."""

Objects = Mapping[str, ObjectKind]
"""The kinds of objects of a platform, by name."""


def plan_of(
    verb: str,
    target: str,
    items: list[wire.PlanItem],
    stages: list[wire.PlanStage] | None = None,
    *,
    objects: Objects,
    plain: Mapping[str, Any] | None = None,
    note: str = "",
    begins: bool = False,
    bounds: Sequence[Bound] = (),
    prices: Prices = NO_PRICES,
    again: wire.PlanAgain | None = None,
) -> wire.Plan:
    """The plan with its digest, which names what will be done, and the whole spec, and not how long it takes.
    ``begins``: its first step is one that was left undone, and is told of."""
    text = json.dumps([verb, target, items, plain], sort_keys=True, default=str)
    digest = hashlib.sha256(text.encode()).hexdigest()[:16]
    plan = wire.Plan(digest=digest, target=target, verb=verb, items=items, stages=stages or [])
    plan["sums"] = _sums(items, objects)
    if ordered := _by_the_hour(items, objects, "create"):
        plan["profiles"] = [wire.PlanProfile(profile=sort, count=count) for sort, count in ordered.items()]
    goes = _by_the_hour(items, objects, "delete")
    if ordered or goes:
        plan["cost"] = cost({sort: ordered[sort] - goes[sort] for sort in {**ordered, **goes}}, prices)
    if told := _told(plan, begins):
        plan["tells"] = told
    if again is not None:
        plan["again"] = again
    if note:
        plan["note"] = note
    waits = _longest(bounds)
    if waits is not None:
        plan["waits"] = waits
    return plan


def _told(plan: wire.Plan, begins: bool) -> str:
    """What a plan comes to, in a few words; nothing of one that does nothing outside."""
    stages = plan["stages"]
    goes_on = begins and stages and not deletes(plan)
    parts = [f"begins at {stages[0]['title']}"] if goes_on else []
    for action, does, after in (
        ("delete", "deletes", " for good"),
        ("create", "makes", ""),
        ("change", "changes", ""),
    ):
        sums = [one for one in plan["sums"] if one["action"] == action]
        if sums:
            what = counted(sum(one["count"] for one in sums), "setting" if action == "change" else "object")
            parts.append(f"{does} {sums[0]['text'] if len(sums) == 1 else what}{after}")
    if stages:
        takes = taken(stages)
        parts.append("never done yet, time unknown" if takes is None else f"about {lasting(takes)}")
    return " · ".join(parts)


def taken(stages: Sequence[wire.PlanStage]) -> float | None:
    """How many seconds the stages of a plan usually take; None where there are none, or one was never measured."""
    known = [stage["usual"] for stage in stages if stage["usual"] is not None]
    return sum(known) if stages and len(known) == len(stages) else None


def _longest(bounds: Sequence[Bound]) -> wire.PlanWait | None:
    """The limit that is waited for longest; one of which nobody knows how long yet before all others."""
    felt = [one for one in bounds if one.seconds is None or one.seconds >= FELT_SECONDS]
    if not felt:
        return None
    one = max(felt, key=lambda one: inf if one.seconds is None else one.seconds)
    return wire.PlanWait(limit=one.limit, value=one.value, seconds=one.seconds)


def creations(
    objects: Iterable[Planned], foreseen: Mapping[tuple[str, str], Mapping[str, Any]] | None = None
) -> list[wire.PlanItem]:
    """Objects that will be made, in their order; ``foreseen`` adds to what is known about each."""
    return [
        wire.PlanItem(
            action="create",
            owner=one.owner,
            kind=one.kind,
            name=one.name,
            id=None,
            about={**(foreseen or {}).get((one.kind, one.name), {}), **one.about},
        )
        for one in objects
    ]


def changes(
    owner: str, names: Iterable[str], before: Mapping[str, Any], after: Mapping[str, Any]
) -> list[wire.PlanItem]:
    """Settings that change, by their dotted names, with what they were and will be."""
    return [
        wire.PlanItem(
            action="change",
            owner=owner,
            kind="setting",
            name=name,
            id=None,
            before=_at(before, name),
            after=_at(after, name),
        )
        for name in names
    ]


def deletions(rows: Iterable[Resource], platform: Platform) -> list[wire.PlanItem]:
    """Ledger rows that are not gone, as deletions in the order of the rank of their kinds on this platform."""
    left = [row for row in rows if row.state != "gone"]
    return [
        wire.PlanItem(
            action="delete",
            owner=row.owner,
            kind=row.kind,
            name=row.name,
            id=row.cloud_id,
            about={key: row.data[key] for key in _told_of(row, platform.objects) if key in row.data},
        )
        for row in sorted(left, key=lambda row: platform.rank(row.kind))
    ]


def _told_of(row: Resource, objects: Objects) -> tuple[str, ...]:
    kind = objects.get(row.kind)
    return TOLD if kind is None or not kind.hourly else (*TOLD, kind.hourly)


def ask_before(plan: wire.Plan, doing: str) -> None:
    """Refuse a plan that deletes and that nobody is known to have seen. Raises NxdError."""
    deleting = deletes(plan)
    if deleting:
        named = first_of((f"{item['kind']} {item['name']}" for item in deleting), sentences.NAMED)
        raise NxdError("deletes", f"{doing} deletes for good: {named}.")


def deletes(plan: wire.Plan) -> list[wire.PlanItem]:
    """What of a plan is deleted."""
    return [item for item in plan["items"] if item["action"] == "delete"]


def _at(settings: Mapping[str, Any], name: str) -> Any:
    found: Any = settings
    for part in name.split("."):
        found = found.get(part) if isinstance(found, Mapping) else None
    return found


def _sums(items: Iterable[wire.PlanItem], objects: Objects) -> list[wire.PlanSum]:
    """How many of each kind, in the order in which they come first; servers of two profiles are two sums."""
    counts = Counter((item["action"], item["kind"], _sort(item, objects)) for item in items)
    found: list[wire.PlanSum] = []
    for (action, kind, sort), count in counts.items():
        known = objects.get(kind) or ObjectKind(kind, kind.replace("_", " "), f"{kind.replace('_', ' ')}s", 0)
        text = f"{count} {known.one if count == 1 else known.several}" + (f" of {sort}" if sort else "")
        found.append(wire.PlanSum(action=action, kind=kind, count=count, text=text))
    return found


def _by_the_hour(items: Iterable[wire.PlanItem], objects: Objects, action: str) -> Counter[str]:
    """What is made, or deleted, of what costs by the hour, by its sort."""
    sorts = (_sort(item, objects) for item in items if item["action"] == action)
    return Counter(sort for sort in sorts if sort)


def _sort(item: wire.PlanItem, objects: Objects) -> str:
    """What a price list calls an object; empty for one that costs nothing by the hour."""
    kind = objects.get(item["kind"])
    return "" if kind is None or not kind.hourly else str(item.get("about", {}).get(kind.hourly, ""))


def stages_of(
    kind: Kind, steps: Iterable[str], limits: Limits, history: History, again: Collection[str] = ()
) -> list[wire.PlanStage]:
    """The steps that a plan goes through, with how long each usually takes, ``again`` those that are tried once more,
    and how long it may."""
    stages: list[wire.PlanStage] = []
    undo = {stage.name: stage for stage in kind.undo}
    for step in steps:
        deadline = limits.of(undo[step] if step in undo else kind.states[step])
        title = undo[step].title if step in undo else kind.states[step].title
        measure = history.measure(kind.name, step, step in again)
        stage = wire.PlanStage(step=step, title=title, usual=measure.usual, deadline=deadline)
        stages.append(wire.PlanStage(**stage, runs=measure.runs) if measure.runs else stage)
    return stages
