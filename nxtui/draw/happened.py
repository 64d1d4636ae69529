"""The story of a node or cluster from the top: what happened, what to do with which key, and how far its machine is."""

from __future__ import annotations

from collections.abc import Sequence

from daemon.display.durations import lasting
from daemon.wire import BootView, EntityView, OfferView, PhaseView, TimelineView
from nxtui import keys
from nxtui.draw import calls as call_rows
from nxtui.draw import timeline as times
from nxtui.draw.glyphs import Glyphs
from nxtui.draw.pages import heading, paragraph
from nxtui.draw.strip import expected
from nxtui.draw.text import Line, clip, fit, spread, wrap
from nxtui.model.calls import CallWindow, MadeCall
from nxtui.model.entry import Entry
from nxtui.model.timelines import Span, extent
from nxtui.model.times import clock

LEVELS, LEVELS_IN_ASCII = "▁▂▃▄▅▆▇█", "__--==##"
MINUTES = 40
"""So many minutes of progress are drawn, the most recent ones."""
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
    return [heading("evidence"), *paragraph(str(said), width, "dim")] if said else []


def installer(
    boots: Sequence[BootView],
    events: Sequence[Entry],
    now: float | None,
    width: int,
    glyphs: Glyphs,
    plain: bool,
) -> list[Line]:
    """The last boot: its progress minute by minute, its phases with what is usual, the open one with its own lines.
    ``plain``: no more than ASCII."""
    if not boots:
        return []
    boot = boots[-1]
    end = boot["ended"] if boot["ended"] is not None else now
    points = boot["points"]
    share = f" {points[-1][1]:.0%}" if points else ""
    usual = f" {glyphs.dot} usual {boot['usual_share']:.0%}" if "usual_share" in boot else ""
    took = lasting(None if end is None else end - boot["began"])
    told: Line = [
        ("INSTALLER", "heading"),
        (f"  boot {boot['boot']} {glyphs.dot} {took} {glyphs.dot} ", "dim"),
        (sparkline(boot, end, plain), "working"),
        (glyphs.level["error"] if boot["failed"] else "", "failed-strong"),
        (share.replace("%", " %"), "strong"),
        (usual.replace("%", " %"), "dim"),
    ]
    column: Line = [("usual ", "dim")]
    lines = [spread(told, column, width)]
    for phase in boot["phases"]:
        lines.append(_phase(phase, phase is boot["phases"][-1] and boot["failed"], now, width, glyphs))
    last = boot["phases"][-1] if boot["phases"] else None
    if last is not None and (last["ended"] is None or boot["failed"]):
        lines += _own_lines(events, last["began"], end, width, glyphs)
    return lines


def sparkline(boot: BootView, end: float | None, plain: bool) -> str:
    """The share that was done, one cell a minute, the most recent ones; a dot for a minute without a report."""
    levels, none = (LEVELS_IN_ASCII, ".") if plain else (LEVELS, "·")
    if end is None or not boot["points"]:
        return ""
    minutes = max(1, int((end - boot["began"]) // 60) + 1)
    cells = [none] * minutes
    for moment, share in boot["points"]:
        at = int((moment - boot["began"]) // 60)
        if 0 <= at < minutes:
            cells[at] = levels[min(len(levels) - 1, int(share * len(levels)))]
    return "".join(cells[-MINUTES:])


def _phase(phase: PhaseView, failed: bool, now: float | None, width: int, glyphs: Glyphs) -> Line:
    ended = phase["ended"] if phase["ended"] is not None else now
    took = lasting(None if ended is None else ended - phase["began"])
    state = "failed" if failed else "working" if phase["ended"] is None else "ok"
    sign: Line = [
        (f"  {glyphs.phase['failed' if failed else 'working' if state == 'working' else 'ok']} ", state)
    ]
    going = glyphs.ellipsis if state == "working" else " "
    room = max(8, width - 30)
    ink = "strong" if state != "ok" else ""
    return [
        *sign,
        (f"{phase['phase']:>2}  ", "dim"),
        (fit(phase["title"], room, ellipsis=glyphs.ellipsis), ink),
        (f"{took:>9}{going}", ink),
        (f"{lasting(phase['usual']):>9}", "dim"),
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
