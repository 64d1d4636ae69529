"""The ways from the window to what is outside of it: another program, a file, the clipboard. There are no others."""

from __future__ import annotations

import os
from collections.abc import Sequence
from typing import TYPE_CHECKING, ClassVar, cast

from textual import events

from daemon.wire import EntityView
from nxtui.acts.keystrokes import PASTED, Keystrokes
from nxtui.acts.questions import Questions
from nxtui.faults import UnbrokenApp
from nxtui.terminal import clipboard

if TYPE_CHECKING:
    from nxtui.app import NxTui


class WaysOut(UnbrokenApp):
    """What a window may do besides drawing and asking the daemon. A window that may less says so in its place."""

    questions: Questions
    writes_files: ClassVar[bool] = True
    """Whether a text that is edited may stand in a file."""

    def __init__(self, ansi_color: bool | None = None) -> None:
        super().__init__(ansi_color)
        self.keystrokes = Keystrokes()

    async def on_event(self, event: events.Event) -> None:
        """Hear how fast keys come, before they reach a screen."""
        if isinstance(event, events.Key) and not event.is_forwarded:
            self.keystrokes.received(event.time)
        await super().on_event(event)

    def lend(self, command: Sequence[str], text: str | None = None, stays: bool = False) -> None:
        """Step aside for another program on this terminal; there is no other way to start one for a person."""
        from nxtui.terminal import programs

        if self.keystrokes.is_flood:  # the program would take what is left of a text for its keys
            self.notify(PASTED, severity="warning")
            return
        programs.run(cast("NxTui", self), command, text, stays)

    async def are_typed(self) -> bool:
        """Whether the keys that ask for something were typed by a person; it is said if they were not."""
        if await self.keystrokes.are_typed():
            return True
        self.notify(PASTED, severity="warning")
        return False

    def log_in(self, entity: EntityView) -> None:
        """Let a person log in on an address of a node or cluster, or open its console."""
        self.questions.begin(self.questions.log_in(entity))

    def use_address(self, name: str, address: str) -> None:
        """Lend the terminal to a login on an address."""
        self.questions.lend_login(name, address)

    def console_here(self, name: str) -> None:
        """Show the serial console of a machine in this window."""
        self.questions.begin(self.questions.console(name))

    def choose_spec(self) -> None:
        """Let a person choose the file of a spec."""
        self.questions.begin(self.questions.choose_spec())

    def save(self, stem: str, suffix: str, text: str) -> None:
        """Ask for the name of a new file, write it, and say where it is."""
        self.questions.begin(self.questions.save(stem, suffix, text))

    def copy(self, text: str) -> str:
        """Put text on the terminal's clipboard; answers what became of it. Raises ``clipboard.TooLong``."""
        sequence = clipboard.sequence(text, os.environ)
        self._clipboard = text
        self.write_to_terminal(sequence)
        return clipboard.keep_in_tmux(text, os.environ)

    def write_to_terminal(self, sequence: str) -> None:
        """Send the terminal something that is not drawn."""
        if self._driver is not None:
            self._driver.write(sequence)
