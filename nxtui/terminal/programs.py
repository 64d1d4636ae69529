"""Steps aside for another program on the same terminal: an editor, a pager, a login on a node."""

from __future__ import annotations

import shlex
import subprocess
import sys
from collections.abc import Mapping, Sequence
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
    trouble = ""
    try:
        with nx.suspend():
            given = None if text is None else text.encode()
            ended = subprocess.run(command, input=given, check=False).returncode
            if ended and stays:
                input("Enter leads back to nxtui. ")
        trouble = f"{program} ended with code {ended}." if ended else ""
    except SuspendNotSupported:
        trouble = f"This terminal cannot be lent to {program}: run it in another one."
    except (OSError, ValueError, EOFError) as cause:
        trouble = f"{program} cannot be started ({cause})."
    if trouble:
        nx.notify(trouble, severity="warning", markup=False)


def pager(environment: Mapping[str, str]) -> list[str]:
    """The person's pager; ``less`` where none is named."""
    return shlex.split(environment.get("PAGER", "")) or ["less"]
