"""A window on the log: which lines are shown, whether it follows or stands still, where the search is."""

from __future__ import annotations

from bisect import bisect_left, bisect_right

from nxtui.draw.text import Line, Span, clean, fit
from nxtui.model.entry import Entry
from nxtui.model.known import LOG_KEPT, LogBook
from nxtui.model.log_filter import LogFilter
from nxtui.model.times import clock, date

LEVELS = ("debug", "info", "warning", "error")
STEPS = ("debug", "warning", "error")
"""What the level key goes through: everything, warnings and worse, errors."""


class LogWindow:
    """The lines of a book that pass the filter, with a cursor; paused, nothing in it moves."""

    def __init__(self, book: LogBook, kept: int = LOG_KEPT) -> None:
        self._book = book
        self._kept = kept
        self._seen = book.first
        self._generation = book.generation
        self.shown: list[Entry] = []
        self.level = STEPS[0]
        self.names: frozenset[str] | None = None
        self.log_filter = LogFilter()
        self.marks: set[int] = set()
        self.cursor = 0
        self.follow = True
        self.paused = False
        self.fresh = 0
        self.sought = ""
        self.hits: list[int] = []
        self.rebuild()

    def passes(self, event: Entry) -> bool:
        """Whether the line is one of those asked for."""
        if LEVELS.index(event.level) < LEVELS.index(self.level):
            return False
        if self.names is not None and event.node not in self.names and event.cluster not in self.names:
            return False
        return not self.log_filter.words or self.log_filter.passes(event)

    def rebuild(self) -> None:
        """Apply the filter to the whole book; the cursor stays on its line if that is still there."""
        at = self.shown[self.cursor].revision if self.shown and not self.follow else None
        if self._generation != self._book.generation:
            self.marks.clear()
        self._generation = self._book.generation
        self._seen = self._book.end
        numbers = range(self._book.first, self._book.end)
        self.shown = [self._book[number] for number in numbers if self.passes(self._book[number])]
        self.fresh = 0
        self.cursor = self._nearest(at)
        self._seek_all()

    def _nearest(self, revision: int | None) -> int:
        last = max(0, len(self.shown) - 1)
        if revision is None:
            return last
        return min(last, bisect_left(self.shown, revision, key=lambda event: event.revision))

    def extend(self) -> bool:
        """Take in what the book has learnt; True if a line was added. Paused, new lines are only counted."""
        if self._generation != self._book.generation:
            self.paused = False
            self.rebuild()
            return True
        start, self._seen = max(self._seen, self._book.first), self._book.end
        news = [event for number in range(start, self._seen) if self.passes(event := self._book[number])]
        if self.paused:
            self.fresh += len(news)
            return False
        for event in news:
            if self.sought and self._hit(event):
                self.hits.append(len(self.shown))
            self.shown.append(event)
        if len(self.shown) > self._kept + self._kept // 10:
            passed = len(self.shown) - self._kept
            del self.shown[:passed]
            self.cursor = max(0, self.cursor - passed)
            self._seek_all()
        if self.follow and self.shown:
            self.cursor = len(self.shown) - 1
        return bool(news)

    def show(self, names: frozenset[str] | None) -> None:
        """Show only the lines of these nodes and clusters, or all."""
        if names != self.names:
            self.names = names
            self.rebuild()

    def narrow(self, log_filter: LogFilter) -> None:
        """Show only what passes a filter."""
        if log_filter.words != self.log_filter.words:
            self.log_filter = log_filter
            self.rebuild()
        self.log_filter = log_filter

    def toggle_mark(self) -> None:
        """Mark the line under the cursor, or take its mark away."""
        if self.shown:
            self.marks ^= {self.shown[self.cursor].revision}

    def chosen(self) -> list[Entry]:
        """The marked lines that are shown, else all that are shown."""
        return [event for event in self.shown if event.revision in self.marks] or self.shown

    def step_level(self, by: int) -> str:
        """Go to a stricter level, or back towards all of them if negative."""
        self.level = STEPS[max(0, min(STEPS.index(self.level) + by, len(STEPS) - 1))]
        self.rebuild()
        return self.level

    def toggle_pause(self) -> None:
        """Freeze what is shown, or catch up with what came meanwhile."""
        self.paused = not self.paused
        if not self.paused:
            self.rebuild()

    def move_to(self, index: int) -> None:
        """Put the cursor on a line; on the last one the window follows again."""
        last = max(0, len(self.shown) - 1)
        self.cursor = max(0, min(index, last))
        self.follow = self.cursor == last

    def seek(self, text: str) -> None:
        """Search for text, in any case, and go to the next hit from the cursor on, else to the one before."""
        self.sought = text.lower()
        self._seek_all()
        if self.hits:
            place = bisect_left(self.hits, self.cursor)
            self.move_to(self.hits[min(place, len(self.hits) - 1)])

    def step(self, forward: bool) -> bool:
        """Go to the next or previous hit, around the end; False if there is none."""
        if not self.hits:
            return False
        if forward:
            place = bisect_right(self.hits, self.cursor) % len(self.hits)
        else:
            place = bisect_left(self.hits, self.cursor) - 1
        self.move_to(self.hits[place])
        return True

    @property
    def hit_number(self) -> int:
        """Which hit the cursor is on, from 1; 0 if on none."""
        place = bisect_left(self.hits, self.cursor)
        return place + 1 if self.hits[place : place + 1] == [self.cursor] else 0

    def _seek_all(self) -> None:
        self.hits = [i for i, event in enumerate(self.shown) if self._hit(event)] if self.sought else []

    def _hit(self, event: Entry) -> bool:
        return self.sought in event.message.lower() or self.sought in (event.node or "").lower()


