"""What each verb of a record would come to now, as data: where it begins, what it loses, how long, and what then."""

from __future__ import annotations

from daemon import wire
from daemon.engine.engine import Engine
from daemon.requests.another_try import stands_then
from daemon.requests.plans import deletes, taken
from daemon.requests.verbs import Verbs
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
    offer["deletes"] = len(deletes(plan))
    offer["takes"] = taken(plan["stages"])
    if (again := plan.get("again")) is not None:
        offer["does"], offer["takes"] = "; ".join(again["does"]) or verb.does, again["takes"]
        offer["loses"] += again["wipes"]
    offer["tells"] = plan.get("tells", "")
    offer["then"] = stands_then(engine, record, verb)
    return offer
