"""How far a record has come on its way."""

from __future__ import annotations

from daemon.display.durations import UNKNOWN
from daemon.wire import EntityView


def steps(entity: EntityView, unknown: str = UNKNOWN) -> str:
    """``3/9``; ``unknown`` where the daemon names no steps, for the platform is not there."""
    return f"{entity['step_index']}/{entity['step_count']}" if entity["step_count"] else unknown
