"""What asks something over a screen."""

from __future__ import annotations

from typing import ClassVar, Generic, TypeVar

from textual.binding import Binding, BindingType
from textual.screen import ModalScreen

from nxtui.faults import Unbroken
from nxtui.widgets.page import Page

Answer = TypeVar("Answer")


class Dialog(Unbroken, ModalScreen[Answer], Generic[Answer]):
    """Ends once, with its answer: keys that were typed ahead reach one that has ended already."""

    def end(self, answer: Answer | None = None) -> None:
        """Close, unless another screen is on top by now."""
        if self.app.screen_stack[-1:] == [self]:
            self.dismiss(answer)


_SCROLLING = {
    "j,down": "scroll_lines(1)",
    "k,up": "scroll_lines(-1)",
    "d,ctrl+d": "scroll_pages(0.5)",
    "u,ctrl+u": "scroll_pages(-0.5)",
    "pagedown": "scroll_pages(1)",
    "pageup": "scroll_pages(-1)",
    "g,home": "scroll_top",
    "G,end": "scroll_end",
}
"""What moves on a full screen moves in a dialog too, and closes none."""


class PageDialog(Dialog[Answer]):
    """A dialog with a page that may be longer than the screen."""

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding(typed, does, show=False) for typed, does in _SCROLLING.items()
    ]

    @property
    def page(self) -> Page:
        """What is scrolled."""
        raise NotImplementedError

    def action_scroll_lines(self, lines: int) -> None:
        """Further down, or up."""
        self.page.move(lines)

    def action_scroll_pages(self, pages: float) -> None:
        """Pages further down, or up."""
        self.page.move(int(pages * max(2, self.page.size.height)))

    def action_scroll_top(self) -> None:
        """To the top."""
        self.page.move(-self.page.virtual_size.height)

    def action_scroll_end(self) -> None:
        """To the end."""
        self.page.move(self.page.virtual_size.height)
