"""The built-in editor, where no other program may be started: a text and the lines that are wrong in it."""

from __future__ import annotations

from typing import ClassVar

from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.widgets import TextArea

from nxtui.draw.renderer import Renderer
from nxtui.draw.text import Line
from nxtui.screens.dialog import Dialog
from nxtui.widgets.oneline import OneLine

INDENT = 2
"""Cells that Tab indents by."""


class EditorScreen(Dialog[str]):
    """Ends with the text as it is then: whoever opened it checks it and keeps it."""

    BINDINGS: ClassVar[list[BindingType]] = [Binding("escape", "done", show=False, priority=True)]

    def __init__(self, renderer: Renderer, title: str, text: str, line: int = 0, column: int = 0) -> None:
        super().__init__()
        self._renderer = renderer
        self._named = title
        self._given = text
        self._begins = line, column

    def compose(self) -> ComposeResult:
        yield OneLine(self._renderer, lambda _: [(f" {self._named}", "title")], "panel")
        self.area = TextArea(self._given, show_line_numbers=True, tab_behavior="indent", soft_wrap=False)
        self.area.indent_width = INDENT
        self.area.cursor_blink = False
        yield self.area
        yield OneLine(self._renderer, lambda _: self._help(), "panel")

    def _help(self) -> Line:
        return [
            (" Esc", "key-strong"),
            (" checks it and keeps it as a draft; nothing is applied by that", "dim"),
        ]

    def on_mount(self) -> None:
        self.area.move_cursor(self._begins, center=True)
        self.area.focus()

    def action_done(self) -> None:
        """Enough for now."""
        self.end(self.area.text)
