"""What became of each line of a spec: where its nodes stand, and what is not in force yet."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from typing import Any

from daemon import wire
from daemon.requests.differences import as_written, differing
from daemon.words import first_of
from state_machines.record import Record

NAMED = 3

Stands = Callable[[Record], tuple[wire.Phase, str, str]]
"""Record → its phase, where it stands in a few words, and an address of it or nothing."""


def marks(
    text: str, nodes: Mapping[str, Record], stands: Stands, old: Mapping[str, Any], new: Mapping[str, Any]
) -> list[wire.SpecMark]:
    """The marks of a text in the order of its lines. ``old`` is the spec in force, ``new`` the one in the text."""
    lines = _lines(text)
    found: list[wire.SpecMark] = []
    for name, node in nodes.items():
        line = lines.get(f"nodes.{name}")
        if line is not None:
            phase, told, address = stands(node)
            mark = wire.SpecMark(line=line, text=told, phase=phase)
            found.append(wire.SpecMark(**mark, address=address) if address else mark)
    for name in as_written(differing(old, new)):
        line = lines.get(name)
        if line is not None:
            found.append(wire.SpecMark(line=line, text=f"in force: {_told(_at(old, name))}", differs=True))
    new_nodes = [name for name in new.get("nodes", ()) if name not in old.get("nodes", ())]
    for name in new_nodes:
        line = lines.get(f"nodes.{name}")
        if line is not None and name not in nodes:
            found.append(wire.SpecMark(line=line, text="not begun yet", differs=True))
    return sorted(found, key=lambda mark: mark["line"])


def _lines(text: str) -> dict[str, int]:
    """Dotted name of a setting → the line at which it stands, counted from 1; a node by its name."""
    import yaml  # takes its time

    root = yaml.compose(text, Loader=yaml.SafeLoader)
    return dict(_walk(root, "")) if isinstance(root, yaml.MappingNode) else {}


def _walk(mapping: Any, path: str) -> Iterator[tuple[str, int]]:
    for key, value in mapping.value:
        name = f"{path}{key.value}"
        yield name, key.start_mark.line + 1
        if value.id == "mapping":
            yield from _walk(value, f"{name}.")
        elif value.id == "sequence" and name == "nodes":
            for entry in value.value:
                for one, told in entry.value if entry.id == "mapping" else ():
                    if one.value == "name":
                        yield f"nodes.{told.value}", one.start_mark.line + 1


def _at(settings: Mapping[str, Any], name: str) -> Any:
    found: Any = settings
    for part in name.split("."):
        found = found.get(part) if isinstance(found, Mapping) else None
    return found


def _told(value: Any) -> str:
    """A value of a spec in one line; what is sealed is told as that."""
    if isinstance(value, Mapping):
        if set(value) == {"sealed"}:
            return "another secret"
        return ", ".join(f"{key} {_told(one)}" for key, one in value.items())
    if isinstance(value, list | tuple):
        return first_of(map(_told, value), NAMED) or "nothing"
    return "nothing" if value is None else str(value)
