"""Durations and times of day in words."""

from __future__ import annotations

from datetime import UTC, datetime

UNKNOWN = "–"
TEN_YEARS = 3650
"""Days from which on years are told: nothing here takes so long, but a host's clock may jump so far."""


def lasting(seconds: float | None) -> str:
    """A duration in at most six characters: 7s, 4m12s, 1h05m, 3d04h, 250d, 12y; a dash if it is not known."""
    if seconds is None:
        return UNKNOWN
    whole = max(0, int(seconds))
    if whole < 60:
        return f"{whole}s"
    if whole < 3600:
        return f"{whole // 60}m{whole % 60:02}s"
    if whole < 86400:
        return f"{whole // 3600}h{whole % 3600 // 60:02}m"
    days = whole // 86400
    if days < 100:
        return f"{days}d{whole % 86400 // 3600:02}h"
    return f"{days}d" if days < TEN_YEARS else f"{days // 365}y"


def time_of_day(moment: float) -> str:
    """When on its day a moment in Unix seconds is: 14:03:07 UTC."""
    return f"{datetime.fromtimestamp(moment, UTC):%H:%M:%S} UTC"


def roughly(seconds: float) -> str:
    """A duration in whole minutes, for what need not be painted anew each second."""
    if seconds < 60:
        return "under 1m"
    return lasting(seconds).partition("m")[0] + "m" if seconds < 3600 else lasting(seconds)
