"""What fits: which columns a width has room for, and how a screen's height is shared out."""

from __future__ import annotations

from collections.abc import Mapping
from typing import NamedTuple

WIDE = 100
"""Columns from which on the details stand beside the nodes instead of beneath them."""

DETAIL_SHARE = 0.38
"""Part of the width that the detail pane takes on a wide screen."""


class Column(NamedTuple):
    """A column as data: the narrowest and widest it may be, and how gladly it leaves (higher goes first)."""

    key: str
    title: str
    least: int
    most: int
    leaves: int = 0
    right: bool = False
    optional: bool = False


TREE_COLUMNS = (
    Column("cluster", "CLUSTER", 6, 16, leaves=5, optional=True),
    Column("name", "CLUSTER NODE", 13, 28),
    Column("state", "STATE", 14, 24),
    Column("step", "STEP", 5, 5, leaves=3, right=True),
    Column("bar", "DONE", 8, 15, leaves=4),
    Column("since", "FOR", 6, 6, leaves=1, right=True),
    Column("ready", "READY", 8, 8, leaves=2),
    Column("note", "NOTE", 8, 400),
)
"""The columns of the fleet. How wide they are follows from names alone, and not from what happens."""

LEAD = 5
"""Cells before the first column: cursor, mark, fold, sign, shield."""


class Placed(NamedTuple):
    """A column with its place on the line."""

    key: str
    title: str
    x: int
    width: int
    right: bool


def place(columns: tuple[Column, ...], width: int, content: Mapping[str, int]) -> list[Placed]:
    """Fit the columns into ``width`` cells. ``content`` is the widest text of each; the last column takes
    the rest, an optional one without content stays away, and where there is no room the gladdest leave."""
    gap = 2 if width >= WIDE else 1
    kept = [column for column in columns if not column.optional or content.get(column.key, 0)]

    def wanted(column: Column) -> int:
        return min(max(content.get(column.key, 0), len(column.title), column.least), column.most)

    def needed(widths: list[int]) -> int:
        return LEAD + sum(widths) + gap * len(widths) + kept[-1].least

    def squeezed() -> list[int]:
        return [column.least if column.leaves else wanted(column) for column in kept[:-1]]

    while needed(squeezed()) > width and any(column.leaves for column in kept):
        kept.remove(max(kept, key=lambda column: column.leaves))
    widths = [wanted(column) for column in kept[:-1]]
    widths = _squeeze(kept, widths, needed(widths) - width)
    placed, x = [], LEAD
    for column, cells in zip(kept[:-1], widths, strict=True):
        placed.append(Placed(column.key, column.title, x, cells, column.right))
        x += cells + gap
    last = kept[-1]
    placed.append(Placed(last.key, last.title, x, max(0, width - x), last.right))
    return placed


def _squeeze(columns: list[Column], widths: list[int], excess: int) -> list[int]:
    """Take cells until ``excess`` is gone or each is at its least: first from those that would rather leave,
    then from the widest."""
    widths = list(widths)
    for _ in range(max(0, excess)):
        spare = [
            (column.leaves, width - column.least, place)
            for place, (column, width) in enumerate(zip(columns[:-1], widths, strict=True))
            if width > column.least
        ]
        if not spare:
            break
        widths[max(spare)[2]] -= 1
    return widths


class Heights(NamedTuple):
    """Lines for each part of the fleet screen between the title and the footer."""

    rows: int
    strip: int
    log: int


STRIP = 7
"""Lines of the story beneath the rows."""


def share(height: int, rows: int, wide: bool) -> Heights:
    """Share out ``height`` lines among so many rows, with what stands above them, the story of the selected one, which
    is there only if no pane shows it, and the log, which takes what is left, at least a quarter where there is room."""
    height = max(0, height)
    strip = 0 if wide or height < 14 else STRIP
    rest = height - strip
    least_log = min(max(3, height // (4 if wide else 6)), max(0, rest - 4))
    for_rows = min(max(rows, 3), max(0, rest - least_log))
    return Heights(for_rows, strip, max(0, rest - for_rows))
