"""Lines of styled words, and the few ways to measure, cut and phrase them.

A line is a list of spans; a span is a piece of text and the name of an ink (see ``themes``). Nothing here
knows the terminal, so every screen can be checked as plain text.
"""

from __future__ import annotations

import textwrap
from collections.abc import Iterable, Sequence
from functools import lru_cache

from rich.cells import cell_len, set_cell_size

from daemon.words import counted, printable

LONGEST = 16_384
"""Characters of one text that are shown."""
MARKS = 8
"""So many characters for one cell are looked at: letters have marks, but not many."""

Span = tuple[str, str]
Line = list[Span]


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
    """The text with what would move the cursor (escapes, tabs, line ends) replaced by blanks; of one that is too long
    for any screen the beginning, and how much more there is."""
    if len(text) > LONGEST:
        text = f"{text[:LONGEST]}… and {counted(len(text) - LONGEST, 'character')} more"
    return printable(text, " ")


def clip(text: str, width: int, ellipsis: str = "…") -> str:
    """At most ``width`` cells of the text; what was cut off leaves an ellipsis."""
    text = clean(text[: MARKS * width + MARKS])
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


def shared_beginning(names: Sequence[str]) -> str:
    """What all of them begin with."""
    first, last = min(names), max(names)
    same = next((at for at, sign in enumerate(first) if sign != last[at]), len(first))
    return first[:same]
