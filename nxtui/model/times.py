"""Moments in words."""

from __future__ import annotations

import time

from daemon.display.durations import UNKNOWN, lasting


def due_in(deadline: float | None, now: float | None) -> str:
    """Time left until a deadline; ``over`` once it has passed, a dash if there is none."""
    if deadline is None or now is None:
        return UNKNOWN
    return lasting(deadline - now) if deadline > now else "over"


def clock(moment: float | None) -> str:
    """The local time of day."""
    return UNKNOWN if moment is None else time.strftime("%H:%M:%S", time.localtime(moment))


def date(moment: float | None) -> str:
    """The local date and time."""
    return UNKNOWN if moment is None else time.strftime("%Y-%m-%d %H:%M:%S", time.localtime(moment))
