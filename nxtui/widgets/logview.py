"""The log on the screen: only the lines in sight are ever made, however many there are."""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Callable
from itertools import accumulate

from textual import events
from textual.geometry import Size
from textual.scroll_view import ScrollView
from textual.strip import Strip

from nxtui.draw.layout import WIDE
from nxtui.draw.logs import STAMP_CELLS, STAMPS, LogWindow, message, prefix, said, who
from nxtui.draw.renderer import GUTTER, Renderer
from nxtui.draw.text import Line
from nxtui.widgets.canvas import Canvas

_WIDEST_NAME = 20


class LogView(ScrollView, Canvas, inherit_bindings=False):
    """Draws a ``LogWindow``; with ``cursor`` the line under it is marked."""

    DEFAULT_CSS = """
    LogView { overflow-x: hidden; overflow-y: auto; scrollbar-size-vertical: 1; scrollbar-gutter: stable; }
    """
    ALLOW_SELECT = False

    def __init__(
        self,
        renderer: Renderer,
        window: LogWindow,
        empty: Callable[[], str],
        cursor: bool,
        id: str | None = None,
    ) -> None:
        super().__init__(id=id)
        self.can_focus = cursor
        self._renderer = renderer
        self.window = window
        self._empty = empty
        self._cursor = cursor
        self.wrapped = False
        self.stamp = STAMPS[0]
        self._names = 8
        self._tops: list[int] = []
        self._measured = (0, 0)

    def redraw(self) -> None:
        """The window shows other lines than before, or the width is another one."""
        shown = self.window.shown
        self._names = min(_WIDEST_NAME, max((len(who(event)) for event in shown[-200:]), default=8))
        if self.wrapped:
            self._measure()
        self.virtual_size = Size(0, self._tops[-1] if self.wrapped else len(shown))
        self.keep_in_sight()
        self.refresh()

    def _measure(self) -> None:
        """How many lines each line takes; what was measured before at this width is not measured again."""
        shown, room = self.window.shown, self._room(self.size.width)
        measured = (room, shown[0].revision if shown else 0)
        if measured != self._measured or len(self._tops) > len(shown) + 1 or not self._tops:
            self._tops = [0]
        self._measured = measured
        news = shown[len(self._tops) - 1 :]
        heights = (max(1, -(-len(said(event)) // room)) for event in news)
        self._tops += list(accumulate(heights, initial=self._tops[-1]))[1:]

    def forget(self) -> None:
        """The lines in the middle may be others: measure them all."""
        self._tops = []

    def append(self) -> None:
        """Take in new lines of the book."""
        if self.window.extend():
            self.redraw()

    def keep_in_sight(self) -> None:
        """Scroll so far that the cursor's line can be seen; while following that is the last one."""
        first, after = self._extent(self.window.cursor)
        top, height = self.scroll_offset.y, max(1, self.size.height)
        if after > top + height:
            self.scroll_to(y=after - height, animate=False, force=True)
        elif first < top:
            self.scroll_to(y=first, animate=False, force=True)

    def move_to(self, index: int) -> None:
        """Put the cursor on a line."""
        self.window.move_to(index)
        self.keep_in_sight()
        self.refresh()

    def on_resize(self, event: events.Resize) -> None:
        self.redraw()

    def on_mouse_scroll_up(self, event: events.MouseScrollUp) -> None:
        event.stop()
        self.move_to(self.window.cursor - 3)

    def on_mouse_scroll_down(self, event: events.MouseScrollDown) -> None:
        event.stop()
        self.move_to(self.window.cursor + 3)

    def _room(self, width: int) -> int:
        """Cells for the message."""
        before = 4 + STAMP_CELLS[self.stamp] + self._names + (11 if width >= WIDE else 0)
        return max(10, width - GUTTER - before)

    def _extent(self, index: int) -> tuple[int, int]:
        if self.wrapped and index + 1 < len(self._tops):
            return self._tops[index], self._tops[index + 1]
        return index, index + 1

    def render_line(self, y: int) -> Strip:
        width, line_number = self.size.width, self.scroll_offset.y + y
        index, part = line_number, 0
        if self.wrapped:
            index = bisect_right(self._tops, line_number) - 1
            part = line_number - self._tops[index] if 0 <= index < len(self._tops) else 0
        if not 0 <= index < len(self.window.shown):
            nothing: Line = [("    " + self._empty(), "dim")] if line_number == 0 else []
            return self._renderer.strip(nothing, width, margin=GUTTER)
        ground = "row" if self._cursor and index == self.window.cursor else "base"
        return self._renderer.strip(self._line(index, part, width), width, ground, GUTTER)

    def _line(self, index: int, part: int, width: int) -> Line:
        event = self.window.shown[index]
        mark = self._renderer.glyphs.mark if event.revision in self.window.marks else " "
        before = prefix(event, self._names, self._renderer.glyphs.level, width >= WIDE, self.stamp, mark)
        spans = message(event, self.window.sought)
        if not self.wrapped:
            return [*before, *spans]
        room = self._room(width)
        if part:
            before = [(" " * (width - GUTTER - room), "")]
        start = part * room
        return [*before, *_slice(spans, start, start + room)]


def _slice(spans: Line, start: int, end: int) -> Line:
    """The characters from start to end of a line."""
    kept: Line = []
    for text, ink in spans:
        kept.append((text[max(0, start) : max(0, end)], ink))
        start, end = start - len(text), end - len(text)
    return kept
