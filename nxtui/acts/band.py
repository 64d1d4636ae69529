"""What may be done with the rows that are meant: each verb with its letter, and what it comes to or why it may not."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence

from daemon.wire import EntityView, Plan
from nxtui.acts.verbs import Legality, legality
from nxtui.draw import tries
from nxtui.draw.band import BandRow
from nxtui.keys import Action, band
from nxtui.model.known import Fleet

FOREIGN_LETTERS = "123456789"
"""The letters of verbs that only one platform has, in the daemon's order."""

MOST = 20
"""Of more targets the question alone asks what a verb comes to, not the band or the strip."""

SPEC_TOLD = "choose a file; its mistakes or its plan are shown first"


def rows(
    fleet: Fleet,
    targets: Sequence[EntityView],
    actions: tuple[Action, ...],
    plans: Mapping[str, Sequence[Plan]],
) -> list[BandRow]:
    """Every verb that one of the targets has, what deletes for certain last; and what is for its cluster, if that
    deletes."""
    known = band(actions)
    told: list[BandRow] = []
    for action in known:
        if action.verb is None:
            told.append(BandRow(action.menu, action.label, SPEC_TOLD, action=action.id))
        elif _is_offered(fleet, action.verb, targets):
            told.append(_row(fleet, action, targets, plans))
    shared = {action.verb for action in known}
    foreign = dict.fromkeys(verb for one in targets for verb in one["can"] if verb not in shared)
    for letter, verb in zip(FOREIGN_LETTERS, foreign, strict=False):
        own = Action(verb, "", verb, "", "Act", (), verb=verb, menu=letter)
        told.append(_row(fleet, own, targets, plans))
    return sorted(_one_of_each_letter(told), key=lambda row: row.deletes)


def _is_offered(fleet: Fleet, verb: str, targets: Sequence[EntityView]) -> bool:
    if any(verb in one["can"] for one in targets):
        return True
    return any(one["kind"] == "node" and _deletes(fleet, verb, _cluster_of(fleet, one)) for one in targets)


def _cluster_of(fleet: Fleet, entity: EntityView) -> EntityView:
    return fleet.clusters.get(entity["cluster"], entity)


def _deletes(fleet: Fleet, verb: str, entity: EntityView) -> bool:
    told = fleet.verb(verb, entity)
    return told is not None and told["deletes"] == "always"


def _row(
    fleet: Fleet, action: Action, targets: Sequence[EntityView], plans: Mapping[str, Sequence[Plan]]
) -> BandRow:
    verb = action.verb or action.id
    legal = legality(verb, targets)
    deletes = any(
        _deletes(fleet, verb, one) or _deletes(fleet, verb, _cluster_of(fleet, one)) for one in targets
    )
    if not legal.able:
        why = legal.unable[0][1] if len(targets) == 1 else str(legal.reason)
        return BandRow(action.menu, action.label, why, False, deletes, verb, action.at_step)
    text = action.help if action.at_step else _comes_to(fleet, verb, targets, legal, plans)
    return BandRow(action.menu, action.label, text, True, deletes, verb, action.at_step)


def _comes_to(
    fleet: Fleet,
    verb: str,
    targets: Sequence[EntityView],
    legal: Legality,
    plans: Mapping[str, Sequence[Plan]],
) -> str:
    """What the plans of all of them come to, as soon as those are known, else what the verb does."""
    if len(plans.get(verb, ())) == len(legal.able) and (tells := tries.in_short(plans[verb])):
        return f"{len(legal.able)} of {len(targets)}: {tells}" if legal.unable else tells
    able = next(one for one in targets if one["name"] == legal.able[0])
    told = fleet.verb(verb, able)
    does = told["does"] if told is not None else "its plan is shown first"
    return f"{len(legal.able)} of {len(targets)}: {does}" if legal.unable else does


def _one_of_each_letter(told: Iterable[BandRow]) -> list[BandRow]:
    """Of two verbs with one letter, such as protect and unprotect, the one that is legal; else the first."""
    kept: dict[str, BandRow] = {}
    for row in told:
        if row.letter not in kept or (row.able and not kept[row.letter].able):
            kept[row.letter] = row
    return list(kept.values())


def planned(fleet: Fleet, entity: EntityView, shown: Iterable[BandRow]) -> list[str]:
    """The verbs of the band of which a plan tells more."""
    found = (
        (row.verb, fleet.verb(row.verb, entity)) for row in shown if row.able and row.verb and not row.at_step
    )
    return [verb for verb, told in found if told is None or told["consent"] in ("plan", "name")]
