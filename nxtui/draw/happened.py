"""The story of a node or cluster from the top: what happened, what to do with which key, and how far its machine is."""

from __future__ import annotations

from collections.abc import Sequence
from math import inf
from typing import NamedTuple

from daemon.display.durations import lasting
from daemon.wire import BootView, EntityView, OfferView, Phase, PhaseView, TimelineView
from nxtui import keys
from nxtui.draw import calls as call_rows
from nxtui.draw import timeline as times
from nxtui.draw.glyphs import Glyphs, spark
from nxtui.draw.pages import heading, paragraph, said_outside
from nxtui.draw.strip import expected
from nxtui.draw.text import Line, clip, fit, spread, width_of, wrap
from nxtui.model.calls import CallWindow, MadeCall
from nxtui.model.entry import Entry
from nxtui.model.timelines import Span, extent
from nxtui.model.times import clock

MINUTES = 40
"""So many minutes of progress are drawn, the most recent ones."""
USUAL = "usual "
"""Above the column of what phases took before."""
SHORT = 120.0
"""Seconds: neighbours among the phases that took less each are told in one line."""
OPEN_LINES = 6
"""So many lines of the log stand beneath a phase that lasts, or failed."""
CALLS_SHOWN = 4
ROOM_FOR_ROWS = 74
"""Cells from which on calls stand in the columns of the call log."""


def happened(entity: EntityView, boots: Sequence[BootView] | None, width: int, glyphs: Glyphs) -> list[Line]:
    """The error in full, when it was met and in which try; empty if there is none."""
    error = entity["error"]
    if error is None:
        return []
    told = [error["code"], clock(entity["since"]), f"try {entity['attempt']}"]
    if boots:
        told.append(f"boot {boots[-1]['boot']}")
    lines = [heading("what happened", f" {glyphs.dot} ".join(told))]
    return [*lines, *paragraph(error["message"], width, "failed-strong")]


_WHO: dict[bool | None, str] = {
    True: "a person is needed, nxd has stopped trying",
    False: "nxd goes on by itself",
}
"""Whether nothing will move it by itself, as far as the daemon says."""


def to_do(
    entity: EntityView,
    offers: Sequence[OfferView] | None,
    band: Sequence[keys.Action],
    now: float | None,
    width: int,
    glyphs: Glyphs,
) -> list[Line]:
    """What a person can do now: the sentences, then each verb among them that is legal, with its keys and what it comes
    to. Other verbs are in the band."""
    ways = entity.get("remedies") or []
    error = entity["error"]
    if not ways and (error is None or not error["remedy"]):
        return []
    lines = [heading("what to do", _WHO.get(entity.get("needs_person"), ""))]
    if not ways and error is not None:
        return [*lines, *paragraph(error["remedy"], width, "strong")]
    said = " ".join(way["text"] for way in ways if way["kind"] != "verb")
    if said:
        lines += paragraph(said, width, "strong")
    known = {offer["verb"]: offer for offer in offers or ()}
    for way in ways:
        if way["kind"] == "verb":
            verb = way.get("verb", "")
            own = way.get("target", entity["name"]) == entity["name"]
            lines += _verb(verb, way["text"], known.get(verb) if own else None, own, band, width, glyphs)
    if told := expected(entity, now):
        lines.append([(f"  {told}", "dim")])
    return lines


def _verb(
    verb: str,
    text: str,
    offer: OfferView | None,
    own: bool,
    band: Sequence[keys.Action],
    width: int,
    glyphs: Glyphs,
) -> list[Line]:
    """The keys of a verb, and what it comes to by the daemon's words; for another one its sentence alone."""
    action = next((one for one in band if one.verb == verb and not one.at_step), None)
    way = f"{action.opener} {action.menu}" if action is not None and own else f"  {glyphs.arrow}"
    told = text if offer is None or "refused" in offer else consequence(offer, glyphs)
    first, *more = wrap(told, width - 8)
    lines: list[Line] = [[(f"  {fit(way, 4)} ", "key-strong"), (first, "")]]
    return [*lines, *[[(" " * 7 + part, "")] for part in more]]


def consequence(offer: OfferView, glyphs: Glyphs) -> str:
    """Where a verb begins, what it loses and makes, how long it usually takes, and how it stands then."""
    told = [f"{offer['verb']}: {offer['tells'] or offer['does']}"]
    if offer["then"]:
        told.append(f"then {offer['then']}")
    return f" {glyphs.dot} ".join(told)


