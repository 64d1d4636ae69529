"""A scrolling page of finished lines: details, plans, help."""

from __future__ import annotations

from collections.abc import Callable

from textual import events
from textual.geometry import Region, Size
from textual.scroll_view import ScrollView
from textual.strip import Strip

from nxtui.draw.renderer import GUTTER, Renderer
from nxtui.draw.text import Line
from nxtui.widgets.canvas import Canvas


class Page(ScrollView, Canvas, inherit_bindings=False):
    """Shows what ``make`` gives for a width; ``redraw`` paints only the lines that differ."""

    DEFAULT_CSS = """
    Page { overflow-x: hidden; overflow-y: auto; scrollbar-size-vertical: 1; scrollbar-gutter: stable; }
    """
    ALLOW_SELECT = False
    can_focus = False

    def __init__(
        self,
        renderer: Renderer,
        make: Callable[[int], list[Line]],
        ground: str = "base",
        id: str | None = None,
    ) -> None:
        super().__init__(id=id)
        self._renderer = renderer
        self._make = make
        self._ground = ground
        self._lines: list[Line] = []

    def redraw(self) -> None:
        """Make the lines anew and paint where they changed."""
        old, self._lines = self._lines, self._make(self.room)
        if len(old) != len(self._lines):
            self.virtual_size = Size(0, len(self._lines))
            self.refresh()
            return
        top = self.scroll_offset.y
        for y in range(self.size.height):
            if top + y < len(old) and old[top + y] != self._lines[top + y]:
                self.refresh(Region(0, y, self.size.width, 1))

    @property
    def lines(self) -> list[Line]:
        """The lines as they were made last."""
        return self._lines

    @property
    def room(self) -> int:
        """Cells a line may take."""
        return max(10, self.size.width - 1 - GUTTER)

    def on_resize(self, event: events.Resize) -> None:
        self._lines = []
        self.redraw()

    def in_sight(self, number: int) -> bool:
        """Whether a line can be seen as the page is scrolled now."""
        return self.scroll_offset.y <= number < self.scroll_offset.y + self.size.height

    def move(self, lines: int) -> None:
        """Scroll by so many lines, up if negative."""
        self.scroll_to(y=self.scroll_offset.y + lines, animate=False, force=True)

    def render_line(self, y: int) -> Strip:
        number = self.scroll_offset.y + y
        line = self._lines[number] if number < len(self._lines) else []
        return self._renderer.strip([(" ", ""), *line], self.size.width, self._ground, GUTTER)
