"""What a person can do about a problem *now*: what it names, and the verb that is legal where the record stands.

The same data is a sentence in `nxd` and nxtui, a row of ``docs/errors.md``, and what a script follows.
"""

from __future__ import annotations

import itertools
from collections.abc import Mapping, Sequence
from typing import Any

import msgspec
from msgspec.structs import replace

from daemon.engine import legality
from daemon.engine.legality import Situation
from daemon.engine.spec_nodes import leaves
from daemon.errors.tree import NxdError, kind_of
from state_machines.kind import ROLLING_BACK, Kind
from state_machines.outcome import Problem, Remedy
from state_machines.verbs import (
    DESTROY,
    PARTS,
    PROTECTIONS,
    REPLACE,
    RESUME,
    RETRY,
    ROLLBACK,
    SHARED,
    UNPROTECT,
    Part,
)

_MILDEST_FIRST = (RETRY, RESUME, REPLACE, ROLLBACK, DESTROY)
FALLBACKS = tuple(verb.name for verb in _MILDEST_FIRST)
"""Verbs that are offered when none of those that the problem itself names is legal, the mildest first."""
MILD = tuple(verb.name for verb in _MILDEST_FIRST if verb.deletes != "always")
"""Those that delete nothing, or only what their plan says."""
HARMLESS = (RETRY.name, RESUME.name)
"""Those that lead on with what stands."""
NODES_NAMED = 4
"""So many nodes are named, each with its verb; the others take the same."""
_PART: Mapping[str, Part] = {
    verb.name: part for part, has in PARTS.items() for verb in _MILDEST_FIRST if has(verb)
}
"""What each of them is for: a kind may have a verb of its own for it."""
_WAIT = "nxd wait"
_OR = "Or "
"""How a remedy begins that is an alternative to the one before it."""
_BY_ITSELF = Remedy("wait", "Nothing to do yet: nxd tries again by itself until the deadline.")


def verb_remedy(kind: Kind, verb: str, target: str, state: str = "") -> Remedy:
    """Giving a verb to a record in a ``state``, in a sentence, with its command."""
    left_nothing, row = state != "" and kind.states[state].phase == "released", kind.verbs.get(verb)
    does = verb if row is None else (left_nothing and row.anew) or row.does
    return Remedy("verb", f"{does[:1].upper()}{does[1:]}: nxd {verb} {target}.", verb=verb, target=target)


def _giving(place: Situation, verb: str) -> Remedy:
    return verb_remedy(place.kind, verb, place.record.name, place.record.state)


def remedies(problem: Mapping[str, Any], here: Situation, cluster: Situation) -> list[Remedy]:
    """What can be done about the problem of a record, which stands ``here`` in its ``cluster``, in order."""
    if here.switch_on is not None:
        return [here.switch_on]
    if _has_left(here):
        return [_nothing_left(here)]
    mend = _of_problem(problem, here)
    if here.kind.states[here.record.state].work or here.record.state == ROLLING_BACK:
        waits = [one for one in mend if one.kind == "wait"]
        return [*(waits or [_BY_ITSELF]), *(one for one in mend if one.kind == "outside")]
    first = [one for one in mend if one.kind not in ("wait", "verb")]
    first = [one for one in first if one.kind != "spec" or legality.may_apply(cluster, one.setting)]
    first = _begun(first)
    if not first and any(one.kind == "spec" for one in mend) and not leaves(here.record, here.cluster):
        return _from_nothing(mend, cluster)
    if first and here.record.name == cluster.record.name and all(one.kind == "spec" for one in first):
        return first  # applying it is what leads on
    named = [one for one in mend if one.kind == "verb"]
    return [*first, *_leading(problem, here, cluster, named)]


def _begun(ways: list[Remedy]) -> list[Remedy]:
    """What is left of several ways: an alternative to one that cannot be gone is the first."""
    if not ways or not ways[0].text.startswith(_OR):
        return ways
    text = ways[0].text.removeprefix(_OR)
    return [replace(ways[0], text=f"{text[:1].upper()}{text[1:]}"), *ways[1:]]


