"""What is told of the fleet as a whole, made no more often than it can be afforded."""

from __future__ import annotations

from math import inf

from daemon import wire
from daemon.engine.engine import Engine
from daemon.memory.journal import Journal
from daemon.outlook.next import Prospect, is_at_work
from daemon.outlook.standing import Standings
from daemon.outlook.troubles import Causes, Ways, has_stopped

PAUSE = 0.2
"""Real seconds between two looks at a small fleet."""
AFFORDED = 10_000
"""So many records, at work or stopped, add a second to that."""


class News:
    """The causes and what comes next, for all who listen."""

    def __init__(self, journal: Journal, engine: Engine, standings: Standings, ways: Ways) -> None:
        self._journal = journal
        self._causes = Causes(journal, engine, standings, ways)
        self._prospect = Prospect(journal, engine, standings)
        self._made: tuple[float, int, wire.Troubles] | None = None

    def now(self) -> wire.Troubles:
        """As things stand at this moment."""
        told = wire.Troubles(troubles=self._causes.troubles(), next=self._prospect.next())
        self._made = self._journal.clock.now(), self._journal.mirror.changes, told
        return told

    def lately(self, quiet: bool = True) -> wire.Troubles:
        """As things stood a moment ago at most, made anew after a change, or when what was to come next should have
        come; ``quiet``: nothing has happened for a second."""
        clock, mirror = self._journal.clock, self._journal.mirror
        if self._made is None:
            return self.now()
        made, changes, told = self._made
        if changes == mirror.changes and clock.now() < told["next"].get("at", inf):
            return told
        if quiet:
            return self.now()
        many = len(mirror.where(has_stopped)) + len(mirror.where(is_at_work))
        pause = (PAUSE + many / AFFORDED) * clock.speed
        return told if 0.0 <= clock.now() - made < pause else self.now()