_INK = {"debug": "dim", "info": "", "warning": "attention", "error": "failed-strong"}


def who(event: Entry) -> str:
    """The node it is about, else the cluster, else the daemon itself."""
    return event.node or event.cluster or "nxd"


def said(event: Entry) -> str:
    """The message, with the actor where a person did it and it does not name them."""
    text = clean(event.message)
    told = event.kind != "verb" or not event.actor or event.actor in text
    return text if told else f"{text} (by {event.actor})"


STAMPS = ("clock", "date", "none")
"""What the times key goes through: the time of day, date and time, no time."""

STAMP_CELLS = {"clock": 9, "date": 27, "none": 0}
"""Cells that each of them takes, with the blank behind it."""


def stamped(moment: float, stamp: str) -> str:
    """The time of a line as it is shown, with the blank behind it."""
    if stamp == "none":
        return ""
    return f"{clock(moment) if stamp == 'clock' else date(moment)} "


def prefix(
    event: Entry,
    names: int,
    level_signs: dict[str, str],
    kinds: bool,
    stamp: str = "clock",
    mark: str = " ",
) -> Line:
    """Everything before the message: mark, time, sign of the level, who, and where there is room the kind."""
    level = event.level
    line: Line = [
        (mark, "match-mark"),
        (stamped(event.time, stamp), "dim"),
        (level_signs[level] + " ", _INK[level]),
        (fit(who(event), names) + " ", "dim" if level in ("debug", "info") else _INK[level]),
    ]
    if kinds:
        line.append((f"{event.kind:<10} ", "dim"))
    return line


def message(event: Entry, sought: str = "") -> Line:
    """The message with the places that were searched for marked."""
    text, ink = said(event), _INK[event.level]
    if not sought:
        return [(text, ink)]
    spans: list[Span] = []
    low, start = text.lower(), 0
    while (found := low.find(sought, start)) >= 0:
        spans += [(text[start:found], ink), (text[found : found + len(sought)], "match")]
        start = found + len(sought)
    return [*spans, (text[start:], ink)]


def as_text(event: Entry) -> str:
    """The line as it is copied and saved."""
    return f"{date(event.time)} {event.level} {who(event)} {said(event)}"
