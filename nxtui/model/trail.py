"""Where a person has been in this window, to go back there and forth again."""

from __future__ import annotations

from typing import Literal, NamedTuple

KEPT = 50
"""Places remembered; the oldest make room."""


class Place(NamedTuple):
    """A screen and what it shows: the name of an entity, the path of a spec, None for all of it."""

    kind: Literal[
        "fleet", "entity", "log", "spec", "said", "calls", "timeline", "map", "applied", "checks", "audit"
    ]
    name: str | None = None


class Trail:
    """The places in the order of the visits, and which of them is in front."""

    def __init__(self) -> None:
        self._places = [Place("fleet")]
        self._here = 0

    @property
    def here(self) -> Place:
        """The place in front."""
        return self._places[self._here]

    def visit(self, place: Place) -> None:
        """Go to a place; what lay ahead after going back is forgotten."""
        if place != self.here:
            self._places = [*self._places[: self._here + 1], place][-KEPT:]
            self._here = len(self._places) - 1

    def step(self, by: int) -> Place | None:
        """The place so many visits ahead, or back if negative; None if there is none."""
        if not 0 <= self._here + by < len(self._places):
            return None
        self._here += by
        return self.here
