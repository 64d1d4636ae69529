"""A line to type into: the filter, the search."""

from __future__ import annotations

from textual.app import ComposeResult
from textual.binding import Binding
from textual.containers import Horizontal
from textual.message import Message
from textual.widgets import Input, Static


class AskLine(Horizontal):
    """A sign and an input; Enter keeps the text, Escape empties it. It never goes away by itself."""

    DEFAULT_CSS = """
    AskLine { height: 1; background: $panel; }
    AskLine > Static { width: auto; padding: 0 1; color: $primary; text-style: bold; }
    AskLine > Input { width: 1fr; background: $panel; }
    """
    BINDINGS = [Binding("escape", "clear", show=False)]  # noqa: RUF012 (Textual's own form)

    class Changed(Message):
        """Another text stands in the line."""

        def __init__(self, text: str) -> None:
            super().__init__()
            self.text = text

    class Submitted(Message):
        """The text is what was meant, or was given up and is empty."""

        def __init__(self, ask: AskLine, text: str, given_up: bool = False) -> None:
            super().__init__()
            self.ask = ask
            self.text = text
            self.given_up = given_up

    def __init__(self, sign: str, text: str, hint: str) -> None:
        super().__init__()
        self._sign = sign
        self._text = text
        self._hint = hint

    def compose(self) -> ComposeResult:
        yield Static(self._sign)
        typed = Input(self._text, placeholder=self._hint, compact=True, select_on_focus=False)
        typed.cursor_blink = False
        yield typed

    def on_mount(self) -> None:
        self.query_one(Input).focus()

    def on_input_changed(self, event: Input.Changed) -> None:
        event.stop()
        self.post_message(self.Changed(event.value))

    def on_input_submitted(self, event: Input.Submitted) -> None:
        event.stop()
        self.post_message(self.Submitted(self, event.value))

    def action_clear(self) -> None:
        """Give the text up."""
        self.post_message(self.Submitted(self, "", given_up=True))
