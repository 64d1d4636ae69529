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
    return _local(moment, "%H:%M:%S")


def minute(moment: float | None) -> str:
    """The local time of day without its seconds."""
    return _local(moment, "%H:%M")


def date(moment: float | None) -> str:
    """The local date and time, with the zone that they are of."""
    return zoned(moment, "%Y-%m-%d %H:%M:%S")


def zoned(moment: float | None, form: str = "%H:%M:%S") -> str:
    """The local time with its distance from UTC; that of summer is another one than that of winter."""
    told = _local(moment, form)
    return told if moment is None or told == UNKNOWN else f"{told} {zone(moment)}"


def zone(moment: float) -> str:
    """How far the local time is from UTC then: ``+02:00``."""
    minutes = time.localtime(moment).tm_gmtoff // 60
    return f"{'-' if minutes < 0 else '+'}{abs(minutes) // 60:02}:{abs(minutes) % 60:02}"


def _local(moment: float | None, form: str) -> str:
    """A moment in the zone of this terminal; a dash if it is not known, or none that a calendar has."""
    if moment is None:
        return UNKNOWN
    try:
        return time.strftime(form, time.localtime(moment))
    except (ValueError, OverflowError, OSError):
        return UNKNOWN
