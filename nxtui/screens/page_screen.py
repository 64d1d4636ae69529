"""A full screen with one page on it that is scrolled: the keys that do so are the same on each."""

from __future__ import annotations

from abc import abstractmethod

from textual.app import ComposeResult

from nxtui.draw.text import Line
from nxtui.screens.full_screen import FullScreen
from nxtui.widgets.oneline import OneLine
from nxtui.widgets.page import Page

ANOTHER = "Another database answers now: Enter looks in it."


class HeadedScreen(FullScreen):
    """One line that says what it is about, and a page beneath it."""

    _told_by: str | None = None

    def compose_body(self) -> ComposeResult:
        renderer = self.nx.renderer
        self.head = OneLine(renderer, self._head_line, ground="panel", id=f"{self.screen_name}-head")
        self.page = Page(renderer, self._lines, id="spec-text")
        yield self.head
        yield self.page

    @property
    def main_page(self) -> Page:
        return self.page

    def is_of_another(self) -> bool:
        """Whether another database answers now than when this was asked the last time."""
        daemon = self.nx.fleet.daemon
        before, self._told_by = self._told_by, daemon["id"] if daemon is not None else None
        return before not in (None, self._told_by)

    @abstractmethod
    def _head_line(self, width: int) -> Line: ...

    @abstractmethod
    def _lines(self, width: int) -> list[Line]: ...

    def _redraw(self) -> None:
        self.head.redraw()
        self.page.redraw()
        self.redraw_frame()


class PageScreen(FullScreen):
    """Scrolls line by line, page by page, and to both ends."""

    @property
    @abstractmethod
    def main_page(self) -> Page:
        """What is scrolled."""

    def action_down(self) -> None:
        self.main_page.move(1)

    def action_up(self) -> None:
        self.main_page.move(-1)

    def action_page_down(self) -> None:
        self.main_page.move(self.main_page.size.height)

    def action_page_up(self) -> None:
        self.main_page.move(-self.main_page.size.height)

    def action_top(self) -> None:
        self.main_page.scroll_to(y=0, animate=False)

    def action_bottom(self) -> None:
        self.main_page.move(self.main_page.virtual_size.height)
