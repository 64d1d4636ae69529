"""The first screen: the fleet as a tree that leads to the trouble, the story of the selected row, and its log."""

from __future__ import annotations

import asyncio
import contextlib
from collections import ChainMap, Counter
from collections.abc import Sequence

from textual import work
from textual.app import ComposeResult
from textual.widget import Widget

from daemon.wire import EntityView, OfferView
from nxtui import keys
from nxtui.acts.band import MOST
from nxtui.draw import rows
from nxtui.draw import tree as drawn
from nxtui.draw.frame import LOOKED_UP_BY
from nxtui.draw.layout import TREE_COLUMNS, Part, Placed, Wanted, arrange
from nxtui.draw.logs import LogWindow
from nxtui.draw.names import ShortNames
from nxtui.draw.strip import strip
from nxtui.draw.text import Line
from nxtui.model.known import Changes
from nxtui.model.tree import Tree
from nxtui.screens.history import HistoryPane
from nxtui.screens.overview import Clusters, LastCalls
from nxtui.screens.pane import StoryPane
from nxtui.screens.rows import RowsScreen
from nxtui.widgets.ask import AskLine
from nxtui.widgets.canvas import Beneath
from nxtui.widgets.grid import Grid
from nxtui.widgets.logview import LogView
from nxtui.widgets.oneline import OneLine
from nxtui.widgets.page import Page

REST = 0.1
"""Seconds that the cursor rests on a row before its calls and the history around it are shown."""


