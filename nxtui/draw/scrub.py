"""The scrub line of a replay: a whole recording in one line with its marks and the present, and its marks in words."""

from __future__ import annotations

from collections.abc import Sequence

from daemon.display.durations import lasting
from daemon.words import first_of
from nxtui.draw.glyphs import Glyphs
from nxtui.draw.text import Line, cells_of, cut
from nxtui.model.scrub import MarkKind, ScrubMark
from nxtui.model.times import minute

SIDES = 8
"""Cells for the time at either end."""
NAMED = 3
RANK: tuple[MarkKind, ...] = ("done", "retried", "failed")
"""Which mark a cell shows that holds several: the last of these."""
INKS: dict[MarkKind, str] = {"failed": "failed-strong", "retried": "attention", "done": "ok"}


def signs(glyphs: Glyphs, plain: bool) -> dict[MarkKind, str]:
    """The sign of each kind."""
    return {"failed": glyphs.phase["failed"], "retried": "r" if plain else "↻", "done": glyphs.phase["ok"]}


def column(moment: float, start: float, end: float, count: int) -> int:
    """The cell of a moment."""
    return min(count - 1, max(0, int((moment - start) / max(1e-9, end - start) * count)))


def moment_at(cell: int, start: float, end: float, count: int) -> float:
    """The moment at which a cell begins."""
    return start + (end - start) * cell / max(1, count)


def cells(width: int) -> int:
    """Cells of time in a line of this width."""
    return max(10, width - 2 * SIDES)


def line(
    found: Sequence[ScrubMark], start: float, now: float, end: float, width: int, glyphs: Glyphs, plain: bool
) -> Line:
    """Times at both ends, marks between them, and where the present is."""
    count = cells(width)
    shown: list[tuple[str, str]] = [(glyphs.rule, "dim")] * count
    sign_of = signs(glyphs, plain)
    for mark in sorted(found, key=lambda one: RANK.index(one.kind)):
        shown[column(mark.time, start, end, count)] = (sign_of[mark.kind], INKS[mark.kind])
    here = column(now, start, end, count)
    present = "V" if plain else "▼"
    taken = shown[here][0] != glyphs.rule
    if taken and here + 1 < count and shown[here + 1][0] == glyphs.rule:
        shown[here + 1] = (present, "strong")  # a mark is never hidden
    elif not taken:
        shown[here] = (present, "strong")
    edges = ("|", "|") if plain else ("├", "┤")
    told: Line = [(f" {minute(start)} ", "dim"), (edges[0], "dim")]
    for text, ink in shown:
        if told[-1][1] == ink:
            told[-1] = (told[-1][0] + text, ink)
        else:
            told.append((text, ink))
    return cut([*told, (edges[1], "dim"), (f" {minute(end)}", "dim")], width)


def words(
    found: Sequence[ScrubMark],
    quiet: Sequence[tuple[float, float]],
    now: float,
    width: int,
    glyphs: Glyphs,
    plain: bool,
) -> Line:
    """The marks in words with the quiet stretches between them, from the last one that has passed on."""
    sign_of = signs(glyphs, plain)
    told: list[tuple[float, Line]] = []
    for mark in found:
        ink = INKS[mark.kind] if mark.time <= now else "dim"
        told.append((mark.time, [(f"{sign_of[mark.kind]} ", ink), (first_of(mark.names, NAMED), ink)]))
    told += [(begin, [(f"quiet {lasting(end - begin)}", "dim")]) for begin, end in quiet]
    told.sort(key=lambda one: one[0])
    passed = sum(moment <= now for moment, _ in told)
    shown = told
    while shown and sum(_size(part) + 3 for _, part in shown) > width - SIDES and passed > 1:
        shown, passed = shown[1:], passed - 1
    line: Line = [(" " * SIDES, "")]
    for number, (_, part) in enumerate(shown):
        line += [(f" {glyphs.dot} " if number else "", "dim"), *part]
    return cut(line, width)


def _size(part: Line) -> int:
    return sum(cells_of(text) for text, _ in part)
