"""Time cut into cells: what a record mostly did in each of them, and what must never be hidden."""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Sequence
from typing import Literal

from daemon.wire import Nature, StepTiming

Fill = Literal[
    "", "cloud", "waits", "machine", "pending", "ready", "well", "stopped", "undone", "released", "failed",
    "retried", "both", "expected", "end",
]  # fmt: skip
"""What a cell shows: what filled most of it, that something failed, was retried, or both in it, or what is expected."""

SIGNS: dict[Fill, str] = {
    "": " ",
    "cloud": "▒",
    "waits": "░",
    "machine": "█",
    "pending": "∙",
    "ready": "─",
    "well": "━",
    "stopped": "·",
    "undone": "‹",
    "released": " ",
    "failed": "✗",
    "retried": "↻",
    "both": "※",
    "expected": "┄",
    "end": "◇",
}
SIGNS_IN_ASCII: dict[Fill, str] = {
    "": " ",
    "cloud": "=",
    "waits": ".",
    "machine": "#",
    "pending": ",",
    "ready": "-",
    "well": "+",
    "stopped": "_",
    "undone": "<",
    "released": " ",
    "failed": "x",
    "retried": "r",
    "both": "%",
    "expected": "~",
    "end": "o",
}
LEGEND: tuple[tuple[Fill, str], ...] = (
    ("cloud", "cloud"),
    ("waits", "waits"),
    ("machine", "installs"),
    ("ready", "ready"),
    ("well", "active"),
    ("stopped", "stopped"),
    ("failed", "failed"),
    ("retried", "retry"),
    ("expected", "expected"),
    ("end", "its end"),
)
"""Each sign that needs a word."""

ZOOMS = (30.0, 60.0, 180.0, 600.0, 1800.0, 7200.0, 21600.0, 86400.0, 604800.0)
"""Seconds that one cell may last."""


def fills(
    stays: Sequence[StepTiming], edges: Sequence[float], now: float, ready_at: float | None = None
) -> list[Fill]:
    """What each cell shows; ``edges`` are where the cells begin, and where the last one ends. What is yet to come is
    shown from the cell after the present one on, up to the end."""
    count, begin, end = len(edges) - 1, edges[0], min(now, edges[-1])
    shares: list[dict[Fill, float]] = [{} for _ in range(count)]
    marks: dict[int, Fill] = {}
    for stay in stays:
        ended = now if stay["ended"] is None else stay["ended"]
        mark: Fill = stay.get("mark", "")
        if mark and begin <= stay["started"] < edges[-1]:
            at = bisect_right(edges, stay["started"]) - 1
            marks[at] = mark if marks.get(at, mark) == mark else "both"
        first, last = max(begin, stay["started"]), min(end, ended)
        at = max(0, bisect_right(edges, first) - 1)
        while first < last and at < count:
            over = min(last, edges[at + 1])
            fill: Nature = stay.get("nature", "cloud")
            shares[at][fill] = shares[at].get(fill, 0.0) + over - first
            first, at = over, at + 1
    told: list[Fill] = [max(share, key=share.__getitem__) if share else "" for share in shares]
    if ready_at is not None and ready_at > now:
        _expect(told, edges, now, ready_at)
    for at, shown in marks.items():
        told[at] = shown
    return told


def _expect(told: list[Fill], edges: Sequence[float], now: float, ready_at: float) -> None:
    """What is expected, from the cell after the present one to the one in which it ends."""
    first = max(0, bisect_right(edges, now))
    last = bisect_right(edges, ready_at) - 1
    for at in range(first, min(last, len(told))):
        told[at] = "expected"
    if first <= last < len(told):
        told[last] = "end"


def even(begin: float, seconds: float, count: int) -> list[float]:
    """The edges of so many cells that last equally long."""
    return [begin + seconds * at for at in range(count + 1)]


def fitting(begin: float, end: float, count: int) -> float:
    """The shortest length of a cell with which so many cells reach from begin to end."""
    return next((zoom for zoom in ZOOMS if zoom * count >= end - begin), ZOOMS[-1])


def aligned(begin: float, seconds: float) -> float:
    """Where the cell begins in which a moment is: nothing moves within a cell's time."""
    return begin // seconds * seconds
