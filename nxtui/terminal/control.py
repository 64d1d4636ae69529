"""The terminal itself: sequences that it understands, wrapped so that tmux and screen let them through, and its end."""

from __future__ import annotations

import os
import select
import threading
from collections.abc import Mapping
from typing import Literal

from daemon.words import printable

_SCREEN_TAKES = 760
"""Bytes that screen passes on in one device control string; its limit is 768."""


_LOOK_EVERY = 1000
"""Milliseconds after which a wait for the terminal's end looks again by itself."""
HUNG_UP = 129
"""The exit code of a window whose terminal is gone, as if the signal of that (SIGHUP) had ended it."""


def end_with(terminal: int) -> None:
    """End this process when its terminal is gone, even if nobody says so by a signal (nohup, a shell that does not
    pass it on). Nothing can be drawn or put right then, and what reads the keys would find an end of file for ever."""

    def watch() -> None:
        poll = select.poll()
        poll.register(terminal, 0)
        while not poll.poll(_LOOK_EVERY):
            pass
        os._exit(HUNG_UP)

    threading.Thread(target=watch, name="terminal", daemon=True).start()


def is_screen(environment: Mapping[str, str]) -> bool:
    """Whether the window is inside GNU screen, as far as that can be told."""
    inside = bool(environment.get("STY")) or environment.get("TERM", "").startswith("screen")
    return inside and not environment.get("TMUX")


def mouse_fits(environment: Mapping[str, str]) -> bool:
    """Whether the mouse can be had without loss. GNU screen, asked for the mouse, holds each Esc back until
    another key is pressed."""
    return not is_screen(environment)


def colours(environment: Mapping[str, str]) -> Literal["all", "named", "none"]:
    """What colours this terminal has, as Textual counts them: at least 256, sixteen by their names, none wanted."""
    if "NO_COLOR" in environment:
        return "none"
    counted = environment.get("TEXTUAL_COLOR_SYSTEM", "auto")
    if counted != "auto":
        return "named" if counted == "standard" else "all"
    many = environment.get("COLORTERM", "").strip().lower() in ("truecolor", "24bit")
    return (
        "all" if many or environment.get("TERM", "").rpartition("-")[2] in ("256color", "kitty") else "named"
    )


def wrapped(sequence: str, environment: Mapping[str, str]) -> str:
    """The sequence as it must be written here. tmux asks for ``set -g allow-passthrough on``."""
    if environment.get("TMUX"):
        return "\x1bPtmux;" + sequence.replace("\x1b", "\x1b\x1b") + "\x1b\\"
    if is_screen(environment):
        pieces = range(0, len(sequence), _SCREEN_TAKES)
        return "".join(f"\x1bP{sequence[start : start + _SCREEN_TAKES]}\x1b\\" for start in pieces)
    return sequence


def notification(title: str, text: str, environment: Mapping[str, str]) -> str:
    """The bytes that make a terminal show a desktop notification; empty where none would understand.

    OSC 777 where the terminal is of the families that read it (rxvt, foot, those on VTE), else OSC 9.
    """
    kind = environment.get("TERM", "")
    if kind in ("", "dumb", "linux"):
        return ""
    said = printable(f"{title}: {text}", " ")[:240]
    if kind.startswith(("rxvt", "foot")) or environment.get("VTE_VERSION"):
        head, _, body = said.partition(": ")
        plain = f"\x1b]777;notify;{head.replace(';', ',')};{body.replace(';', ',')}\x07"
    else:
        plain = f"\x1b]9;{said}\x07"
    return wrapped(plain, environment)
