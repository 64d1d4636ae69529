"""The axis of time, a row on it, the usual way beneath it, and the table of steps and tries."""

from __future__ import annotations

from collections.abc import Sequence
from math import ceil

from daemon.display.durations import UNKNOWN, lasting
from daemon.display.timeline import LEGEND, SIGNS, SIGNS_IN_ASCII, Fill, fills
from daemon.wire import EntityView, StepView, TimelineView
from nxtui.draw.glyphs import Glyphs
from nxtui.draw.text import Line, cells_of, cut, fit
from nxtui.model.timelines import Cell, TimelineMark
from nxtui.model.times import clock, minute

READY = 10
"""Columns at the right for when it is ready."""
WITH_MARKS = 100
"""Columns from which on the legend has the signs of the marks."""
TICK = 10
"""Columns between two times of the axis."""

_INKS: dict[Fill, str] = {
    "cloud": "working",
    "waits": "waiting",
    "machine": "working",
    "ready": "ok",
    "well": "ok",
    "stopped": "dim",
    "undone": "releasing",
    "failed": "failed-strong",
    "retried": "attention",
    "both": "failed-strong",
    "expected": "dim",
    "end": "strong",
}


def signs(ascii_only: bool) -> dict[Fill, str]:
    """The signs of the cells."""
    return SIGNS_IN_ASCII if ascii_only else SIGNS


def axis(cells: Sequence[Cell], now: float | None, left: int, ascii_only: bool) -> tuple[Line, Line]:
    """Two lines: times, and the ticks beneath them with the present."""
    times, ticks, column = "", "", 0
    for cell in cells:
        if column % TICK == 0 and not cell.text:
            times = times.ljust(column) + clock(cell.begin)[:5]
        here = now is not None and cell.begin <= now < cell.end
        tick = "|" if ascii_only else "┬"
        present = "V" if ascii_only else "▼"
        ticks += present if here else tick if column % TICK == 0 and not cell.text else " "
        ticks = ticks.ljust(column + cell.width)
        column += cell.width
    return [(" " * left + times, "dim")], [(" " * left, ""), (ticks, "strong")]


def row(
    timeline: TimelineView | None, cells: Sequence[Cell], now: float, ascii_only: bool
) -> tuple[list[Fill], Line]:
    """What each cell shows, and the line of it."""
    if timeline is None:
        return [], [(" " * sum(cell.width for cell in cells), "")]
    told = fills(timeline["stays"], edges(cells), now, timeline.get("ready_at"))
    return told, _line(told, cells, signs(ascii_only))


def ghost(timeline: TimelineView, cells: Sequence[Cell], ascii_only: bool) -> Line:
    """The usual way of each try, with the borders of its steps; nothing where it was never measured."""
    text = ""
    if not timeline["usual"]:
        return []
    for cell in cells:
        spans = [one for one in timeline["usual"] if one["begins"] < cell.end and one["ends"] > cell.begin]
        border = any(
            cell.begin <= moment < cell.end for one in spans for moment in (one["begins"], one["ends"])
        )
        sign = ("|" if ascii_only else "╎") if border else ("-" if ascii_only else "╌")
        text += (sign if spans else " ").ljust(cell.width)
    return [(text, "dim")] if text.strip() else []


def column(cells: Sequence[Cell], moment: float) -> int | None:
    """The column in which a moment is; None where it is out of sight."""
    at = 0
    for cell in cells:
        if cell.begin <= moment < cell.end:
            return at
        at += cell.width
    return None


def edges(cells: Sequence[Cell]) -> list[float]:
    """Where the cells begin, and where the last one ends."""
    return [*(cell.begin for cell in cells), cells[-1].end]


def _line(told: Sequence[Fill], cells: Sequence[Cell], sign_of: dict[Fill, str]) -> Line:
    line: Line = []
    for fill, cell in zip(told, cells, strict=True):
        text, ink = (cell.text, "dim") if cell.text else (sign_of[fill], _INKS.get(fill, ""))
        if line and line[-1][1] == ink:
            line[-1] = (line[-1][0] + text, ink)
        else:
            line.append((text, ink))
    return line


def name(entity: EntityView, width: int, glyphs: Glyphs) -> Line:
    """Phase and name, a node further in than its cluster."""
    phase = entity["phase"]
    indent = "" if entity["kind"] == "cluster" else "  "
    return [(f" {glyphs.phase[phase]} ", phase), (fit(indent + entity["name"], width - 3), "")]


