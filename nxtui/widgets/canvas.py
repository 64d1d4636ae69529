"""What a renderer draws on: every colour comes from the theme, none from the terminal's own palette."""

from __future__ import annotations

from collections.abc import Sequence

from textual.containers import Horizontal, Vertical
from textual.filter import ANSIToTruecolor, LineFilter
from textual.widget import Widget

from nxtui.faults import Unbroken


class Canvas(Unbroken, Widget):
    """A widget without palette colours; as the last base of a class it leaves everything else to the others."""

    def get_line_filters(self) -> Sequence[LineFilter]:
        """Textual's filters but the one that looks for palette colours: it goes through every line of every
        widget at each change of one cell, a fifth of what a change costs."""
        filters = super().get_line_filters()
        return [one for one in filters if not isinstance(one, ANSIToTruecolor)]


class Beside(Horizontal, Canvas):
    """Widgets beside each other."""


class Beneath(Vertical, Canvas):
    """Widgets beneath each other."""
