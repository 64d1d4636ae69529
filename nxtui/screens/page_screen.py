"""A full screen with one page on it that is scrolled: the keys that do so are the same on each."""

from __future__ import annotations

from abc import abstractmethod

from nxtui.screens.full_screen import FullScreen
from nxtui.widgets.page import Page


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
