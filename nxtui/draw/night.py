"""What went on: the rows of the fleet on one axis of time, and of a quiet fleet the night that is over."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from daemon.display.durations import lasting
from daemon.wire import AuditView, EntityView, StepTiming, TimelineView
from daemon.words import counted
from nxtui.draw import timeline as drawn
from nxtui.draw.glyphs import Glyphs
from nxtui.draw.looks import audit_sums
from nxtui.draw.text import Line, cut, fit, spread, width_of
from nxtui.model import timelines
from nxtui.model.timelines import Cell
from nxtui.model.times import clock, minute

NIGHT = 43_200.0
"""Seconds that the night reaches back."""
CLUSTERS = 8
"""Clusters whose night is told."""
ABOVE = 3
"""Lines above the rows of the history: what it is, the times, the ticks."""
_LASTED = 9
_REST = ("ready", "well")


def span(cells: Sequence[Cell], now: float, width: int, ascii_only: bool, glyphs: Glyphs) -> Line:
    """The line above the history: from when to when, how long a cell lasts, what the signs mean, where it opens."""
    seconds = cells[0].end - cells[0].begin if cells else 0.0
    size = f"{seconds:.0f} s" if seconds < 120 else f"{seconds / 60:g} min"
    told = f"  {minute(cells[0].begin)} – {minute(cells[-1].end)} {glyphs.dot} {size} a cell" if cells else ""
    left: Line = [("TIMELINE", "heading"), (told, "dim"), (f" {glyphs.dot}", "dim")]
    key: Line = [(" ", ""), ("T", "key-strong"), (" opens ", "dim")]
    room = width - width_of(left) - width_of(key)
    return spread([*left, *drawn.legend(ascii_only, max(0, room))], key, width)


def extent(told: Sequence[TimelineView], now: float) -> tuple[float, float]:
    """The piece of time that is shown: all of it, or what reaches into this night, if anything went on in it."""
    begin, end = timelines.extent(told, now)
    went_on = any(stay["started"] >= now - NIGHT for one in told for stay in one["stays"])
    return (max(begin, now - NIGHT) if went_on else begin), end


def row(
    entity: EntityView, told: TimelineView | None, line: Line, left: int, now: float, glyphs: Glyphs
) -> Line:
    """One row of the history, with its cells as they were drawn, and when it is ready."""
    ready = drawn.ready(told, now)
    return [
        *drawn.name(entity, left, glyphs),
        *line,
        (f" {ready}", "attention" if ready.startswith("late") else "dim"),
    ]


def worst(told: Sequence[TimelineView], since: float) -> dict[str, TimelineView]:
    """Of each cluster the row with most failures, its own or that of a node, else the node on which something went on
    for longest; with the marks of all the others, which no row hides. The cluster that ended last comes first."""
    found: dict[str, list[TimelineView]] = {}
    for one in told:
        if one["stays"]:
            found.setdefault(one["cluster"], []).append(one)

    def rank(one: TimelineView) -> tuple[int, bool, float]:
        lasted = _lasted(one, since)
        failed = sum(mark.what == "failed" and mark.time >= since for mark in timelines.marks([one]))
        return failed, one["kind"] == "node" and lasted > 0, lasted

    ordered = sorted(found.items(), key=lambda item: -max(map(_ended, item[1])))
    return {name: _with_marks(max(group, key=rank), group) for name, group in ordered}


def _with_marks(shown: TimelineView, group: Sequence[TimelineView]) -> TimelineView:
    """A row with the marks of the others, each as a stay that lasts no time, before its own last one."""
    others = [
        StepTiming(state="", title="", attempt=1, started=mark.time, ended=mark.time, mark=mark.what)
        for mark in timelines.marks([one for one in group if one is not shown])
    ]
    row = shown.copy()
    row["stays"] = [*others, *shown["stays"]]
    return row


def _ended(one: TimelineView) -> float:
    return one["stays"][-1]["started"]


def _began(one: TimelineView, since: float) -> float:
    """When it left its rest, as far as that is not before the night."""
    went_on = (
        stay["started"]
        for stay in one["stays"]
        if stay.get("nature") not in _REST and (stay["ended"] is None or stay["ended"] > since)
    )
    return max(since, min(went_on, default=_ended(one)))


def _lasted(one: TimelineView, since: float) -> float:
    return _ended(one) - _began(one, since)


def night(
    told: Sequence[TimelineView], is_whole: bool, now: float, width: int, ascii_only: bool, glyphs: Glyphs
) -> list[Line]:
    """The longest row of each cluster in which something went on, and how much failed; ``is_whole``: all that went on
    is told of, so that it can be counted."""
    since = now - NIGHT
    within = f"the last {counted(round(NIGHT / 3600), 'hour')}"
    rows = worst(told, since)
    if not rows:
        quiet = f"  nothing went on in {within}"
        return [[("THIS NIGHT", "heading"), (quiet, "dim")]]
    there = [one for one in told if one["stays"]]
    went_on = [one for one in there if _lasted(one, since) > 0] or there
    begin, end = min(_began(one, since) for one in went_on), max(map(_ended, went_on))
    marks = [mark for mark in timelines.marks(told) if mark.time >= begin]
    failures = sum(mark.what == "failed" for mark in marks)
    retries = sum(mark.what == "retried" for mark in marks)
    sums = f" {glyphs.dot} {counted(failures, 'failure')}, {counted(retries, 'retry')}" if is_whole else ""
    head: Line = [("THIS NIGHT", "heading"), (f"  {minute(begin)} – {minute(end)}, {within}{sums}", "dim")]
    left = min(24, max(map(len, rows))) + 4
    count = max(10, width - left - _LASTED)
    cells = timelines.Span().cells((begin, end), count, (), glyphs.rule)
    lines = [cut(head, width)]
    for name, one in list(rows.items())[:CLUSTERS]:
        _, line = drawn.row(one, cells, end, ascii_only)
        group = [each for each in went_on if each["cluster"] == name] or [one]
        first, last = min(_began(each, since) for each in group), max(map(_ended, group))
        took = f" {lasting(last - first)}" if first > since else ""
        lines.append([(f"   {fit(name, left - 3)}", ""), *_until(line, cells, end), (took, "dim")])
    return lines


def _until(line: Line, cells: Sequence[Cell], end: float) -> Line:
    """The cells up to the last one in which something ended."""
    last = drawn.column(cells, end)
    return line if last is None else cut(line, last + 1)


def audit(told: AuditView | None, width: int, glyphs: Glyphs) -> list[Line]:
    """What the last audit found; nothing where the daemon does not tell it."""
    key: Line = [("   A", "key-strong")]
    if told is None:
        return []
    if "looked" not in told:
        return [cut([("   no audit since nxd began", "dim"), *key, (" looks", "dim")], width)]
    found = audit_sums(told["findings"], glyphs)
    when: Line = [(f"   audit {clock(told['looked'])}: ", "dim")]
    return [cut([*when, *found, *key, (" looks again", "dim")], width)]


def left_of(names: Sequence[str], known: Mapping[str, EntityView]) -> int:
    """Columns for the names of these rows."""
    return drawn.room(0, [name for name in names if name in known])[0]
