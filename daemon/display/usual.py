"""What is usual, from how long it took before."""

from __future__ import annotations

from collections.abc import Iterable

ENOUGH = 5
"""So many must be known before one of them is called slow."""


def median(lengths: Iterable[float]) -> float | None:
    """The middle one; None when there is none."""
    known = sorted(lengths)
    middle = len(known) // 2
    if not known:
        return None
    return known[middle] if len(known) % 2 else (known[middle - 1] + known[middle]) / 2


def slow_after(lengths: Iterable[float]) -> float | None:
    """What 95 of 100 did not exceed; None while there are too few to call one slow."""
    known = sorted(lengths)
    return known[-(-95 * len(known) // 100) - 1] if len(known) >= ENOUGH else None
