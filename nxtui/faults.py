"""Faults of the window itself: each is kept in a file and told in a sentence, and the window goes on where it can."""

from __future__ import annotations

import os
import time
import traceback
from collections import Counter
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any, cast

from rich.console import RenderableType
from rich.text import Text
from textual import events
from textual._context import active_message_pump
from textual.app import App
from textual.dom import DOMNode
from textual.message import Message
from textual.message_pump import MessagePump
from textual.screen import ModalScreen, Screen
from textual.worker import WorkerFailed

KEPT = 1_000_000
"""Bytes of the file of faults; one that is larger gives way to a new one."""

MOST = 100
"""Faults of one window after which it ends: it meets more than it does."""


def file_of(environment: Mapping[str, str]) -> Path:
    """Where the faults of this person's windows are kept."""
    home = environment.get("XDG_STATE_HOME") or Path(environment.get("HOME", "/")) / ".local" / "state"
    return Path(home) / "nxd" / "nxtui-faults.log"


def keep(error: BaseException, environment: Mapping[str, str]) -> str:
    """Write a fault into the file for it, readable for this person alone. Answers where it can be read."""
    file = file_of(environment)
    told = "".join(traceback.format_exception(error))
    try:
        file.parent.mkdir(parents=True, exist_ok=True)
        if file.is_file() and file.stat().st_size > KEPT:
            file.replace(file.with_suffix(".log.1"))
        file.touch(mode=0o600)
        with file.open("a", encoding="utf-8", errors="backslashreplace") as book:
            book.write(f"{time.strftime('%Y-%m-%d %H:%M:%S %z')}\n{told}\n")
    except OSError as cause:
        return f"What happened could not be written to {file} ({cause.strerror})."
    return f"What happened is in {file}: send it along when you report this."


def place_of(error: BaseException) -> str:
    """The sort of a fault and the line that it comes from."""
    frames = traceback.extract_tb(error.__traceback__)
    where = f" in {Path(frames[-1].filename).name}:{frames[-1].lineno}" if frames else ""
    return f"{type(error).__name__}{where}"


def farewell(error: BaseException, keep: Callable[[BaseException], str]) -> str:
    """Keep a fault that ends the window; answers what is said then."""
    kept = keep(error)
    return (
        f"nxtui met a fault of its own ({place_of(error)}) and had to end. The daemon goes on working: "
        f"start nxtui again, or use `nxd status`. {kept}"
    )


class FatalFault(Exception):
    """The window cannot go on; what is said about it is its text."""

    def __rich__(self) -> Text:
        return Text(str(self))


class Unbroken(MessagePump):
    """What hears of messages, and goes on when what it does for one of them fails."""

    async def _dispatch_message(self, message: Message) -> None:
        try:
            await super()._dispatch_message(message)
        except Exception as error:
            is_whole = not isinstance(message, (events.Compose, events.Mount))
            cast("UnbrokenApp", self.app).meet(error, None if is_whole else self)


class UnbrokenApp(Unbroken, App[None]):
    """An app that no fault of a screen ends, and that says in one sentence why, if it has to end."""

    def __init__(self, ansi_color: bool | None = None) -> None:
        super().__init__(ansi_color=ansi_color)
        self.faults: Counter[str] = Counter()
        """Every fault met so far, by its place."""
        self.is_leaving = False

    def keep(self, error: BaseException) -> str:
        """Keep a fault for whoever mends it; answers what is said of that."""
        return keep(error, os.environ)

    def meet(self, error: Exception, broken: MessagePump | None = None) -> None:
        """Keep a fault and tell of it once. The screen of a part that is ``broken``, and does not work any more, is
        closed. Without its first screen, and after very many faults, the window ends."""
        place = place_of(error)
        self.faults[place] += 1
        if self.is_leaving:
            self.keep(error)
        elif self.faults.total() > MOST or not (broken is None or self._drop(self._screen_of(broken))):
            self.is_leaving = True
            super()._handle_exception(FatalFault(farewell(error, self.keep)))
        elif self.faults[place] == 1:
            self.notify(
                f"{self.keep(error)} The window goes on.",
                title=f"A fault of nxtui itself: {place}",
                severity="error",
                timeout=15,
                markup=False,
            )

    def _screen_of(self, part: MessagePump) -> Screen[Any] | None:
        """The screen that a part belongs to, as far as it is on the stack."""
        above = part.ancestors_with_self if isinstance(part, DOMNode) else []
        return next((screen for screen in self.screen_stack if screen in above), None)

    def _drop(self, screen: Screen[Any] | None) -> bool:
        """Close a screen and those over it; False if it is the first one, or none."""
        stack = self.screen_stack
        if screen is None or screen is stack[0]:
            return False
        for _ in stack[stack.index(screen) :]:
            self.close_top()
        return True

    def close_top(self) -> None:
        """Close the screen in front; a question ends without an answer, so that nobody waits for it."""
        if isinstance(self.screen, ModalScreen):
            self.screen.dismiss(None)
        else:
            self.pop_screen()

    def _handle_exception(self, error: Exception) -> None:
        """What Textual calls for a fault that no part took: one of a worker breaks nothing else, any other the part
        that is at work."""
        if isinstance(error, WorkerFailed) and isinstance(error.error, Exception):
            self.meet(error.error)
        else:
            self.meet(error, active_message_pump.get(self))

    def exit(self, result: None = None, return_code: int = 0, message: RenderableType | None = None) -> None:
        """Close the window, once."""
        if not self.is_leaving:
            self.is_leaving = True
            super().exit(result, return_code, message)

    async def on_event(self, event: events.Event) -> None:
        """Keys that were typed ahead of the end have no screen any more."""
        if not (self.is_leaving and isinstance(event, (events.InputEvent, events.Paste))):
            await super().on_event(event)
