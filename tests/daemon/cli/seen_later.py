"""Waits for what a daemon does after it has answered."""

from __future__ import annotations

import time
from collections.abc import Callable


def until(seen: Callable[[], bool], what: str) -> None:
    """Look again and again until it is seen."""
    end = time.monotonic() + 20
    while not seen():
        assert time.monotonic() < end, what
        time.sleep(0.05)
