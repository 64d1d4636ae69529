"""Copying through the terminal itself (OSC 52), so that it works over SSH and inside tmux and screen."""

from __future__ import annotations

import base64
from collections.abc import Mapping

from nxtui.terminal.control import wrapped

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
