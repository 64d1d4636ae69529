"""Everything that this window said on its one line, the newest last."""

from __future__ import annotations

from textual.app import ComposeResult

from daemon.wire import EntityView
from daemon.words import counted
from nxtui import keys
from nxtui.draw import said
from nxtui.draw.text import Line
from nxtui.model.known import Changes
from nxtui.model.said import Saying
from nxtui.model.trail import Place
from nxtui.screens.full_screen import FullScreen
from nxtui.widgets.page import Page


class SaidScreen(FullScreen):
    """A list of messages with a cursor; Enter goes to what the message is about."""

    screen_name = "said"
    BINDINGS = keys.bindings("said")

    def __init__(self) -> None:
        super().__init__()
        self.cursor: Saying | None = None
        """The message that was chosen; None follows the newest."""

    def compose_body(self) -> ComposeResult:
        self.page = Page(self.nx.renderer, self._lines, id="said-page")
        yield self.page

    def on_mount(self) -> None:
        self.call_after_refresh(self.show_cursor)

    def crumbs(self) -> tuple[str, ...]:
        return ("said", counted(len(self.nx.said.all), "message"))

    def place(self) -> Place:
        return Place("said")

    def targets(self) -> list[EntityView]:
        return [entity] if (entity := self.pointed()) is not None else []

    def pointed(self) -> EntityView | None:
        return self.nx.fleet.find(self.chosen.about) if self.chosen is not None else None

    @property
    def chosen(self) -> Saying | None:
        """The message under the cursor."""
        kept = self.nx.said.all
        at = next((one for one in kept if one is self.cursor), None)
        return at or (kept[-1] if kept else None)

    def _lines(self, width: int) -> list[Line]:
        glyphs, chosen = self.nx.renderer.glyphs, self.chosen
        lines = [
            line
            for saying in self.nx.said.all
            for line in said.whole(saying, width, glyphs, saying is chosen)
        ]
        return lines or [[(" Nothing was said yet.", "dim")]]

    def changed(self, changes: Changes) -> None:
        self.redraw_frame()

    def redraw_frame(self) -> None:
        super().redraw_frame()
        self.page.redraw()

    def show_cursor(self) -> None:
        """Draw the list, and scroll to where the cursor is."""
        self.page.redraw()
        width, glyphs, first = self.page.room, self.nx.renderer.glyphs, 0
        for saying in self.nx.said.all:
            last = first + len(said.whole(saying, width, glyphs, False))
            if saying is self.chosen:
                top, height = self.page.scroll_offset.y, max(1, self.page.size.height)
                if first < top:
                    self.page.move(first - top)
                elif last > top + height:
                    self.page.move(last - top - height)
                return
            first = last

    def on_resize(self) -> None:
        self.call_after_refresh(self.show_cursor)

    def _move(self, by: int) -> None:
        kept = list(self.nx.said.all)
        if kept:
            here = next(n for n, one in enumerate(kept) if one is self.chosen)
            there = max(0, min(here + by, len(kept) - 1))
            self.cursor = kept[there] if there < len(kept) - 1 else None
        self.show_cursor()

    def action_down(self) -> None:
        self._move(1)

    def action_up(self) -> None:
        self._move(-1)

    def action_page_down(self) -> None:
        self._move(self.page.size.height)

    def action_page_up(self) -> None:
        self._move(-self.page.size.height)

    def action_top(self) -> None:
        self._move(-len(self.nx.said.all))

    def action_bottom(self) -> None:
        self._move(len(self.nx.said.all))

    def action_open(self) -> None:
        """Go to what the message is about."""
        chosen = self.chosen
        if chosen is None or not chosen.about:
            self.nx.say("This message is about no node and no cluster.")
        elif self.nx.fleet.find(chosen.about) is None:
            self.nx.say(f"{chosen.about} is gone.")
        else:
            self.nx.open_entity(chosen.about)

    def copied_text(self) -> str:
        return chosen.text if (chosen := self.chosen) is not None else ""
