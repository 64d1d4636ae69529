"""The orders in which people look at clusters and nodes."""

from __future__ import annotations

import re
from functools import lru_cache
from typing import Any

from daemon.wire import EntityView, Phase

_PERSON, _BLOCKED, _HELD, SLOW, _WORKING, _WAITING, WELL, _RELEASED = range(8)
"""The urgencies: what is no more urgent than ``SLOW`` is trouble, and from ``WELL`` on there is nothing to tell."""
_AT_REST: dict[Phase, int] = {"waiting": _WAITING, "ok": WELL, "released": _RELEASED}
_DIGITS = re.compile(r"(\d+)")


@lru_cache(4096)
def natural(name: str) -> tuple[Any, ...]:
    """A key that puts node2 before node10."""
    return tuple(int(part) if part.isdigit() else part for part in _DIGITS.split(name))


def urgency_of(
    phase: Phase, needs_person: bool, blocked: bool = False, held: bool = False, slow: bool = False
) -> int:
    """How much it is a person's turn, the less the more: it needs one now, its rollback is blocked, it is held, it is
    slow, works, waits, is well, and nothing of it is left."""
    if needs_person:
        return _BLOCKED if blocked else _HELD if held else _PERSON
    return SLOW if slow else _AT_REST.get(phase, _WORKING)


def urgency(entity: EntityView) -> int:
    """The urgency of a cluster or node, as the daemon told it; one of an older version tells the phase alone."""
    told, phase = entity.get("urgency"), entity["phase"]
    if told is not None:
        return told
    return urgency_of(phase, phase in ("failed", "attention"), held=phase == "attention")


def place_of(urgency: int, since: float, is_node: bool, name: str) -> tuple[Any, ...]:
    """A key that puts the worst first, within it what stands longest, and a cluster before its nodes."""
    return urgency, since, is_node, natural(name)


def worst_first(entity: EntityView) -> tuple[Any, ...]:
    """The same for an entity."""
    return place_of(urgency(entity), entity["since"], entity["kind"] == "node", entity["name"])


def is_trouble(entity: EntityView) -> bool:
    """Whether it needs a person, or is slow."""
    return urgency(entity) <= SLOW
