"""What a person does with the rows of the fleet: move, fold, sort, filter, mark and export them."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import TYPE_CHECKING

from daemon.client import query
from daemon.display.sorting import worst_first
from daemon.wire import EntityView
from nxtui.draw import tree as drawn
from nxtui.draw.choice import choice
from nxtui.draw.layout import WIDE
from nxtui.draw.text import Line
from nxtui.model.known import Changes
from nxtui.model.listing import SORTS
from nxtui.model.tree import TREE
from nxtui.screens.full_screen import FullScreen
from nxtui.widgets.ask import AskLine
from nxtui.widgets.grid import Grid
from nxtui.widgets.oneline import OneLine

if TYPE_CHECKING:
    from nxtui.draw.export import Format


class RowsScreen(FullScreen):
    """A screen with the tree of the fleet on it, a line for its filter, and one to type into."""

    grid: Grid
    ask: AskLine
    filter_line: OneLine
    entities: Mapping[str, EntityView]

    def __init__(self) -> None:
        super().__init__()
        self.entities = {}
        self._left_for: dict[str, str] = {}
        """Cluster → the node from which a person went to it."""

    def follow_selection(self) -> None:
        """Whatever explains the row under the cursor follows it."""
        raise NotImplementedError

    def selected(self) -> EntityView | None:
        """The entity under the cursor; of a cause the first that stopped for it."""
        name = self.grid.listing.cursor
        cause = self.grid.listing.cause(name)
        return self.entities.get(cause["targets"][0] if cause is not None else str(name))

    def pointed(self) -> EntityView | None:
        return self.selected()

    def targets(self) -> list[EntityView]:
        listing = self.grid.listing
        causes = {name: listing.cause(name) for name in listing.chosen()}
        names = [one for name, cause in causes.items() for one in (cause["targets"] if cause else [name])]
        return [self.entities[name] for name in dict.fromkeys(names) if name in self.entities]

    def widths(self, changed: Iterable[EntityView]) -> dict[str, int]:
        """The widest names so far: columns that changed with what is in sight would jump under the reader's eyes."""
        wide, before = self.size.width >= WIDE, self.grid.content
        name, shard = before.get("name", 0), before.get("shard", 0)
        for entity in changed:
            name = max(name, len(entity["name"]) + (2 if entity["kind"] == "node" else 0))
            shard = max(shard, len(entity["cluster"]))
        cluster = shard if self.grid.listing.is_flat else 0
        state, bar = (drawn.WIDE_STATE, 15) if wide else (drawn.STATE, 10)
        return {"name": name, "shard": shard, "cluster": cluster, "state": state, "bar": bar}

    def go_to(self, name: str) -> bool:
        """Put the cursor on a row, unfolding its cluster; False if there is none of that name."""
        listing = self.grid.listing
        entity = self.entities.get(name)
        if entity is not None and listing.place(name) is None:
            if listing.query.text or listing.only:
                listing.only = frozenset()
                self.filter_by("")
            if listing.is_folded(entity["cluster"]) and entity["kind"] == "node":
                self._fold(entity["cluster"], False)
        place = listing.place(name)
        if place is None:
            return False
        self.grid.move_to(place)
        self.follow_selection()
        return True

    def _fold(self, cluster: str, folded: bool) -> None:
        self.grid.listing.fold(cluster, folded)
        self.grid.draw_all()
        self.share_out()

    def _narrow(self, names: Iterable[str]) -> None:
        """Show these alone, with their clusters."""
        shown = [self.entities[name] for name in names if name in self.entities]
        self.grid.listing.only = frozenset(one[key] for one in shown for key in ("name", "cluster"))
        self.changed(Changes(whole=True))
        self.show_choice()

    # keys

    def action_down(self) -> None:
        self.grid.move(1)

    def action_up(self) -> None:
        self.grid.move(-1)

    def action_page_down(self) -> None:
        self.grid.move(self.grid.page)

    def action_page_up(self) -> None:
        self.grid.move(-self.grid.page)

    def action_top(self) -> None:
        self.grid.move_to(0)

    def action_bottom(self) -> None:
        self.grid.move_to(len(self.grid.listing.order) - 1)

    def action_other(self) -> None:
        """From a node to its cluster; from a cluster to the node that was left for it, else to the worst of it."""
        entity = self.selected()
        if entity is None:
            return
        if entity["kind"] == "node":
            self._left_for[entity["cluster"]] = entity["name"]
            self.go_to(entity["cluster"])
            return
        members = sorted(self.nx.fleet.members(entity["name"]), key=worst_first)
        left = self._left_for.get(entity["name"], "")
        if left in self.nx.fleet.nodes or members:
            self.go_to(left if left in self.nx.fleet.nodes else members[0]["name"])

    def hidden_marks(self) -> int:
        listing = self.grid.listing
        return len(listing.marks.difference(listing.order))

    def go_out(self) -> None:
        """From a node to its cluster; fold a cluster."""
        entity = self.entities.get(str(self.grid.listing.cursor))
        if entity is None:
            return
        if entity["kind"] == "node":
            self.go_to(entity["cluster"])
        elif not self.grid.listing.is_flat:
            self._fold(entity["name"], True)

    def go_in(self) -> None:
        self.action_open()

    def action_open(self) -> None:
        """Narrow the tree to what a cause stopped, unfold a cluster that is folded, else show the story."""
        listing, entity = self.grid.listing, self.selected()
        if (cause := listing.cause(listing.cursor)) is not None:
            self._narrow(cause["targets"])
            self.go_to(cause["targets"][0])
        elif entity is not None and entity["kind"] == "cluster" and listing.is_folded(entity["name"]):
            self._fold(entity["name"], False)
        elif entity is not None:
            self.nx.open_entity(entity["name"])

    def action_sort(self) -> None:
        listing = self.grid.listing
        sorts = list(SORTS)
        self.sort_by(sorts[(sorts.index(listing.sort) + 1) % len(sorts)])

    def sort_by(self, order: str) -> None:
        """Order the nodes by a column, the other way round if they are in that order already; by trouble the fleet is a
        tree again."""
        listing = self.grid.listing
        listing.turned = order != TREE and listing.sort == order and not listing.turned
        listing.sort = order
        self.changed(Changes(whole=True))
        told = "One tree, the worst first" if order == TREE else f"Nodes by {order}"
        self.nx.say(f"{told}{', turned round' if listing.turned else ''}.")

    def action_turn(self) -> None:
        self.sort_by(self.grid.listing.sort)

    def action_export(self) -> None:
        self.export("csv")

    def export(self, format: Format) -> None:
        """Write the marked rows, else all that are shown, to a file."""
        from nxtui.draw.export import rows_as

        listing = self.grid.listing
        names = listing.chosen() if listing.marks else listing.order
        chosen = [self.entities[name] for name in names if name in self.entities]
        self.nx.save("nxtui-fleet", format, rows_as(format, chosen))

    def action_mark(self) -> None:
        if (name := self.grid.listing.cursor) is not None:
            self.grid.listing.toggle(name)
            self.grid.move(1)
            self.grid.refresh_rows(name)
            self.show_choice()

    def action_span(self) -> None:
        if (name := self.grid.listing.cursor) is not None:
            self.grid.listing.span(name)
            self.grid.redraw()
            self.show_choice()

    # the filter

    def filter_words(self, width: int) -> Line:
        """The line that tells of the filter and the marks."""
        listing = self.grid.listing
        nodes = self.nx.fleet.nodes
        shown = sum(name in nodes for name in listing.order)
        return choice(listing, shown, len(listing.marks), len(nodes), width, self.nx.renderer.glyphs)

    def filter_by(self, text: str) -> None:
        """Show only what passes the filter."""
        self._filter_by(text)
        self.show_choice()

    def action_filter(self) -> None:
        self.filter_line.display = False
        hint = "state:failed  phase:working  !cluster:a  any text"
        self.ask.open("/", self.grid.listing.query.text, hint)
        self.call_after_refresh(self.share_out)

    def on_ask_line_changed(self, event: AskLine.Changed) -> None:
        self._filter_by(event.text)

    def on_ask_line_submitted(self, event: AskLine.Submitted) -> None:
        self.ask.close()
        self.grid.focus()
        self.filter_by(event.text)
        self.call_after_refresh(self.share_out)

    def _filter_by(self, text: str) -> None:
        self.grid.listing.query = query.parse(text)
        self.changed(Changes(whole=True))

    def action_clear(self) -> None:
        """Clear the filter first, then what it is narrowed to, then the marks; an open line of it goes with it."""
        listing = self.grid.listing
        if self.ask.display:
            self.ask.action_clear()
        elif listing.query.text:
            self._filter_by("")
        elif listing.only:
            listing.only = frozenset()
            self.changed(Changes(whole=True))
        elif not listing.marks and self.nx.replaying.live is not None:
            self.nx.replaying.end()
            return
        else:
            listing.marks.clear()
            self.grid.redraw()
        self.show_choice()

    def show_choice(self) -> None:
        """Filter and marks have their line while there are any."""
        listing = self.grid.listing
        shown = bool(listing.query.text or listing.only or listing.marks) and not self.ask.display
        if shown != self.filter_line.display:
            self.filter_line.display = shown
            self.call_after_refresh(self.share_out)
        self.filter_line.redraw()
        self.redraw_frame()