def evidence(entity: EntityView, width: int) -> list[Line]:
    """What the outside said, as it said it."""
    error = entity["error"]
    said = (error or {}).get("evidence") if error is not None else entity["evidence"]
    return [heading("evidence"), *paragraph(said_outside(str(said)), width, "dim")] if said else []


class Fold(NamedTuple):
    """Phases of an installer that are told in one line: several that are over, or one."""

    phase: Phase
    numbers: str
    title: str
    began: float
    ended: float | None
    usual: float | None
    """What they took before in all; None where one of them was never measured."""

    def took(self, now: float | None) -> float | None:
        """How long they lasted, or last by now."""
        ended = self.ended if self.ended is not None else now
        return None if ended is None else max(0.0, ended - self.began)


def numbers(first: int, last: int) -> str:
    """``4``, or ``1–3``."""
    return str(first) if first == last else f"{first}–{last}"


def folded(boot: BootView, longest: float = inf) -> list[Fold]:
    """The phases of a boot in order: of those that are over, neighbours that took less than ``longest`` seconds each
    are one. The one that lasts, or failed, stands alone."""
    groups: list[list[PhaseView]] = []
    for phase in boot["phases"]:
        if groups and _is_folded(boot, groups[-1][-1], longest) and _is_folded(boot, phase, longest):
            groups[-1].append(phase)
        else:
            groups.append([phase])
    return [_fold(boot, group) for group in groups]


def _is_folded(boot: BootView, phase: PhaseView, longest: float) -> bool:
    ended = phase["ended"]
    return ended is not None and ended - phase["began"] < longest and not _has_failed(boot, phase)


def _has_failed(boot: BootView, phase: PhaseView) -> bool:
    return boot["failed"] and phase is boot["phases"][-1]


def _fold(boot: BootView, group: Sequence[PhaseView]) -> Fold:
    first, last = group[0], group[-1]
    usual = [one["usual"] for one in group]
    known = [seconds for seconds in usual if seconds is not None]
    return Fold(
        "failed" if _has_failed(boot, last) else "working" if last["ended"] is None else "ok",
        numbers(first["phase"], last["phase"]),
        ", ".join(one["title"] for one in group),
        first["began"],
        last["ended"],
        sum(known) if len(known) == len(usual) else None,
    )


def installer(
    boots: Sequence[BootView], events: Sequence[Entry], now: float | None, width: int, glyphs: Glyphs
) -> list[Line]:
    """The last boot: its progress minute by minute, its phases with what is usual, the open one with its own lines, and
    what is still to come."""
    if not boots:
        return []
    boot = boots[-1]
    end = boot["ended"] if boot["ended"] is not None else now
    took = lasting(None if end is None else end - boot["began"])
    head: Line = [
        ("INSTALLER", "heading"),
        (f"  boot {boot['boot']} {glyphs.dot} {took} {glyphs.dot} ", "dim"),
    ]
    told = progress(boot, now, width - width_of(head) - len(USUAL) - 1, glyphs, "due")
    lines = [spread([*head, *told], [(USUAL, "dim")], width)]
    lines += [_phases(one, now, width, glyphs) for one in folded(boot, SHORT)]
    last = boot["phases"][-1] if boot["phases"] else None
    if last is not None and (last["ended"] is None or boot["failed"]):
        lines += _own_lines(events, last["began"], end, width, glyphs)
    if (coming := boot.get("to_come")) is not None:
        yet = Fold(
            "waiting", numbers(coming["first"], coming["last"]), "still to come", 0.0, None, coming["usual"]
        )
        lines.append(_phases(yet, None, width, glyphs))
    return lines


def progress(boot: BootView, now: float | None, room: int, glyphs: Glyphs, short: str = "usual") -> Line:
    """A sparkline of what was done minute by minute, the share that is done, and the one that is usual by now; with
    less room the last minutes alone."""
    points = boot["points"]
    end = boot["ended"] if boot["ended"] is not None else now
    share = f" {points[-1][1]:.0%}" if points else ""
    usual = f"{boot['usual_share']:.0%}" if "usual_share" in boot else ""
    drawn = sparkline(boot, end, glyphs)
    told = [f" {glyphs.dot} {at} {usual}" if usual else "" for at in ("usual at this age", short)]
    beside = len(share) + boot["failed"] + 2
    said = next((text for text in told if len(drawn) + len(text) + beside <= room), told[-1])
    left = max(0, room - len(said) - beside)
    return [
        (drawn[max(0, len(drawn) - left) :], "working"),
        (glyphs.level["error"] if boot["failed"] else "", "failed-strong"),
        (share.replace("%", " %"), "strong"),
        (said.replace("%", " %"), "dim"),
    ]


