"""Copying through the terminal itself (OSC 52), so that it works over SSH and inside tmux and screen."""

from __future__ import annotations

import base64
import subprocess
from collections.abc import Mapping

from nxtui.terminal.control import wrapped

_PATIENCE = 2.0
"""Seconds that tmux is given to take a text."""

MOST = 74_994
"""Bytes of text that terminals take: xterm's limit of 100,000 characters of base64."""


class TooLong(ValueError):
    """The text does not fit through the terminal."""


def sequence(text: str, environment: Mapping[str, str]) -> str:
    """The bytes to write to the terminal so that it puts the text on its clipboard.

    Raises TooLong beyond ``MOST`` bytes: a terminal would drop all of it without a word.
    """
    data = text.encode()
    if len(data) > MOST:
        raise TooLong(f"{len(data)} bytes do not fit through the terminal, it takes {MOST}.")
    plain = f"\x1b]52;c;{base64.b64encode(data).decode()}\x07"
    return wrapped(plain, environment)


def keep_in_tmux(text: str, environment: Mapping[str, str]) -> str:
    """What became of a text that was just sent to the terminal. A terminal does not answer; tmux lets no sequence
    through unless it is told to, so there the text is given to tmux itself, which passes it on where it may."""
    if not environment.get("TMUX"):
        return "Sent to the terminal's clipboard."
    for words in (("load-buffer", "-w", "-"), ("load-buffer", "-")):  # -w: since tmux 3.2
        try:
            subprocess.run(
                ["tmux", *words], input=text.encode(), check=True, timeout=_PATIENCE, capture_output=True
            )
        except subprocess.CalledProcessError:
            continue
        except (OSError, subprocess.TimeoutExpired):
            break
        return "Copied into tmux (its prefix, then ] pastes); the terminal has it where tmux passes it on."
    return "Nothing took it for sure: tmux passes it on only with `set -g allow-passthrough on`."
