"""The band that `a` opens above the keys: it lies over the screen, so that nothing moves when it comes and goes."""

from __future__ import annotations

from collections.abc import Callable

from textual import events

from nxtui.draw.renderer import Renderer
from nxtui.draw.text import Line
from nxtui.widgets.page import Page

SCROLLS = {"down": 1, "up": -1, "pagedown": 8, "pageup": -8}
"""Keys that scroll a band that is higher than the screen."""
SIDES = 4
"""Cells beside a line: the border, the bar that scrolls, and the gap before it."""


class Band(Page):
    """Shows lines while it is open, and takes every key then."""

    DEFAULT_CSS = """
    Band {
        layer: band; dock: bottom; margin: 0 0 1 0; width: 100%;
        background: $panel; border: round $secondary;
    }
    """

    def __init__(
        self, renderer: Renderer, make: Callable[[int], list[Line]], pick: Callable[[str], None]
    ) -> None:
        super().__init__(renderer, make, ground="panel", id="band")
        self._pick = pick
        self._made_for = 0
        self.display = False

    @property
    def room(self) -> int:
        """Cells a line may take: known before the band has come, so that its first picture is the last one."""
        return max(10, self.screen.size.width - SIDES)

    def on_resize(self, event: events.Resize) -> None:
        if self._made_for != self.room:
            super().on_resize(event)

    def redraw(self) -> None:
        self._made_for = self.room
        super().redraw()

    def open(self) -> None:
        """Come, as high as what it says."""
        self.display = True
        self.fit()

    def fit(self) -> None:
        """As high as its lines, as far as the screen goes."""
        self.redraw()
        self.styles.height = max(3, min(len(self.lines) + 2, self.screen.size.height - 1))

    def close(self) -> None:
        """Go."""
        self.display = False

    def take(self, key: str) -> bool:
        """Do what a key means here; False while it is not open. A key that means nothing here does nothing."""
        if not self.display:
            return False
        if key in SCROLLS:
            self.move(SCROLLS[key])
        else:
            self._pick(key)
        return True

    def on_click(self, event: events.Click) -> None:
        event.stop()
        number = self.scroll_offset.y + event.y - 1
        if 0 <= number < len(self.lines) and self.lines[number]:
            self._pick(self.lines[number][0][0].strip())
