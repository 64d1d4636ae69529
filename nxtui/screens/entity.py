"""One node or cluster: what happened to it and when, what it owns, what the outside said."""

from __future__ import annotations

import contextlib
from collections.abc import Sequence

from textual import work
from textual.app import ComposeResult

from daemon.client import DaemonRefused, DaemonUnreachable
from daemon.display.money import used
from daemon.display.sorting import worst_first
from daemon.wire import BootView, EntityView, OfferView, ScreenView, StepTiming, TimelineView
from nxtui import keys
from nxtui.draw import happened, pages, story
from nxtui.draw.layout import WIDE
from nxtui.draw.logs import LogWindow, as_text
from nxtui.draw.text import Line, plain
from nxtui.model.calls import CallWindow
from nxtui.model.entry import Entry, entry
from nxtui.model.known import Changes
from nxtui.model.trail import Place
from nxtui.screens.page_screen import PageScreen
from nxtui.widgets.canvas import Beside
from nxtui.widgets.logview import LogView
from nxtui.widgets.oneline import OneLine
from nxtui.widgets.page import Page

CALLS = 1000
"""So many calls are asked for."""
TALL = 40
"""Lines from which on a narrow screen has room for the log beneath the story."""


class EntityScreen(PageScreen):
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
        self._boots: list[BootView] = []
        self._offers: list[OfferView] | None = None

    def compose_body(self) -> ComposeResult:
        renderer = self.nx.renderer
        self._calls = CallWindow(self.nx.fleet.calls)
        self.story = Page(renderer, self._story_lines, id="story")
        self.objects = Page(renderer, self._object_lines, ground="panel", id="objects")
        self.window = LogWindow(self.nx.fleet.log)
        self.window.show(frozenset((self.entity["name"],)))
        self.log_view = LogView(renderer, self.window, self.no_lines, cursor=False, id="log")
        with Beside(id="middle"):
            yield self.story
            yield self.objects
        self.log_head = OneLine(
            renderer, lambda _: [("    LOG", "heading"), (f"  of {self.entity['name']}", "dim")], "panel"
        )
        yield self.log_head
        yield self.log_view

    @property
    def main_page(self) -> Page:
        return self.story

    def on_mount(self) -> None:
        self._calls.show(self.entity["name"])
        self.fetch()
        self._fetch_calls()

    def crumbs(self) -> tuple[str, ...]:
        entity = self.entity
        stands = f"{entity['name']}  {self.nx.renderer.glyphs.phase[entity['phase']]} {entity['title']}"
        return (stands,) if entity["kind"] == "cluster" else (entity["cluster"], stands)

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
        self._boots = detail.get("boots", [])
        self.nx.fleet.history.learn(self.entity, self.stays)
        self._redraw()
        if self.nx.player is None:
            with contextlib.suppress(DaemonUnreachable, DaemonRefused):
                self._offers = await self.nx.feed.offers(self.entity["name"])
                self._redraw()

    @work(exclusive=True, group="calls")
    async def _fetch_calls(self) -> None:
        """Get the calls that were made for it; what comes later is told by itself."""
        if self.nx.player is None:
            with contextlib.suppress(DaemonUnreachable, DaemonRefused):
                name = self.entity["name"]
                told = await self.nx.feed.client.calls_made(limit=CALLS, target=name, tail=True)
                self.nx.fleet.calls.merge(told)
                self._calls.rebuild()
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
        self.log_view.display = self.log_head.display = width >= WIDE or height >= TALL
        self.log_view.styles.height = max(3, height // 5)
        self.call_after_refresh(self._redraw)

    def _story_lines(self, width: int) -> list[Line]:
        """The sections in their order; each may be absent, none moves."""
        entity, now, renderer = self.entity, self.nx.fleet.now, self.nx.renderer
        glyphs = renderer.glyphs
        events = self._events()
        self._calls.extend()
        absent: list[Line] = []
        if self.is_absent:
            absent.append([("  The daemon no longer has it; this is the last that was known.", "attention")])
        band = keys.band(self.nx.keymap.actions)
        members = pages.members(self._members(), width, glyphs) if entity["kind"] == "cluster" else []
        alone = self.size.width < WIDE
        fleet = self.nx.fleet
        steps = story.timeline(entity, self.stays, fleet.history, now, width, glyphs, fleet.not_told)
        shown = self.last_screen if entity["error"] is not None else None
        parts: list[list[Line]] = [
            absent,
            [
                *happened.happened(entity, self._boots, width, glyphs),
                *happened.to_do(entity, self._offers, band, now, width, glyphs),
                *happened.evidence(entity, width),
            ],
            pages.console(shown, width) if shown is not None else [],
            members,
            [
                pages.heading("now"),
                *pages.facts(entity, now, width, self._more(), self.nx.fleet.history.title_of(entity)),
            ],
            happened.installer(self._boots, events, now, width, glyphs),
            self._call_lines(events, width) if alone else [],
            [
                *(happened.before(self._timeline(), now, width, renderer.ascii) if now is not None else []),
                pages.heading("timeline"),
                *steps,
            ],
            pages.belongings(entity, width)[1:] if alone else [],
            story.events(events, width, fleet.unknown),
        ]
        return [line for part in parts if part for line in (*part, [])][:-1]

    def _timeline(self) -> TimelineView:
        """What it went through, without what is usual."""
        one = self.entity
        stays = self.stays or []
        return TimelineView(name=one["name"], kind=one["kind"], cluster=one["cluster"], stays=stays, usual=[])

    def _call_lines(self, events: Sequence[Entry], width: int) -> list[Line]:
        """The calls as the daemon keeps them; one too old to do so tells them in its log."""
        return happened.calls(self._calls, width, self.nx.renderer.glyphs) or story.calls(
            events, width, self.nx.fleet.unknown
        )

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
        if (uses := self.entity.get("uses")) and fleet.now is not None:
            more.append(("used", f"{used(uses, fleet.now)} since the order"))
        if fleet.is_protected(self.entity):
            more.append(("protected", "every deletion is refused until it is unprotected"))
        return more

    def _object_lines(self, width: int) -> list[Line]:
        owned = pages.belongings(self.entity, width)[1:] or [[("It owns nothing.", "dim")]]
        return [*owned, [], *self._call_lines(self._events(), width)]

    def action_log(self) -> None:
        self.nx.open_log(self.entity["name"])

    def log_text(self) -> str:
        """The log lines in memory, as text."""
        return "\n".join(as_text(event) for event in self.window.shown)
