"""Which piece of time is shown, and in which cells: zoom, the present, stretches in which nothing ran."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Literal, NamedTuple

from daemon.display.durations import lasting
from daemon.display.timeline import ZOOMS, aligned, fitting
from daemon.wire import StepView, TimelineView

QUIET = 600.0
"""Seconds for which nothing ran, from which on a stretch can be folded."""
_RUNS = ("cloud", "waits", "machine", "undone")


class Cell(NamedTuple):
    """A cell of the axis, or a stretch that is folded, with the words in its place."""

    begin: float
    end: float
    text: str = ""

    @property
    def width(self) -> int:
        """Columns that it takes."""
        return len(self.text) or 1


class TimelineMark(NamedTuple):
    """A failure, or a try anew: when, of whom."""

    time: float
    name: str
    what: Literal["failed", "retried"]


class Span:
    """The piece of time that is shown. It follows the present until a person moves it."""

    def __init__(self) -> None:
        self._zoom: float | None = None
        self._begin: float | None = None
        self.folds = False

    def zoom(self, by: int, extent: tuple[float, float], count: int, around: float) -> None:
        """Cells that last longer, or shorter if ``by`` is negative, with a moment kept where it is."""
        seconds, begin = self.place(extent, count)
        at = max(0, min(len(ZOOMS) - 1, ZOOMS.index(seconds) + by))
        self._zoom = ZOOMS[at]
        share = min(1.0, max(0.0, (around - begin) / (seconds * count)))
        self._begin = aligned(around - share * self._zoom * count, self._zoom)

    def shift(self, cells: int, extent: tuple[float, float], count: int) -> None:
        """Earlier, if negative, or later by so many cells, as far as anything happened."""
        seconds, begin = self.place(extent, count)
        last = aligned(extent[1], seconds) - seconds * (count // 2)
        first = aligned(extent[0], seconds) - seconds * (count // 2)
        self._zoom, self._begin = seconds, max(first, min(last, begin + cells * seconds))

    def show(self, moment: float, extent: tuple[float, float], count: int) -> None:
        """Move so far that a moment is in sight."""
        seconds, begin = self.place(extent, count)
        if not begin <= moment < begin + seconds * count:
            self._zoom, self._begin = seconds, aligned(moment, seconds) - seconds * (count // 2)

    def place(self, extent: tuple[float, float], count: int) -> tuple[float, float]:
        """How long a cell lasts, and where the first one begins."""
        first, last = extent
        seconds = self._zoom or fitting(first, last, max(1, count - 1))
        if self._begin is not None:
            return seconds, self._begin
        if aligned(first, seconds) + seconds * count > last:
            return seconds, aligned(first, seconds)
        return seconds, aligned(last, seconds) - seconds * (count - 1)

    def cells(
        self, extent: tuple[float, float], count: int, quiet: Sequence[tuple[float, float]], bar: str
    ) -> list[Cell]:
        """The cells that fit into so many columns."""
        seconds, moment = self.place(extent, count)
        cells: list[Cell] = []
        room = count
        while room > 0:
            stretch = next((one for one in quiet if one[0] <= moment < one[1]), None) if self.folds else None
            cell = Cell(moment, moment + seconds)
            if stretch is not None:
                end = aligned(stretch[1], seconds)
                folded = Cell(moment, end, f"{bar}{lasting(end - moment)}{bar}")
                if end - moment > seconds * folded.width:
                    cell = folded
            if cell.width > room:
                break
            cells.append(cell)
            room -= cell.width
            moment = cell.end
        return cells


def extent(timelines: Iterable[TimelineView], now: float) -> tuple[float, float]:
    """From the first that happened to the last that is expected."""
    begins, ends = [now], [now]
    for one in timelines:
        if one["stays"]:
            begins.append(one["stays"][0]["started"])
        ends.append(one.get("ready_at", now))
    return min(begins), max(ends)


def quiet(timelines: Iterable[TimelineView], now: float) -> list[tuple[float, float]]:
    """Stretches of time until now in which nothing ran and nothing was marked, in order."""
    busy: list[tuple[float, float]] = []
    for one in timelines:
        for stay in one["stays"]:
            if "mark" in stay:
                busy.append((stay["started"], stay["started"]))
            if stay.get("nature", "cloud") in _RUNS:
                busy.append((stay["started"], now if stay["ended"] is None else stay["ended"]))
    busy.sort()
    found: list[tuple[float, float]] = []
    over: float | None = None
    for begin, end in busy:
        if over is not None and begin - over > QUIET:
            found.append((over, begin))
        over = end if over is None else max(over, end)
    if over is not None and now - over > QUIET:
        found.append((over, now))
    return found


def steps_of(timeline: TimelineView) -> list[StepView]:
    """The steps of a way that nobody told, as it went through them; what they usually take is not known then."""
    names = {one["state"]: one["title"] for one in timeline["stays"] if one.get("nature", "cloud") in _RUNS}
    return [
        StepView(name=name, title=title, place=place, deadline=None, usual=None, slow_after=None, runs=0)
        for place, (name, title) in enumerate(names.items(), 1)
    ]


def marks(timelines: Iterable[TimelineView]) -> list[TimelineMark]:
    """Every failure and every try anew, in order."""
    return sorted(
        TimelineMark(stay["started"], one["name"], stay["mark"])
        for one in timelines
        for stay in one["stays"]
        if "mark" in stay
    )
