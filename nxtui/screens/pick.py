"""A list to choose one thing from, narrowed by typing: the steps of a node, the files of a directory."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import ClassVar

from textual import events
from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Vertical

from nxtui.draw.renderer import Renderer
from nxtui.draw.text import Line, clip, fit
from nxtui.screens.dialog import Dialog
from nxtui.widgets.ask import AskLine
from nxtui.widgets.oneline import OneLine
from nxtui.widgets.page import Page

Entry = tuple[str, str, str]
"""What is chosen, how it is called, and a fact beside it."""


@dataclass(frozen=True)
class PickList:
    """What can be chosen, and where the cursor stands at first. ``free`` takes also what was typed and is in
    no entry."""

    title: str
    entries: Sequence[Entry]
    hint: str
    empty: str = ""
    free: bool = False
    start: int = 0


def _begins(entry: Entry, typed: str) -> bool:
    return any(part.lower().startswith(typed) for part in entry[:2])


class Pick(Dialog[str | None]):
    """Ends with what was chosen, or with None for nothing. Choosing does nothing by itself."""

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("up", "move(-1)", show=False),
        Binding("down", "move(1)", show=False),
        Binding("pageup", "move(-10)", show=False),
        Binding("pagedown", "move(10)", show=False),
    ]
    AUTO_FOCUS = ""

    def __init__(self, renderer: Renderer, listed: PickList) -> None:
        super().__init__()
        self._renderer = renderer
        self.listed = listed
        self.typed = ""
        self.place = max(0, listed.start)

    def compose(self) -> ComposeResult:
        self._page = Page(self._renderer, self._lines, ground="panel", id="page")
        self._title_line = OneLine(self._renderer, lambda _: [(" " + self.listed.title, "title")], "panel")
        with Vertical(id="dialog"):
            yield self._title_line
            yield self._page
            yield AskLine(self._renderer.glyphs.cursor, "", self.listed.hint)
            yield OneLine(self._renderer, self._help_line, "panel")

    def _help_line(self, width: int) -> Line:
        said = (("Enter", "chooses"), ("Esc", "leaves"), ("Up Down", "move"))
        return [span for key, what in said for span in ((f" {key} ", "key-strong"), (f"{what}  ", "dim"))]

    def on_mount(self) -> None:
        self.call_after_refresh(self.fit)

    def on_resize(self, event: events.Resize) -> None:
        self.call_after_refresh(self.fit)

    def fit(self) -> None:
        """As high as the list, as far as the screen goes."""
        lines = len(self._lines(self._page.room))
        self._page.styles.height = max(1, min(lines, self.app.size.height * 9 // 10 - 7))
        self._title_line.redraw()
        self._page.redraw()
        top, height = self._page.scroll_offset.y, max(1, self._page.size.height)
        if not top <= self.place < top + height:
            self._page.scroll_to(y=max(0, self.place - height // 2), animate=False, force=True)

    @property
    def shown(self) -> list[Entry]:
        """The entries that have the typed text in them; first those that begin with it."""
        typed = self.typed.lower()
        found = [entry for entry in self.listed.entries if typed in f"{entry[0]} {entry[1]}".lower()]
        return sorted(found, key=lambda entry: not _begins(entry, typed)) if typed else found

    def _lines(self, width: int) -> list[Line]:
        shown = self.shown
        if not shown:
            return [[("  " + clip(self.listed.empty or "Nothing is called so.", width - 2), "dim")]]
        names = min(max(len(entry[1]) for entry in shown), max(10, width - 20))
        lines: list[Line] = []
        for number, (_, name, fact) in enumerate(shown):
            here = number == self.place
            sign = self._renderer.glyphs.cursor if here else " "
            lines.append(
                [(f" {sign} ", "key"), (fit(name, names), "strong" if here else ""), ("  " + fact, "dim")]
            )
        return lines

    def action_move(self, entries: int) -> None:
        """Further down the list, or up."""
        self.place = max(0, min(self.place + entries, len(self.shown) - 1))
        self.fit()

    def on_ask_line_changed(self, event: AskLine.Changed) -> None:
        event.stop()
        self.typed = event.text.strip()
        self.place = 0 if self.typed else max(0, self.listed.start)
        self.fit()

    def on_ask_line_submitted(self, event: AskLine.Submitted) -> None:
        event.stop()
        shown = self.shown
        if event.given_up:
            self.end(None)
        elif shown:
            self.chosen(shown[min(self.place, len(shown) - 1)][0])
        elif self.listed.free and self.typed:
            self.chosen(self.typed)

    def chosen(self, what: str) -> None:
        """Somebody pressed Enter on an entry."""
        self.end(what)
