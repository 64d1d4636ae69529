"""What fits: which columns a width has room for, and how a screen's height is shared out."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Literal, NamedTuple

WIDE = 100
"""Columns from which on the details stand beside the nodes instead of beneath them."""

DETAIL_SHARE = 0.37
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

NOTE_ROOM = 12
"""Cells that a note has where the bar can spare them: ``62 % · try 2``."""
BAR_KEEPS = 10
"""Cells of the bar that are not given to the note."""
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
    if kept[-1].key == "note":
        _ease(kept, widths, needed(widths) - kept[-1].least + NOTE_ROOM - width)
    placed, x = [], LEAD
    for column, cells in zip(kept[:-1], widths, strict=True):
        placed.append(Placed(column.key, column.title, x, cells, column.right))
        x += cells + gap
    last = kept[-1]
    placed.append(Placed(last.key, last.title, x, max(0, width - x), last.right))
    return placed


def _ease(columns: list[Column], widths: list[int], wanted: int) -> None:
    """Take so many cells for the note, as far as the bar has more than it keeps."""
    at = next((at for at, column in enumerate(columns) if column.key == "bar"), None)
    if at is not None and wanted > 0:
        widths[at] -= max(0, min(wanted, widths[at] - BAR_KEEPS))


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


Part = Literal["rows", "strip", "history", "log", "pane", "clusters", "calls"]


class Spot(NamedTuple):
    """Where a part of the fleet stands, beneath the title."""

    x: int
    y: int
    width: int
    height: int


class Wanted(NamedTuple):
    """Lines that the rows and their history would fill, and whether nothing moves: then the night is told."""

    rows: int
    history: int = 0
    is_quiet: bool = False


STRIP, QUIET_STRIP = 7, 3
"""Lines of the story beneath the rows; where all is well there is less to say."""
SMALL = 8
"""Lines from which on the log has some for sure."""
LARGE, TALL = 140, 36
"""Columns and lines from which on the history and the calls are there."""
HUGE, VERY_TALL = 200, 50
"""Columns and lines from which on the clusters have a pane of their own."""
STORY = 0.44
"""Part of the height that rows and story have at least in three bands."""
MOST_ROWS = 0.5
"""And at most."""
LEAST_HISTORY, LEAST_BELOW = 3, 8


def arrange(columns: int, lines: int, wanted: Wanted) -> dict[Part, Spot]:
    """Where each part stands in so many columns and lines; one that is not there has no room. It depends on the size
    and on how many rows there are, and on nothing that changes with the cursor."""
    columns, lines = max(1, columns), max(0, lines)
    if columns >= LARGE and lines >= TALL:
        found = _in_bands(columns, lines, wanted)
    else:
        found = _beneath(columns, lines, wanted)
    return {part: spot for part, spot in found.items() if spot.width > 0 and spot.height > 0}


def _beneath(columns: int, lines: int, wanted: Wanted) -> dict[Part, Spot]:
    """One beneath the other, with the story beside them where it has room; the log takes what is left, at least a
    quarter where there is room, and of a quiet night what the night leaves."""
    pane = int(columns * DETAIL_SHARE) if columns >= WIDE else 0
    strip = 0 if pane or lines < 14 else QUIET_STRIP if wanted.is_quiet else STRIP
    rest = lines - strip
    least_log = min(max(3, lines // (4 if pane else 6)), max(0, rest - 4)) if lines >= SMALL else 0
    rows = min(max(wanted.rows, 3), max(0, rest - least_log))
    history = min(wanted.history, rest - rows - least_log) if wanted.is_quiet else 0
    history = history if history > 1 else 0
    log = rest - rows - history
    if log == 1:
        rows, log = rows + 1, 0
    left = columns - pane
    found: dict[Part, Spot] = {"pane": Spot(left, 0, pane, lines)}
    return found | _stacked(left, {"rows": rows, "history": history, "strip": strip, "log": log})


def _stacked(width: int, heights: dict[Part, int]) -> dict[Part, Spot]:
    """Parts of one width, one beneath the other."""
    found: dict[Part, Spot] = {}
    y = 0
    for part, height in heights.items():
        found[part] = Spot(0, y, width, height)
        y += height
    return found


def _in_bands(columns: int, lines: int, wanted: Wanted) -> dict[Part, Spot]:
    """Three bands: rows with their story beside them, the history of them, the log and the calls. What one does not
    fill goes to the one beneath it."""
    is_huge = columns >= HUGE and lines >= VERY_TALL
    clusters = columns * 23 // 100 if is_huge else 0
    pane = columns * 31 // 100 if is_huge else int(columns * DETAIL_SHARE)
    left = columns - pane - clusters
    above = min(max(wanted.rows, int(lines * STORY)), int(lines * MOST_ROWS))
    history = max(LEAST_HISTORY, min(wanted.history, lines * 2 // 5, lines - above - LEAST_BELOW))
    below = lines - above - history
    calls = columns * 9 // 20 if is_huge else pane
    return {
        "rows": Spot(0, 0, left, above),
        "pane": Spot(left, 0, pane, above),
        "clusters": Spot(left + pane, 0, clusters, above),
        "history": Spot(0, above, columns, history),
        "log": Spot(0, above + history, columns - calls, below),
        "calls": Spot(columns - calls, above + history, calls, below),
    }
