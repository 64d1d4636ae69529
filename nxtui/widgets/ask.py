"""A line to type into: the filter, the search."""

from __future__ import annotations

from textual.app import ComposeResult
from textual.binding import Binding
from textual.containers import Horizontal
from textual.message import Message
from textual.widgets import Input, Static

from nxtui.faults import Unbroken


class AskLine(Unbroken, Horizontal):
    """A sign and an input; Enter keeps the text, Escape empties it. It never goes away by itself. One that is
    made hidden is opened and closed by its screen, so that the very next key finds it."""

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

    def __init__(self, sign: str = "", text: str = "", hint: str = "", hidden: bool = False) -> None:
        super().__init__()
        self._shown_sign = Static(sign, markup=False)
        self._typed = Input(text, placeholder=hint, compact=True, select_on_focus=False)
        self._typed.cursor_blink = False
        self.display = not hidden

    def compose(self) -> ComposeResult:
        yield self._shown_sign
        yield self._typed

    def on_mount(self) -> None:
        if self.display:
            self._typed.focus()

    def open(self, sign: str, text: str, hint: str) -> None:
        """Show the line with a text in it and give it the keys; one that is open keeps its text."""
        if not self.display or self._shown_sign.content != sign:
            self._shown_sign.update(sign)
            self._typed.placeholder = hint
            with self._typed.prevent(Input.Changed):
                self._typed.value = text
            self._typed.cursor_position = len(text)
            self.display = True
        self.screen.set_focus(self._typed)

    def close(self) -> None:
        """Take the line away."""
        self.display = False

    @property
    def has_keys(self) -> bool:
        """Whether what is typed goes into the line."""
        return self.display and self.screen.focused is self._typed

    def take(self, character: str) -> None:
        """Put in a character that was typed before the line was there to hear it."""
        self._typed.insert_text_at_cursor(character)

    def on_input_changed(self, event: Input.Changed) -> None:
        event.stop()
        self.post_message(self.Changed(event.value))

    def on_input_submitted(self, event: Input.Submitted) -> None:
        event.stop()
        self.post_message(self.Submitted(self, event.value))

    def action_clear(self) -> None:
        """Give the text up."""
        self.post_message(self.Submitted(self, "", given_up=True))
