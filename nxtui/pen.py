"""Turns lines of spans into what the terminal is sent, in the colours and signs of this session."""

from __future__ import annotations

from rich.segment import Segment
from rich.style import Style
from textual.strip import Strip

from nxtui.glyphs import ASCII, UNICODE, to_ascii
from nxtui.text import Line, cut
from nxtui.themes import FALLBACK, inks

GUTTER = 1
"""Cells at the right of what scrolls, for the scrollbar; kept free also while there is none."""

_NEVER_FADES = ("lost", "stale", "key")


def _alike(last: Style, style: Style, text: str) -> bool:
    """Whether a text looks the same in the style before it: blanks have no ink."""
    return last is style or (text.isspace() and last.bgcolor == style.bgcolor)


class Pen:
    """One per session, shared by all widgets: a new theme or a lost link changes how everything is drawn."""

    def __init__(self, ascii_only: bool = False) -> None:
        self.ascii = ascii_only
        self.glyphs = ASCII if ascii_only else UNICODE
        self.faded = False
        self._inks = inks(FALLBACK)
        self._mixed: dict[tuple[str, str, bool], Style] = {}

    def dip(self, variables: dict[str, str]) -> None:
        """Take the colours of another theme."""
        self._inks = inks(variables)
        self._mixed.clear()

    def style(self, ink: str, ground: str = "paper") -> Style:
        """An ink on a ground."""
        key = (ink, ground, self.faded)
        style = self._mixed.get(key)
        if style is None:
            style = self._inks["paper"] + self._inks[ground] + self._inks[ink]
            if self.faded and ink not in _NEVER_FADES and not ink.startswith("env-"):
                style += Style(color=self._inks["dim"].color, bold=False)
            self._mixed[key] = style
        return style

    def strip(self, line: Line, width: int, ground: str = "paper", margin: int = 0) -> Strip:
        """The line cut or filled to ``width`` cells, of which ``margin`` at the right stay empty."""
        segments: list[Segment] = []
        for text, ink in cut(line, width - margin):
            said = to_ascii(text) if self.ascii and not text.isascii() else text
            style = self.style(ink, ground)
            if segments and (last := segments[-1].style) is not None and _alike(last, style, said):
                # every change of style costs some forty bytes on the wire
                segments[-1] = Segment(segments[-1].text + said, last)
            else:
                segments.append(Segment(said, style))
        return Strip(segments).adjust_cell_length(width, self.style("", ground))