def ready(timeline: TimelineView | None, now: float) -> str:
    """When it is ready; how late it is when that has passed; since when it is well."""
    if timeline is None or not timeline["stays"]:
        return ""
    expected, last = timeline.get("ready_at"), timeline["stays"][-1]
    if expected is not None:
        return f"≈{minute(ceil(expected / 60) * 60)}" if expected > now else f"late {_short(now - expected)}"
    return clock(last["started"]) if last.get("nature") in ("ready", "well") else ""


def _short(seconds: float) -> str:
    """A duration in at most four characters."""
    text = lasting(seconds)
    cut_at = next((at + 1 for at, sign in enumerate(text) if sign in "dhms"), len(text))
    return text[:cut_at]


def legend(ascii_only: bool, width: int) -> Line:
    """Each sign that needs a word."""
    sign_of, line = signs(ascii_only), list[tuple[str, str]]()
    for fill, word in LEGEND:
        if width < WITH_MARKS and fill in ("failed", "retried"):
            continue  # the line of the marks has them
        line += [(f" {sign_of[fill]}", _INKS.get(fill, "")), (f" {word}", "dim")]
    return cut(line, width)


def marks(found: Sequence[TimelineMark], ascii_only: bool, width: int, untold: str = "") -> Line:
    """The marks, those of one minute and kind as one; ``untold``: why there may be more of them."""
    sign_of = signs(ascii_only)
    groups: list[tuple[str, str, int]] = []
    for mark in found:
        minute = clock(mark.time)[:5]
        if groups and groups[-1][:2] == (mark.what, minute):
            groups[-1] = (mark.what, minute, groups[-1][2] + 1)
        else:
            groups.append((mark.what, minute, 1))
    if not groups and untold:
        return [(f" {untold}", "dim")]
    if not groups:
        return [(" No failure and no retry.", "dim")]
    line: Line = [(" [ and ] go through the marks:", "dim")]
    for what, minute, count in groups:
        fill: Fill = "failed" if what == "failed" else "retried"
        line += [
            (f" {sign_of[fill]}", _INKS[fill]),
            (f" {minute}", ""),
            (f" ({count})" if count > 1 else "", "dim"),
        ]
    return cut(line, width)


def tries(
    timeline: TimelineView, steps: Sequence[StepView], now: float, width: int, most: int, glyphs: Glyphs
) -> list[Line]:
    """A table: how long each step took in each of the last tries, what is usual, what 95 of 100 kept to."""
    numbers = sorted({stay["attempt"] for stay in timeline["stays"]})[-max(1, min(3, (width - 52) // 10)) :]
    head = f"   {fit('STEP', 24)}" + "".join(f"{f'TRY {number}':>10}" for number in numbers)
    lines: list[Line] = [[(f"{head}{'USUAL':>10}{'95 OF 100':>11}", "heading")]]
    for step in steps:
        took = [_took(timeline, step["name"], number, now, glyphs) for number in numbers]
        if any(took):
            usual, slow = (lasting(step["usual"]), lasting(step["slow_after"]))
            cells = "".join(f"{text or UNKNOWN:>10}" for text in took)
            failed = any(glyphs.level["error"] in text for text in took)
            ink = "failed-strong" if failed else ""
            lines.append(
                [(f"   {fit(step['title'], 24)}", ""), (cells, ink), (f"{usual:>10}{slow:>11}", "dim")]
            )
    return lines if len(lines) <= most else [lines[0], *lines[len(lines) - most + 1 :]]


def _took(timeline: TimelineView, step: str, attempt: int, now: float, glyphs: Glyphs) -> str:
    """How long a step took in one try; a sign where it failed, an ellipsis while it lasts."""
    stays = timeline["stays"]
    total, sign, going = 0.0, "", ""
    for at, stay in enumerate(stays):
        if stay["state"] != step or stay["attempt"] != attempt:
            continue
        total += (now if stay["ended"] is None else stay["ended"]) - stay["started"]
        going = glyphs.ellipsis if stay["ended"] is None else ""
        if at + 1 < len(stays) and stays[at + 1].get("mark") == "failed":
            sign = glyphs.level["error"]
    return f"{sign}{lasting(total)}{going}" if total else ""


def room(width: int, names: Sequence[str]) -> tuple[int, int]:
    """Columns for the names, and for time."""
    left = min(max((cells_of(one) for one in names), default=8), 24) + 6
    return left, max(10, width - left - READY)
