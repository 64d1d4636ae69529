"""The serial console of a machine as plain text in the window itself, where no other program may have the terminal."""

from __future__ import annotations

from collections import deque
from pathlib import Path

from textual import events, work
from textual.app import ComposeResult

from daemon.client import DaemonRefused, DaemonUnreachable
from daemon.display.plain import PlainText
from daemon.words import printable
from nxtui.draw.renderer import Renderer
from nxtui.draw.text import Line, wrap
from nxtui.screens.dialog import Dialog
from nxtui.widgets.oneline import OneLine
from nxtui.widgets.page import Page

LEAVES = "ctrl+right_square_bracket"
KEPT = 2000
"""Lines that are kept."""
AT_ONCE = 16_384
"""Bytes of a pasted text that are sent."""
_SENT = {
    "enter": b"\r", "escape": b"\x1b", "tab": b"\t", "backspace": b"\x7f", "delete": b"\x1b[3~",
    "up": b"\x1b[A", "down": b"\x1b[B", "right": b"\x1b[C", "left": b"\x1b[D", "home": b"\x1b[H", "end": b"\x1b[F",
    "pageup": b"\x1b[5~", "pagedown": b"\x1b[6~", "ctrl+backslash": b"\x1c", "ctrl+space": b"\x00",
}  # fmt: skip
"""What a key with a name sends."""


def bytes_of(key: str, character: str | None) -> bytes:
    """What a key sends to the machine; nothing for one that has no bytes on a serial line."""
    if key in _SENT:
        return _SENT[key]
    modifier, _, letter = key.partition("+")
    if modifier == "ctrl" and len(letter) == 1 and letter.isascii() and letter.isalpha():
        return bytes((ord(letter.upper()) & 31,))
    return character.encode() if character is not None and printable(character) == character else b""


class ConsoleScreen(Dialog[None]):
    """Shows what the machine sends, and sends it every key but the one that leaves."""

    AUTO_FOCUS = ""

    def __init__(self, renderer: Renderer, socket: Path, name: str) -> None:
        super().__init__()
        self._renderer = renderer
        self._whom = name
        self._socket = socket
        self._plain = PlainText()
        self._shown: deque[str] = deque([""], KEPT)
        self._told = "Opening…"
        self._is_open = False

    def compose(self) -> ComposeResult:
        self._head = OneLine(self._renderer, lambda _: self._title(), "panel")
        yield self._head
        self._page = Page(self._renderer, self._lines, id="page")
        yield self._page

    def _title(self) -> Line:
        leaves: Line = [("   Ctrl-]", "key-strong"), (" leaves it", "dim")]
        return [(f" console of {self._whom}", "title"), *leaves, (f"   {self._told}", "attention")]

    def _lines(self, width: int) -> list[Line]:
        return [[(part, "")] for line in self._shown for part in (wrap(line, width) if line else [""])]

    def on_mount(self) -> None:
        self._follow()

    @work(exclusive=True, group="console")
    async def _follow(self) -> None:
        """Show what comes until it ends; then say why, and leave the text on the screen."""
        from daemon.client.console import ConsoleLink  # nobody else here needs what it loads

        self._link = ConsoleLink(self._socket, self._whom)
        try:
            await self._link.open()
        except (DaemonRefused, DaemonUnreachable) as cause:
            said = cause.error["message"] if isinstance(cause, DaemonRefused) else str(cause)
            self._say(said)
            return
        self._is_open = True
        self._say("")
        try:
            while (told := await self._link.receive()) is not None:
                if isinstance(told, bytes):
                    self._add(self._plain.feed(told))
                else:
                    self._say(told["message"])
                    self._is_open = told["type"] == "opened"
            if self._is_open:
                self._say("The connection to the daemon broke off.")
        finally:
            self._is_open = False
            await self._link.close()

    def _say(self, text: str) -> None:
        self._told = text
        self._head.redraw()

    def _add(self, text: str) -> None:
        first, *others = text.split("\n")
        self._shown[-1] += first
        self._shown.extend(others)
        self._page.redraw()
        self._page.move(self._page.virtual_size.height)

    def check_consume_key(self, key: str, character: str | None) -> bool:
        """No key is one of the window's own here."""
        return True

    async def on_key(self, event: events.Key) -> None:
        """Every key is the machine's but one."""
        event.stop()
        event.prevent_default()
        if event.key == LEAVES or (not self._is_open and event.key == "escape"):
            self.end(None)
        else:
            await self._send(bytes_of(event.key, event.character))

    async def on_paste(self, event: events.Paste) -> None:
        """What is pasted is typed."""
        event.stop()
        await self._send(event.text.replace("\n", "\r").encode()[:AT_ONCE])

    async def _send(self, data: bytes) -> None:
        if data and self._is_open and not await self._link.send(data):
            self._is_open = False
            self._say("The connection to the daemon broke off.")
