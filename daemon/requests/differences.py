"""What differs between the spec in force and another one, by the names that a person writes."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

WHOLE = ("deadlines",)
"""Keys of a spec whose parts are not told one by one."""


def as_written(names: Iterable[str]) -> list[str]:
    """Settings by the names that a person writes: where a secret is sealed, nxd keeps beside its own setting."""
    found = list(names)
    written = [name for name in found if not name.endswith(".sealed")]
    sealed = [name.removesuffix(".sealed") for name in found if name.endswith(".sealed")]
    return written + [name for name in sealed if not any(one.startswith(f"{name}.") for one in written)]


def unlike(old: Mapping[str, Any], new: Mapping[str, Any]) -> str:
    """What differs in a node's own part of a spec: as it stands, and as it would be."""
    keys = sorted(key for key in {*old, *new} if old.get(key) != new.get(key))
    return ", ".join(f"its {key} is {old.get(key)}, and would be {new.get(key)}" for key in keys)


def differing(old: Mapping[str, Any], new: Mapping[str, Any], path: str = "") -> list[str]:
    """The dotted names of the settings that differ; the list of nodes is compared elsewhere."""
    names: list[str] = []
    for key in {*old, *new}:
        before, after, name = old.get(key), new.get(key), f"{path}{key}"
        if name == "nodes" or before == after:
            continue
        if isinstance(before, Mapping) and isinstance(after, Mapping) and name not in WHOLE:
            names += differing(before, after, f"{name}.")
        else:
            names.append(name)
    return names


def moved(before: Sequence[str], after: Sequence[str], names: Iterable[str]) -> bool:
    """Whether one of these nodes stands at another place in the list of nodes than before."""
    return any(before.index(name) != after.index(name) for name in names if name in before and name in after)
