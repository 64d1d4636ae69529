"""The row under the cursor, beside the rows: each fact behind its name, and what is not known is absent."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass

from daemon.display.durations import lasting
from daemon.display.places import steps
from daemon.wire import BootView, EntityView, OfferView, ResourceView, StepTiming
from nxtui import keys
from nxtui.draw import happened
from nxtui.draw.band import BandRow
from nxtui.draw.glyphs import Glyphs
from nxtui.draw.pages import said_outside
from nxtui.draw.rows import BUSY, slowness
from nxtui.draw.strip import expected
from nxtui.draw.text import Line, cells_of, clip, cut, spread, width_of, wrap
from nxtui.model.history import Usual
from nxtui.model.times import clock

LABEL = 9
"""Cells of the name before a fact."""
MOST = 2
"""Lines of one fact at most."""
OPENER = " (a)"
"""The key before those of the verbs."""


@dataclass(frozen=True)
class Told:
    """What is known of a row: itself and its cluster, the boots of its machine, what it went through, what its verbs
    come to and which of them are legal, and by what its present step is slow or usual."""

    entity: EntityView
    cluster: EntityView | None = None
    boots: Sequence[BootView] = ()
    stays: Sequence[StepTiming] = ()
    offers: Sequence[OfferView] | None = None
    acts: Sequence[BandRow] = ()
    is_protected: bool = False
    slow: Usual | None = None
    usual: Usual | None = None
    at: str = ""
    """The title of the step at which it is, or stopped."""


def pane(
    told: Told, band: Sequence[keys.Action], now: float | None, width: int, glyphs: Glyphs
) -> list[Line]:
    """Every section that has something to say, always in this order."""
    entity = told.entity
    lines = [
        _head(entity, width, glyphs),
        *happened.happened(entity, told.boots, width, glyphs),
        *happened.to_do(entity, told.offers, band, None, width, glyphs),
        *_now(told, now, width, glyphs),
        *fact("READY", _ready(entity, now), width),
        *fact("THEN", _then(told, now), width),
        *fact("WAITS", _waits(entity), width),
        *fact("ASKED", entity["wish"] or "", width),
        *fact("HELD", _held(entity), width),
        *fact("SHIELD", "every deletion is refused" if told.is_protected else "", width),
        *fact("EVIDENCE", _evidence(entity), width, "dim"),
        *fact("BEFORE", _before(told), width),
        *_addresses(entity, width),
        *_objects(entity, width, glyphs),
        *_phases(told.boots, now, width, glyphs),
        *_acts(told.acts, width, glyphs),
    ]
    return [cut(line, width) for line in lines]


def fact(name: str, text: str, width: int, ink: str = "") -> list[Line]:
    """A name and what there is to say behind it, in a few lines; nothing where nothing is."""
    if not text:
        return []
    first, *more = wrap(text, width - LABEL, MOST)
    return [_row(name, [(first, ink)]), *(_row("", [(part, ink)]) for part in more)]


def _row(name: str, line: Line) -> Line:
    return [(name.ljust(LABEL), "heading"), *line]


def _head(entity: EntityView, width: int, glyphs: Glyphs) -> Line:
    phase, tries = entity["phase"], f", try {entity['attempt']}" if entity["attempt"] > 1 else ""
    left: Line = [
        (f"{glyphs.phase[phase]} ", phase),
        (entity["name"], "title"),
        (f"  {entity['title']}{tries}", phase),
    ]
    return spread(left, [(entity["cluster"], "dim")], width) if entity["kind"] == "node" else cut(left, width)


def _now(told: Told, now: float | None, width: int, glyphs: Glyphs) -> list[Line]:
    """Where it is: the phase of its installer with how far that is, else its step and how long that lasts."""
    entity = told.entity
    boot = told.boots[-1] if told.boots else None
    if boot is not None and boot["phases"] and (boot["ended"] is None or boot["failed"]):
        last = boot["phases"][-1]
        of = f" of {boot['of']}" if "of" in boot else ""
        lines = fact("NOW", f"phase {last['phase']}{of} {last['title']}", width)
        lines.append(_row("", happened.progress(boot, now, width - LABEL, glyphs)))
    else:
        lasts = "" if now is None else f", {lasting(now - entity['since'])}"
        share = "" if entity["progress"] is None else f", {entity['progress']:.0%}".replace("%", " %")
        usual = "" if told.usual is None else f" {glyphs.dot} usual {lasting(told.usual.median)}"
        has_steps = entity["step_count"] and entity["phase"] not in ("ok", "released")
        at = f"step {steps(entity)}, " if has_steps else ""
        where = told.at or (entity["step"] or "").replace("_", " ") or entity["title"]
        lines = fact("NOW", f"{at}{where}{share}{lasts}{usual}", width)
    return [*lines, *fact("", slowness(told.slow), width, "attention")]


def _ready(entity: EntityView, now: float | None) -> str:
    """When it is ready and how sure that is, or how late it is."""
    at = entity.get("outlook", {}).get("ready_at")
    if at is None or now is None:
        return ""
    return expected(entity, now).removeprefix("ready ") if at > now else f"late {lasting(now - at)}"


def _then(told: Told, now: float | None) -> str:
    """When its cluster is ready, for which it is a part."""
    cluster = told.cluster
    if cluster is None or cluster is told.entity or cluster["phase"] == "ok":
        return ""
    ready = _ready(cluster, now)
    return f"{cluster['name']} {ready}" if ready else ""


def _waits(entity: EntityView) -> str:
    until = (
        f"until {clock(entity['deadline'])}"
        if entity["deadline"] is not None and entity["phase"] in BUSY
        else ""
    )
    waits = f"for {entity['waiting_for']}" if entity["waiting_for"] else ""
    return " ".join(filter(None, (waits, until)))


def _held(entity: EntityView) -> str:
    if entity["can"].get("resume", "") is None:
        return "resume lets it go on"
    return f"after {entity['stop_after'].replace('_', ' ')}" if entity["stop_after"] else ""


def _evidence(entity: EntityView) -> str:
    error = entity["error"]
    return said_outside(str((error.get("evidence") if error is not None else entity["evidence"]) or ""))


def _before(told: Told) -> str:
    """The last failure that is over: in which try, when, where, and what was said."""
    stays = told.stays[:-1] if told.entity["error"] is not None else told.stays
    failed = [at for at, stay in enumerate(stays) if stay.get("mark") == "failed"]
    if not failed:
        return ""
    stay, before = stays[failed[-1]], stays[failed[-1] - 1] if failed[-1] else None
    where = f" at {before['title']}" if before is not None else ""
    said = f": {stay['why']}" if "why" in stay else ""
    return f"try {stay['attempt']} failed {clock(stay['started'])}{where}{said}"


def _addresses(entity: EntityView, width: int) -> list[Line]:
    """Name and address of each, beside each other as far as there is room."""
    each = list(entity["addresses"].items())
    if not each:
        return []
    beside, wide = 1, _columns(each, 1)
    for more in range(2, len(each) + 1):
        columns = _columns(each, more)
        if sum(name + place + 3 for name, place in columns) - 2 <= width - LABEL:
            beside, wide = more, columns
    lines: list[Line] = []
    for begin in range(0, len(each), beside):
        line: Line = []
        for (name, place), (names, places) in zip(each[begin : begin + beside], wide, strict=False):
            line += [(f"{name:<{names}} ", "dim"), (f"{place:<{places}}  ", "")]
        line[-1] = (line[-1][0].rstrip(), "")
        lines.append(cut(_row("" if lines else "ADDRESS", line), width))
    return lines


def _columns(each: Sequence[tuple[str, str]], beside: int) -> list[tuple[int, int]]:
    """The widest name and the widest address of each column."""
    return [
        (
            max(cells_of(name) for name, _ in each[at::beside]),
            max(cells_of(place) for _, place in each[at::beside]),
        )
        for at in range(beside)
    ]


def _objects(entity: EntityView, width: int, glyphs: Glyphs) -> list[Line]:
    """How many objects there are by kind, and each that an audit did not find."""
    owned = [one for one in entity["resources"] if one["state"] != "gone"]
    if not owned:
        return []
    there = [one for one in owned if one["state"] == "present" and "missed" not in one]
    kinds = Counter(one["kind"] for one in there)
    first: Line = [(f"{len(there)} present:" if there else "none is there", "")]
    parts: list[Line] = [first, *([(f"{count} {kind}", "")] for kind, count in kinds.items())]
    others = Counter("missing" if "missed" in one else one["state"] for one in owned if one not in there)
    lines = _flow("OBJECTS", parts, width, glyphs)
    for state, count in others.items():
        names = ", ".join(one["name"] for one in owned if one not in there and _state(one) == state)
        lines += fact("", f"{count} {state}: {names}", width, "attention")
    return lines


def _state(one: ResourceView) -> str:
    return "missing" if "missed" in one else one["state"]


def _phases(boots: Sequence[BootView], now: float | None, width: int, glyphs: Glyphs) -> list[Line]:
    """Those of the last boot: what is over in one line, the one that lasts or failed, what is still to come."""
    if not boots or not boots[-1]["phases"]:
        return []
    boot = boots[-1]
    lines = [
        _row(
            "",
            [
                (f"{glyphs.phase[one.phase]} ", one.phase),
                (f"{one.numbers:<4} ", "dim"),
                *_phase(one, now, width - LABEL - 7, glyphs),
            ],
        )
        for one in happened.folded(boot)
    ]
    if (coming := boot.get("to_come")) is not None:
        told = "still to come" if coming["usual"] is None else f"usual {lasting(coming['usual'])}"
        numbers = happened.numbers(coming["first"], coming["last"])
        lines.append(_row("", [(f"{glyphs.phase['waiting']} ", "waiting"), (f"{numbers:<4} {told}", "dim")]))
    lines[0][0] = ("PHASES".ljust(LABEL), "heading")
    return [cut(line, width) for line in lines]


def _phase(one: happened.Fold, now: float | None, room: int, glyphs: Glyphs) -> Line:
    took = lasting(one.took(now))
    if one.phase == "ok":
        return [(took, ""), (f", usual {lasting(one.usual)}" if one.usual is not None else "", "dim")]
    of = f" of {lasting(one.usual)}" if one.usual is not None else ""
    title = clip(one.title, max(0, room - len(took) - len(of) - 1), glyphs.ellipsis)
    return [(f"{title} " if title else "", "strong"), (took, "strong"), (of, "dim")]


def _acts(acts: Sequence[BandRow], width: int, glyphs: Glyphs) -> list[Line]:
    """The verbs that are legal now, with their letters after ``a``."""
    parts: list[Line] = [[(row.letter, "key-strong"), (f" {row.label}", "")] for row in acts]
    lines = _flow("ACTS", parts, width - len(OPENER), glyphs)
    return [spread(lines[0], [(OPENER, "key")], width), *lines[1:]] if parts else []


def _flow(name: str, parts: Sequence[Line], width: int, glyphs: Glyphs) -> list[Line]:
    """Things in a row, none of them broken; what has no room goes on beneath."""
    lines: list[Line] = []
    for part in parts:
        ends = bool(lines) and lines[-1][-1][0].endswith(":")
        between = " " if ends else f" {glyphs.dot} "
        if lines and width_of(lines[-1]) + len(between) + width_of(part) <= width:
            lines[-1] += [(between, "dim"), *part]
        else:
            lines.append(_row("" if lines else name, part))
    return [cut(line, width) for line in lines]
