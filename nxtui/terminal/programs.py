"""Steps aside for another program on the same terminal: an editor, a pager, a login on a node."""

from __future__ import annotations

import os
import shlex
import signal
import subprocess
import sys
from collections.abc import Mapping, Sequence
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING

from textual.app import SuspendNotSupported

if TYPE_CHECKING:
    from nxtui.app import NxTui


def login(template: str, address: str, name: str) -> list[str]:
    """The command that logs in on an address. Raises ValueError if the template cannot be used.

    ``{address}`` and ``{name}`` are put in after the words were parted, so that neither can become a word or an
    option of its own.
    """
    if address.startswith("-"):
        raise ValueError(f"{address!r} is no address")
    words = shlex.split(template)
    filled = [word.replace("{address}", address).replace("{name}", name) for word in words]
    if not filled or filled == words:
        raise ValueError("it does not say where {address} goes")
    return filled


def console(socket: Path, name: str) -> list[str]:
    """The command that opens the serial console of a node."""
    return [sys.executable, "-P", "-m", "daemon.cli", "--socket", str(socket), "console", "--", name]


def run(nx: NxTui, command: Sequence[str], text: str | None = None, stays: bool = False) -> None:
    """Lend the terminal to a command until it ends; ``text`` becomes its input. What goes wrong is told.
    ``stays``: what a command said that failed is left on the terminal until Enter."""
    program = "nxd console" if stays else command[0]
    try:
        with nx.suspend():
            trouble = _lend(
                program, command, text, stays
            )  # takes every fault: one that leaves here leaves no window
    except SuspendNotSupported:
        trouble = f"This terminal cannot be lent to {program}: run it in another one."
    if trouble:
        nx.say(trouble, "warning")


def _lend(program: str, command: Sequence[str], text: str | None, stays: bool) -> str:
    """Run a command on the terminal; what went wrong is the answer, empty for nothing. Ctrl-C and Ctrl-\\ are for the
    command alone: the terminal sends them to this process too."""
    before = {one: signal.signal(one, lambda *_: None) for one in (signal.SIGINT, signal.SIGQUIT)}
    try:
        given = None if text is None else text.encode(errors="replace")
        ended = subprocess.run(command, input=given, check=False).returncode
        if ended and stays:
            with suppress(EOFError):
                input("Enter leads back to nxtui. ")
    except (OSError, ValueError) as cause:
        return f"{program} cannot be started ({getattr(cause, 'strerror', None) or cause})."
    finally:
        for one, handler in before.items():
            signal.signal(one, handler)
    return f"{program} ended {_how(ended)}." if ended else ""


def _how(ended: int) -> str:
    return f"with code {ended}" if ended > 0 else f"by {signal.Signals(-ended).name}"


_AT_PLACE: dict[str, tuple[str, ...]] = {
    **dict.fromkeys(("vim", "nvim", "gvim"), ("+call cursor({line},{column})", "{file}")),
    **dict.fromkeys(("nano", "rnano", "pico"), ("+{line},{column}", "{file}")),
    **dict.fromkeys(("emacs", "emacsclient", "kak", "micro", "mcedit"), ("+{line}:{column}", "{file}")),
    **dict.fromkeys(("vi", "view", "mg", "joe", "jove", "ne", "less"), ("+{line}", "{file}")),
    **dict.fromkeys(("hx", "helix", "subl", "zed"), ("{file}:{line}:{column}",)),
    **dict.fromkeys(("code", "codium", "code-insiders"), ("--goto", "{file}:{line}:{column}")),
}
"""How each editor is told where to put the cursor. One that is not known here is given the file alone, since it could
take a place for another file."""


def editor(said: str, file: Path, place: tuple[int, int] | None) -> list[str]:
    """The command that opens a file in an editor, at a line and column where it can. Raises ValueError if what was said
    are no words."""
    words = shlex.split(said)
    if not words:
        raise ValueError("it names no program")
    name = Path(words[0]).name.removesuffix(".exe")
    told = _AT_PLACE.get(name)
    if place is None or told is None:
        return [*words, str(file)]
    line, column = place
    return [*words, *(word.format(line=line, column=column, file=file) for word in told)]


def named_editor(environment: Mapping[str, str]) -> str:
    """The editor that a person named, else the first of the usual ones that is here; empty for none."""
    named = environment.get("VISUAL") or environment.get("EDITOR")
    folders = [Path(folder) for folder in environment.get("PATH", "").split(os.pathsep) if folder]
    usual = (one for one in ("sensible-editor", "vi", "nano") if any(_runs(at / one) for at in folders))
    return named or next(usual, "")


def _runs(file: Path) -> bool:
    return file.is_file() and os.access(file, os.X_OK)


def pager(environment: Mapping[str, str]) -> list[str]:
    """The person's pager; ``less`` where none is named."""
    return shlex.split(environment.get("PAGER", "")) or ["less"]
