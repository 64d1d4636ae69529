"""The grid of nodes or clusters: one line each, drawn on demand, painted only where something changed."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from functools import lru_cache
from itertools import pairwise

from rich.cells import cell_len
from textual import events
from textual.geometry import Region, Size
from textual.message import Message
from textual.scroll_view import ScrollView
from textual.strip import Strip

from daemon.wire import EntityView
from nxtui.draw.layout import Column, Placed, place
from nxtui.draw.renderer import GUTTER, Renderer
from nxtui.draw.rows import bar
from nxtui.draw.text import Line, Span, fit, width_of
from nxtui.model.listing import SORTS, Listing
from nxtui.widgets.canvas import Canvas

Cells = Callable[[EntityView], dict[str, Span]]

FRESH = 3.0
"""Seconds for which a row that went to another state has a sign."""

Picture = tuple[str, Line]
"""The ground and the line of a row."""


def _alike(one: Line, other: Line) -> int:
    """How many spans both begin with."""
    unlike = (at for at, (a, b) in enumerate(zip(one, other, strict=False)) if a != b)
    return next(unlike, min(len(one), len(other)))


@lru_cache(4096)
def _narrow(text: str) -> bool:
    """Whether each character takes one cell."""
    return text.isascii() or all(cell_len(char) == 1 for char in text)


def differing(before: Picture | None, after: Picture, width: int) -> tuple[int, int]:
    """From which cell to which two pictures of a row differ; equal ends if they do not."""
    if before == after:
        return 0, 0
    if before is None or before[0] != after[0]:
        return 0, width
    one, other = before[1], after[1]
    head = _alike(one, other)
    first = width_of(one[:head])
    one, other = one[head:], other[head:]
    tail = _alike(one[::-1], other[::-1])
    one, other = one[: len(one) - tail], other[: len(other) - tail]
    old, new = ([(char, ink) for text, ink in spans for char in text] for spans in (one, other))
    if len(old) != len(new) or not all(_narrow(text) for text, _ in (*one, *other)):
        return 0, width
    places = [place for place, both in enumerate(zip(old, new, strict=True)) if both[0] != both[1]]
    return (first + places[0], min(first + places[-1] + 1, width)) if places else (0, 0)


class Grid(ScrollView, Canvas, can_focus=True, inherit_bindings=False):
    """Draws a ``Listing``. The first line is the header and stays; the cursor belongs to the listing."""

    DEFAULT_CSS = """
    Grid { overflow-x: hidden; overflow-y: auto; scrollbar-size-vertical: 1; scrollbar-gutter: stable; }
    """
    ALLOW_SELECT = False

    class Moved(Message):
        """The cursor stands on another row."""

    class Opened(Message):
        """A row was clicked twice."""

    def __init__(
        self,
        renderer: Renderer,
        listing: Listing,
        columns: tuple[Column, ...],
        cells: Cells,
        now: Callable[[], float | None],
        empty: Callable[[], str],
        id: str,
        moment: Callable[[], float],
    ) -> None:
        super().__init__(id=id)
        self._renderer = renderer
        self.listing = listing
        self._columns = columns
        self._cells = cells
        self._now = now
        self._empty = empty
        self._moment = moment
        self._moved: dict[str, float] = {}
        self._entities: Mapping[str, EntityView] = {}
        self.content: Mapping[str, int] = {}
        self._placed: list[Placed] = []
        self._gaps: list[str] = []
        self._drawn: dict[str, Picture] = {}
        self._made: dict[str, Picture] = {}
        """Pictures of rows that were found to differ, until they are painted: none is made twice."""

    def show(self, entities: Mapping[str, EntityView], content: Mapping[str, int]) -> None:
        """Everything may have changed: order the rows anew and draw them all."""
        self._entities = entities
        self.content = content
        self.listing.rebuild(entities)
        self._arrange()

    def update_rows(self, changed: Iterable[str], content: Mapping[str, int]) -> None:
        """These entities changed: draw their rows, or all if the order or the columns are others now."""
        changed = list(changed)
        if self.listing.update(self._entities, changed) or content != self.content:
            self.content = content
            self._arrange()
            return
        self.refresh_rows(*changed)

    def mark_moved(self, names: Iterable[str]) -> None:
        """These went to another state just now: their rows say so for a while."""
        self._moved.update(dict.fromkeys(names, self._moment()))

    def _fade_moved(self) -> None:
        """Take the sign from rows that have had it long enough."""
        before = self._moment() - FRESH
        for name in [name for name, since in self._moved.items() if since <= before]:
            del self._moved[name]
            self.refresh_rows(name)

    def _arrange(self) -> None:
        self._placed = place(self._columns, max(20, self.size.width - GUTTER), self.content)
        gaps = (after.x - here.x - here.width for here, after in pairwise(self._placed))
        self._gaps = [*(" " * gap for gap in gaps), ""]
        self._drawn.clear()
        self.virtual_size = Size(0, len(self.listing.order) + 1)
        self._keep_in_sight()
        self.redraw()

    def on_resize(self, event: events.Resize) -> None:
        self._arrange()

    def redraw(self) -> None:
        """Paint every row anew."""
        self._made.clear()
        self.refresh()

    def refresh_rows(self, *names: str | None) -> None:
        """Paint what differs on these rows, as far as they are in sight."""
        (width, height), top = self.size, self.scroll_offset.y
        regions = []
        for name in names:
            index = self.listing.place(name) if name is not None else None
            if name is None or index is None or not top <= index < top + height - 1:
                continue
            picture = self._made[name] = self._picture(name)
            start, end = differing(self._drawn.get(name), picture, width)
            if start < end:
                regions.append(Region(start, index - top + 1, end - start, 1))
            else:
                del self._made[name]
        if regions:
            self.refresh(*regions)

    def _picture(self, name: str) -> Picture:
        """A row as it looks now: its ground and its line."""
        here = name == self.listing.cursor
        ground = ("row" if self.has_focus else "row-idle") if here else "base"
        entity = self._entities.get(name)  # it may have left since the rows were put in order
        return ground, [] if entity is None else self._row(entity, here)

    def tick(self) -> None:
        """A second has passed: paint what differs in the rows in sight."""
        self._fade_moved()
        top = self.scroll_offset.y
        self.refresh_rows(*self.listing.order[top : top + self.size.height - 1])

    def move_to(self, index: int) -> None:
        """Put the cursor on a place and keep it in sight."""
        before = self.listing.cursor
        self.listing.move_to(index)
        self._keep_in_sight()
        self.refresh_rows(before, self.listing.cursor)
        if before != self.listing.cursor:
            self.post_message(self.Moved())

    def move(self, rows: int) -> None:
        """Move the cursor by so many rows."""
        self.move_to(self.listing.index + rows)

    @property
    def page(self) -> int:
        """Rows in sight."""
        return max(1, self.size.height - 1)

    def _keep_in_sight(self) -> None:
        index, top = self.listing.index, self.scroll_offset.y
        if index < top:
            self.scroll_to(y=index, animate=False, force=True)
        elif index >= top + self.page:
            self.scroll_to(y=index - self.page + 1, animate=False, force=True)

    def on_focus(self) -> None:
        self.refresh_rows(self.listing.cursor)
        self.post_message(self.Moved())

    def on_blur(self) -> None:
        self.refresh_rows(self.listing.cursor)

    def on_click(self, event: events.Click) -> None:
        index = self.scroll_offset.y + event.y - 1
        if event.y == 0:
            self._sort_by(event.x)
        if event.y < 1 or index >= len(self.listing.order):
            return
        self.move_to(index)
        if event.chain == 2:
            self.post_message(self.Opened())

    def _sort_by(self, x: int) -> None:
        """The column whose title was clicked; a second click turns the order round."""
        for column in self._placed:
            if column.x <= x < column.x + column.width and column.key in SORTS:
                self.listing.turned = self.listing.sort == column.key and not self.listing.turned
                self.listing.sort = column.key
                self.listing.rebuild(self._entities)
                self._arrange()

    def render_line(self, y: int) -> Strip:
        width = self.size.width
        if y == 0:
            return self._renderer.strip(self._header(), width, "panel", GUTTER)
        index = self.scroll_offset.y + y - 1
        if index >= len(self.listing.order):
            nothing: Line = [("    " + self._empty(), "dim")] if index == 0 else []
            return self._renderer.strip(nothing, width, margin=GUTTER)
        name = self.listing.order[index]
        if name not in self._made:
            self._made[name] = self._picture(name)
        ground, line = self._drawn[name] = self._made.pop(name)
        return self._renderer.strip(line, width, ground, GUTTER)

    def _header(self) -> Line:
        line: Line = [("    ", "")]
        for number, column in enumerate(self._placed):
            sorted_by = self.listing.sort == column.key
            arrow = self._renderer.glyphs.up if self.listing.turned else self._renderer.glyphs.down
            title = f"{column.title}{arrow}" if sorted_by else column.title
            told = fit(title, column.width, column.right) + self._gaps[number]
            line.append((told, "strong" if sorted_by else "heading"))
        return line

    def _row(self, entity: EntityView, here: bool) -> Line:
        glyphs, phase = self._renderer.glyphs, entity["phase"]
        cells = self._cells(entity)
        pointed = here and self.has_focus
        lead = glyphs.cursor if pointed else glyphs.changed if entity["name"] in self._moved else " "
        line: Line = [
            (lead, "key" if pointed else "match-mark"),
            (glyphs.mark if entity["name"] in self.listing.marks else " ", "match-mark"),
            (glyphs.phase[phase], phase),
            (glyphs.shield if cells["shield"][0] else " ", "key"),
        ]
        for column, gap in zip(self._placed, self._gaps, strict=True):
            if column.key == "bar":
                done, left = bar(entity, column.width, glyphs)
                line += [(done, phase), (left, "rule"), (" " * (column.width - len(done + left)) + gap, "")]
            else:
                text, ink = cells[column.key]
                line.append((fit(text, column.width, column.right, glyphs.ellipsis) + gap, ink))
        return line
