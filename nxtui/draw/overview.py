"""The clusters of a very large screen: how far each is, and the nodes of the one that is looked at."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence

from daemon.wire import EntityView
from nxtui.draw.glyphs import Glyphs
from nxtui.draw.text import Line, cells_of, clip, fit
from nxtui.draw.tree import ready, share_done

_SHARE, _READY, _NODES = 10, 8, 7


def clusters(
    rows: Sequence[EntityView], phases: Sequence[Counter[str]], now: float | None, width: int, glyphs: Glyphs
) -> list[Line]:
    """A line for each cluster: sign, name, share of the way, when it is ready, how many of its nodes are."""
    names = max(7, width - 4 - _SHARE - _READY - _NODES - 2)
    head = f"{fit('CLUSTERS', names + 3)} {fit('DONE', _SHARE)} {fit('READY', _READY)}{'NODES':>{_NODES}}"
    lines: list[Line] = [[(clip(head, width), "heading")]]
    for one, counts in zip(rows, phases, strict=True):
        share = share_done(one)
        full = int((share or 0.0) * _SHARE)
        told, ink = ready(one, now, None)
        lines.append(
            [
                (f" {glyphs.phase[one['phase']]} ", one["phase"]),
                (fit(one["name"], names, ellipsis=glyphs.ellipsis) + " ", "strong"),
                (glyphs.full * full, one["phase"]),
                (glyphs.empty * (_SHARE - full) + " ", "rule"),
                (fit(told, _READY), ink),
                (f"{counts['ok']} of {counts.total()}".rjust(_NODES), "dim"),
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
