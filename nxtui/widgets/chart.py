"""Rows on one axis of time: only those in sight are made, and a row is made anew when it or the cells are others."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence

from textual import events
from textual.geometry import Region, Size
from textual.scroll_view import ScrollView
from textual.strip import Strip

from daemon.wire import EntityView, TimelineView
from nxtui.draw import timeline as drawn
from nxtui.draw.renderer import GUTTER, Renderer
from nxtui.draw.text import Line, fit
from nxtui.model.timelines import Cell
from nxtui.widgets.canvas import Canvas

KEPT = 500
"""So many rows are kept as they were made."""


class Chart(ScrollView, Canvas, inherit_bindings=False):
    """Draws the rows that it is given; beneath the one under the cursor stands the usual way of it."""

    DEFAULT_CSS = """
    Chart { overflow-x: hidden; overflow-y: auto; scrollbar-size-vertical: 1; scrollbar-gutter: stable; }
    Chart { height: 1fr; }
    """
    ALLOW_SELECT = False
    can_focus = True

    def __init__(
        self,
        renderer: Renderer,
        entity: Callable[[str], EntityView | None],
        known: Callable[[str], TimelineView | None],
        empty: Callable[[], str],
        id: str,
    ) -> None:
        super().__init__(id=id)
        self._renderer = renderer
        self._entity = entity
        self._known = known
        self._empty = empty
        self.names: Sequence[str] = ()
        self.cursor = 0
        self.cells: Sequence[Cell] = ()
        self.left = 14
        self.now = 0.0
        self._ghost: Line = []
        self._kept: dict[str, tuple[TimelineView | None, Sequence[Cell], int | None, Line]] = {}
        """Name → what its cells were made of, and how they look."""

    @property
    def selected(self) -> str | None:
        """The name under the cursor."""
        return self.names[self.cursor] if self.cursor < len(self.names) else None

    @property
    def in_sight(self) -> Sequence[str]:
        """The names of the rows that can be seen, with the ghost in any place."""
        top = self.scroll_offset.y
        return self.names[max(0, top - 1) : top + max(1, self.size.height)]

    def around(self, most: int) -> Sequence[str]:
        """So many names at most, those in sight in their middle."""
        seen = self.in_sight
        begin = max(0, self.scroll_offset.y - 1 - max(0, most - len(seen)) // 2)
        return self.names[begin : begin + most]

    def show(self, names: Sequence[str], cells: Sequence[Cell], left: int, now: float) -> None:
        """Draw these rows in these cells."""
        chosen = self.selected
        self.names, self.cells, self.left, self.now = names, cells, left, now
        if chosen in names:
            self.cursor = names.index(chosen)
        self.cursor = max(0, min(self.cursor, len(names) - 1))
        self.redraw()

    def redraw(self) -> None:
        """What is known of the rows may be different."""
        told = None if self.selected is None else self._known(self.selected)
        self._ghost = drawn.ghost(told, self.cells, self._renderer.ascii) if told and self.cells else []
        size = Size(0, len(self.names) + bool(self._ghost))
        if size != self.virtual_size:  # to set it lays the whole screen out
            self.virtual_size = size
        self.refresh()

    def advance(self, now: float) -> None:
        """It is later: of the rows in sight those are painted whose cells are others, up to the present one."""
        seen = [(y, name, self._drawn(name, self._known(name))) for y, name in self._rows_in_sight()]
        self.now = now
        last = drawn.column(self.cells, now)
        width = self.size.width if last is None else self.left + last + 1
        for y, name, before in seen:
            if self._drawn(name, self._known(name)) != before:
                self.refresh(Region(0, y, width, 1))

    def _rows_in_sight(self) -> Iterator[tuple[int, str]]:
        """Line and name of each row that can be seen."""
        for y in range(self.size.height):
            number = self.scroll_offset.y + y
            if self._ghost and number == self.cursor + 1:
                continue
            row = number - 1 if self._ghost and number > self.cursor else number
            if row < len(self.names):
                yield y, self.names[row]

    def move_to(self, row: int) -> None:
        """Put the cursor on a row."""
        self.cursor = max(0, min(row, len(self.names) - 1))
        self.redraw()
        top, height = self.scroll_offset.y, max(1, self.size.height)
        last = self.cursor + bool(self._ghost)
        if last >= top + height:
            self.scroll_to(y=last + 1 - height, animate=False, force=True)
        elif self.cursor < top:
            self.scroll_to(y=self.cursor, animate=False, force=True)

    def on_resize(self, event: events.Resize) -> None:
        self.move_to(self.cursor)

    def render_line(self, y: int) -> Strip:
        width, number = self.size.width, self.scroll_offset.y + y
        if not self.names:
            said: Line = [("    " + self._empty(), "dim")] if number == 0 else []
            return self._renderer.strip(said, width, margin=GUTTER)
        if self._ghost and number == self.cursor + 1:
            line: Line = [(fit("     usual", self.left), "dim"), *self._ghost]
            return self._renderer.strip(line, width, "base", GUTTER)
        row = number - 1 if self._ghost and number > self.cursor else number
        if row >= len(self.names):
            return self._renderer.strip([], width, margin=GUTTER)
        ground = "row" if row == self.cursor else "base"
        return self._renderer.strip(self._line(self.names[row]), width, ground, GUTTER)

    def _drawn(self, name: str, told: TimelineView | None) -> Line:
        """The cells of a row; as they were made before while they show the same."""
        present = drawn.column(self.cells, self.now)
        kept = self._kept.get(name)
        if kept is not None and kept[0] is told and kept[1] is self.cells and kept[2] == present:
            return kept[3]
        if len(self._kept) > KEPT:
            self._kept.clear()
        _, line = drawn.row(told, self.cells, self.now, self._renderer.ascii)
        self._kept[name] = told, self.cells, present, line
        return line

    def _line(self, name: str) -> Line:
        entity, told = self._entity(name), self._known(name)
        if entity is None or not self.cells:
            return [(f"   {name}", "dim")]
        cells = self._drawn(name, told)
        ready = drawn.ready(told, self.now)
        ink = "attention" if ready.startswith("late") else "dim"
        return [*drawn.name(entity, self.left, self._renderer.glyphs), *cells, (f" {ready}", ink)]