def without_problem(here: Situation, cluster: Situation) -> list[Remedy]:
    """What can be done where a record stands still without a problem of its own; nothing where it moves by itself."""
    if here.switch_on is not None:
        return [here.switch_on]
    if _has_left(here):
        return [_nothing_left(here)]
    record, kind = here.record, here.kind
    phase = kind.states[record.state].phase
    if phase == "attention":
        on = kind.parts.get("go on")
        return _leading({"code": ""}, here, cluster, [_going_on(here, on)] if on else [])
    alone = cluster.kind.states[cluster.record.state].phase == "released" and here.record != cluster.record
    if phase == "released" and not alone:
        return _leading({"code": ""}, here, cluster, [])
    wait = record.wait or {}
    if wait.get("attention") and wait.get("remedies"):
        return _all_at_once(here) or [
            one for one in map(_read, wait["remedies"]) if _can_be_done(one, here, cluster)
        ]
    if wait.get("attention") and legality.is_protected(cluster.record, cluster.cluster_inbox):
        return [_unprotect(cluster)]
    return []


def _going_on(held: Situation, verb: str) -> Remedy:
    """The verb that ends a hold, and what a hold does not stop."""
    way, step = _giving(held, verb), held.kind.states.get(str(held.record.step))
    if step is None or not step.outlasts:
        return way
    return replace(way, text=f"A hold stops nxd alone: {step.outlasts}. {way.text}")


def _has_left(here: Situation) -> bool:
    return _phase(here) == "released" and leaves(here.record, here.cluster)


def _nothing_left(here: Situation) -> Remedy:
    """A node that leaves and is taken back needs nobody: its cluster forgets it on its way."""
    said = f"Nothing is to be done: it leaves {here.cluster.name}, and nothing of it is left."
    return Remedy("wait", said)


def _all_at_once(here: Situation) -> list[Remedy]:
    """The one verb of a cluster for its nodes, where so many stand in its way that not all of theirs are named."""
    if len(legality.in_the_way(here)) <= NODES_NAMED:
        return []
    again = legality.legal_for(here, "again")
    return [_giving(here, again)] if again else []


def _read(kept: Any) -> Remedy:
    return msgspec.convert(kept, Remedy)


def _can_be_done(one: Remedy, here: Situation, cluster: Situation) -> bool:
    """Whether what is told can be done as these two stand; what another record allows is seen when it is tried."""
    if one.kind == "spec":
        return legality.may_apply(cluster, one.setting)
    place = {here.record.name: here, cluster.record.name: cluster}.get(str(one.target))
    return place is None or one.verb is None or legality.why_not(place, one.verb, {}) is None


def ways_on(here: Situation, cluster: Situation, verb: str, args: Mapping[str, Any]) -> list[Remedy]:
    """What to do about the refusal of a verb for a record, which stands ``here`` in its ``cluster``."""
    if here.switch_on is not None:
        return [here.switch_on]
    record, phase = here.record, _phase(here)
    if verb in PROTECTIONS and record.name == cluster.record.name:
        return [Remedy("wait", "Nothing is to be done.")]  # it is refused where it is so already
    deletes = (verb in FALLBACKS and verb not in MILD) or legality.deletes(here, verb, args)
    but = "" if "step" in args else verb  # the same verb from where it begins by itself is another one
    if legality.is_protected(here.cluster, here.cluster_inbox):
        lifted = _unprotected(here)
        if record.state == ROLLING_BACK or legality.why_not(lifted, verb, args) is None:
            return [_unprotect(cluster)]
        then = _legal(FALLBACKS, verb, lifted, _unprotected(cluster)) if deletes and phase == "ok" else []
        if then:
            return [_unprotect(cluster), *then]
    if phase == "ok" and not deletes:
        takes = [one for one in here.kind.verbs if legality.why_not(here, one, {}) is None]
        return [
            Remedy(
                "wait", f"Nothing is to be done{'; what it takes now: ' if takes else ''}{', '.join(takes)}."
            )
        ]
    if phase == "released" and here.kind.effect(verb).goal == "gone":
        left = Remedy("wait", f"Nothing of {record.name} is left.")
        return [left, *(_legal((DESTROY.name,), verb, here) if here.kind.role == "cluster" else ())]
    goes_on = passes_by_itself(here, cluster)
    if (here.kind.verbs.get(verb) or SHARED.get(verb, RETRY)).goal == "gone":
        milder = _legal(HARMLESS, but, here, cluster) if phase == "ok" else []
        found = (
            milder
            or _legal(FALLBACKS, but, here)
            or ([] if goes_on else _legal(FALLBACKS, but, here, cluster))
        )
    elif goes_on:
        again = here.kind.effect(verb).nodes == "again"
        found = (_nodes_on(here) if again else []) or _meanwhile(here, cluster)
    else:
        found = _legal(HARMLESS, but, here, cluster) or _legal(FALLBACKS, but, here, cluster)
    return found or [_wait_for(here if _goes_on(here) else cluster)]


