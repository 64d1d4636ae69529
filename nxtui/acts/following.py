"""Leads to the trouble, with a key or by itself where nobody touched one for a while, and to the places before."""

from __future__ import annotations

from typing import TYPE_CHECKING

from daemon.display.sorting import is_trouble
from daemon.words import counted
from nxtui.model.trail import Place

if TYPE_CHECKING:
    from nxtui.app import NxTui
    from nxtui.screens.fleet import FleetScreen

UNTOUCHED = 60.0
"""Seconds without a key after which the cursor may leave the row that a person put it on."""


class Following:
    """Knows when a key was pressed last, and where the cursor was before it went to trouble by itself."""

    def __init__(self, nx: NxTui) -> None:
        self._nx = nx
        self._touched: float | None = None
        self._expected: str | None = None
        """The row of what was just applied, until it is there."""
        self.left: str | None = None
        """The row from which the cursor went to trouble; None once somebody pressed another key than ``<``."""

    def touch(self) -> None:
        """A key was pressed."""
        self._touched, self._expected = self._nx.fleet.moment, None

    def expect(self, name: str) -> None:
        """Put the cursor on a row as soon as it is there, if nobody presses a key before."""
        if not self._fleet.go_to(name):
            self._expected = name

    @property
    def _fleet(self) -> FleetScreen:
        from nxtui.screens.fleet import FleetScreen

        first = self._nx.screen_stack[self._nx.replaying.floor]
        assert isinstance(first, FleetScreen)
        return first

    def heed(self, screen: FleetScreen) -> None:
        """Go to trouble, if there is any, nobody is at the keys, and nothing is begun that it would disturb."""
        if self._expected is not None and screen.go_to(self._expected):
            self._expected = None
        moment = self._nx.fleet.moment
        away = self._touched is None or moment - self._touched >= UNTOUCHED
        if not (away and self._nx.preferences.follow and self._nx.screen is screen and screen.is_at_rest):
            return
        here = screen.grid.listing.cursor
        if here is None or screen.grid.listing.cause(here) is not None:
            return
        entity = self._nx.fleet.find(here)
        if entity is not None and is_trouble(entity) and not self._waits_for_others(here):
            return
        there = screen.next_trouble()
        if there is None:
            return
        screen.go_to(there)
        self.left = here
        if self._nx.fleet.daemon is not None and entity is not None:
            told = f"{screen.spoken(there)}: the cursor went there, < goes back to {here}"
            self._nx.say(told, "warning" if screen.is_slow(there) else "error", is_news=True)

    def _waits_for_others(self, name: str) -> bool:
        """Whether what keeps a row in trouble is told at others: a cluster says neither the cause nor what to do."""
        causes = self._nx.fleet.troubles
        return bool(causes) and all(name not in cause["targets"] for cause in causes)

    def go_back(self) -> bool:
        """Put the cursor back where it was before it went by itself; False if it did not."""
        left, self.left = self.left, None
        return left is not None and self._fleet.go_to(left)

    def next_trouble(self) -> None:
        """Go to the next cause or row in trouble, from whatever screen, or say that there is none."""
        screen, fleet = self._fleet, self._nx.fleet
        there = screen.next_trouble()
        if there is None and fleet.unknown:
            self._nx.say(f"Whether there is trouble is {fleet.unknown}.", "warning")
            return
        if there is None:
            nodes, clusters = counted(len(fleet.nodes), "node"), counted(len(fleet.clusters), "cluster")
            self._nx.say(f"No trouble: {nodes} and {clusters} are well.")
            return
        while len(self._nx.screen_stack) > self._nx.replaying.floor + 1:
            self._nx.close_top()
        self._nx.trail.visit(Place("fleet"))
        screen.go_to(there)

    def walk(self, by: int) -> None:
        """Go back on the trail of what was looked at, or forth."""
        nx = self._nx
        place = nx.trail.step(by)
        if place is None:
            nx.say("There is no place before." if by < 0 else "There is no place after.")
            return
        while len(nx.screen_stack) > nx.replaying.floor + 1:
            nx.close_top()
        nx.go(place)
