"""Panes of a large screen beside the rows of the fleet: the calls of the row under the cursor, and the clusters."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING

from textual import work

from daemon.display.sorting import worst_first
from daemon.wire import EntityView, MapView
from nxtui.draw import calls as drawn
from nxtui.draw import overview
from nxtui.draw.map import MapLook
from nxtui.draw.text import Line
from nxtui.model.known import Changes
from nxtui.widgets.page import Page

if TYPE_CHECKING:
    from nxtui.app import NxTui

MOST = 500
"""So many calls of one name are asked for; with fewer of them all are known."""
MAP_EVERY = 2.0
"""Seconds between two questions for the map of one cluster at least."""


class LastCalls(Page):
    """The last calls for what the cursor is on."""

    def __init__(self, nx: NxTui, selected: Callable[[], EntityView | None]) -> None:
        super().__init__(nx.renderer, self._made, ground="base", id="calls")
        self._nx = nx
        self._selected = selected
        self._seen: tuple[object, ...] = ()
        """What the lines were made of."""
        self._asked: dict[str, bool] = {}
        """Name → whether all of its calls are known; more of them than that are not counted with each key."""

    def heed(self, changes: Changes) -> None:
        """Calls may have been made."""
        if changes.whole:
            self._asked.clear()
        self.follow()

    def follow(self) -> None:
        """The cursor may stand on another row."""
        if not self.display:
            return
        entity, book = self._selected(), self._nx.fleet.calls
        name = "" if entity is None else entity["name"]
        unknown = self._nx.fleet.unknown
        seen = (name, len(book.of(name)), book.generation, self.size, self._asked.get(name), unknown)
        if seen != self._seen:
            self._seen = seen
            self.redraw()
        if entity is not None and name not in self._asked and self._nx.player is None:
            self._fetch(name)

    @work(exclusive=True, group="last-calls")
    async def _fetch(self, name: str) -> None:
        from daemon.client import DaemonRefused, DaemonUnreachable

        try:
            told = await self._nx.feed.client.calls_made(limit=MOST, target=name, tail=True)
        except (DaemonRefused, DaemonUnreachable):
            return
        self._asked[name] = len(told) < MOST
        self._nx.fleet.calls.merge(told)
        self.follow()

    def _made(self, width: int) -> list[Line]:
        entity = self._selected()
        if entity is None:
            return []
        name = entity["name"]
        made, glyphs = self._nx.fleet.calls.of(name), self._nx.renderer.glyphs
        unknown = self._nx.fleet.unknown if name not in self._asked else ""
        return drawn.tail(made, name, self._asked.get(name, False), self.size.height, width, glyphs, unknown)


class Clusters(Page):
    """The clusters that need most, and the worst nodes of the one that the cursor is in. ``worst``: so many of them, as
    the rows have them in order already."""

    def __init__(
        self,
        nx: NxTui,
        selected: Callable[[], EntityView | None],
        worst: Callable[[str, int], Sequence[str]],
    ) -> None:
        super().__init__(nx.renderer, self._made, ground="panel", id="clusters")
        self._nx = nx
        self._selected = selected
        self._worst_of = worst
        self._worst: list[str] = []
        self._map: MapView | None = None
        self._asked: tuple[str, float] | None = None
        """Which map was asked for last, and when."""
        self._outdated = False

    def heed(self, changes: Changes) -> None:
        """Clusters may stand in another order, and the map of the one that is looked at be another one."""
        self._outdated |= changes.whole or (self._asked is not None and self._asked[0] in changes.clusters)
        if changes.whole or changes.clusters or changes.vanished:
            self._worst = [one["name"] for one in sorted(self._nx.fleet.clusters.values(), key=worst_first)]
        self.follow()

    def follow(self) -> None:
        """The cursor may be in another cluster."""
        if not self.display:
            return
        self.redraw()
        entity, moment = self._selected(), self._nx.fleet.moment
        if entity is None or self._nx.player is not None:
            return
        before = self._asked
        is_other = before is None or before[0] != entity["cluster"]
        if is_other or (before is not None and self._outdated and moment - before[1] >= MAP_EVERY):
            self._asked, self._outdated = (entity["cluster"], moment), False
            self._fetch(entity["cluster"])

    @work(exclusive=True, group="small-map")
    async def _fetch(self, cluster: str) -> None:
        """Get the map; of a daemon that draws none the nodes are told in its place."""
        from daemon.client import DaemonRefused, DaemonUnreachable

        try:
            self._map = await self._nx.feed.client.map_of(cluster)
        except (DaemonRefused, DaemonUnreachable):
            return
        self.redraw()

    def _made(self, width: int) -> list[Line]:
        fleet, glyphs = self._nx.fleet, self._nx.renderer.glyphs
        height, entity = self.size.height, self._selected()
        half = max(1, height // 2 - 1)
        rows = [fleet.clusters[name] for name in self._worst[:half] if name in fleet.clusters]
        phases = [fleet.phases(one["name"]) for one in rows]
        lines = overview.clusters(rows, phases, fleet.now, width, glyphs)
        cluster = None if entity is None else fleet.clusters.get(entity["cluster"])
        if cluster is None or entity is None:
            return lines
        view, room = self._map, height - len(lines) - 1
        if view is not None and view["cluster"] == cluster["name"]:
            look = MapLook(glyphs, self._nx.renderer.ascii, fleet.now or 0.0, entity["name"])
            most = max(1, room - 2 - len(view["services"]) - len(view["rails"]))
            return [*lines, [], *overview.small_map(view, most, width, look)]
        names = self._worst_of(cluster["name"], max(0, height - len(lines) - 2))
        nodes = [fleet.nodes[name] for name in names if name in fleet.nodes]
        return [*lines, [], *overview.members(cluster["name"], nodes, entity["name"], width, glyphs)]
