"""Turns lines of spans into what the terminal is sent, in the colours and signs of this session."""

from __future__ import annotations

from rich.segment import Segment
from rich.style import Style
from textual.strip import Strip

from nxtui.draw.glyphs import ASCII, UNICODE, to_ascii
from nxtui.draw.text import Line, cut, width_of
from nxtui.draw.themes import FALLBACK, inks

GUTTER = 1
"""Cells at the right of what scrolls, for the scrollbar; kept free also while there is none."""

_NEVER_FADES = ("lost", "stale", "key")


def _alike(last: Style, style: Style, text: str) -> bool:
    """Whether a text looks the same in the style before it: blanks have no ink."""
    if last is style:
        return True
    told = last.reverse or style.reverse or last.underline or style.underline
    return not told and text.isspace() and last.bgcolor == style.bgcolor


def _apart(text: str, ink: str) -> Line:
    """A span with its blanks apart: where keys are underlined, no blank beside one is."""
    word = text.strip(" ")
    if not ink.startswith("key") or word == text:
        return [(text, ink)]
    start = len(text) - len(text.lstrip(" ")) if word else len(text)
    parts = [(text[:start], ""), (word, ink), (text[start + len(word) :], "")]
    return [part for part in parts if part[0]]


class Renderer:
    """One per session, shared by all widgets: a new theme or a lost link changes how everything is drawn."""

    def __init__(self, ascii_only: bool = False) -> None:
        self.ascii = ascii_only
        self.glyphs = ASCII if ascii_only else UNICODE
        self.faded = False
        self._inks = inks(FALLBACK)
        self._themes = 0
        self._mixed: dict[tuple[str, str, bool], Style] = {}

    def use_colours(self, variables: dict[str, str]) -> None:
        """Take the colours of another theme."""
        self._inks = inks(variables)
        self._themes += 1
        self._mixed.clear()

    @property
    def look(self) -> tuple[bool, int]:
        """Another one where the same line is drawn otherwise."""
        return self.faded, self._themes

    def style(self, ink: str, ground: str = "base") -> Style:
        """An ink on a ground."""
        key = (ink, ground, self.faded)
        style = self._mixed.get(key)
        if style is None:
            style = self._inks["base"] + self._inks[ground]
            if self._inks[ground].reverse:
                # one ink on it, so that none can vanish; what stands out does so the other way round
                style += Style(reverse=not self._inks[ink].reverse)
            else:
                style += self._inks[ink]
            if self.faded and ink not in _NEVER_FADES and not ink.startswith("env-"):
                style += Style(color=self._inks["dim"].color, bold=False)
            self._mixed[key] = style
        return style

    def strip(self, line: Line, width: int, ground: str = "base", margin: int = 0) -> Strip:
        """The line cut or filled to ``width`` cells, of which ``margin`` at the right stay empty."""
        said = cut(line, width - margin)
        if self.ascii:
            said = [(to_ascii(text), ink) for text, ink in said]
        if self._inks["key"].underline:
            said = [part for span in said for part in _apart(*span)]
        texts: list[str] = []
        styles: list[Style] = []
        for text, ink in (*said, (" " * (width - width_of(said)), "")):
            style = self.style(ink, ground)
            if styles and _alike(styles[-1], style, text):
                # every change of style costs some forty bytes on the wire
                texts[-1] += text
            elif text:
                texts.append(text)
                styles.append(style)
        # a sign that takes no cell takes one as a question mark, so plain ASCII is measured again
        strip = Strip(map(Segment, texts, styles), None if self.ascii else width)
        return strip.adjust_cell_length(width)
