"""What it comes to to try something again: what is done and lost outside besides objects, how long, and what then."""

from __future__ import annotations

from collections.abc import Sequence

from daemon import wire
from daemon.engine.engine import Engine
from daemon.requests.plans import taken
from state_machines.kind import Kind
from state_machines.record import Record
from state_machines.verbs import Verb

Stages = Sequence[wire.PlanStage]


def again_of(
    engine: Engine, record: Record, verb: Verb, stages: Stages, along: Sequence[tuple[Record, Stages]]
) -> wire.PlanAgain:
    """Another try of a record by these stages, and of the nodes that are tried ``along`` with it by theirs."""
    kind = engine.kind(record)
    begins = kind.states[stages[0]["step"]]
    does = [begins.again] if begins.again else []
    wipes = _wiped(kind, record.name, stages)
    for one, way in along:
        other = engine.kind(one)
        first = other.states[way[0]["step"]] if way else None
        told = "" if first is None else f" at {first.title}{f': {first.again}' if first.again else ''}"
        does.append(f"tries {one.name} again{told}")
        wipes += _wiped(other, one.name, way)
    left = kind.states.get(record.step or "")
    return wire.PlanAgain(
        after=left.title if left is not None and record.state == "failed" else "",
        does=does,
        wipes=wipes,
        then=stands_then(engine, record, verb),
        takes=taken(stages),
    )


def _wiped(kind: Kind, name: str, stages: Stages) -> list[str]:
    """What of a record is destroyed by a try that goes through these stages, and is no object of the ledger."""
    wipes = [kind.states[stages[0]["step"]].wipes] if stages else []
    return [f"{one} ({name})" for one in wipes if one]


def stands_then(engine: Engine, record: Record, verb: Verb) -> str:
    """How it stands once the verb is done; empty where it only sets something."""
    kind = engine.kind(record)
    if verb.protect is not None:
        return "protected" if verb.protect else "not protected"
    if verb.nodes == "stop":
        return kind.states["held"].title
    if verb.goal == "gone":
        return "forgotten" if verb.forget else kind.states["rolled_back"].title
    if verb.goal != "active" or not kind.steps:
        return ""
    last = kind.steps[-1]
    done = kind.states[kind.next(last, last, "advance")].title
    cluster = engine.situation(record).cluster
    waits = cluster.name != record.name and engine.platform(cluster).waits_for_nodes(str(cluster.step))
    return f"{done}; {cluster.name} goes on once all its nodes are" if waits else done
