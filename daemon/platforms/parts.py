"""The parts of a platform that its manifest names by their modules: its tables, its spec, its routes, its loader."""

from __future__ import annotations

import inspect
from collections.abc import Callable, Iterable, Mapping
from typing import Any, NamedTuple

from daemon.platforms.manifest import Manifest
from daemon.platforms.modules import BrokenPart, attribute, refusal
from pxe.routes import BootTable
from state_machines.kind import Kind


class _Part(NamedTuple):
    """In which module of the manifest it stands, what it has to be in words, and whether it is that."""

    where: str
    words: str
    is_one: Callable[[Any], bool]


def _is_model(value: object) -> bool:
    from daemon.spec.reading import ClusterSpec  # only who reads a spec needs pydantic

    return inspect.isclass(value) and issubclass(value, ClusterSpec)


_PARTS: Mapping[str, _Part] = {
    "NODE": _Part("tables", "a Kind (state_machines/kind.py)", lambda value: isinstance(value, Kind)),
    "CLUSTER": _Part("tables", "a Kind (state_machines/kind.py)", lambda value: isinstance(value, Kind)),
    "MODEL": _Part("spec", "a class made of ClusterSpec (daemon/spec/reading.py)", _is_model),
    "BOOT": _Part("boot", "a BootTable (pxe/routes.py)", lambda value: isinstance(value, BootTable)),
    "load": _Part("platform", "a function that gives the platform", callable),
}


def sentence(manifest: Manifest, name: str, said: str) -> str:
    """A mistake in the module that holds a part, with the name of the platform and the place."""
    where = _PARTS[name].where
    return f"Platform {manifest.name}, its {where} {getattr(manifest, where)}: {said}."


def part_of(manifest: Manifest, name: str) -> Any:
    """A part by its name, imported now. Raises BrokenPart."""
    part = _PARTS[name]
    found = attribute(getattr(manifest, part.where), name)
    if not part.is_one(found):
        raise BrokenPart(f"its {name} is not {part.words}")
    return found


def sound_part_of(manifest: Manifest, name: str) -> Any:
    """The same for whoever cannot go on without it. Raises PlatformError."""
    try:
        return part_of(manifest, name)
    except BrokenPart as broken:
        raise refusal(manifest.name, [sentence(manifest, name, str(broken))]) from broken


def parts_of(manifest: Manifest, names: Iterable[str]) -> tuple[dict[str, Any], list[str]]:
    """Several parts by their names, as far as they are there, and a sentence for each other one."""
    found: dict[str, Any] = {}
    mistakes: dict[str, None] = {}
    for name in names:
        try:
            found[name] = part_of(manifest, name)
        except BrokenPart as broken:
            mistakes[sentence(manifest, name, str(broken))] = None
    return found, list(mistakes)