def refusal(
    message: str, here: Situation, cluster: Situation, verb: str, args: Mapping[str, Any]
) -> NxdError:
    """What a person is told whose verb is refused, with the way on; it is worth coming again where time alone helps."""
    ways = ways_on(here, cluster, verb, args)
    later = any(one.command is not None and one.command.startswith(_WAIT) for one in ways)
    return NxdError("refused", message, remedy=ways, retry="later" if later else None)


def passes_by_itself(here: Situation, cluster: Situation) -> bool:
    """Whether things will soon stand otherwise without a person: the record moves or is about to, or its cluster does
    while it is there."""
    return _goes_on(here) or (_goes_on(cluster) and _phase(here) in ("ok", "waiting"))


def _goes_on(place: Situation) -> bool:
    asked = any(command.verb not in PROTECTIONS for command in place.inbox)
    return asked or _phase(place) in ("working", "releasing", "waiting")


def _phase(place: Situation) -> str:
    return place.kind.states[place.record.state].phase


def _meanwhile(here: Situation, cluster: Situation) -> list[Remedy]:
    """What a person is asked for by what moves: nothing, unless it waits for somebody; what its cluster waits for is
    nothing to a node that moves itself."""
    for place in (here,) if _goes_on(here) else (here, cluster):
        wait = place.record.wait or {}
        if wait.get("attention"):
            asked = [_read(one) for one in wait.get("remedies", ())]
            found = [one for one in asked if _can_be_done(one, here, cluster)]
            if found:
                return found
    return []


def _nodes_on(cluster: Situation) -> list[Remedy]:
    """What lets the nodes of a cluster go on that stopped on their way: each has its own verb."""
    if not cluster.platform.waits_for_nodes(cluster.record.state):
        return []
    return [way for one in cluster.stopped() for way in _legal(HARMLESS, "", one)[:1]][:NODES_NAMED]


def _wait_for(place: Situation) -> Remedy:
    goal = " --for gone" if _phase(place) == "releasing" else ""
    look = f"{_WAIT} {place.record.name}{goal}"
    return Remedy("command", f"Wait until it has come to an end: {look}.", command=look)


def _legal(verbs: Sequence[str], but: str, *places: Situation) -> list[Remedy]:
    """Those of the verbs that are legal at the first of the places where one is, and are another one than was refused
    there; for one node nothing that deletes its whole cluster while a milder one is legal, or nothing of it is left."""
    for place in places:
        name, refused = place.record.name, but if place is places[0] else ""
        own = [place.kind.parts.get(_PART[one], one) for one in verbs]
        asked = [one for one in own if one in place.kind.verbs and one != refused]
        legal = [one for one in asked if legality.why_not(place, one, {}) is None]
        if name != places[0].record.name:
            mild = [one for one in legal if place.kind.verbs[one].deletes != "always"]
            legal = mild if mild or _spares_its_cluster(places[0]) else legal
        if legal:
            return [_giving(place, one) for one in legal]
    return []


def _spares_its_cluster(node: Situation) -> bool:
    """Whether deleting the cluster would mend nothing of a node: it leaves it, or nothing of it is left."""
    return _phase(node) == "released" or leaves(node.record, node.cluster)


def _unprotected(situation: Situation) -> Situation:
    """As it will stand once its cluster is not protected any more."""
    cluster = replace(situation.cluster, protected=False)
    left = [one for one in situation.cluster_inbox if one.verb not in PROTECTIONS]
    if situation.record.name != cluster.name:
        return replace(situation, cluster=cluster, cluster_inbox=left)
    return replace(situation, record=cluster, cluster=cluster, inbox=left, cluster_inbox=left)


def text(found: Sequence[Remedy]) -> str:
    """The remedies as sentences, in order; commands that only stand for themselves share one."""
    said: list[str] = []
    for by_hand, group in itertools.groupby(found, lambda one: one.text == one.command):
        if by_hand:
            said.append(f"By hand, in this order: {'; '.join(one.text for one in group)}.")
        else:
            said += [one.text for one in group]
    return " ".join(said)


