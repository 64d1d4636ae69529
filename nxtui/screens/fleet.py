"""The first screen: clusters, nodes, the story of the selected one, and its log."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import TYPE_CHECKING

from textual.app import ComposeResult

from daemon.client import query
from daemon.display.durations import roughly
from daemon.wire import EntityView
from nxtui import keys
from nxtui.draw import pages, rows, story
from nxtui.draw.choice import choice
from nxtui.draw.layout import CLUSTER_COLUMNS, DETAIL_SHARE, NODE_COLUMNS, WIDE, share
from nxtui.draw.logs import LogWindow
from nxtui.draw.text import Line, Span
from nxtui.model.known import Changes
from nxtui.model.listing import SORTS, Listing
from nxtui.screens.full_screen import FullScreen
from nxtui.widgets.ask import AskLine
from nxtui.widgets.canvas import Beneath, Beside
from nxtui.widgets.grid import Grid
from nxtui.widgets.logview import LogView
from nxtui.widgets.oneline import OneLine
from nxtui.widgets.page import Page

if TYPE_CHECKING:
    from nxtui.draw.export import Format


class FleetScreen(FullScreen):
    """Clusters above, nodes below, and whatever explains the one under the cursor."""

    screen_name = "fleet"
    BINDINGS = keys.bindings("fleet")

    def compose_body(self) -> ComposeResult:
        renderer, fleet = self.nx.renderer, self.nx.fleet
        now = lambda: fleet.now  # noqa: E731
        moment = lambda: fleet.moment  # noqa: E731
        self.clusters = Grid(
            renderer,
            Listing(),
            CLUSTER_COLUMNS,
            self._cluster_cells,
            now,
            self._no_clusters,
            "clusters",
            moment,
        )
        self.nodes = Grid(
            renderer, Listing(), NODE_COLUMNS, self._node_cells, now, self._no_nodes, "nodes", moment
        )
        self.pane = Page(renderer, self._pane_lines, ground="panel", id="pane")
        self.strip = Page(renderer, self._strip_lines, ground="panel", id="strip")
        self.window = LogWindow(fleet.log)
        self.log_head = OneLine(renderer, self._log_head, ground="panel", id="log-head")
        self.log_view = LogView(renderer, self.window, self.no_lines, cursor=False, id="log")
        self.filter_line = OneLine(renderer, self._filter_line, ground="panel", id="filter-line")
        self.ask = AskLine(hidden=True)
        self.everything = False
        self._current = self.nodes
        self._told: tuple[EntityView | None, EntityView | None] = (None, None)
        yield self.clusters
        with Beside(id="middle"):
            with Beneath(id="left"):
                yield self.nodes
                yield self.strip
                yield self.log_head
                yield self.log_view
            yield self.pane
        yield self.filter_line
        yield self.ask

    def on_mount(self) -> None:
        self.filter_line.display = False
        self.nodes.focus()

    # what is shown

    def crumbs(self) -> tuple[str, ...]:
        return ("fleet",)

    def _node_cells(self, entity: EntityView) -> dict[str, Span]:
        fleet = self.nx.fleet
        slow = fleet.history.slow(entity, fleet.now)
        return rows.cells(entity, fleet.now, fleet.is_protected(entity), slow)

    def _cluster_cells(self, entity: EntityView) -> dict[str, Span]:
        fleet = self.nx.fleet
        slow = fleet.history.slow(entity, fleet.now)
        cells = rows.cells(entity, fleet.now, entity["protected"], slow)
        counts = rows.by_phase(fleet.phases(entity["name"]))
        waits = fleet.oldest_wait(entity["name"])
        oldest = f"longest wait {roughly(waits)}" if waits is not None else ""
        told = rows.note(entity, "waits for ", rows.slowness(slow))
        parts = ("protected" if entity["protected"] else "", counts, oldest, told)
        cells["note"] = (" · ".join(part for part in parts if part), cells["note"][1])
        return cells

    def _no_clusters(self) -> str:
        return "none" if self.nx.fleet.daemon else ""

    def _no_nodes(self) -> str:
        fleet = self.nx.fleet
        if fleet.daemon is None:
            return "Nothing is known yet: waiting for the daemon."
        if fleet.nodes:
            return "No node passes the filter. Esc clears it."
        return "No nodes yet. a s applies a spec, and so does nxd apply SPEC."

    def selected(self) -> EntityView | None:
        """The entity under the cursor of the list that was used last."""
        name = self._current.listing.cursor
        return self._entities(self._current).get(name) if name is not None else None

    def pointed(self) -> EntityView | None:
        return self.selected()

    def _entities(self, grid: Grid) -> dict[str, EntityView]:
        return self.nx.fleet.clusters if grid is self.clusters else self.nx.fleet.nodes

    def targets(self) -> list[EntityView]:
        grid = self._current
        entities = self._entities(grid)
        return [entities[name] for name in grid.listing.chosen() if name in entities]

    def _pane_lines(self, width: int) -> list[Line]:
        entity = self.selected()
        if entity is None:
            return []
        fleet = self.nx.fleet
        more = story.outlook(entity, fleet.history, fleet.now)
        if fleet.is_protected(entity):
            more.append(("protected", "every deletion is refused"))
        return pages.detail(entity, fleet.now, width, self.nx.renderer.glyphs, more)

    def _strip_lines(self, width: int) -> list[Line]:
        entity = self.selected()
        if entity is None:
            return []
        fleet = self.nx.fleet
        before = rows.slowness(fleet.history.slow(entity, fleet.now)) or rows.part_done(
            entity, fleet.clusters.get(entity["cluster"])
        )
        return [[], *pages.strip(entity, fleet.now, width, self.nx.renderer.glyphs, before)]

    def _log_head(self, width: int) -> Line:
        entity = self.selected()
        of = "of everything" if self.everything or entity is None else f"of {entity['name']}"
        return [("    LOG", "heading"), (f"  {of}", "dim")]

    def _filter_line(self, width: int) -> Line:
        marked = len(self.nodes.listing.marks | self.clusters.listing.marks)
        glyphs = self.nx.renderer.glyphs
        return choice(self.nodes.listing, marked, len(self.nx.fleet.nodes), width, glyphs)

    # what happens

    def changed(self, changes: Changes) -> None:
        fleet = self.nx.fleet
        self.clusters.mark_moved(changes.moved & fleet.clusters.keys())
        self.nodes.mark_moved(changes.moved & fleet.nodes.keys())
        if changes.whole:
            self._told = (None, None)
            self.clusters.show(fleet.clusters, rows.content_widths(fleet.clusters.values(), True))
            self.nodes.show(fleet.nodes, rows.content_widths(fleet.nodes.values(), self._one_cluster))
            self.share_out()
        else:
            self.clusters.update_rows(
                changes.clusters, self._widths_of(self.clusters, changes.clusters, True)
            )
            if changes.shields:
                self.nodes.redraw()
            if changes.nodes:
                before = len(self.nodes.listing.order)
                widths = self._widths_of(self.nodes, changes.nodes, self._one_cluster)
                self.nodes.update_rows(changes.nodes, widths)
                if before != len(self.nodes.listing.order):
                    self.share_out()
        self.follow_selection()
        if changes.events or changes.log_replaced:
            self.log_view.append()

    @property
    def _one_cluster(self) -> bool:
        return len(self.nx.fleet.clusters) < 2

    def _widths_of(self, grid: Grid, changed: Iterable[str], one_cluster: bool) -> Mapping[str, int]:
        """The widest cells so far: columns that shrank with every change would jump under the reader's eyes."""
        entities = self._entities(grid)
        news = rows.content_widths([entities[name] for name in changed if name in entities], one_cluster)
        return {key: max(width, news[key]) for key, width in grid.content.items()} or news

    def tick(self) -> None:
        self.clusters.tick()
        self.nodes.tick()
        self._redraw_story()

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
        self.log_head.redraw()
        if self.filter_line.display:
            self.filter_line.redraw()
        self.redraw_frame()

    def _is_told(self, entity: EntityView | None) -> bool:
        """Whether the story is that of the entity and its cluster as they are now; what is only older now is
        told by the next tick."""
        cluster = self.nx.fleet.clusters.get(entity["cluster"]) if entity is not None else None
        before, self._told = self._told, (entity, cluster)
        return before[0] is entity and before[1] is cluster

    def on_resize(self) -> None:
        self.share_out()

    def share_out(self) -> None:
        """Share the height out again: the window or the number of rows is another one."""
        width, height = self.size
        wide = width >= WIDE
        below = self.filter_line.display or self.ask.display
        room = height - 3 - int(self.banner_line.display) - int(below)
        parts = share(room, len(self.nx.fleet.clusters), len(self.nodes.listing.order), wide)
        self.clusters.styles.height = parts.clusters
        self.nodes.styles.height = parts.nodes
        self.strip.styles.height = parts.strip
        self.strip.display = parts.strip > 0
        self.pane.display = wide
        self.pane.styles.width = int(width * DETAIL_SHARE)
        self.log_head.display = self.log_view.display = parts.log > 1

    def on_grid_moved(self) -> None:
        if isinstance(self.focused, Grid):
            self._current = self.focused
        self.follow_selection()

    def on_grid_opened(self) -> None:
        self.action_open()

    # keys

    def action_down(self) -> None:
        self._current.move(1)

    def action_up(self) -> None:
        self._current.move(-1)

    def action_page_down(self) -> None:
        self._current.move(self._current.page)

    def action_page_up(self) -> None:
        self._current.move(-self._current.page)

    def action_top(self) -> None:
        self._current.move_to(0)

    def action_bottom(self) -> None:
        self._current.move_to(len(self._current.listing.order) - 1)

    def action_other(self) -> None:
        self._current = self.nodes if self._current is self.clusters else self.clusters
        self._current.focus()

    def hidden_marks(self) -> int:
        listing = self._current.listing
        return len(listing.marks.difference(listing.order))

    def go_out(self) -> None:
        """From a node to its cluster."""
        entity = self.selected()
        if entity is not None and self._current is self.nodes:
            self.clusters.listing.seek(entity["cluster"])
            self.action_other()
            self.changed(Changes(whole=True))

    def go_in(self) -> None:
        self.action_open()

    def action_open(self) -> None:
        entity = self.selected()
        if entity is not None:
            self.nx.open_entity(entity["name"])

    def action_log(self) -> None:
        entity = self.selected()
        self.nx.open_log(None if self.everything or entity is None else entity["name"])

    def action_scope(self) -> None:
        self.everything = not self.everything
        self.follow_selection()

    def action_sort(self) -> None:
        listing = self.nodes.listing
        sorts = list(SORTS)
        self.sort_by(sorts[(sorts.index(listing.sort) + 1) % len(sorts)])

    def sort_by(self, order: str) -> None:
        """Order the nodes by a column, the other way round if they are in that order already."""
        listing = self.nodes.listing
        listing.turned = listing.sort == order and not listing.turned
        listing.sort = order
        self.changed(Changes(whole=True))
        self.nx.say(f"Nodes by {order}{', turned round' if listing.turned else ''}.")

    def action_turn(self) -> None:
        self.sort_by(self.nodes.listing.sort)

    def action_export(self) -> None:
        self.export("csv")

    def export(self, format: Format) -> None:
        """Write the marked rows of the list in use, else all that are shown, to a file."""
        from nxtui.draw.export import rows_as

        grid = self._current
        names = grid.listing.chosen() if grid.listing.marks else grid.listing.order
        chosen = [self._entities(grid)[name] for name in names if name in self._entities(grid)]
        self.nx.save(f"nxtui-{grid.id}", format, rows_as(format, chosen))

    def filter_by(self, text: str) -> None:
        """Show only what passes the filter."""
        self._filter_by(text)
        self._show_choice()

    def action_mark(self) -> None:
        grid = self._current
        if (name := grid.listing.cursor) is not None:
            grid.listing.toggle(name)
            grid.move(1)
            grid.refresh_rows(name)
            self._show_choice()

    def action_span(self) -> None:
        grid = self._current
        if (name := grid.listing.cursor) is not None:
            grid.listing.span(name)
            grid.redraw()
            self._show_choice()

    def copied_text(self) -> str:
        entity = self.selected()
        if entity is None:
            return ""
        cells = rows.cells(entity, self.nx.fleet.now)
        return "\t".join(cells[key][0] for key in ("name", "state", "step", "since", "due", "note"))

    def action_filter(self) -> None:
        self.filter_line.display = False
        hint = "state:failed  phase:working  !cluster:a  any text"
        self.ask.open("/", self.nodes.listing.query.text, hint)
        self.call_after_refresh(self.share_out)

    def on_ask_line_changed(self, event: AskLine.Changed) -> None:
        self._filter_by(event.text)

    def on_ask_line_submitted(self, event: AskLine.Submitted) -> None:
        self.ask.close()
        self.nodes.focus()
        self._filter_by(event.text)
        self._show_choice()
        self.call_after_refresh(self.share_out)

    def _filter_by(self, text: str) -> None:
        self.nodes.listing.query = query.parse(text)
        self.changed(Changes(whole=True))

    def action_clear(self) -> None:
        """Clear the filter first, then the marks; an open line of it goes with it."""
        if self.ask.display:
            self.ask.action_clear()
        elif self.nodes.listing.query.text:
            self._filter_by("")
        else:
            for grid in (self.clusters, self.nodes):
                grid.listing.marks.clear()
                grid.redraw()
        self._show_choice()

    def _show_choice(self) -> None:
        """Filter and marks have their line while there are any."""
        marked = self.clusters.listing.marks or self.nodes.listing.marks
        shown = bool(self.nodes.listing.query.text or marked) and not self.ask.display
        if shown != self.filter_line.display:
            self.filter_line.display = shown
            self.call_after_refresh(self.share_out)
        self.filter_line.redraw()
        self.redraw_frame()
