"""The application: one model, one feed, the screens, and the way from a key to a verb."""

from __future__ import annotations

import contextlib
import time
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, ClassVar

from textual import events, work
from textual.message import Message
from textual.notifications import SeverityLevel
from textual.screen import Screen

from daemon.wire import EntityView, StreamLine
from nxtui import keys
from nxtui.acts.commands import FleetCommands
from nxtui.acts.following import Following
from nxtui.acts.keymap import Keymap
from nxtui.acts.questions import Questions
from nxtui.acts.replaying import Played, Replaying
from nxtui.acts.sending import VerbSender
from nxtui.draw.renderer import Renderer
from nxtui.draw.themes import FALLBACK, THEMES, themes
from nxtui.model.feed import Feed
from nxtui.model.known import Changes, Fleet
from nxtui.model.said import Level, Said, Saying
from nxtui.model.trail import Place, Trail
from nxtui.preferences import Colours, Preferences
from nxtui.screens.fleet import FleetScreen
from nxtui.screens.full_screen import FullScreen
from nxtui.screens.opening import show, show_draft
from nxtui.terminal.attention import Attention
from nxtui.ways_out import WaysOut

if TYPE_CHECKING:
    from nxtui.model.player import Player
    from nxtui.model.recording import Recording


_LEVELS: dict[SeverityLevel, Level] = {"information": "info", "warning": "warning", "error": "error"}

CUT_OFF = "The recording ends in the middle of a line: what stood there is left out."
LEARN_EVERY = 60.0
"""Seconds for which the daemon's figures about its steps are good enough."""