def plain(problem: Problem) -> dict[str, Any]:
    """A problem as a record and an event keep it; ``remedy`` says in sentences what has to be mended."""
    said = text(problem.remedies)
    return {**msgspec.to_builtins(problem), "remedy": said}


def _of_problem(problem: Mapping[str, Any], here: Situation) -> list[Remedy]:
    """What the problem itself names; of one that was kept by an older version, its sentence."""
    if "remedies" in problem:
        return [_read(one) for one in problem["remedies"]]
    row = kind_of(problem["code"], here.platform.errors)
    return list(row.mend) if row else []


def _from_nothing(mend: Sequence[Remedy], cluster: Situation) -> list[Remedy]:
    """The spec must change in what cannot change while something stands: first back to nothing, then the spec."""
    verb, spec = legality.legal_for(cluster, "back", "end"), [one for one in mend if one.kind == "spec"]
    return [_giving(cluster, verb), *spec] if verb else spec


def _leading(
    problem: Mapping[str, Any],
    here: Situation,
    cluster: Situation,
    named: Sequence[Remedy],
) -> list[Remedy]:
    """The verb that leads on: one that the problem names, one of its kind's, or whatever is legal.

    What is named for a node that its cluster's trouble is about comes when its verb's turn has come, and then the
    cluster goes on with it.
    """
    places = {here.record.name: here, cluster.record.name: cluster}
    row = kind_of(problem["code"], here.platform.errors)
    leads = row.leads if row else ()
    stuck = here.record.facts.get("stuck") or {}
    times = stuck.get("times", 1)
    wanted = [*leads[min(times, len(leads)) - 1 :], *FALLBACKS] if leads else FALLBACKS
    for one in named:
        place = places.get(str(one.target))
        if place is not None and one.verb and legality.why_not(place, one.verb, {}) is None:
            return [one]
    ill = [
        one
        for one in _not_followed(named, stuck, leads, here)
        if str(one.target) not in places and _has_its_turn(one, wanted, leads, cluster)
    ]
    if ill:
        again = legality.legal_for(here, "again")
        return [*ill, _giving(here, again)] if again else ill
    for place in places.values():
        spared = place is not here and _spares_its_cluster(here)
        for verb in _of_kind(wanted, place.kind):
            if spared and place.kind.effect(verb).deletes == "always":
                continue
            if verb in place.kind.verbs and legality.why_not(place, verb, {}) is None:
                return [_giving(place, verb)]
    if legality.is_protected(cluster.record, cluster.cluster_inbox):
        return [_unprotect(cluster)]
    return [_wait_for(cluster)] if leaves(here.record, cluster.record) and _goes_on(cluster) else []


def _not_followed(
    named: Sequence[Remedy], stuck: Mapping[str, Any], leads: Sequence[str], here: Situation
) -> list[Remedy]:
    """Those of the remedies that nobody has followed since it failed. Where they stand in no order of the code's, the
    first that was may have been enough: it is tried again before another one is."""
    since = stuck.get("attempts") or {}
    begun_anew = {name for name, attempt in since.items() if here.attempt_of(name) > attempt}
    followed = [one for one in named if one.target in begun_anew]
    if any(one.verb not in leads for one in followed):
        return []
    return [one for one in named if one not in followed]


def _of_kind(wanted: Sequence[str], kind: Kind) -> list[str]:
    """What is wanted of a record of a kind, by the kind's own verb for it: one that cannot be replaced is tried once
    more, after what is told beside it was mended."""
    again = kind.parts.get("again", RETRY.name)
    other = {part: again if part == "renew" else name for name, part in _PART.items()}
    return [kind.parts.get(_PART[one], other[_PART[one]]) if one in _PART else one for one in wanted]


def _has_its_turn(one: Remedy, wanted: Sequence[str], leads: Sequence[str], cluster: Situation) -> bool:
    """Whether a verb for a node of the cluster is what comes next, or stands in no order at all."""
    protected = legality.is_protected(cluster.record, cluster.cluster_inbox)
    if protected and one.verb and SHARED.get(one.verb, RETRY).deletes == "always":
        return False
    return one.verb == wanted[0] or one.verb not in leads


def _unprotect(situation: Situation) -> Remedy:
    cluster = situation.cluster.name
    says = f"Allow deletions in {cluster} again: nxd {UNPROTECT.name} {cluster}."
    return Remedy("verb", says, verb=UNPROTECT.name, target=cluster)
