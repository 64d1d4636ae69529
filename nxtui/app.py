"""The application: one model, one feed, the screens, and the way from a key to a verb."""

from __future__ import annotations

import os
import time
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import ClassVar

from textual.app import App
from textual.message import Message
from textual.screen import Screen

from daemon.wire import EntityView, Plan, StreamLine
from nxtui import clipboard
from nxtui.commands import FleetCommands
from nxtui.feed import Feed
from nxtui.model import Changes, Fleet
from nxtui.pen import Pen
from nxtui.screens.fleet import FleetScreen
from nxtui.screens.room import Room
from nxtui.themes import FALLBACK, THEMES
from nxtui.verbs import MANNERS, Legality, barred, legality


class NxTui(App[None]):
    """Watches one daemon. It ends when a person says so, and for no other reason."""

    CSS = """
    Screen { background: $background; layers: base; }
    #middle { height: 1fr; }
    #left { width: 1fr; }
    #nodes, #clusters, #strip { height: auto; }
    #log { height: 1fr; }
    #banner { display: none; }
    #story { width: 1fr; }
    #pane, #things { border-left: vkey $nx-rule; }
    HelpScreen, Confirm { align: center middle; background: $background 60%; }
    #dialog {
        width: 90%; max-width: 100; height: auto; max-height: 90%;
        background: $panel; border: round $secondary; padding: 0 1;
    }
    #dialog > Paper { margin: 1 0; }
    #dialog > #page { height: 1fr; }
    HelpScreen > #dialog { height: 90%; }
    Toast { max-width: 70; }
    CommandPalette SearchIcon { display: none; }
    .-ascii #pane, .-ascii #things { border-left: ascii $nx-rule; }
    .-ascii #dialog { border: ascii $secondary; }
    .-ascii Toast { border: none; }
    .-ascii Grid, .-ascii LogView, .-ascii Paper { scrollbar-size-vertical: 0; }
    .-ascii CommandPalette > Vertical, .-ascii CommandPalette #--input { border: none; }
    """
    COMMANDS: ClassVar = {FleetCommands}
    COMMAND_PALETTE_BINDING = "colon"
    ENABLE_COMMAND_PALETTE = True

    class Heard(Message):
        """The daemon said something."""

        def __init__(self, lines: list[StreamLine]) -> None:
            super().__init__()
            self.lines = lines

    class Lost(Message):
        """The link broke, or could not be made."""

        def __init__(self, reason: str) -> None:
            super().__init__()
            self.reason = reason

    def __init__(
        self,
        socket: Path,
        read_only: bool = False,
        ascii_only: bool = False,
        monotonic: Callable[[], float] = time.monotonic,
        wall: Callable[[], float] = time.time,
    ) -> None:
        super().__init__()
        self.animation_level = "none"
        self.read_only = read_only
        self.fleet = Fleet(monotonic, wall)
        self.pen = Pen(ascii_only)
        self.set_class(ascii_only, "-ascii")
        self.feed = Feed(
            socket,
            lambda lines: self.post_message(self.Heard(lines)),
            lambda reason: self.post_message(self.Lost(reason)),
        )
        for theme in THEMES:
            self.register_theme(theme)
        self.theme = THEMES[0].name

    def get_theme_variable_defaults(self) -> dict[str, str]:
        return FALLBACK

    def get_default_screen(self) -> Screen[None]:
        return FleetScreen()

    def on_mount(self) -> None:
        self.set_interval(1.0, self.tick)
        # paint first, connect second
        self.call_after_refresh(lambda: self.run_worker(self.feed.run(), group="feed"))

    # what the daemon says

    def on_nx_tui_heard(self, message: Heard) -> None:
        self._tell(self.fleet.take(message.lines))

    def on_nx_tui_lost(self, message: Lost) -> None:
        self.fleet.lost(message.reason)
        self._tell(Changes())

    def _tell(self, changes: Changes) -> None:
        """Let the screen in front draw it; those behind catch up when they come back."""
        self._fade()
        for screen in reversed(self.screen_stack):
            if isinstance(screen, Room):
                screen.changed(changes)
                break

    def _fade(self) -> None:
        """Grey everything while it is not current, colour it again when it is."""
        faded = self.fleet.link.state in ("lost", "foreign") and self.fleet.daemon is not None
        if faded != self.pen.faded:
            self.pen.faded = faded
            self.repaint()

    def tick(self) -> None:
        """A second has passed: what depends on the time is drawn where it differs."""
        for screen in self.screen_stack:
            if isinstance(screen, Room):
                screen.tick()
                screen.redraw_frame()

    def repaint(self) -> None:
        """Draw everything again, in the pen's present colours."""
        for screen in self.screen_stack:
            for widget in screen.walk_children():
                widget.refresh()

    # what a person asks for

    def act_on(self, verb: str, name: str) -> None:
        """A verb for one name, from the palette."""
        entity = self.fleet.find(name)
        self.act(verb, [entity] if entity is not None else [])

    def act(self, verb: str, entities: Sequence[EntityView]) -> None:
        """Ask for consent where it is due, then send the verb; or say why it cannot be."""
        stopped = barred(self.fleet.link, self.read_only)
        legal = legality(verb, entities)
        if reason := stopped or legal.reason:
            self.notify(reason, title=f"{verb}: not now", severity="warning", markup=False)
            return
        self.run_worker(self._consent_and_send(verb, legal), group="verbs", exclusive=True)

    async def _consent_and_send(self, verb: str, legal: Legality) -> None:
        consent = MANNERS[verb].consent
        plans: list[Plan] = []
        if consent != "none" or len(legal.able) > 1:
            from nxtui.screens.confirm import Confirm, Question

            async def ask() -> list[Plan]:
                return [await self.feed.plan(verb, name) for name in legal.able]

            question = Question(
                verb,
                legal.able,
                legal.unable,
                plans=ask if consent in ("plan", "name") else None,
                word=legal.able[0] if consent == "name" else None,
            )
            answer = await self.push_screen_wait(Confirm(self.pen, question))
            if answer is None:
                return
            plans = answer
        digests = {plan["target"]: plan["digest"] for plan in plans}
        for name in legal.able:
            await self._send(verb, name, digests.get(name))

    async def _send(self, verb: str, name: str, digest: str | None) -> None:
        from daemon.client import DaemonUnreachable, Refused

        try:
            await self.feed.send(verb, name, digest)
        except Refused as refused:
            error = refused.error
            self.notify(
                f"{error['message']} {error['remedy']}",
                title=f"{verb} {name}: refused",
                severity="error",
                markup=False,
                timeout=15,
            )
        except DaemonUnreachable as cause:
            self.notify(
                f"{cause} Whether the verb arrived is seen in the log.",
                title=f"{verb} {name}: no answer",
                severity="error",
                markup=False,
                timeout=15,
            )
        else:
            self.notify(f"{name} {MANNERS[verb].accepted}.", timeout=4, markup=False)

    # screens and the terminal

    def open_entity(self, name: str) -> None:
        """The story of a node or cluster."""
        entity = self.fleet.find(name)
        if entity is not None:
            from nxtui.screens.entity import EntityScreen

            self.push_screen(EntityScreen(entity))

    def open_log(self, name: str | None) -> None:
        """The log of a name, or of everything."""
        from nxtui.screens.log import LogScreen

        self.push_screen(LogScreen(name))

    def copy(self, text: str) -> None:
        """Put text on the terminal's clipboard. Raises ``clipboard.TooLong``."""
        sequence = clipboard.sequence(text, os.environ)
        self._clipboard = text
        if self._driver is not None:
            self._driver.write(sequence)

    def next_theme(self) -> None:
        """The theme after this one."""
        names = [theme.name for theme in THEMES]
        here = names.index(self.theme) if self.theme in names else -1
        self.use_theme(names[(here + 1) % len(names)])

    def use_theme(self, name: str) -> None:
        """Draw in the colours of a theme."""
        self.theme = name

    def _watch_theme(self, theme_name: str) -> None:
        super()._watch_theme(theme_name)
        self.pen.dip(self.theme_variables)

    def leave(self) -> None:
        """Close the window; the daemon goes on."""
        self.exit(message="The daemon goes on working. nxtui shows it again, nxd status tells in one line.")
