"""What the window said, as lines: the last of it above the footer, all of it on a page."""

from __future__ import annotations

from daemon.wire import NextView
from nxtui.draw.glyphs import Glyphs
from nxtui.draw.text import Line, clip, width_of, wrap
from nxtui.model.said import NEW, Said, Saying
from nxtui.model.times import clock

_INK = {"info": "", "warning": "attention", "error": "failed-strong"}

HINT = " H"
"""What stands at the end of a line that says more than there is room for."""

NO_NEWS = 30.0
"""Seconds after which a message gives way to what comes next; ``H`` has it still."""

LEAD = 11
"""Cells before the words: the time and the sign."""


def lead(saying: Saying, glyphs: Glyphs) -> Line:
    """When it was said, and the sign of how bad it is."""
    return [(f" {clock(saying.time)} ", "dim"), (f"{glyphs.level[saying.level]} ", _INK[saying.level])]


def counted_text(saying: Saying, glyphs: Glyphs) -> str:
    """The words, and how often they were said in a row."""
    return saying.text + (f" ({glyphs.times}{saying.times})" if saying.times > 1 else "")


def one_line(
    said: Said,
    moment: float,
    width: int,
    glyphs: Glyphs,
    next: NextView | None = None,
    now: float | None = None,
) -> Line:
    """The last message: in its ink while it is new, dim from then on. One that is cut says which key shows it whole.
    Where there is none, or it is no news any more, what comes next."""
    saying = said.current(moment)
    if next is not None and now is not None and (saying is None or moment - saying.received >= NO_NEWS):
        about = f" ≈{clock(next['at'])[:5]}" if "at" in next else ""
        return [
            (f" {clock(now)} ", "dim"),
            (clip(f"  {next['sentence']}{about}", width - LEAD, glyphs.ellipsis), "dim"),
        ]
    if saying is None:
        return []
    ink = _INK[saying.level] if moment - saying.received < NEW else "dim"
    told, text = lead(saying, glyphs), counted_text(saying, glyphs)
    room = width - width_of(told) - 1
    if len(clip(text, len(text) + 1)) <= room:
        return [*told, (text, ink)]
    return [*told, (clip(text, room - len(HINT), glyphs.ellipsis), ink), (HINT, "key-strong")]


def whole(saying: Saying, width: int, glyphs: Glyphs, here: bool) -> list[Line]:
    """One message in full, over as many lines as it takes."""
    first, *more = wrap(counted_text(saying, glyphs), width - LEAD - 2)
    ink = "strong" if here else _INK[saying.level]
    sign = glyphs.cursor if here else " "
    begun: Line = [(sign, "key"), *lead(saying, glyphs), (first, ink)]
    return [begun, *[[(" " * (LEAD + 1) + part, ink)] for part in more]]
