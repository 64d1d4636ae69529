"""The window of a captive session: it shows and acts as any other, and has no way to a program or a file."""

from __future__ import annotations

import secrets
import syslog
import time
import traceback
from collections.abc import Callable, Sequence

from textual import events

from daemon.wire import EntityView
from nxtui.acts.keymap import Keymap
from nxtui.acts.verbs import no_console
from nxtui.app import NxTui
from nxtui.captive.settings import CaptiveSettings
from nxtui.keys import ACTIONS
from nxtui.preferences import Colours, Preferences

AWAY = frozenset(("login", "console", "pager", "save", "export"))
"""What leads to another program or to a file of this host: absent here."""


def _away(console: bool) -> frozenset[str]:
    """What is absent where serial consoles are opened, or are not."""
    return AWAY - {"login", "console"} if console else AWAY


NO_PROGRAM = "No program is started from here: this session has nothing but this window."
NO_FILE = "No file is written here: on your own machine ssh HOST logs NAME > FILE does it, and y copies."
NO_SPEC = "No file is read here: on your own machine ssh HOST apply - < FILE applies a spec."


def tell_the_host(error: BaseException) -> str:
    """Give a fault to the log of the host; answers what the person is told."""
    number = secrets.token_hex(4)
    syslog.openlog("nxtui-captive")
    for line in "".join(traceback.format_exception(error)).splitlines():
        syslog.syslog(syslog.LOG_ERR, f"{number} {line}")
    return f"Tell whoever runs this host the number {number}."


class CaptiveNxTui(NxTui):
    """A window that is all there is. ``monotonic`` is real time in seconds."""

    writes_files = False

    def __init__(
        self,
        settings: CaptiveSettings,
        ascii_only: bool,
        monotonic: Callable[[], float] = time.monotonic,
        colours: Colours = "all",
    ):
        super().__init__(
            settings.socket,
            ascii_only=ascii_only,
            colours=colours,
            monotonic=monotonic,
            preferences=Preferences(
                theme=settings.theme, bell=settings.bell, desktop=settings.desktop, accents=settings.accents
            ),
            keymap=Keymap(tuple(action for action in ACTIONS if action.id not in _away(settings.console))),
        )
        self._settings = settings
        self._monotonic = monotonic
        self._pressed = monotonic()
        """When somebody last did something."""

    @property
    def mode(self) -> str:
        return "captive, idle" if self.read_only else "captive"

    def lend(self, command: Sequence[str], text: str | None = None, stays: bool = False) -> None:
        self.say(NO_PROGRAM, "warning")

    def log_in(self, entity: EntityView) -> None:
        if self._settings.console:
            super().log_in(entity)
        else:
            self.say(NO_PROGRAM, "warning")

    def use_address(self, name: str, address: str) -> None:
        """No login starts from here: the address can be used elsewhere."""
        self.say(f"The address of {name}: {self.copy(address)}", about=name)

    def open_console(self, entity: EntityView) -> None:
        if not self._settings.console:
            self.say(NO_PROGRAM, "warning")
        elif (why := no_console(entity, False, self.read_only)) is not None:
            self.say(why, "warning", entity["name"])
        else:
            self.console_here(entity["name"])

    def save(self, stem: str, suffix: str, text: str) -> None:
        self.say(NO_FILE, "warning")

    def choose_spec(self) -> None:
        self.say(NO_SPEC, "warning")

    def keep(self, error: BaseException) -> str:
        return tell_the_host(error)

    async def on_event(self, event: events.Event) -> None:
        """A key that ends the idleness does nothing else: whoever comes back looks first."""
        if isinstance(event, (events.Key, events.MouseDown, events.Paste)):
            was_idle, self._pressed = self.read_only, self._monotonic()
            if was_idle:
                self.read_only = False
                self.say("Here again: keys act from now on.")
                return
        await super().on_event(event)

    def tick(self) -> None:
        """A second has passed: nobody was here for a while, or for too long."""
        minutes = (self._monotonic() - self._pressed) / 60
        if minutes >= self._settings.logout:
            self.exit(
                message="Nobody pressed a key for long, so this session ends. The daemon goes on working."
            )
            return
        self.read_only = minutes >= self._settings.idle
        super().tick()

    def leave(self) -> None:
        self.exit(message="The daemon goes on working. Log in again to see it.")
