"""The retry ladder of a failed installation: the cheapest means first, no rung twice."""

from __future__ import annotations

from daemon.platforms.base import Climb
from state_machines.outcome import Problem
from state_machines.record import Record

RUNGS: tuple[Climb, ...] = (
    Climb("retry", "restart"),
    Climb("retry", "reinitialise"),
    Climb("replace", "replace"),
)
"""Restart the machine; reinitialise the same server (same addresses, no new bill); order another server."""

_CLIMBED = ("awaiting_boot", "awaiting_config", "installing", "awaiting_cvm")
_CURABLE = ("install_failed", "deadline", "server_failed")


def next_rung(record: Record, climb_to: str, problem: Problem) -> Climb | None:
    """The rung after the one tried last, if the spec lets the node climb so far."""
    if record.state not in _CLIMBED or problem.code not in _CURABLE:
        return None
    means = [rung.means for rung in RUNGS]
    highest = means.index(climb_to) if climb_to in means else -1
    tried = record.facts.get("asked")
    following = means.index(tried) + 1 if tried in means else 0
    return RUNGS[following] if following <= highest else None
