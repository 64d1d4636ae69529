"""The retry ladder: what is tried by itself after a failure, the cheapest means first, no rung twice."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass

from daemon.platforms.base import Climb
from state_machines.outcome import Problem
from state_machines.record import Record


@dataclass(frozen=True)
class Ladder:
    """The rungs of a platform, the cheapest first; it is climbed in these states, for errors of these codes."""

    rungs: tuple[Climb, ...]
    states: Collection[str]
    curable: Collection[str]

    def following(self, record: Record, climb_to: str, problem: Problem) -> Climb | None:
        """The rung after the one tried last, if the spec lets the node climb so far."""
        if record.state not in self.states or problem.code not in self.curable:
            return None
        means = [rung.means for rung in self.rungs]
        highest = means.index(climb_to) if climb_to in means else -1
        tried = record.facts.get("asked")
        next_one = means.index(tried) + 1 if tried in means else 0
        return self.rungs[next_one] if next_one <= highest else None