class FleetScreen(RowsScreen):
    """Causes, clusters and nodes, and whatever explains the row under the cursor."""

    screen_name = "fleet"
    BINDINGS = keys.bindings("fleet")

    def compose_body(self) -> ComposeResult:
        renderer, fleet, tree = self.nx.renderer, self.nx.fleet, Tree()
        self.grid = Grid(
            renderer,
            tree,
            TREE_COLUMNS,
            self._row,
            self._heading,
            self._nothing,
            "rows",
            lambda: fleet.moment,
        )
        self.pane = StoryPane(self.nx, self.selected, self._offer)
        self.strip = Page(renderer, self._strip_lines, ground="panel", id="strip")
        self.window = LogWindow(fleet.log)
        self.log_head = OneLine(renderer, self._log_head, ground="panel", id="log-head")
        self.log_view = LogView(renderer, self.window, self.no_lines, cursor=False, id="log")
        self.filter_line = OneLine(renderer, self.filter_words, ground="panel", id="filter-line")
        self.ask = AskLine(hidden=True)
        self.everything = False
        self._told: tuple[object, ...] = ()
        self._names = ShortNames(lambda: self.call_after_refresh(self.grid.tick))
        self._shared: tuple[int, int, Wanted] | None = None
        self._offers: dict[tuple[str, float], OfferView | None] = {}
        self.history = HistoryPane(self.nx, self.grid.around)
        self.calls = LastCalls(self.nx, self.selected)
        self.clusters = Clusters(self.nx, self.selected, tree.worst_of)
        self.last = Beneath(id="last")
        with Beneath(id="body"):
            yield self.grid
            yield self.strip
            yield self.history
            with self.last:
                yield self.log_head
                yield self.log_view
            yield self.pane
            yield self.clusters
            yield self.calls
        yield self.filter_line
        yield self.ask

    def on_mount(self) -> None:
        self._follows = False
        self.filter_line.display = False
        self.grid.focus()

    # what is shown

    def crumbs(self) -> tuple[str, ...]:
        return ("fleet",)

    def _row(self, name: str, placed: Sequence[Placed], gaps: Sequence[str], lead: Line, width: int) -> Line:
        fleet, listing, glyphs = self.nx.fleet, self.grid.listing, self.nx.renderer.glyphs
        if (cause := listing.cause(name)) is not None:
            return drawn.cause(cause, fleet.now, width, lead, glyphs)
        entity = self.entities.get(name)  # it may have left since the rows were put in order
        if entity is None:
            return []
        is_cluster = entity["kind"] == "cluster"
        phases = fleet.phases(name) if is_cluster else Counter[str]()
        guarded = fleet.is_protected(entity)
        said = drawn.note(entity, phases, fleet.clusters.get(entity["cluster"]), guarded)
        state = next((column.width for column in placed if column.key == "state"), drawn.STATE)
        slow = fleet.history.slow(entity, fleet.now)
        cells = drawn.cells(entity, fleet.now, fleet.history.way(entity), state, said, guarded, slow)
        fold = (glyphs.folded if listing.is_folded(name) else glyphs.down) if is_cluster and phases else " "
        return drawn.row(entity, cells, placed, gaps, lead, fold, listing.is_flat, glyphs, self._names)

    def _heading(self, width: int) -> Line:
        fleet, shown = self.nx.fleet, self.grid.listing.pinned
        return drawn.heading(
            fleet.troubles,
            shown,
            list(fleet.clusters.values()),
            fleet.nodes,
            fleet.next,
            fleet.at_work,
            fleet.is_well,
            width,
            fleet.unknown,
        )

    def _nothing(self) -> str:
        fleet = self.nx.fleet
        if fleet.daemon is None and fleet.link.state == "lost":
            return f"No daemon yet: {LOOKED_UP_BY} tell why."
        if fleet.daemon is None:
            return "Nothing is known yet: waiting for the daemon."
        if fleet.nodes:
            return "No node passes the filter. Esc clears it."
        return "No nodes yet. a s applies a spec, and so does nxd apply SPEC."

    def _offer(self, entity: EntityView) -> OfferView | None:
        """What the key that leads on from its failure comes to, as far as that is known."""
        return self._offers.get((entity["name"], entity["since"]))

    def _together(self, entity: EntityView) -> list[EntityView]:
        """All that stopped for what it stopped for, where the row stands for a cause; else it alone."""
        cause = self.grid.listing.cause(self.grid.listing.cursor)
        found = map(self.nx.fleet.find, () if cause is None else cause["targets"])
        return [one for one in found if one is not None] or [entity]

    def _offers_of(self, entity: EntityView) -> list[OfferView]:
        """What that key comes to for each of them, as far as that is known."""
        return [offer for one in self._together(entity) if (offer := self._offer(one)) is not None]

    def _strip_lines(self, width: int) -> list[Line]:
        entity = self.selected()
        if entity is None:
            return []
        fleet, cause = self.nx.fleet, self.grid.listing.cause(self.grid.listing.cursor)
        slow = rows.slowness(fleet.history.slow(entity, fleet.now))
        before = slow or rows.part_done(entity, fleet.clusters.get(entity["cluster"]))
        return [
            [],
            *strip(entity, cause, self._offers_of(entity), fleet.now, width, self.nx.renderer.glyphs, before),
        ]

    def _log_head(self, width: int) -> Line:
        entity = self.selected()
        of = "of everything" if self.everything or entity is None else f"of {entity['name']}"
        return [("    LOG", "heading"), (f"  {of}", "dim")]

    # what happens

    def changed(self, changes: Changes) -> None:
        fleet, tree = self.nx.fleet, self.grid
        tree.mark_moved(changes.moved)
        before = tree.lines_wanted
        if (changes.whole or changes.troubles) and tree.listing.tell(fleet.troubles) and not changes.whole:
            tree.draw_all()
        if changes.whole:
            self._told = ()
            self.entities = ChainMap(fleet.clusters, fleet.nodes)
            tree.show(self.entities, self.widths(self.entities.values()))
            self.share_out()
        elif names := changes.clusters | changes.nodes:
            tree.update_rows(
                names, self.widths(self.entities[name] for name in names if name in self.entities)
            )
            if changes.shields:
                tree.redraw()
        tree.redraw_heading()
        self.history.heed(changes)
        if tree.lines_wanted != before or changes.moved or changes.troubles or changes.whole:
            self.share_out()
        self.pane.heed(changes)
        self.calls.heed(changes)
        self.clusters.heed(changes)
        self.nx.following.heed(self)
        self.follow_selection()
        if changes.events or changes.log_replaced:
            self.log_view.append()

    def tick(self) -> None:
        self.grid.tick()
        self.nx.following.heed(self)
        self._redraw_story()
        if self.history.display:
            self.history.redraw()
        self.clusters.follow()

    @work(exclusive=True, group="beside")
    async def _follow_later(self) -> None:
        """A key waits for nothing that stands beside: that follows once the cursor rests."""
        await asyncio.sleep(REST)
        self._follow_beside()

    def _follow_beside(self) -> None:
        """What else stands about the cursor's row, and about the rows in sight."""
        self.pane.follow()
        self.history.follow()
        self.calls.follow()
        self.clusters.follow()

    def _redraw_story(self) -> None:
        (self.pane if self.pane.display else self.strip).redraw()

    def follow_selection(self) -> None:
        """The story, the log and the keys follow the cursor."""
        entity = self.selected()
        names = None if self.everything or entity is None else frozenset((entity["name"],))
        if names != self.window.names:
            self.window.show(names)
            self.log_view.redraw()
        if not self._is_told(entity):
            self._redraw_story()
            self._follow_later()
        if entity is not None and entity["error"] is not None and self.nx.player is None:
            self._learn_offers([(one["name"], one["since"]) for one in self._together(entity)])
        self.log_head.redraw()
        if self.filter_line.display:
            self.filter_line.redraw()
        self.redraw_frame()

    def _is_told(self, entity: EntityView | None) -> bool:
        """Whether the story is that of the row and its cluster as they are now, and of a link as it is now: on that
        depends what may be done. What is only older now is told by the next tick."""
        cluster = self.nx.fleet.clusters.get(entity["cluster"]) if entity is not None else None
        link = self.nx.fleet.link.state
        now = (self.grid.listing.cursor, entity, cluster, link)
        before, self._told = self._told, now
        is_same = len(before) == 4 and before[0] == now[0] and before[3] == link
        return is_same and before[1] is entity and before[2] is cluster

    def _learn_offers(self, failures: Sequence[tuple[str, float]]) -> None:
        """Ask what the key that leads on comes to, once for each failure; of very many only a question tells it."""
        new = [one for one in failures if one not in self._offers]
        if new and len(failures) <= MOST and self.nx.fleet.next is not None:
            self._offers.update(dict.fromkeys(new))
            self._fetch_offers(new)

    @work(group="offers")
    async def _fetch_offers(self, failures: Sequence[tuple[str, float]]) -> None:
        from daemon.client import DaemonRefused, DaemonUnreachable

        for name, since in failures:
            with contextlib.suppress(DaemonUnreachable, DaemonRefused):
                told = await self.nx.feed.offers(name)
                self._offers[name, since] = next((one for one in told if one["verb"] == "retry"), None)
        self._redraw_story()

    def on_resize(self) -> None:
        self.grid.content = self.widths(())
        self.share_out()

    def share_out(self) -> None:
        """Share the room out again: the window, the number of rows, or whether it is a quiet night is another one."""
        width, height = self.size
        below = self.filter_line.display or self.ask.display
        room = height - 3 - int(self.banner_line.display) - int(below)
        history = self.history
        wanted = Wanted(self.grid.lines_wanted, history.lines_wanted, history.is_quiet)
        if (width, room, wanted) == self._shared:
            return
        self._shared = width, room, wanted
        spots = arrange(width, room, wanted)
        parts: dict[Part, Widget] = {
            "rows": self.grid,
            "strip": self.strip,
            "history": history,
            "log": self.last,  # not looked for: a window that closes has taken it away already
            "pane": self.pane,
            "clusters": self.clusters,
            "calls": self.calls,
        }
        for part, widget in parts.items():
            spot = spots.get(part)
            widget.display = spot is not None
            if spot is not None:
                widget.styles.offset = spot.x, spot.y
                widget.styles.width, widget.styles.height = spot.width, spot.height
        self.call_after_refresh(self._follow_beside)

    def on_grid_moved(self) -> None:
        """The cursor is drawn first, and what follows it in the next picture: that one is as large as the screen."""
        if not self._follows:
            self._follows = True
            self.call_after_refresh(self._follow_cursor)

    def _follow_cursor(self) -> None:
        self._follows = False
        self.follow_selection()

    def on_grid_opened(self) -> None:
        self.action_open()

    # leading to the trouble

    @property
    def is_at_rest(self) -> bool:
        """Whether nothing is begun that would be disturbed if the cursor went elsewhere."""
        listing = self.grid.listing
        begun = (
            self.ask.display
            or self.acting.band.display
            or listing.marks
            or listing.query.text
            or listing.only
        )
        return not begun

    def next_trouble(self) -> str | None:
        """The next cause or row in trouble after the cursor, round."""
        return self.grid.listing.next_trouble()

    def spoken(self, name: str) -> str:
        """A row in words."""
        cause = self.grid.listing.cause(name)
        names = cause["targets"] if cause is not None else [name]
        more = f" and {len(names) - 1} more" if len(names) > 1 else ""
        entity = self.entities.get(names[0])
        if cause is None and entity is not None:
            usual = self.nx.fleet.history.slow(entity, self.nx.fleet.now)
            slow = f", {rows.slowness(usual) or 'slow'}" if self.is_slow(name) else ""
            return f"{name} {entity['title']}{slow}"
        return f"{names[0]}{more} failed"

    def is_slow(self, name: str) -> bool:
        """Whether a row is in trouble only because its step takes longer than it did: it works, and none has failed."""
        entity = self.entities.get(name)
        return entity is not None and entity["phase"] not in ("failed", "attention")

    # keys

    def action_earlier(self) -> None:
        """Back to the row that the cursor left by itself, else to the place before."""
        if not self.nx.following.go_back():
            super().action_earlier()

    def action_log(self) -> None:
        entity = self.selected()
        self.nx.open_log(None if self.everything or entity is None else entity["name"])

    def action_scope(self) -> None:
        self.everything = not self.everything
        self.follow_selection()

    def copied_text(self) -> str:
        entity = self.selected()
        if entity is None:
            return ""
        fleet = self.nx.fleet
        way = fleet.history.way(entity)
        cells = drawn.cells(entity, fleet.now, way, drawn.WIDE_STATE, rows.note(entity))
        return "\t".join(cells[key][0] for key in ("name", "state", "step", "since", "ready", "note"))
