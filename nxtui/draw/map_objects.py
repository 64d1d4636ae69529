"""The objects of each member of a cluster, as lines of its box on the map."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence

from daemon.wire import MapBox, MapRow, MapView, ResourceView
from nxtui.draw.calls import middle
from nxtui.draw.map import WIDEST_BOX, stacks
from nxtui.draw.text import cells_of

LEAST_NAME = 12
"""Cells with fewer of which the name of an object tells nothing: then objects are counted."""

Owned = Mapping[str, Sequence[ResourceView]]


def named(view: MapView, owned: Owned, width: int, ellipsis: str) -> MapView | None:
    """The map with the objects of each member in its box, a line for each; None where names have no room. That they
    are there is what the ledger says, and no answer: they have no sign, unless an audit did not find one."""
    kinds = [one["kind"] for box in view["members"] for one in owned.get(box["name"], ())]
    whats = max(
        map(cells_of, [*kinds, *(row["what"] for box in view["members"] for row in box["rows"][1:])]),
        default=0,
    )
    inner = min(WIDEST_BOX, width // max(1, len(stacks(view["members"])))) - 2
    room = inner - whats - 3
    if room < LEAST_NAME:
        return None
    return _with(
        view, {name: [_object(one, room, ellipsis) for one in found] for name, found in owned.items()}
    )


def counted(view: MapView, owned: Owned) -> MapView:
    """The same with a line for each kind."""
    return _with(view, {name: _counted(found) for name, found in owned.items()})


def _with(view: MapView, rows: Mapping[str, list[MapRow]]) -> MapView:
    """The map with more lines at the bottom of boxes, in each after as many as in the tallest."""
    members = view["members"]
    if not any(rows.values()):
        return view
    longest = max(len(box["rows"]) for box in members)
    blank = MapRow(sign="none", what="", value="")
    filled: list[MapBox] = []
    for box in members:
        padded = [*box["rows"], *[blank] * (longest + 1 - len(box["rows"]))]
        filled.append(MapBox({**box, "rows": [*padded, *rows.get(box["name"], ())]}))
    return MapView({**view, "members": filled})


def _object(one: ResourceView, room: int, ellipsis: str) -> MapRow:
    lost = "missed" in one
    said = "missing " if lost else "" if one["state"] == "present" else f"{one['state']} "
    name = middle(one["name"], max(4, room - len(said)), ellipsis)
    return MapRow(sign="attention" if lost else "none", what=one["kind"], value=said + name)


def _counted(found: Sequence[ResourceView]) -> list[MapRow]:
    kinds: dict[str, list[ResourceView]] = {}
    for one in found:
        kinds.setdefault(one["kind"], []).append(one)
    rows = []
    for kind, those in kinds.items():
        states = Counter("missing" if "missed" in one else one["state"] for one in those)
        others = ", ".join(f"{count} {state}" for state, count in states.items() if state != "present")
        sign = "attention" if states["missing"] else "none"
        rows.append(MapRow(sign=sign, what=f"{len(those)} {kind}", value=others))  # type: ignore[typeddict-item]
    return rows
