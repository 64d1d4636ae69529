"""The timeline: what clusters and nodes went through, on one axis of time, and when they are expected to be ready."""

from __future__ import annotations

from collections.abc import Callable

from textual import work
from textual.app import ComposeResult

from daemon.client import query
from daemon.wire import EntityView, TimelineView
from nxtui import keys
from nxtui.draw import timeline as drawn
from nxtui.draw.choice import filtered
from nxtui.draw.text import Line, plain
from nxtui.model import timelines
from nxtui.model.known import Changes
from nxtui.model.listing import SORTS
from nxtui.model.timelines import Cell, Span, TimelineMark
from nxtui.model.times import clock
from nxtui.model.trail import Place
from nxtui.screens.history import went_through
from nxtui.screens.row_screen import RowScreen
from nxtui.widgets.ask import AskLine
from nxtui.widgets.chart import Chart
from nxtui.widgets.oneline import OneLine
from nxtui.widgets.page import Page

SMALL = 14
"""Lines from which on there is room for the tries and the legend beneath the rows."""
AT_ONCE = 60
"""So many timelines are asked for at once."""
OLDER = "This nxd tells of no timelines: it is older than this nxtui."


class TimelineScreen(RowScreen):
    """Clusters with their nodes, those in trouble first; beneath them the tries of the one under the cursor."""

    screen_name = "timeline"
    BINDINGS = keys.bindings("timeline")

    def __init__(self, name: str | None) -> None:
        super().__init__()
        self._of = name
        self._alone = False
        self._query = query.Query()
        self._told: dict[str, TimelineView] = {}
        self._outdated: set[str] = set()
        self._span = Span()
        self._mark: TimelineMark | None = None
        self._why_empty = ""
        self._room: tuple[int, int] | None = None
        """Columns for names, and for time."""

    def compose_body(self) -> ComposeResult:
        renderer, fleet = self.nx.renderer, self.nx.fleet
        self.times = OneLine(renderer, lambda _: self._axis()[0], id="times")
        self.ticks = OneLine(renderer, lambda _: self._axis()[1], id="ticks")
        self.chart = Chart(renderer, fleet.find, self._told.get, self._empty, id="chart")
        self.table = Page(renderer, self._table, ground="panel", id="tries")
        self.legend = OneLine(renderer, lambda width: drawn.legend(renderer.ascii, width), id="legend")
        self.found = OneLine(renderer, self._marks_line, id="marks")
        self.narrowed = OneLine(renderer, self._filter_words, ground="panel", id="timeline-filter")
        self.narrowed.display = False
        self.ask = AskLine(hidden=True)
        yield self.times
        yield self.ticks
        yield self.chart
        yield self.table
        yield self.legend
        yield self.found
        yield self.narrowed
        yield self.ask

    def on_mount(self) -> None:
        self.chart.focus()
        self.lay_out()
        if self._of in self.chart.names:
            self.chart.cursor = self.chart.names.index(self._of)

    def on_resize(self) -> None:
        height = self.size.height
        self.table.styles.height = min(14, height // 3) if height >= SMALL else 0
        self.legend.display = height >= SMALL
        self.call_after_refresh(self.lay_out)

    # what is shown

    def _names(self) -> list[str]:
        """Clusters with their nodes beneath them, trouble first."""
        fleet = self.nx.fleet
        if self._alone and self._of is not None:
            return [self._of]
        names: list[str] = []
        for cluster in sorted(fleet.clusters.values(), key=SORTS["trouble"]):
            nodes = [node for node in fleet.nodes.values() if node["cluster"] == cluster["name"]]
            kept = [node["name"] for node in sorted(nodes, key=SORTS["trouble"]) if self._query.keeps(node)]
            if kept or self._query.keeps(cluster):
                names += [cluster["name"], *kept]
        return names

    def lay_out(self, anew: bool = True) -> None:
        """Lay the rows out; ``anew``: other rows may be there than before."""
        names = self._names() if anew else self.chart.names
        if anew or self._room is None:
            self._room = drawn.room(self.size.width, names)
        left, count = self._room
        cells = self._cells(self._now, count)
        self.chart.show(names, cells if cells != self.chart.cells else self.chart.cells, left, self._now)
        self._redraw()
        self._fetch_seen()

    def _cells(self, now: float, count: int) -> list[Cell]:
        """The cells of the piece of time that is shown."""
        known = self._known()
        quiet = timelines.quiet(known, now) if self._span.folds else ()
        return self._span.cells(timelines.extent(known, now), count, quiet, self._bar)

    @property
    def _bar(self) -> str:
        return "/" if self.nx.renderer.ascii else "╱"

    @property
    def _now(self) -> float:
        return self.nx.fleet.now or 0.0

    def _known(self) -> list[TimelineView]:
        """The timelines of the rows that were fetched."""
        if not (self._alone or self._query):
            return list(self._told.values())
        return [self._told[name] for name in self.chart.names if name in self._told]

    def _count(self) -> int:
        return drawn.room(self.size.width, ())[1] if self._room is None else self._room[1]

    def _filter_words(self, width: int) -> Line:
        fleet = self.nx.fleet
        left = f"{len(self.chart.names)} of {len(fleet.clusters) + len(fleet.nodes)} rows"
        return filtered(self._query.text, left, width)

    def _redraw(self) -> None:
        self.narrowed.display = bool(self._query.text) and not self.ask.display
        self.narrowed.redraw()
        for line in (self.times, self.ticks, self.legend, self.found):
            line.redraw()
        self.table.redraw()
        self.redraw_frame()

    def _axis(self) -> tuple[Line, Line]:
        return drawn.axis(self.chart.cells, self._now, self.chart.left, self.nx.renderer.ascii)

    def _marks_line(self, width: int) -> Line:
        return drawn.marks(timelines.marks(self._known()), self.nx.renderer.ascii, width, self._untold())

    def _untold(self) -> str:
        """That what failed is not known, where rows in sight were not told; empty where they were."""
        if all(name in self._told for name in self.chart.in_sight):
            return ""
        unknown = self.nx.fleet.unknown
        return f"What failed is {unknown}." if unknown else "The daemon has not told yet what failed."

    def _table(self, width: int) -> list[Line]:
        name = self.chart.selected
        entity, told = (None, None) if name is None else (self.nx.fleet.find(name), self._told.get(name))
        if entity is None or told is None:
            return []
        steps = self.nx.fleet.history.told(entity) or timelines.steps_of(told)
        most = max(2, self.table.size.height - 1)
        glyphs = self.nx.renderer.glyphs
        head: Line = [(f" {entity['name']}", "strong"), (f"  {entity['title']}", "")]
        return [head, *drawn.tries(told, steps, self._now, width, most, glyphs)]

    def _empty(self) -> str:
        if self._query or self._why_empty:
            return self._why_empty or "Nothing fits."
        unknown = self.nx.fleet.unknown
        return f"What there is is {unknown}." if unknown else "There is no cluster yet."

    # what the daemon says

    def _fetch_seen(self) -> None:
        """Ask for what is in sight, and then for its neighbours too: the next keys find them here."""
        if any(self._is_wanted(name) for name in self.chart.in_sight):
            self._fetch([name for name in self.chart.around(AT_ONCE) if self._is_wanted(name)])

    def _is_wanted(self, name: str) -> bool:
        return name not in self._told or name in self._outdated

    @work(exclusive=True, group="timelines")
    async def _fetch(self, names: list[str]) -> None:
        """Get what these went through; what cannot be had stays as it is."""
        from daemon.client import DaemonRefused, DaemonUnreachable

        try:
            found = await went_through(self.nx, names)
        except DaemonRefused as refused:
            self._why_empty = OLDER if refused.status == 404 else refused.error["message"]
            self.nx.say(self._why_empty, "warning")
            return
        except DaemonUnreachable:
            return
        self._outdated.difference_update(names)
        self._told.update((one["name"], one) for one in found)
        for name in names:
            self._told.setdefault(name, TimelineView(name=name, kind="node", cluster="", stays=[], usual=[]))
        self.lay_out(anew=False)

    def changed(self, changes: Changes) -> None:
        if changes.whole or changes.vanished or changes.nodes:
            for name in [name for name in self._told if self.nx.fleet.find(name) is None]:
                del self._told[name]
        if changes.whole:
            self._outdated.update(self._told)
        self._outdated |= changes.moved
        self._outdated |= {name for name in (*changes.nodes, *changes.clusters) if name in self._told}
        fleet = self.nx.fleet
        is_another = changes.whole or bool(changes.vanished) or len(self.chart.names) == 0
        if is_another or any(fleet.find(name) is None for name in (*changes.nodes, *changes.clusters)):
            self.lay_out()
        elif not self._outdated.isdisjoint(self.chart.in_sight):
            self._fetch_seen()
        self.redraw_frame()

    def tick(self) -> None:
        """The present moves by whole cells: within one nothing is drawn anew."""
        now, cells = self._now, self.chart.cells
        if drawn.column(cells, self.chart.now) != drawn.column(cells, now):
            if self._cells(now, self._count()) == cells:
                self.chart.advance(now)
                self.ticks.redraw()
            else:
                self.lay_out(anew=False)
        self.table.redraw()

    # what a person does

    def idle(self) -> frozenset[str]:
        return frozenset(() if timelines.marks(self._known()) else ("next_mark",))

    def crumbs(self) -> tuple[str, ...]:
        of = self._of if self._alone and self._of is not None else "all"
        cells = self.chart.cells
        seconds = next((cell.end - cell.begin for cell in cells if not cell.text), 0.0)
        size = f"{seconds:.0f} s" if seconds < 60 else f"{seconds / 60:g} min"
        return ("timeline", f"{of} {self.nx.renderer.glyphs.dot} {size} a cell")

    def place(self) -> Place:
        return Place("timeline", self._of)

    def pointed(self) -> EntityView | None:
        return None if (name := self.chart.selected) is None else self.nx.fleet.find(name)

    def targets(self) -> list[EntityView]:
        return [entity] if (entity := self.pointed()) is not None else []

    def copied_text(self) -> str:
        name = self.chart.selected
        return "" if name is None else "\n".join(plain(line) for line in self._table(80))

    def to_row(self, row: int) -> None:
        self.chart.move_to(row)
        self.table.redraw()
        self.redraw_frame()
        self._fetch_seen()

    @property
    def row_here(self) -> int:
        return self.chart.cursor

    @property
    def row_last(self) -> int:
        return len(self.chart.names)

    @property
    def rows_a_page(self) -> int:
        return self.chart.size.height - 2

    def _moved(self, move: Callable[[tuple[float, float], int], None]) -> None:
        """Another piece of time is shown."""
        move(timelines.extent(self._known(), self._now), self._count())
        self.lay_out(anew=False)

    def action_zoom_in(self) -> None:
        around = self._mark.time if self._mark is not None else self._now
        self._moved(lambda extent, count: self._span.zoom(-1, extent, count, around))

    def action_zoom_out(self) -> None:
        around = self._mark.time if self._mark is not None else self._now
        self._moved(lambda extent, count: self._span.zoom(1, extent, count, around))

    def go_out(self) -> None:
        self._moved(lambda extent, count: self._span.shift(-(count // 2), extent, count))

    def go_in(self) -> None:
        self._moved(lambda extent, count: self._span.shift(count // 2, extent, count))

    def action_fold_quiet(self) -> None:
        """Fold stretches in which nothing ran, or show them again."""
        self._span.folds = not self._span.folds
        self.lay_out(anew=False)
        self.nx.say("Quiet stretches are folded." if self._span.folds else "Every stretch of time is shown.")

    def action_next_mark(self) -> None:
        self._to_mark(1)

    def action_prev_mark(self) -> None:
        self._to_mark(-1)

    def _to_mark(self, by: int) -> None:
        """The next failure or try anew, or the one before, and whose it is."""
        found = timelines.marks(self._known())
        if not found:
            self.nx.say(self._untold() or "No failure and no retry is in sight.")
            return
        at = found.index(self._mark) + by if self._mark in found else (0 if by > 0 else len(found) - 1)
        mark = self._mark = found[at % len(found)]
        self._moved(lambda extent, count: self._span.show(mark.time, extent, count))
        self.to_row(self.chart.names.index(mark.name))
        self.nx.say(f"{clock(mark.time)} {mark.name} {mark.what}", about=mark.name)

    def action_scope(self) -> None:
        """The one that was asked for, or all."""
        if self._of is None:
            self._of = self.chart.selected
        self._alone = not self._alone
        self.lay_out()

    def action_open(self) -> None:
        if (name := self.chart.selected) is not None:
            self.nx.open_entity(name)

    def action_filter(self) -> None:
        self.ask.open("/", self._query.text, "state:failed !cluster:a text")

    def on_ask_line_changed(self, event: AskLine.Changed) -> None:
        self._query = query.parse(event.text)
        self.lay_out()

    def on_ask_line_submitted(self, event: AskLine.Submitted) -> None:
        self.ask.close()
        self.chart.focus()
        self._query = query.parse(event.text)
        self.lay_out()

    def action_back(self) -> None:
        """End the filter first, then leave; a line that is open goes before it."""
        if self.ask.display:
            self.ask.action_clear()
        elif self._query.text:
            self._query = query.Query()
            self.lay_out()
        else:
            self.nx.close_screen(self)
