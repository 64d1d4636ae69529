"""What another try comes to, of one or of several: where it begins, what it does and loses, how long, and what then."""

from __future__ import annotations

from collections.abc import Sequence

from daemon.display.durations import lasting
from daemon.wire import OfferView, Plan, PlanStage
from daemon.words import counted, first_of
from nxtui.draw.glyphs import Glyphs
from nxtui.draw.text import Line, cells_of, clip, fit, wrap

LABEL = 8
"""Cells of the column of BEGINS, DOES, LOSES, TAKES and THEN."""
NAMED = 3


def total(stages: Sequence[PlanStage]) -> float | None:
    """How long all of them usually take; None where one was never measured, or there are none."""
    known = [one["usual"] for one in stages if one["usual"] is not None]
    return sum(known) if stages and len(known) == len(stages) else None


def takes(stages: Sequence[PlanStage]) -> str:
    """How long it takes in all. Where a part was never measured, that comes first, and the rest is called a rest."""
    missing = [one["title"] for one in stages if one["usual"] is None]
    if not missing:
        return f"about {lasting(total(stages))}"
    known = sum(one["usual"] for one in stages if one["usual"] is not None)
    rest = f" (the rest about {lasting(known)})" if known else ""
    return f"not known: never done yet: {first_of(missing, 2)}{rest}"


def one(plan: Plan, width: int, glyphs: Glyphs) -> list[Line]:
    """What trying this one again comes to; empty where the daemon does not tell it."""
    again, stages = plan.get("again"), plan.get("stages") or []
    if again is None or not stages:
        return []
    lost = [item for item in plan["items"] if item["action"] == "delete"]
    loses = [*(one["text"] for one in plan.get("sums", []) if one["action"] == "delete"), *again["wipes"]]
    how_long = takes(stages)
    parts = [f"{one['title']} {lasting(one['usual'])}" for one in stages if one["usual"] is not None]
    if total(stages) is not None and len(parts) > 1:
        how_long += ": " + f" {glyphs.dot} ".join(parts)
    return [
        *_told("BEGINS", f"at {stages[0]['title']}{_before(stages, again['after'])}", "", width),
        *_told("DOES", "; ".join(again["does"]), "", width),
        *_told("LOSES", ", ".join(loses) or "nothing", "failed-strong" if lost or loses else "", width),
        *_told("TAKES", how_long, "", width),
        *_told("THEN", again["then"], "", width),
    ]


def _before(stages: Sequence[PlanStage], after: str) -> str:
    """How far before the step that failed it begins."""
    titles = [one["title"] for one in stages]
    if after not in titles:
        return ""
    at = titles.index(after)
    return f": {counted(at, 'step')} before {after}, which failed" if at else ", which failed"


def several(plans: Sequence[Plan], width: int, glyphs: Glyphs) -> list[Line]:
    """What trying these again comes to, each in its own words, and how long the slowest of them takes."""
    if not all(plan.get("again") for plan in plans):
        return []
    stages = [plan.get("stages") or [] for plan in plans]
    known = [total(one) for one in stages]
    longest = max((seconds for seconds in known if seconds is not None), default=None)
    unknown = [plan["target"] for plan, seconds in zip(plans, known, strict=True) if seconds is None]
    if unknown:
        how_long = f"not known of {first_of(unknown, NAMED)}"
        how_long += f"; of the others about {lasting(longest)} at most" if longest is not None else ""
    else:
        how_long = f"about {lasting(longest)}, the slowest of {len(plans)} side by side"
    begins: dict[str, list[str]] = {}
    does: dict[str, list[str]] = {}
    wipes: list[str] = []
    for plan, way in zip(plans, stages, strict=True):
        again = plan["again"]
        begins.setdefault(way[0]["title"] if way else "", []).append(plan["target"])
        for told in again["does"]:
            does.setdefault(told, []).append(plan["target"])
        wipes += again["wipes"]
    lost = sum(item["action"] == "delete" for plan in plans for item in plan["items"])
    loses = [*([counted(lost, "object")] if lost else []), *wipes]
    then = list(dict.fromkeys(plan["again"]["then"] for plan in plans))
    return [
        *_told("BEGINS", _shared(begins, "at "), "", width),
        *_told("DOES", _shared(does), "", width),
        *_told("LOSES", ", ".join(loses) or "nothing", "failed-strong" if loses else "", width),
        *_told("TAKES", how_long, "", width),
        *_told("THEN", "; ".join(then), "", width),
    ]


def each(plans: Sequence[Plan], width: int, glyphs: Glyphs) -> list[Line]:
    """One line for each of several: its name and what its plan comes to."""
    names = max((cells_of(plan["target"]) for plan in plans), default=0)
    return [
        [
            (f"  {fit(plan['target'], names)}  ", "strong"),
            (clip(plan.get("tells", ""), width - names - 4, glyphs.ellipsis), "dim"),
        ]
        for plan in plans
    ]


def in_short(plans: Sequence[Plan]) -> str:
    """What a verb comes to for all of them, in a few words, what is lost and how long it takes before all else."""
    if len(plans) == 1:
        return plans[0].get("tells", "")
    told = [
        f"{does} {counted(number, 'object')}{after}"
        for action, does, after in (("delete", "deletes", " for good"), ("create", "makes", ""))
        if (number := sum(item["action"] == action for plan in plans for item in plan["items"]))
    ]
    if any(plan.get("stages") for plan in plans):
        known = [total(plan.get("stages") or []) for plan in plans]
        told.append(
            "time unknown" if None in known else f"about {lasting(max(filter(None, known), default=0.0))}"
        )
    return " · ".join(told)


def key_words(offers: Sequence[OfferView], many: int, width: int) -> str:
    """What the key that tries it again comes to in one line: how long it takes and what is deleted are never cut, where
    it begins goes first."""
    told = "tries it again" if many == 1 else f"tries all {many} again"
    if not offers or len(offers) < many or any("refused" in offer for offer in offers):
        return told
    begins = {offer["begins_at"] for offer in offers}
    at = [f" at {begin}" for begin in begins if begin] if len(begins) == 1 else []
    lost = sum(offer.get("deletes", len(offer["loses"])) for offer in offers)
    loses = offers[0]["loses"] if many == 1 else [counted(lost, "object")] if lost else []
    deletes = [
        f" · loses {', '.join(loses)} for good",
        f" · loses {counted(lost, 'object')}" if lost else " · loses data",
    ]
    seconds = [offer["takes"] for offer in offers]
    known = [one for one in seconds if one is not None]
    takes = f" · about {lasting(max(known))}" if len(known) == len(seconds) else " · time unknown"
    for lead in (*at, ""):
        for lose in deletes if loses else [""]:
            if cells_of(told + lead + lose + takes) <= width:
                return told + lead + lose + takes
    return clip(told + takes, width)


def _shared(names: dict[str, list[str]], before: str = "") -> str:
    """What all have in common once, else what each of them has."""
    if len(names) == 1:
        return before + next(iter(names))
    return "; ".join(f"{first_of(of, NAMED)}: {before}{text}" for text, of in names.items())


def _told(label: str, text: str, ink: str, width: int) -> list[Line]:
    if not text:
        return []
    return [
        [(fit("" if number else label, LABEL), "heading"), (part, ink)]
        for number, part in enumerate(wrap(text, width - LABEL))
    ]
