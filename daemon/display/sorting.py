"""The orders in which people look at clusters and nodes."""

from __future__ import annotations

import re
from functools import lru_cache
from typing import Any

from daemon.wire import EntityView, Phase

_TROUBLE: dict[Phase, int] = {"failed": 0, "attention": 1}
_DIGITS = re.compile(r"(\d+)")


@lru_cache(4096)
def natural(name: str) -> tuple[Any, ...]:
    """A key that puts node2 before node10."""
    return tuple(int(part) if part.isdigit() else part for part in _DIGITS.split(name))


def urgency_of(phase: Phase) -> int:
    """A key that puts what failed first, then what needs a person, then the rest."""
    return _TROUBLE.get(phase, 2)


def urgency(entity: EntityView) -> int:
    """The urgency of a cluster or node."""
    return urgency_of(entity["phase"])