def sparkline(boot: BootView, end: float | None, glyphs: Glyphs) -> str:
    """The share that was done, one cell a minute, the most recent ones; a dot for a minute without a report."""
    if end is None or not boot["points"]:
        return ""
    minutes = max(1, int((end - boot["began"]) // 60) + 1)
    shares: list[float | None] = [None] * minutes
    for moment, share in boot["points"]:
        at = int((moment - boot["began"]) // 60)
        if 0 <= at < minutes:
            shares[at] = share
    return spark(shares[-MINUTES:], glyphs)


def _phases(one: Fold, now: float | None, width: int, glyphs: Glyphs) -> Line:
    took = "" if one.phase == "waiting" else lasting(one.took(now))
    going = glyphs.ellipsis if one.phase == "working" else " "
    room = max(8, width - 32)
    ink = "dim" if one.phase == "waiting" else "strong" if one.phase != "ok" else ""
    return [
        (f"  {glyphs.phase[one.phase]} ", one.phase),
        (f"{one.numbers:<4} ", "dim"),
        (fit(one.title, room, ellipsis=glyphs.ellipsis), ink),
        (f"{took:>9}{going}", ink),
        (f"{lasting(one.usual):>9}", "dim"),
    ]


def _own_lines(
    events: Sequence[Entry], begin: float, end: float | None, width: int, glyphs: Glyphs
) -> list[Line]:
    """What the machine said since the phase began."""
    said = [one for one in events if one.kind in ("boot", "log", "error") and one.time >= begin]
    said = [one for one in said if end is None or one.time <= end + 1][-OPEN_LINES:]
    return [
        [
            (f"     {clock(one.time)} ", "dim"),
            (f"{glyphs.level[one.level]} ", "failed-strong" if one.level == "error" else "dim"),
            (clip(one.message, max(8, width - 16), glyphs.ellipsis), ""),
        ]
        for one in said
    ]


def calls(window: CallWindow, width: int, glyphs: Glyphs) -> list[Line]:
    """How many calls were made for it, how many failed, and the last ones as the call log shows them."""
    if not len(window):
        return []
    last = window.row(len(window) - 1)[-1]
    told = f"{len(window.shown)}, {window.failed} failed, the last {clock(last.time)}"
    begin = max(0, len(window) - CALLS_SHOWN)
    of = [window.row(at) for at in range(begin, len(window))]
    if width < ROOM_FOR_ROWS:
        rows = [_call(made, width, glyphs) for made in of]
    else:
        rows = [call_rows.row(made, width - 1, 0, glyphs, "") for made in of]
    return [spread([*heading("calls", told)], [("C opens ", "dim")], width), *rows]


def _call(made: Sequence[MadeCall], width: int, glyphs: Glyphs) -> Line:
    """A call where there is no room for its columns: when, what, and what came of it."""
    call = made[-1]
    times_made = f" {glyphs.times}{len(made)}" if len(made) > 1 else ""
    ink = "failed-strong" if call.failed else ""
    right = f"{times_made} {call.status or glyphs.dot} "
    path = call_rows.middle(call.path, max(4, width - 24 - len(right)), glyphs.ellipsis)
    left: Line = [
        (f"  {clock(made[0].time)} ", "dim"),
        (f"{glyphs.level['error'] if call.failed else ' '} {fit(call.method, 6)} ", ink or "dim"),
        (path, ink),
    ]
    return spread(left, [(right, ink or "strong")], width)


def before(timeline: TimelineView, now: float, width: int, plain: bool) -> list[Line]:
    """What it went through on one axis of time."""
    count = width - 20
    if not timeline["stays"] or count < 10:
        return []
    cells = Span().cells(extent([timeline], now), count, (), "")
    _, line = times.row(timeline, cells, now, plain)
    return [spread([("BEFORE", "heading"), ("  ", ""), *line], [("T opens ", "dim")], width)]
