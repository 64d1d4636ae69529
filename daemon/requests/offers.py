"""What each verb of a record would come to now, as data: where it begins, what it loses, how long, and what then."""

from __future__ import annotations

from daemon import wire
from daemon.engine.engine import Engine
from daemon.requests.plans import taken
from daemon.requests.verbs import Verbs
from state_machines.kind import Kind
from state_machines.record import Record
from state_machines.verbs import Verb


def offers(verbs: Verbs, engine: Engine, target: str) -> wire.Offers:
    """Every verb of a record, in the order in which they are offered. Raises NxdError where there is no such record."""
    record = verbs.find(target)
    can = verbs.can(record)
    kind = engine.kind(record)
    told = [_offer(verbs, engine, record, kind.verbs[verb], reason) for verb, reason in can.items()]
    return wire.Offers(target=record.name, offers=told)


def _offer(verbs: Verbs, engine: Engine, record: Record, verb: Verb, refused: str | None) -> wire.OfferView:
    offer = wire.OfferView(
        verb=verb.name,
        does=verb.does,
        consent=verb.consent,
        begins_at=None,
        loses=[],
        makes=[],
        takes=None,
        then="",
        tells="",
    )
    if refused is not None:
        offer["refused"] = refused
        return offer
    plan = verbs.plan(verb.name, record.name)
    offer["begins_at"] = plan["stages"][0]["title"] if plan["stages"] else None
    offer["loses"] = [one["text"] for one in plan["sums"] if one["action"] == "delete"]
    offer["makes"] = [one["text"] for one in plan["sums"] if one["action"] == "create"]
    offer["takes"] = taken(plan["stages"])
    offer["tells"] = plan.get("tells", "")
    offer["then"] = _then(engine, record, engine.kind(record), verb)
    return offer


def _then(engine: Engine, record: Record, kind: Kind, verb: Verb) -> str:
    """How it stands once the verb is done; empty where it only sets something."""
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