class NxTui(WaysOut):
    """Watches one daemon. It ends when a person says so or the terminal is gone, and for no other reason."""

    CSS = """
    Screen { background: $background; layers: base band; }
    #middle { height: 1fr; }
    #left { width: 1fr; }
    #body { height: 1fr; }
    #body > * { position: absolute; }
    #log, #map { height: 1fr; }
    #banner { display: none; }
    #story { width: 1fr; }
    #pane, #clusters, #objects, #body > #calls { border-left: vkey $nx-rule; }
    HelpScreen, Confirm, Pick, SecretDialog { align: center middle; background: $background 60%; }
    #dialog {
        width: 90%; max-width: 100; height: auto; max-height: 90%;
        background: $panel; border: round $secondary; padding: 0 1;
    }
    #dialog > Page { margin: 1 0; }
    .-tight > #dialog { border: none; max-height: 100%; }
    .-tight > #dialog > Page { margin: 0; }
    #dialog > #page { height: 1fr; }
    HelpScreen > #dialog { height: 90%; }
    CommandPalette SearchIcon { display: none; }
    HelpScreen:ansi, Confirm:ansi, Pick:ansi, CommandPalette:ansi { background: transparent; }
    Screen:ansi.-screen-suspended { text-style: not dim; }
    Input:ansi > .input--placeholder, Input:ansi > .input--suggestion { text-style: not dim; }
    CommandPalette:ansi > .command-palette--help-text { color: ansi_default; text-style: not dim not bold; }
    CommandList:ansi > .option-list--option-highlighted {
        color: ansi_default; background: ansi_default; text-style: reverse;
    }
    .-ascii #pane, .-ascii #clusters, .-ascii #objects, .-ascii #body > #calls { border-left: ascii $nx-rule; }
    .-ascii #dialog, .-ascii Band { border: ascii $secondary; }
    .-ascii ScrollView { scrollbar-size-vertical: 0; }
    .-ascii CommandPalette > Vertical, .-ascii CommandPalette #--input { border: none; }
    .-ascii CommandPalette LoadingIndicator { display: none; }
    .-ascii CommandPalette CommandList, .-ascii CommandPalette CommandList:focus { border: none; }
    """
    COMMANDS: ClassVar = {FleetCommands}
    COMMAND_PALETTE_BINDING = "colon"
    after_first_frame: Callable[[], None] = staticmethod(lambda: None)
    ENABLE_COMMAND_PALETTE = True

    class LinesReceived(Message):
        """The daemon said something."""

        def __init__(self, lines: list[StreamLine]) -> None:
            super().__init__()
            self.lines = lines

    class LinkLost(Message):
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
        preferences: Preferences | None = None,
        keymap: Keymap | None = None,
        recording: Recording | None = None,
        colours: Colours = "all",
    ) -> None:
        self.keymap = keymap or Keymap()
        super().__init__(ansi_color=None if colours == "all" else True)
        self.animation_level = "none"
        self.read_only = read_only
        self.preferences = preferences or Preferences()
        self.questions = Questions(self)
        self.sender = VerbSender(self)
        self.attention = Attention(self)
        self.following = Following(self)
        self.trail = Trail()
        self.said = Said()
        self.fleet = Fleet(monotonic, wall)
        self.renderer = Renderer(ascii_only)
        self.set_class(ascii_only, "-ascii")
        self.wall = wall
        self.feed = Feed(
            socket,
            lambda lines: self.post_message(self.LinesReceived(lines)),
            lambda reason: self.post_message(self.LinkLost(reason)),
        )
        self._learnt_at: float | None = None
        self.player: Player | None = None
        self.replaying = Replaying(self, recording)
        self._use_keymap()
        for theme in themes(colours):
            self.register_theme(theme)
        self.theme = f"nxd-{self.preferences.theme}"

    @property
    def mode(self) -> str:
        """What the header says of a window that is not the usual one."""
        return "read-only" if self.read_only else ""

    def _use_keymap(self) -> None:
        """Give this person's keys to the screens; the palette is bound by Textual under an id of its own."""
        changed = dict(self.keymap.changed)
        if "palette" in changed:
            self._bindings.key_to_bindings.pop("colon", None)
            self.bind(changed.pop("palette"), "command_palette", show=False)
        self.set_keymap(changed)

    def get_theme_variable_defaults(self) -> dict[str, str]:
        return FALLBACK

    def refresh_css(self, animate: bool = True) -> None:
        """Apply the styles anew. Before the first screen nothing has any, and to know the colours is enough."""
        if self.screen_stack:
            super().refresh_css(animate)
        else:
            self.stylesheet.set_variables(self.get_css_variables())

    def get_default_screen(self) -> Screen[None]:
        return FleetScreen()

    def on_mount(self) -> None:
        self.set_interval(1.0, self.tick)
        # the daemon makes up its answer while the first frame is painted; neither waits for the other
        source = self.feed if self.player is None else self.player
        self.run_worker(source.run(), group="feed")
        self.call_after_refresh(self.after_first_frame)
        cut_off = self.player is not None and self.player.recording.is_cut_off
        for mistake in (*self.preferences.mistakes, *self.keymap.mistakes, *([CUT_OFF] if cut_off else [])):
            self.say(mistake, "warning")

    # what the daemon says

    def on_nx_tui_lines_received(self, message: LinesReceived) -> None:
        live = self.replaying.live
        changes = (live or self.fleet).take(message.lines)
        if live is not None:
            self.replaying.heed(changes.failed)
            return
        self._tell(changes)
        self.attention.heed(changes)
        if changes.whole:
            self.call_after_refresh(self.learn_steps, anew=True)
        elif changes.moved:
            self.learn_steps()

    def on_played(self, message: Played) -> None:
        """All of a frame is of one moment: that of the lines which came last."""
        if message.player is self.player:
            self.player.shown = message.moment
            self._tell(self.fleet.take(message.lines))
            self.tick()

    def on_nx_tui_link_lost(self, message: LinkLost) -> None:
        (self.replaying.live or self.fleet).lost(message.reason)
        self._tell(Changes())

    def learn_steps(self, anew: bool = False) -> None:
        """Ask what the steps usually take: at once of a new connection, else if that is not known of late."""
        if self.player is not None or self.fleet.foreign:
            return
        moment = self.fleet.moment
        if anew or self._learnt_at is None or moment - self._learnt_at >= LEARN_EVERY:
            self._learnt_at = moment
            self._fetch_steps()

    @work(exclusive=True, group="steps")
    async def _fetch_steps(self) -> None:
        """Get the figures; if the daemon cannot be asked, what was known stays."""
        from daemon.client import DaemonRefused, DaemonUnreachable

        with contextlib.suppress(DaemonUnreachable, DaemonRefused):
            self.fleet.history.tell(await self.feed.steps())
            self.tick()

    def _tell(self, changes: Changes) -> None:
        """Let the screen in front draw it; those behind catch up when they come back."""
        self._fade()
        if (screen := self._front) is not None:
            screen.changed(changes)

    def _fade(self) -> None:
        """Grey everything while it is not current, colour it again when it is."""
        faded = self.fleet.link.state in ("lost", "foreign") and self.fleet.daemon is not None
        if faded != self.renderer.faded:
            self.renderer.faded = faded
            self.repaint()

    def tick(self) -> None:
        """A second has passed: what depends on the time is drawn where it differs."""
        self.replaying.check()
        if (screen := self._front) is not None:
            screen.tick()
            screen.redraw_frame()

    @property
    def _front(self) -> FullScreen | None:
        """The full screen that is seen, perhaps behind a dialog; None until everything on it is there. Those
        behind it know less than the model."""
        front = next(
            (screen for screen in reversed(self.screen_stack) if isinstance(screen, FullScreen)), None
        )
        return front if front is not None and front.is_mounted else None

    def actions_of(self, screen: keys.ScreenName) -> tuple[keys.Action, ...]:
        """What can be pressed on one kind of screen, with this person's keys."""
        shown = keys.on_screen(screen, self.player is not None, self.keymap.actions)
        if self.player is None and any(node.get("console") for node in self.fleet.nodes.values()):
            return shown
        return tuple(action for action in shown if action.id != "console")

    def repaint(self) -> None:
        """Draw everything again, in the present colours."""
        for screen in self.screen_stack:
            for widget in screen.walk_children():
                widget.refresh()

    def action_command_palette(self) -> None:
        """Everything by its words."""
        from nxtui.screens.palette import Palette

        if not isinstance(self.screen, Palette):
            if self._front is not None:
                self._front.acting.close()
            self.push_screen(Palette())

    async def on_event(self, event: events.Event) -> None:
        """Whoever is at the keys is left where he is."""
        if isinstance(event, events.Key):
            self.following.touch()
        await super().on_event(event)

    def on_key(self, event: events.Key) -> None:
        """A key that nothing on the screen took: the screen may have been given a line to type into since."""
        front = self._front
        if front is None or front is not self.screen:
            return
        if front.take_typed(event) or front.acting.take(event.key):
            event.prevent_default()
        elif self.player is None and (was := keys.moved(front.screen_name, event.key, self.keymap.actions)):
            event.prevent_default()
            self.say(f"{event.key} does nothing here now: {was.way} does it ({was.label}).")

    def on_paste(self, event: events.Paste) -> None:
        """What is pasted where nothing takes text is no keys."""
        self.say("Pasted text is dropped: no line here takes text.", "warning")

    # what the window says

    def say(self, text: str, level: Level = "info", about: str = "", is_news: bool = False) -> None:
        """Say something on the one line; it stays in the list of what was said. ``about`` names a node or cluster."""
        fleet = self.fleet
        time = fleet.now if fleet.now is not None else self.wall()
        self.said.add(Saying(time, fleet.moment, level, text, about, is_news))
        if (screen := self._front) is not None:
            screen.redraw_frame()

    def notify(
        self,
        message: str,
        *,
        title: str = "",
        severity: SeverityLevel = "information",
        timeout: float | None = None,
        markup: bool = True,
    ) -> None:
        """What Textual and a fault have to tell comes on the one line as well."""
        self.say(f"{title}. {message}" if title else message, _LEVELS[severity])

    def open_said(self) -> None:
        """All that was said."""
        from nxtui.screens.said import SaidScreen

        if not isinstance(self.screen, SaidScreen):
            self.trail.visit(Place("said"))
            self.push_screen(SaidScreen())

    # screens and the terminal

    def open_entity(self, name: str) -> None:
        """The story of a node or cluster."""
        entity = self.fleet.find(name)
        if entity is not None:
            from nxtui.screens.entity import EntityScreen

            self.learn_steps()
            self.trail.visit(Place("entity", name))
            self.push_screen(EntityScreen(entity))

    def open_spec(self, file: Path) -> None:
        """A spec with its mistakes or its plan."""
        from nxtui.screens.spec import SpecScreen

        self.trail.visit(Place("spec", str(file)))
        self.push_screen(SpecScreen(file))

    def open_draft(self, cluster: str, text: str, edits: bool, is_known: bool = True) -> None:
        """The draft of a cluster's spec, in the editor first if it is to be edited."""
        show_draft(self, cluster, text, edits, is_known)

    def open_console(self, entity: EntityView) -> None:
        """Lend the terminal to the serial console of a node's machine."""
        from nxtui.acts.verbs import no_console
        from nxtui.terminal import programs

        if (why := no_console(entity, self.player is not None, self.read_only)) is not None:
            self.say(why, "warning", entity["name"])
            return
        self.lend(programs.console(self.feed.socket, entity["name"]), stays=True)

    def open_log(self, name: str | None) -> None:
        """The log of a name, or of everything."""
        from nxtui.screens.log import LogScreen

        self.trail.visit(Place("log", name))
        self.push_screen(LogScreen(name))

    def go(self, place: Place) -> None:
        """Show a place above what is shown now."""
        show(self, place)

    def close_screen(self, screen: FullScreen) -> None:
        """Back to the screen beneath, unless the room is left already: keys may have been typed ahead."""
        if len(self.screen_stack) <= self.replaying.floor + 1 or self.screen_stack[-1:] != [screen]:
            return
        self.pop_screen()
        front = self.screen
        self.trail.visit(front.place() if isinstance(front, FullScreen) else Place("fleet"))

    def next_theme(self) -> None:
        """The theme after this one."""
        names = [theme.name for theme in THEMES]
        here = names.index(self.theme) if self.theme in names else -1
        self.use_theme(names[(here + 1) % len(names)])

    def use_theme(self, name: str) -> None:
        """Draw in the colours of a theme."""
        self.theme = name

    def watch_theme(self, theme_name: str) -> None:
        self.renderer.use_colours(self.get_css_variables())
        self.repaint()  # where grounds are the terminal's own, no style of a widget differs

    def leave(self) -> None:
        """Close the window; the daemon goes on."""
        self.exit(message="The daemon goes on working. nxtui shows it again, nxd status tells in one line.")
