"""The call log on the screen: only the rows in sight are ever made, however many calls there are."""

from __future__ import annotations

from collections.abc import Callable

from textual import events
from textual.geometry import Size
from textual.scroll_view import ScrollView
from textual.strip import Strip

from nxtui.draw import calls
from nxtui.draw.renderer import GUTTER, Renderer
from nxtui.model.calls import CallWindow
from nxtui.widgets.canvas import Canvas


class CallRows(ScrollView, Canvas, inherit_bindings=False):
    """Draws a ``CallWindow`` with its cursor."""

    DEFAULT_CSS = """
    CallRows { overflow-x: hidden; overflow-y: auto; scrollbar-size-vertical: 1; scrollbar-gutter: stable; }
    CallRows { height: 1fr; }
    """
    ALLOW_SELECT = False
    can_focus = True

    def __init__(self, renderer: Renderer, window: CallWindow, empty: Callable[[], str], id: str) -> None:
        super().__init__(id=id)
        self._renderer = renderer
        self.window = window
        self._empty = empty
        self.sought = ""

    @property
    def targets(self) -> int:
        """Cells for whom a call is; none where all are for one."""
        return 0 if self.window.target is not None else 10 if self.size.width < calls.ROOMY else 14

    def redraw(self) -> None:
        """The window shows other rows than before."""
        self.virtual_size = Size(0, len(self.window))
        self.keep_in_sight()
        self.refresh()

    def keep_in_sight(self) -> None:
        """Scroll so far that the cursor's row can be seen."""
        row, top, height = self.window.cursor, self.scroll_offset.y, max(1, self.size.height)
        if row >= top + height:
            self.scroll_to(y=row + 1 - height, animate=False, force=True)
        elif row < top:
            self.scroll_to(y=row, animate=False, force=True)

    def on_resize(self, event: events.Resize) -> None:
        self.redraw()

    def render_line(self, y: int) -> Strip:
        width, number = self.size.width, self.scroll_offset.y + y
        if not 0 <= number < len(self.window):
            said = [("    " + self._empty(), "dim")] if number == 0 else []
            return self._renderer.strip(said, width, margin=GUTTER)
        line = calls.row(
            self.window.row(number), width - GUTTER, self.targets, self._renderer.glyphs, self.sought
        )
        ground = "row" if number == self.window.cursor else "base"
        return self._renderer.strip(line, width, ground, GUTTER)
