"""The map of a cluster: its networks, its nodes with what answered when, and who waits for whom."""

from __future__ import annotations

from textual import work
from textual.app import ComposeResult

from daemon.wire import EntityView, MapBox, MapView
from nxtui import keys
from nxtui.draw import map as drawn
from nxtui.draw import map_objects, map_table
from nxtui.draw.map import MapLook
from nxtui.draw.text import Line
from nxtui.model.known import Changes
from nxtui.model.trail import Place
from nxtui.screens.full_screen import FullScreen
from nxtui.widgets.page import Page

OLDER = "This nxd draws no maps: it is older than this nxtui."
NO_RECORDING = "A recording holds no map: nobody drew it then."
FETCH_EVERY, LOOK_EVERY = 1.0, 5.0
"""Seconds between two questions at least where something changed, and at most where only what answered may have."""


class MapScreen(FullScreen):
    """Draws what the daemon tells of a cluster; it is fetched again when the cluster or a node of it changes."""

    screen_name = "map"
    BINDINGS = keys.bindings("map")

    def __init__(self, cluster: str, chosen: str) -> None:
        super().__init__()
        self.cluster = cluster
        self._chosen = chosen
        self._view: MapView | None = None
        self._why_empty = ""
        self._asked: float | None = None
        self._is_outdated = True

    def compose_body(self) -> ComposeResult:
        renderer = self.nx.renderer
        self.picture = Page(renderer, self._lines, id="map")
        self.tail = Page(renderer, self._beneath, ground="panel", id="map-tail")
        yield self.picture
        yield self.tail

    def on_mount(self) -> None:
        self._fetch_if_due()

    def on_resize(self) -> None:
        self.share_out()

    def share_out(self) -> None:
        self.call_after_refresh(self._redraw)

    # what the daemon says

    def _fetch_if_due(self) -> None:
        moment = self.nx.fleet.moment
        pause = FETCH_EVERY if self._is_outdated else LOOK_EVERY
        if self._asked is None or moment - self._asked >= pause:
            self._asked, self._is_outdated = moment, False
            self._fetch()

    @work(exclusive=True, group="map")
    async def _fetch(self) -> None:
        """Get the map; if the daemon cannot be asked, what is shown stays."""
        from daemon.client import DaemonRefused, DaemonUnreachable

        if self.nx.player is not None:
            self._why_empty = NO_RECORDING
            self._redraw()
            return
        try:
            self._view = await self.nx.feed.client.map_of(self.cluster)
        except DaemonRefused as refused:
            is_there = self.nx.fleet.find(self.cluster) is not None
            said = refused.error["message"] if is_there else f"{self.cluster} is gone."
            self._why_empty = OLDER if refused.status == 404 and is_there else said
            self._view = None
        except DaemonUnreachable:
            self._is_outdated = True
            return
        if self._view is not None and self._chosen not in self._names():
            self._chosen = next(iter(self._names()), self.cluster)
        self._redraw()

    def changed(self, changes: Changes) -> None:
        if changes.whole or self.cluster in changes.clusters:
            self._is_outdated = True
            self._fetch_if_due()
        self.redraw_frame()

    def tick(self) -> None:
        if self.nx.fleet.link.current or self._view is None:
            self._fetch_if_due()
        self._redraw()

    # what is shown

    def _look(self) -> MapLook:
        renderer = self.nx.renderer
        return MapLook(renderer.glyphs, renderer.ascii, self.nx.fleet.now or 0.0, self._chosen)

    @property
    def _height(self) -> int:
        """Lines for the picture and what stands beneath it."""
        return self.picture.size.height + self.tail.size.height

    def _is_picture(self, view: MapView) -> bool:
        return drawn.is_picture(view, self.picture.room, max(1, self._height - 2), self._look())

    def _lines(self, width: int) -> list[Line]:
        view = self._view
        if view is None:
            return [[(self._why_empty or self.nx.fleet.not_told, "dim")]]
        if not view["members"] and not view["services"]:
            return [[("It has no node.", "dim")]]
        if self._is_picture(view):
            return self._picture(view, width)
        return map_table.table(view, width, self._look())

    def _picture(self, view: MapView, width: int) -> list[Line]:
        """Boxes, with the objects in them as far as that leaves what stands beneath its lines."""
        nodes, look = self.nx.fleet.nodes, self._look()
        members = [nodes[box["name"]] for box in view["members"] if box["name"] in nodes]
        owned = {one["name"]: [r for r in one["resources"] if r["state"] != "gone"] for one in members}
        room = self._height - len(map_table.beneath(view, self.tail.room, look))
        named = map_objects.named(view, owned, width, look.glyphs.ellipsis)
        for told in (named, map_objects.counted(view, owned)):
            lines = [] if told is None else drawn.picture(told, width, look)
            if lines and len(lines) <= room:
                return lines
        return drawn.picture(view, width, look)

    def _beneath(self, width: int) -> list[Line]:
        view, box = self._view, self._box()
        if view is None:
            return []
        lines = map_table.beneath(view, width, self._look())
        if box is None or self._is_picture(view):
            return lines
        return [*map_table.whole(box, width, self._look()), *lines]

    def _redraw(self) -> None:
        beneath = len(self._beneath(self.tail.room))
        room = self._height
        shown = len(self._lines(self.picture.room))
        least = 0 if self._view is not None and self._is_picture(self._view) else room // 2
        height = min(beneath, max(least, room - shown))
        if self.tail.size.height != height:
            self.tail.styles.height = height
            self.call_after_refresh(self._repaint)
        self._repaint()

    def _repaint(self) -> None:
        self.picture.redraw()
        self.tail.redraw()
        self.redraw_frame()

    # where the cursor is

    def _boxes(self) -> list[MapBox]:
        return [] if self._view is None else map_table.in_order(self._view)

    def _names(self) -> list[str]:
        return [box["name"] for box in self._boxes()]

    def _box(self) -> MapBox | None:
        return next((box for box in self._boxes() if box["name"] == self._chosen), None)

    def crumbs(self) -> tuple[str, ...]:
        view = self._view
        if view is None:
            return (self.cluster, "map")
        return (self.cluster, "map", f"{self.nx.renderer.glyphs.phase[view['phase']]} {view['title']}")

    def place(self) -> Place:
        return Place("map", self._chosen if self.nx.fleet.find(self._chosen) else self.cluster)

    def pointed(self) -> EntityView | None:
        return self.nx.fleet.nodes.get(self._chosen) or self.nx.fleet.clusters.get(self.cluster)

    def targets(self) -> list[EntityView]:
        return [entity] if (entity := self.pointed()) is not None else []

    def copied_text(self) -> str:
        box = self._box()
        address = "" if box is None else box.get("address", "")
        if not address:
            self.nx.say("No address is known of it.")
        return address

    def _choose(self, name: str) -> None:
        self._chosen = name
        self._redraw()
        if self._view is not None and not self._is_picture(self._view):
            row = self._names().index(name) + 1
            if not self.picture.in_sight(row):
                self.picture.move(row - self.picture.scroll_offset.y - self.picture.size.height // 2)

    def _step(self, by: int) -> None:
        """So many rows of the table on."""
        names = self._names()
        if names:
            here = names.index(self._chosen) if self._chosen in names else 0
            self._choose(names[max(0, min(here + by, len(names) - 1))])

    def _columns(self) -> list[list[str]]:
        """The names that stand beneath each other, column by column."""
        view = self._view
        return (
            []
            if view is None
            else [[box["name"] for box in stack] for stack in drawn.stacks(view["members"])]
        )

    def _across(self, by: int) -> None:
        """To the box beside; in a table there is none."""
        view, columns = self._view, self._columns()
        here = next((place for place, column in enumerate(columns) if self._chosen in column), None)
        if view is None or not self._is_picture(view):
            self.nx.say("Here j and k go from row to row.")
        elif here is not None and 0 <= here + by < len(columns):
            self._choose(columns[here + by][0])

    def _vertical(self, by: int) -> None:
        """To the services above, back to the members, and to what hangs from one."""
        view = self._view
        if view is None or not self._is_picture(view):
            self._step(by)
            return
        columns = self._columns()
        column = next((one for one in columns if self._chosen in one), columns[len(columns) // 2])
        ladder = [*(box["name"] for box in view["services"]), *column]
        self._choose(ladder[max(0, min(ladder.index(self._chosen) + by, len(ladder) - 1))])

    # what a person does

    def action_down(self) -> None:
        self._vertical(1)

    def action_up(self) -> None:
        self._vertical(-1)

    def go_out(self) -> None:
        self._across(-1)

    def go_in(self) -> None:
        self._across(1)

    def action_page_down(self) -> None:
        self._page(1)

    def action_page_up(self) -> None:
        self._page(-1)

    def _page(self, by: int) -> None:
        """A page of the table on; beside a picture what stands beneath it."""
        if self._view is not None and self._is_picture(self._view):
            self.tail.move(by * max(1, self.tail.size.height))
        else:
            self._step(by * max(1, self.picture.size.height - 1))

    def action_top(self) -> None:
        self._step(-len(self._boxes()))

    def action_bottom(self) -> None:
        self._step(len(self._boxes()))

    def action_box_calls(self) -> None:
        """The calls for what the box is."""
        self.action_calls()
