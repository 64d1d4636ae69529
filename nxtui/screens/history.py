"""What went on beneath the fleet: the rows in sight on one axis of time, and of a quiet fleet its night."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING

from textual import work

from daemon.wire import AuditView, TimelineView
from nxtui.draw import night
from nxtui.draw import timeline as drawn
from nxtui.draw.text import Line, fit
from nxtui.model.known import Changes
from nxtui.model.timelines import Cell, Span
from nxtui.screens.full_screen import FullScreen
from nxtui.widgets.page import Page

if TYPE_CHECKING:
    from nxtui.app import NxTui

AT_ONCE = 60
"""So many timelines are asked for at once."""


async def went_through(nx: NxTui, names: Sequence[str]) -> list[TimelineView]:
    """What these went through, by the daemon, or by the recording that is played. Raises what a client raises."""
    if nx.player is None:
        return (await nx.feed.client.timelines(names))["timelines"]
    details = [await nx.player.detail(name) for name in names if nx.fleet.find(name) is not None]
    return [
        TimelineView(
            name=one["entity"]["name"],
            kind=one["entity"]["kind"],
            cluster=one["entity"]["cluster"],
            stays=one["timeline"],
            usual=[],
        )
        for one in details
    ]


class HistoryPane(Page):
    """Asks for the timelines of what it shows and of nothing else. ``around``: so many of the names in sight above it,
    with the one under the cursor among them."""

    def __init__(self, nx: NxTui, around: Callable[[int], Sequence[str]]) -> None:
        super().__init__(nx.renderer, self._made, ground="base", id="history")
        self._nx = nx
        self._around = around
        self._told: dict[str, TimelineView] = {}
        self._outdated: set[str] = set()
        self._recent: list[str] = []
        self._is_whole = True
        self._audit: AuditView | None = None
        self._names: Sequence[str] = ()
        self._cells: list[Cell] = []
        self._kept: dict[str, tuple[TimelineView, list[Cell], int | None, Line]] = {}
        """Name → what its cells were made of, and how they look."""
        self._ghosts: dict[str, tuple[TimelineView, list[Cell], Line]] = {}
        """The same of its usual way."""

    @property
    def is_quiet(self) -> bool:
        """Whether nothing moves and nothing waits for a person: then the night is told."""
        fleet = self._nx.fleet
        return fleet.next is not None and fleet.is_well and bool(fleet.clusters)

    @property
    def lines_wanted(self) -> int:
        """Lines for all that there is to tell; of the history as many as there are rows."""
        if not self.is_quiet:
            names = self._around(AT_ONCE)
            return night.ABOVE + len(names) + sum(map(self._has_ghost, names))
        found = (self._nx.fleet.find(name) for name in self._recent)
        clusters = {one["cluster"] for one in found if one is not None}
        return 2 + min(len(clusters), night.CLUSTERS)

    def _has_ghost(self, name: str) -> bool:
        """Whether the usual way of a row stands beneath it: it works, and that was measured."""
        told, entity = self._told.get(name), self._nx.fleet.find(name)
        return bool(told and told["usual"] and entity is not None and entity["phase"] == "working")

    # what the daemon says

    def heed(self, changes: Changes) -> None:
        """Find out what is to be shown now, and ask for what is not known of it."""
        if changes.whole:
            self._outdated.update(self._told)
        self._outdated |= changes.moved
        if self.is_quiet and (changes.whole or changes.moved or not self._recent):
            self._look_back()
            self._ask_audit()
        self.follow()

    def _look_back(self) -> None:
        """The clusters and the nodes that came to where they stand this night, the last ones first."""
        fleet = self._nx.fleet
        begin = (fleet.now or 0.0) - night.NIGHT
        found = [
            one for kind in (fleet.clusters, fleet.nodes) for one in kind.values() if one["since"] >= begin
        ]
        found.sort(key=lambda one: (one["kind"] == "node", -one["since"]))
        self._is_whole = len(found) <= AT_ONCE
        self._recent = [node["name"] for node in found[:AT_ONCE]]

    def follow(self) -> None:
        """The rows above are others, or what is known of them."""
        if not self.display:
            return
        names = self._recent if self.is_quiet else self._around(max(0, self.size.height - night.ABOVE))
        if names != self._names:
            self._names = list(names)
            self.redraw()
        missing = [name for name in self._names if name not in self._told or name in self._outdated]
        if missing:
            self._fetch(missing[:AT_ONCE])

    @work(exclusive=True, group="history")
    async def _fetch(self, names: list[str]) -> None:
        """Get what these went through; what cannot be had stays absent."""
        from daemon.client import DaemonRefused, DaemonUnreachable

        try:
            found = await went_through(self._nx, names)
        except (DaemonRefused, DaemonUnreachable):
            return
        if len(self._told) > 4 * AT_ONCE:
            self._told = {name: self._told[name] for name in self._names if name in self._told}
        self._outdated.difference_update(names)
        for name in names:
            self._told[name] = TimelineView(name=name, kind="node", cluster="", stays=[], usual=[])
        self._told.update((one["name"], one) for one in found)
        if self.is_attached and isinstance(self.screen, FullScreen):
            self.screen.share_out()
        self.redraw()

    @work(exclusive=True, group="audit")
    async def _ask_audit(self) -> None:
        """What the last audit found; an older daemon does not tell it."""
        from daemon.client import DaemonRefused, DaemonUnreachable

        if self._nx.player is None:
            try:
                self._audit = await self._nx.feed.client.last_audit()
            except (DaemonRefused, DaemonUnreachable):
                return
            self.redraw()

    # what is drawn

    def _made(self, width: int) -> list[Line]:
        renderer, now = self._nx.renderer, self._nx.fleet.now
        if now is None:
            return []
        known = [self._told[name] for name in self._names if name in self._told]
        if self.is_quiet:
            is_known = bool(known) or not (self._recent or self._nx.fleet.unknown)
            told = night.night(known, self._is_whole, now, width, renderer.ascii, renderer.glyphs)
            return [*(told if is_known else ()), *night.audit(self._audit, width, renderer.glyphs)]
        return self._rows(known, now, width)

    def _rows(self, known: list[TimelineView], now: float, width: int) -> list[Line]:
        fleet, renderer = self._nx.fleet, self._nx.renderer
        left, count = drawn.room(width, self._names)
        expected = [self._expected(one) for one in known]
        cells = Span().cells(night.extent(expected, now), count, (), renderer.glyphs.rule)
        if cells != self._cells:
            self._cells = cells
        head = night.span(self._cells, now, width, renderer.ascii, renderer.glyphs)
        lines = [head, *drawn.axis(self._cells, now, left, renderer.ascii)]
        told = {one["name"]: one for one in expected}
        spare = self.size.height - night.ABOVE - len(self._names)
        for name in self._names:
            entity, one = fleet.find(name), told.get(name)
            if entity is not None:
                line = self._line(name, one, now) if one is not None else [(" " * count, "")]
                lines.append(night.row(entity, one, line, left, now, renderer.glyphs))
            if one is not None and spare > 0 and self._has_ghost(name):
                spare -= 1
                lines.append([(fit("     usual", left), "dim"), *self._ghost(name, one)])
        return lines

    def _expected(self, one: TimelineView) -> TimelineView:
        """A timeline with the moment at which its record is ready by what the stream says now."""
        entity = self._nx.fleet.find(one["name"])
        ready_at = None if entity is None else entity.get("outlook", {}).get("ready_at")
        if one.get("ready_at") == ready_at:
            return one
        kept = TimelineView(
            name=one["name"], kind=one["kind"], cluster=one["cluster"], stays=one["stays"], usual=one["usual"]
        )
        if ready_at is not None:
            kept["ready_at"] = ready_at
        self._told[one["name"]] = kept
        return kept

    def _ghost(self, name: str, told: TimelineView) -> Line:
        """The usual way of a row, as it was drawn before while it is the same."""
        kept = self._ghosts.get(name)
        if kept is None or kept[0]["usual"] is not told["usual"] or kept[1] is not self._cells:
            if len(self._ghosts) > 4 * AT_ONCE:
                self._ghosts.clear()
            kept = told, self._cells, drawn.ghost(told, self._cells, self._nx.renderer.ascii)
            self._ghosts[name] = kept
        return kept[2]

    def _line(self, name: str, told: TimelineView, now: float) -> Line:
        """The cells of a row, as they were made before while they show the same."""
        present = drawn.column(self._cells, now)
        kept = self._kept.get(name)
        if kept is not None and kept[0] is told and kept[1] is self._cells and kept[2] == present:
            return kept[3]
        if len(self._kept) > 4 * AT_ONCE:
            self._kept.clear()
        _, line = drawn.row(told, self._cells, now, self._nx.renderer.ascii)
        self._kept[name] = told, self._cells, present, line
        return line
