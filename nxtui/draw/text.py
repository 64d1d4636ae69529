"""Lines of styled words, and the few ways to measure, cut and phrase them.

A line is a list of spans; a span is a piece of text and the name of an ink (see ``themes``). Nothing here
knows the terminal, so every screen can be checked as plain text.
"""

from __future__ import annotations

import textwrap
import time
from collections.abc import Iterable, Sequence
from functools import lru_cache

from rich.cells import cell_len, set_cell_size

Span = tuple[str, str]
Line = list[Span]

UNKNOWN = "–"


def plain(line: Sequence[Span]) -> str:
    """The words of a line without their inks."""
    return "".join(text for text, _ in line)


def cells_of(text: str) -> int:
    """Terminal cells that clean text takes."""
    return len(text) if text.isascii() else cell_len(text)


def width_of(line: Sequence[Span]) -> int:
    """Terminal cells the line takes."""
    return sum(cells_of(text) for text, _ in line)


def clean(text: str) -> str:
    """The text with what would move the cursor (escapes, tabs, line ends) replaced by blanks."""
    if text.isprintable():
        return text
    return "".join(char if char.isprintable() else " " for char in text)


def clip(text: str, width: int, ellipsis: str = "…") -> str:
    """At most ``width`` cells of the text; what was cut off leaves an ellipsis."""
    text = clean(text)
    if cells_of(text) <= width:
        return text
    if width <= cells_of(ellipsis):
        return set_cell_size(text, max(0, width))
    return set_cell_size(text, width - cells_of(ellipsis)).rstrip() + ellipsis


@lru_cache(4096)
def fit(text: str, width: int, right: bool = False, ellipsis: str = "…") -> str:
    """Exactly ``width`` cells: cut or padded, to the right if asked. A screen asks again and again for the same."""
    text = clip(text, width, ellipsis)
    missing = " " * (width - cells_of(text))
    return missing + text if right else text + missing


def wrap(text: str, width: int, most: int | None = None) -> list[str]:
    """The text over several lines; with ``most`` the last line tells by its ellipsis that more was said."""
    lines = textwrap.wrap(clean(text), max(8, width), break_on_hyphens=False) or [""]
    if most is not None and len(lines) > most:
        lines = [*lines[: most - 1], clip(" ".join(lines[most - 1 :]), max(8, width))]
    return lines


def spread(left: Line, right: Line, width: int) -> Line:
    """Both on one line, the right one at the edge; the left one gives way if there is no room."""
    room = width - width_of(right) - 1
    kept = cut(left, max(0, room))
    return [*kept, (" " * max(0, width - width_of(kept) - width_of(right)), ""), *right]


def cut(line: Iterable[Span], width: int) -> Line:
    """The spans that fit into ``width`` cells, the last one clipped."""
    kept: Line = []
    for text, ink in line:
        if width <= 0:
            break
        text = clip(text, width)
        kept.append((text, ink))
        width -= cells_of(text)
    return kept


def lasting(seconds: float | None) -> str:
    """A duration in at most six characters: 7s, 4m12s, 1h05m, 3d04h; a dash if it is not known."""
    if seconds is None:
        return UNKNOWN
    whole = max(0, int(seconds))
    if whole < 60:
        return f"{whole}s"
    if whole < 3600:
        return f"{whole // 60}m{whole % 60:02}s"
    if whole < 86400:
        return f"{whole // 3600}h{whole % 3600 // 60:02}m"
    return f"{whole // 86400}d{whole % 86400 // 3600:02}h"


def roughly(seconds: float) -> str:
    """A duration in whole minutes, for what need not be painted anew each second."""
    return (
        "under 1m"
        if seconds < 60
        else lasting(seconds).partition("m")[0] + "m"
        if seconds < 3600
        else lasting(seconds)
    )


def due_in(deadline: float | None, now: float | None) -> str:
    """Time left until a deadline; ``over`` once it has passed, a dash if there is none."""
    if deadline is None or now is None:
        return UNKNOWN
    return lasting(deadline - now) if deadline > now else "over"


def clock(moment: float | None) -> str:
    """The local time of day."""
    return UNKNOWN if moment is None else time.strftime("%H:%M:%S", time.localtime(moment))


def date(moment: float | None) -> str:
    """The local date and time."""
    return UNKNOWN if moment is None else time.strftime("%Y-%m-%d %H:%M:%S", time.localtime(moment))
