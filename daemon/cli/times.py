"""Times at the command line: how one is shown, and what a person may write for one."""

from __future__ import annotations

import re
from datetime import UTC, datetime, time, timedelta

import click

_SPAN = re.compile(r"([0-9]+(?:\.[0-9]+)?)([smhdw])")
_SECONDS = {"s": 1, "m": 60, "h": 3600, "d": 86400, "w": 604800}
_TAKEN = "10m, 2h30m, 3d, 14:05, 2026-11-29, or '2026-11-29 14:05'"


def stamp(at: float, utc: bool = False) -> str:
    """A moment with its date and zone, in one word: the zone of this machine, or UTC as ``Z``."""
    try:
        moment = datetime.fromtimestamp(at, UTC)
        shown = moment if utc else moment.astimezone()
    except (ValueError, OverflowError, OSError):  # a clock that jumped past the last year that can be written
        return f"{at:.0f}"
    text = shown.isoformat(timespec="seconds")
    return text.removesuffix("+00:00") + "Z" if utc else text


def moment(text: str, now: float, utc: bool = False) -> float:
    """The Unix time that a person means: so long before ``now``, a time of day, a date, or both, in the zone of this
    machine unless the text or ``utc`` names another. Raises UsageError."""
    words = text.strip()
    try:
        if words and not _SPAN.sub("", words):
            return max(0.0, now - sum(float(n) * _SECONDS[unit] for n, unit in _SPAN.findall(words)))
        zone = UTC if utc else None
        if re.fullmatch(r"[0-9]{1,2}:[0-9]{2}(:[0-9]{2})?", words):
            today = datetime.fromtimestamp(now, zone)
            found = datetime.combine(today.date(), time.fromisoformat(words.zfill(5)), zone)
            return (found if found.timestamp() <= now else found - timedelta(days=1)).timestamp()
        found = datetime.fromisoformat(words)
        return (found if found.tzinfo is not None or zone is None else found.replace(tzinfo=zone)).timestamp()
    except (ValueError, OverflowError, OSError):
        raise click.UsageError(f"{text!r} is no time: write {_TAKEN}.") from None
