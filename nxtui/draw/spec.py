"""The text of a spec with line numbers, and beside each line what became of it."""

from __future__ import annotations

from collections.abc import Sequence

from daemon.wire import SpecMark
from nxtui.draw.glyphs import Glyphs
from nxtui.draw.text import Line, cells_of, clean, clip, cut

LEAST_TEXT = 34
"""Cells that the text keeps beside what is told of its lines."""


def read_back(text: str, marks: Sequence[SpecMark], width: int, glyphs: Glyphs) -> list[Line]:
    """Each line of a spec; where something is told of one, it stands at its right, in one column."""
    written = [clean(line.expandtabs(4)) for line in text.splitlines()]
    of: dict[int, SpecMark] = {mark["line"]: mark for mark in marks}
    numbers = len(str(max(1, len(written))))
    marked = [cells_of(line) for number, line in enumerate(written, 1) if number in of]
    column = min(max([LEAST_TEXT, *marked]), max(8, width - numbers - 30))
    lines: list[Line] = []
    for number, line in enumerate(written, 1):
        mark = of.get(number)
        lead: Line = [(f"{number:>{numbers}} ", "dim")]
        if mark is None:
            lines.append([*lead, (line, "")])
            continue
        shown = clip(line, column, glyphs.ellipsis)
        lines.append(
            cut(
                [
                    *lead,
                    (shown, "attention" if mark.get("differs") else ""),
                    (" " * (column - cells_of(shown)) + f" {glyphs.beside} ", "rule"),
                    *_mark(mark, glyphs),
                ],
                width,
            )
        )
    return lines


def _mark(mark: SpecMark, glyphs: Glyphs) -> Line:
    if mark.get("differs"):
        return [("~ ", "attention"), (mark["text"], "attention")]
    phase = mark.get("phase", "waiting")
    address = mark.get("address", "")
    return [(f"{glyphs.phase[phase]} ", phase), (mark["text"], phase), (f"   {address}", "dim")]
