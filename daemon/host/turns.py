"""How long one thread of Python may keep the others from running."""

from __future__ import annotations

import sys

TURN = 0.001
"""Seconds. With Python's 5 ms a thread that needs the interpreter for microseconds, to send the next piece of an image
or to write the next group of rows, stands still for most of the time while the event loop is busy."""


def short_turns() -> None:
    """Let whoever waits for the interpreter have it soon."""
    sys.setswitchinterval(TURN)
