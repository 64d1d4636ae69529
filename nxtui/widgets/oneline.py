"""A widget of one line that is made anew on demand and painted only if it differs."""

from __future__ import annotations

from collections.abc import Callable

from textual.strip import Strip

from nxtui.draw.renderer import Renderer
from nxtui.draw.text import Line
from nxtui.widgets.canvas import Canvas


class OneLine(Canvas):
    """Title, banner, heading: ``make`` is asked for the line, given the width."""

    DEFAULT_CSS = "OneLine { height: 1; width: 1fr; }"
    ALLOW_SELECT = False

    def __init__(
        self, renderer: Renderer, make: Callable[[int], Line], ground: str = "base", id: str | None = None
    ) -> None:
        super().__init__(id=id)
        self._renderer = renderer
        self._make = make
        self._ground = ground
        self._drawn: tuple[int, Line] | None = None

    def redraw(self) -> None:
        """Paint the line if it is another one than is on the screen."""
        line = self._make(self.size.width)
        if self._drawn != (self.size.width, line):
            self.refresh()

    def render_line(self, y: int) -> Strip:
        width = self.size.width
        line = self._make(width)
        self._drawn = (width, line)
        return self._renderer.strip(line, width, self._ground)
