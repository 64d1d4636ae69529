"""The rows of the fleet: one line each, drawn on demand, painted only where something changed."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from functools import lru_cache
from itertools import pairwise

from rich.cells import cell_len
from textual import events
from textual.geometry import Region, Size
from textual.message import Message
from textual.scroll_view import ScrollView
from textual.strip import Strip

from daemon.wire import EntityView
from nxtui.draw.layout import LEAD, Column, Placed, place
from nxtui.draw.renderer import GUTTER, Renderer
from nxtui.draw.text import Line, fit, width_of
from nxtui.model.listing import SORTS
from nxtui.model.tree import Tree
from nxtui.widgets.canvas import Canvas

MakeRow = Callable[[str, Sequence[Placed], Sequence[str], Line, int], Line]
"""Draws the row of a name in these columns, with the signs of cursor and mark before it, as wide as that."""

FRESH = 3.0
"""Seconds for which a row that went to another state has a sign."""

KEPT_STRIPS = 500
"""So many rows are kept as they were drawn: some screens of them."""

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
    """Draws a ``Tree``. What stands above the rows stays: a line on how things are, the causes of trouble, and the
    titles of the columns. The cursor belongs to the tree."""

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
        listing: Tree,
        columns: tuple[Column, ...],
        make_row: MakeRow,
        heading: Callable[[int], Line],
        empty: Callable[[], str],
        id: str,
        moment: Callable[[], float],
    ) -> None:
        super().__init__(id=id)
        self._renderer = renderer
        self.listing = listing
        self._columns = columns
        self._make_row = make_row
        self._heading = heading
        self._empty = empty
        self._moment = moment
        self._moved: dict[str, float] = {}
        self._entities: Mapping[str, EntityView] = {}
        self.content: Mapping[str, int] = {}
        self._placed: list[Placed] = []
        self._gaps: list[str] = []
        self._said: Line = []
        """The line above the rows, as it was painted last."""
        self._drawn: dict[str, Picture] = {}
        self._strips: dict[str, tuple[tuple[object, ...], Picture, Strip]] = {}
        self._made: dict[str, Picture] = {}
        """Pictures of rows that were found to differ, until they are painted: none is made twice."""

    def show(self, entities: Mapping[str, EntityView], content: Mapping[str, int]) -> None:
        """Everything may have changed: order the rows anew and draw them all."""
        self._entities = entities
        self.content = content
        self.listing.rebuild(entities)
        self.draw_all()

    def update_rows(self, changed: Iterable[str], content: Mapping[str, int]) -> None:
        """These entities changed: draw their rows, or all if the order or the columns are others now."""
        changed = list(changed)
        if self.listing.update(self._entities, changed) or content != self.content:
            self.content = content
            self.draw_all()
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

    @property
    def above(self) -> int:
        """Lines above the rows that scroll: the line on how things are, the causes, the titles of the columns."""
        return bool(self._said) + self.listing.pinned + 1

    @property
    def lines_wanted(self) -> int:
        """Lines for everything to be in sight."""
        return self.above + max(1, len(self.listing.order) - self.listing.pinned)

    def draw_all(self) -> None:
        """Draw everything: the order, the columns or the size are others now."""
        self._placed = place(self._columns, max(20, self.size.width - GUTTER), self.content)
        gaps = (after.x - here.x - here.width for here, after in pairwise(self._placed))
        self._gaps = [*(" " * gap for gap in gaps), ""]
        self._drawn.clear()
        self._said = self._heading(self.size.width - GUTTER)
        self.virtual_size = Size(0, self.above + len(self.listing.order) - self.listing.pinned)
        self._keep_in_sight()
        self.redraw()

    def on_resize(self, event: events.Resize) -> None:
        if self.listing.index - self.listing.pinned < self.page:
            self.scroll_to(y=0, animate=False, force=True)  # what stands above the cursor has room now
        self.draw_all()

    def redraw(self) -> None:
        """Paint every row anew."""
        self._made.clear()
        self.refresh()

    def _line_of(self, index: int) -> int | None:
        """On which line of the widget a row stands; None while it is out of sight."""
        pinned = self.listing.pinned
        if index < pinned:
            return bool(self._said) + index
        line = self.above + index - pinned - self.scroll_offset.y
        return line if self.above <= line < self.size.height else None

    def _index_at(self, line: int) -> int | None:
        """The row on a line of the widget; None where none stands."""
        pinned, first = self.listing.pinned, bool(self._said)
        if first <= line < first + pinned:
            return line - first
        index = line - self.above + pinned + self.scroll_offset.y
        return index if line >= self.above and index < len(self.listing.order) else None

    def refresh_rows(self, *names: str | None) -> None:
        """Paint what differs on these rows, as far as they are in sight."""
        width = self.size.width
        regions = []
        for name in names:
            index = self.listing.place(name) if name is not None else None
            line = self._line_of(index) if index is not None else None
            if name is None or line is None:
                continue
            picture = self._made[name] = self._picture(name)
            start, end = differing(self._drawn.get(name), picture, width)
            if start < end:
                regions.append(Region(start, line, end - start, 1))
            else:
                del self._made[name]
        if regions:
            self.refresh(*regions)

    def _picture(self, name: str) -> Picture:
        """A row as it looks now: its ground and its line."""
        here = name == self.listing.cursor
        ground = ("row" if self.has_focus else "row-idle") if here else "base"
        glyphs, pointed = self._renderer.glyphs, here and self.has_focus
        sign = glyphs.cursor if pointed else glyphs.changed if name in self._moved else " "
        marked = glyphs.mark if name in self.listing.marks else " "
        lead: Line = [(sign, "key" if pointed else "match-mark"), (marked, "match-mark")]
        return ground, self._make_row(name, self._placed, self._gaps, lead, self.size.width - GUTTER)

    def tick(self) -> None:
        """A second has passed: paint what differs in the rows in sight."""
        self._fade_moved()
        self.redraw_heading()
        pinned, top = self.listing.pinned, self.scroll_offset.y + self.listing.pinned
        order = self.listing.order
        self.refresh_rows(*order[:pinned], *order[top : top + self.page])

    def redraw_heading(self) -> None:
        """Paint the line above the rows, if it says something else."""
        said = self._heading(self.size.width - GUTTER)
        if bool(said) != bool(self._said):
            self.draw_all()
        elif said != self._said:
            self._said = said
            self.refresh(Region(0, 0, self.size.width, 1))

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
        """Rows in sight, without the causes."""
        return max(1, self.size.height - self.above)

    def around(self, most: int) -> Sequence[str]:
        """So many names of the rows in sight at most, the one under the cursor among them; causes have none."""
        pinned, top = self.listing.pinned, self.scroll_offset.y
        seen = self.listing.order[pinned + top : pinned + top + self.page]
        here = self.listing.index - pinned - top
        first = max(0, min(here - most + 1, len(seen) - most))
        return seen[first : first + most]

    def _keep_in_sight(self) -> None:
        index, top = self.listing.index - self.listing.pinned, self.scroll_offset.y
        if index < 0:
            return
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
        if event.y == self.above - 1:
            self._sort_by(event.x)
        index = self._index_at(event.y)
        if index is None:
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
                self.draw_all()

    def render_line(self, y: int) -> Strip:
        width = self.size.width
        if y == 0 and self._said:
            return self._renderer.strip(self._said, width, "panel", GUTTER)
        if y == self.above - 1:
            return self._renderer.strip(self._header(), width, "panel", GUTTER)
        index = self._index_at(y)
        if index is None:
            nothing = y == self.above and len(self.listing.order) == self.listing.pinned
            line: Line = [("    " + self._empty(), "dim")] if nothing else []
            return self._renderer.strip(line, width, margin=GUTTER)
        name = self.listing.order[index]
        if name not in self._made:
            self._made[name] = self._picture(name)
        picture = self._drawn[name] = self._made.pop(name)
        return self._strip(name, picture, width)

    def _strip(self, name: str, picture: Picture, width: int) -> Strip:
        """A row as the terminal is sent it; one that only moved up or down is not made again."""
        look = (width, *self._renderer.look)
        kept = self._strips.get(name)
        if kept is not None and kept[0] == look and kept[1] == picture:
            return kept[2]
        if len(self._strips) > KEPT_STRIPS:
            self._strips.clear()
        strip = self._renderer.strip(picture[1], width, picture[0], GUTTER)
        self._strips[name] = look, picture, strip
        return strip

    def _header(self) -> Line:
        line: Line = [(" " * LEAD, "")]
        for number, column in enumerate(self._placed):
            sorted_by = self.listing.is_flat and self.listing.sort == column.key
            arrow = self._renderer.glyphs.up if self.listing.turned else self._renderer.glyphs.down
            title = f"{column.title}{arrow}" if sorted_by else column.title
            told = fit(title, column.width, column.right) + self._gaps[number]
            line.append((told, "strong" if sorted_by else "heading"))
        return line
