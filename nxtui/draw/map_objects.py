"""The objects of each member of a cluster, as lines of its box on the map."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence

from daemon.wire import MapBox, MapRow, MapView, ResourceView


def with_objects(view: MapView, owned: Mapping[str, Sequence[ResourceView]], counts: bool) -> MapView:
    """The map with the objects of each member in its box, by their names, or counted by kind. That they are there is
    what the ledger says, and no answer: they have no sign, unless an audit did not find one."""
    members = view["members"]
    each = {
        box["name"]: [one for one in owned.get(box["name"], ()) if one["state"] != "gone"] for box in members
    }
    rows = {name: _counted(found) if counts else list(map(_object, found)) for name, found in each.items()}
    if not any(rows.values()):
        return view
    longest = max(len(box["rows"]) for box in members)
    blank = MapRow(sign="none", what="", value="")
    filled = [
        MapBox(
            {**box, "rows": [*box["rows"], *[blank] * (longest + 1 - len(box["rows"])), *rows[box["name"]]]}
        )
        for box in members
    ]
    return MapView({**view, "members": filled})


def _object(one: ResourceView) -> MapRow:
    lost = "missed" in one
    said = "missing " if lost else "" if one["state"] == "present" else f"{one['state']} "
    return MapRow(sign="attention" if lost else "none", what=one["kind"], value=said + one["name"])


def _counted(found: Sequence[ResourceView]) -> list[MapRow]:
    kinds: dict[str, list[ResourceView]] = {}
    for one in found:
        kinds.setdefault(one["kind"], []).append(one)
    rows = []
    for kind, those in kinds.items():
        states = Counter("missing" if "missed" in one else one["state"] for one in those)
        told = ", ".join(f"{count} {state}" for state, count in states.items())
        rows.append(MapRow(sign="attention" if states["missing"] else "none", what=kind, value=told))
    return rows
