"""The clusters of a very large screen: how far each is, and the nodes of the one that is looked at."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence

from daemon.display.money import hours_of
from daemon.wire import EntityView, MapBox, MapRail, MapView
from nxtui.draw.calls import middle
from nxtui.draw.glyphs import Glyphs
from nxtui.draw.map import MapLook, is_old, sign, sign_ink
from nxtui.draw.rows import URGENCY
from nxtui.draw.text import Line, cells_of, clip, cut, fit, spread, width_of
from nxtui.draw.tree import ready, share_done

_SHARE, _READY, _NODES, _HOURS = 10, 8, 7, 7
STANDS, NAME = 14, 12
"""Cells of where a box of the small map stands at most, and of its name at least."""


def _hours(one: EntityView, now: float | None) -> str:
    """How many hours of everything that costs by the hour, as a figure."""
    uses = one.get("uses")
    return f"{sum(hours_of(use, now) for use in uses):,.1f}" if uses and now is not None else ""


def clusters(
    rows: Sequence[EntityView], phases: Sequence[Counter[str]], now: float | None, width: int, glyphs: Glyphs
) -> list[Line]:
    """A line for each cluster: sign, name, share of the way, when it is ready, how many of its nodes are, and how many
    hours of what costs by the hour it used, where that was measured of any."""
    hours = [_hours(one, now) for one in rows]
    used, done = (_HOURS, _SHARE - 4) if any(hours) else (0, _SHARE)
    names = max(7, width - 4 - done - _READY - _NODES - used - 2)
    head = f"{fit('CLUSTERS', names + 3)} {fit('DONE', done)} {fit('READY', _READY)}{'NODES':>{_NODES}}"
    head += f"{'HOURS':>{used}}" if used else ""
    lines: list[Line] = [[(clip(head, width), "heading")]]
    for one, counts, told_hours in zip(rows, phases, hours, strict=True):
        share = share_done(one)
        full = int((share or 0.0) * done)
        told, ink = ready(one, now, None)
        lines.append(
            [
                (f" {glyphs.phase[one['phase']]} ", one["phase"]),
                (fit(one["name"], names, ellipsis=glyphs.ellipsis) + " ", "strong"),
                (glyphs.full * full, one["phase"]),
                (glyphs.empty * (done - full) + " ", "rule"),
                (fit(told, _READY), ink),
                (f"{counts['ok']} of {counts.total()}".rjust(_NODES), "dim"),
                (told_hours.rjust(used), ""),
            ]
        )
    return lines


def members(cluster: str, shown: Sequence[EntityView], chosen: str, width: int, glyphs: Glyphs) -> list[Line]:
    """Nodes of a cluster in small: sign, name, state, and one address."""
    lines: list[Line] = [[(f"NODES  of {cluster}", "heading"), ("   M draws them", "dim")]]
    names = min(18, max((cells_of(one["name"]) for one in shown), default=4))
    for one in shown:
        address = next(iter(one["addresses"].values()), "")
        state = max(8, width - names - 20)
        lines.append(
            [
                (f" {glyphs.phase[one['phase']]} ", one["phase"]),
                (
                    fit(one["name"], names, ellipsis=glyphs.ellipsis),
                    "strong" if one["name"] == chosen else "",
                ),
                (f" {fit(one['title'], state, ellipsis=glyphs.ellipsis)}", ""),
                (f" {address}"[:16], "dim"),
            ]
        )
    return lines


def small_map(view: MapView, most: int, width: int, look: MapLook) -> list[Line]:
    """The map of a cluster in a few lines: its services, the first network, the members on it, the other networks.
    Beside a member stand the signs of what was asked of it; the first ``most`` are told, the worst first if there are
    more."""
    members = view["members"]
    if len(members) > most:
        members = sorted(members, key=lambda box: URGENCY.index(box["phase"]))[: max(1, most - 1)]
    lines: list[Line] = [
        spread(
            [("MAP", "heading"), (f"  of {view['cluster']}", "dim")],
            [("M", "key-strong"), (" opens ", "dim")],
            width,
        )
    ]
    places = max((len(box.get("address", "")) for box in (*view["services"], *members)), default=0)
    lines += [_member(box, "  ", places, width, look, tells=False) for box in view["services"]]
    rails, strokes = view["rails"], look.strokes
    lines += [_rail(rail, strokes.below, width, look) for rail in rails[:1]]
    for number, box in enumerate(members, 1):
        is_last = number == len(members) and len(rails) < 2
        branch = look.glyphs.last_twig if is_last else look.glyphs.twig
        lines.append(_member(box, f"  {branch} " if rails else "  ", places, width, look))
    if (left := len(view["members"]) + view["left"] - len(members)) > 0:
        lines.append([(f"    and {left} more", "dim")])
    return lines + [_rail(rail, strokes.above, width, look) for rail in rails[1:]]


def _rail(rail: MapRail, knot: str, width: int, look: MapLook) -> Line:
    across = look.strokes.rail
    named: Line = [
        (f" {across}{knot}{across} ", "key"),
        (rail["name"], "strong"),
        (f" {rail['about']} ", "dim"),
    ]
    return cut([*named, (across * (width - width_of(named)), "key")], width)


def _member(box: MapBox, lead: str, places: int, width: int, look: MapLook, tells: bool = True) -> Line:
    """Sign and name of a box, where it stands if it ``tells`` that, the signs of what was asked, its address."""
    asked = [row for row in box["rows"] if row["sign"] != "none"]
    signs: Line = [
        (sign(row, look), "dim" if is_old(row, look.now) else sign_ink(row))
        for row in asked
        if row is not box["rows"][0]
    ]
    here = box["name"] == look.chosen
    right: Line = [*signs, (f" {box.get('address', ''):<{places}} ", "dim")]
    beside = width - cells_of(lead) - width_of(right) - 5
    stands = ""
    for first in box["rows"][:tells]:
        most = max(4, min(STANDS, beside - min(NAME, cells_of(box["name"]))))
        stands = clip(f"{first['what']} {first['value']}".strip(), most, look.glyphs.ellipsis)
    room = max(4, beside - cells_of(stands))
    left: Line = [
        (lead, "rule"),
        (f"{look.glyphs.phase[box['phase']]} ", box["phase"]),
        (middle(box["name"], room, look.glyphs.ellipsis), "chosen" if here else "strong"),
        (f"  {stands}", ""),
    ]
    return spread(left, right, width)
