"""One node or cluster: what happened to it and when, what it owns, what the outside said."""

from __future__ import annotations

from textual import work
from textual.app import ComposeResult

from daemon.client import DaemonRefused, DaemonUnreachable
from daemon.display.sorting import worst_first
from daemon.wire import EntityView, ScreenView, StepTiming
from nxtui import keys
from nxtui.draw import pages, story
from nxtui.draw.layout import WIDE
from nxtui.draw.logs import LogWindow, as_text
from nxtui.draw.text import Line, plain
from nxtui.model.entry import Entry, entry
from nxtui.model.known import Changes
from nxtui.model.trail import Place
from nxtui.screens.full_screen import FullScreen
from nxtui.widgets.canvas import Beside
from nxtui.widgets.logview import LogView
from nxtui.widgets.oneline import OneLine
from nxtui.widgets.page import Page


class EntityScreen(FullScreen):
    """The story of one entity; it is fetched again whenever the daemon says that the entity changed."""

    screen_name = "node"
    BINDINGS = keys.bindings("node")

    def __init__(self, entity: EntityView) -> None:
        super().__init__()
        self.entity = entity
        self.is_absent = False
        self.stays: list[StepTiming] | None = None
        self.last_screen: ScreenView | None = None
        self._earlier: list[Entry] = []

    def compose_body(self) -> ComposeResult:
        renderer = self.nx.renderer
        self.story = Page(renderer, self._story_lines, id="story")
        self.objects = Page(renderer, self._object_lines, ground="panel", id="objects")
        self.window = LogWindow(self.nx.fleet.log)
        self.window.show(frozenset((self.entity["name"],)))
        self.log_view = LogView(renderer, self.window, self.no_lines, cursor=False, id="log")
        with Beside(id="middle"):
            yield self.story
            yield self.objects
        yield OneLine(
            renderer, lambda _: [("    LOG", "heading"), (f"  of {self.entity['name']}", "dim")], "panel"
        )
        yield self.log_view

    def on_mount(self) -> None:
        self.fetch()

    def crumbs(self) -> tuple[str, ...]:
        entity = self.entity
        return (entity["name"],) if entity["kind"] == "cluster" else (entity["cluster"], entity["name"])

    def place(self) -> Place:
        return Place("entity", self.entity["name"])

    def pointed(self) -> EntityView | None:
        return self.entity

    def targets(self) -> list[EntityView]:
        return [] if self.is_absent else [self.entity]

    def copied_text(self) -> str:
        return "\n".join(plain(line) for line in [*self._story_lines(100), [], *self._object_lines(100)])

    @work(exclusive=True, group="detail")
    async def fetch(self) -> None:
        """Get the timeline; if the daemon cannot be asked, what is shown stays."""
        try:
            detail = await (self.nx.player or self.nx.feed).detail(self.entity["name"])
            if self.nx.player is None and not self._earlier:
                told, words = await self.nx.feed.events_of(self.entity), dict[str, str]()
                self._earlier = [entry(event, words) for event in told]
        except (DaemonUnreachable, DaemonRefused, KeyError):
            return
        self.stays = detail["timeline"]
        self.last_screen = detail.get("screen")
        self.nx.fleet.history.learn(self.entity, self.stays)
        self._redraw()

    def changed(self, changes: Changes) -> None:
        fleet, name = self.nx.fleet, self.entity["name"]
        entities = fleet.clusters if self.entity["kind"] == "cluster" else fleet.nodes
        touched = changes.whole or name in changes.nodes or name in changes.clusters
        if touched:
            self.is_absent = name not in entities
            self.entity = entities.get(name, self.entity)
            self.fetch()
            self._redraw()
        if changes.events or changes.log_replaced:
            newest = self.window.shown[-1:]
            self.log_view.append()
            self._redraw()
            is_told = self.window.shown[-1:] != newest
            if is_told and self.entity["error"] is not None and self.last_screen is None:
                self.fetch()  # the screen of a failure comes a moment after it
        self.redraw_frame()

    def tick(self) -> None:
        self._redraw()

    def _redraw(self) -> None:
        self.story.redraw()
        if self.objects.display:
            self.objects.redraw()

    def on_resize(self) -> None:
        width, height = self.size
        self.objects.display = width >= WIDE
        self.objects.styles.width = int(width * 0.4)
        self.log_view.styles.height = max(3, height // 5)
        self.call_after_refresh(self._redraw)

    def _story_lines(self, width: int) -> list[Line]:
        entity, now, glyphs = self.entity, self.nx.fleet.now, self.nx.renderer.glyphs
        told = pages.trouble(entity, width)
        lines = [pages.headline(entity, glyphs)]
        if self.is_absent:
            lines.append([("  The daemon no longer has it; this is the last that was known.", "attention")])
        lines += [[], *told, []] if told else [[]]
        if entity["kind"] == "cluster":
            lines += [*pages.members(self._members(), width, glyphs), []]
        history = self.nx.fleet.history
        lines += [
            pages.heading("timeline"),
            *story.timeline(entity, self.stays, history, now, width, glyphs),
            [],
        ]
        lines += [pages.heading("now"), *pages.facts(entity, now, width, self._more())]
        if self.size.width < WIDE:
            lines += [*pages.belongings(entity, width), [], *story.calls(self._events(), width)]
        if self.last_screen is not None and entity["error"] is not None:
            lines += [[], *pages.console(self.last_screen, width)]
        return [*lines, [], *story.events(self._events(), width)]

    def _members(self) -> list[EntityView]:
        """The nodes of this cluster, or of this node's; those in trouble first."""
        cluster = self.entity["cluster"]
        nodes = [node for node in self.nx.fleet.nodes.values() if node["cluster"] == cluster]
        return sorted(nodes, key=worst_first)

    def action_members(self) -> None:
        """Let a person choose a node of the cluster, and show it."""
        self.nx.questions.begin(self._choose_member())

    async def _choose_member(self) -> None:
        from nxtui.screens.pick import PickList

        glyphs = self.nx.renderer.glyphs.phase
        entries = [
            (node["name"], f"{glyphs[node['phase']]} {node['name']}", node["title"])
            for node in self._members()
        ]
        listed = PickList(f"Nodes of {self.entity['cluster']}", entries, "type to narrow", "It has no node.")
        if chosen := await self.nx.questions.pick(listed):
            self.nx.open_entity(chosen)

    def _events(self) -> list[Entry]:
        """What the log says of it alone: what was fetched, and what came since."""
        last = self._earlier[-1].revision if self._earlier else 0
        node = self.entity["name"] if self.entity["kind"] == "node" else None
        later = [event for event in self.window.shown if event.revision > last and event.node == node]
        return [*self._earlier, *later]

    def _more(self) -> list[pages.Fact]:
        fleet = self.nx.fleet
        more = story.outlook(self.entity, fleet.history, fleet.now)
        if fleet.is_protected(self.entity):
            more.append(("protected", "every deletion is refused until it is unprotected"))
        return more

    def _object_lines(self, width: int) -> list[Line]:
        owned = pages.belongings(self.entity, width)[1:] or [[("It owns nothing.", "dim")]]
        return [*owned, [], *story.calls(self._events(), width)]

    def action_down(self) -> None:
        self.story.move(1)

    def action_up(self) -> None:
        self.story.move(-1)

    def action_page_down(self) -> None:
        self.story.move(self.story.size.height)

    def action_page_up(self) -> None:
        self.story.move(-self.story.size.height)

    def action_top(self) -> None:
        self.story.scroll_to(y=0, animate=False)

    def action_bottom(self) -> None:
        self.story.move(self.story.virtual_size.height)

    def action_log(self) -> None:
        self.nx.open_log(self.entity["name"])

    def log_text(self) -> str:
        """The log lines in memory, as text."""
        return "\n".join(as_text(event) for event in self.window.shown)
