"""A cluster as a table, where there are too many members for a picture of it; and what stands beneath either."""

from __future__ import annotations

from collections.abc import Sequence

from daemon.wire import MapBox, MapEdge, MapView
from daemon.words import first_of
from nxtui.draw import map as drawn
from nxtui.draw.calls import middle
from nxtui.draw.map import MapLook
from nxtui.draw.rows import URGENCY
from nxtui.draw.text import Line, cells_of, clip, cut, fit, spread, width_of, wrap
from nxtui.model.times import clock, minute

NAME, CELL, LABEL = 20, 18, 9
"""Cells of a name, of a value and of a heading at most."""
NAMED = 4
"""Names in one line of who waits."""


def in_order(view: MapView) -> list[MapBox]:
    """The services, and then the members, those in trouble first."""
    worst = sorted(view["members"], key=lambda box: URGENCY.index(box["phase"]))
    return [*view["services"], *worst]


def columns(boxes: Sequence[MapBox]) -> dict[str, int]:
    """What is told of each member, in its order → the cells that it takes."""
    wide: dict[str, int] = {}
    for box in boxes:
        for row in box["rows"][1:]:
            least = max(cells_of(row["what"]), min(CELL, cells_of(row["value"]) + 2))
            wide[row["what"]] = max(least, wide.get(row["what"], 0))
    return wide


def table(view: MapView, width: int, look: MapLook) -> list[Line]:
    """A heading, a row for each box, and how many are not told."""
    boxes = in_order(view)
    names = min(NAME, max((cells_of(box["name"]) for box in boxes), default=4))
    stands = max((cells_of(_stands(box)) for box in boxes if box["rows"]), default=5)
    stands = max(5, min(CELL, stands))
    wide = _fitting(columns(view["members"]), width - names - stands - 6)
    head = f"    {fit('NAME', names)} {fit('STATE', stands)} "
    head += " ".join(fit(what.upper(), cells) for what, cells in wide.items())
    lines: list[Line] = [[(clip(head, width), "heading")]]
    lines += [_row(box, names, stands, wide, width, look) for box in boxes]
    if view["left"]:
        lines.append([(f"    and {view['left']} more, none of them more urgent than these", "dim")])
    return lines


def _fitting(wide: dict[str, int], room: int) -> dict[str, int]:
    """The first columns, those that can be shown whole: of the chosen one all is told beneath."""
    found: dict[str, int] = {}
    for what, cells in wide.items():
        room -= cells + 1
        if room < 0:
            break
        found[what] = cells
    return found


def _stands(box: MapBox) -> str:
    row = box["rows"][0]
    return f"{row['what']} {row['value']}".strip()


def _row(box: MapBox, names: int, stands: int, wide: dict[str, int], width: int, look: MapLook) -> Line:
    lead = look.glyphs.cursor if box["name"] == look.chosen else " "
    line: Line = [
        (f" {lead}", "strong"),
        (f"{look.glyphs.phase[box['phase']]} ", box["phase"]),
        (fit(middle(box["name"], names, look.glyphs.ellipsis), names) + " ", "strong"),
        (fit(_stands(box) if box["rows"] else "", stands) + " ", ""),
    ]
    rows = {row["what"]: row for row in box["rows"][1:]}
    for what, cells in wide.items():
        row = rows.get(what)
        if row is None:
            line.append((" " * (cells + 1), ""))
            continue
        old = drawn.is_old(row, look.now)
        plain = row["sign"] == "none"
        lead = "" if plain else f"{drawn.sign(row, look)} "
        ink = "dim" if old or row["sign"] == "unasked" else "" if plain else row["sign"]
        line.append((fit(lead + row["value"], cells) + " ", ink))
    return cut(line, width)


def whole(box: MapBox, width: int, look: MapLook) -> list[Line]:
    """Everything that is told of one box, for a table that has no room for it."""
    head: Line = [(f" {look.glyphs.phase[box['phase']]} ", box["phase"]), *drawn.titled(box, width - 4, look)]
    (rows,) = drawn.told([box], max(8, min(60, width - 4)), look)
    return [head, *([("   ", ""), *line] for row in rows for line in row)]


def beneath(view: MapView, width: int, look: MapLook) -> list[Line]:
    """Who waits for whom, and facts about the whole."""
    lines: list[Line] = []
    arrow = "<" if look.ascii else "⇠"
    for number, edge in enumerate(view["edges"]):
        lead = "waits" if not number else ""
        lines.append(_edge(edge, lead, arrow, width, look))
    for note in _notes(view, width - LABEL - 4, look):
        lines.append([(f" {fit(note[0].upper(), LABEL)} ", "heading"), (note[1], "")])
    return lines


def _edge(edge: MapEdge, lead: str, arrow: str, width: int, look: MapLook) -> Line:
    who = first_of(edge["who"], NAMED)
    left: Line = [
        (f" {fit(lead.upper(), LABEL)} ", "heading"),
        (clip(f"{who} {arrow} {edge['whom']}", max(12, width // 2 - LABEL)), "strong"),
        (f"  {edge['why']}", "attention" if edge["whom"] == "a person" else ""),
    ]
    when = _when(edge, width, look)
    return spread(left, [(when, "dim")], width) if when else cut(left, width)


def _when(edge: MapEdge, width: int, look: MapLook) -> str:
    told = []
    if "since" in edge and (width >= 100 or ("until" not in edge and "ready_at" not in edge)):
        told.append(f"since {clock(edge['since'])}")
    if "until" in edge:
        told.append(f"until {clock(edge['until'])}")
    elif "ready_at" in edge:
        told.append(f"≈{minute(edge['ready_at'])}")
    return f" {look.glyphs.dot} ".join(told)


def _notes(view: MapView, width: int, look: MapLook) -> list[tuple[str, str]]:
    """The facts, the first under its own name, the others behind it as far as there is room."""
    told: list[tuple[str, str]] = []
    for note in view["notes"]:
        more = f" {look.glyphs.dot} {note['what']} {note['text']}"
        if told and cells_of(told[-1][1]) + cells_of(more) <= width:
            told[-1] = (told[-1][0], told[-1][1] + more)
        else:
            first, *rest = wrap(note["text"], width)
            told += [(note["what"], first), *(("", part) for part in rest)]
    return told


def height_of(lines: Sequence[Line]) -> int:
    """Lines that are not empty, at least one."""
    return max(1, sum(width_of(line) > 0 for line in lines))
