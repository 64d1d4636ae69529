"""How many calls to things outside were made in each of the last minutes, and how many the other side failed."""

from __future__ import annotations

from daemon.outside import OutsideCall

MINUTES = 12
"""So many minutes are told."""
SLICE = 10.0
"""Seconds after which the figures are others at the earliest: minutes end with one of these."""
_A_MINUTE = round(60.0 / SLICE)
_KEPT = MINUTES * _A_MINUTE


class CallCounts:
    """Counts in slices of time, and keeps no call."""

    def __init__(self) -> None:
        self._slices: dict[int, list[int]] = {}
        """Number of a slice → the calls in it, and those of them that were answered with 5xx."""
        self._told: tuple[int, tuple[list[int], int]] | None = None

    def take(self, call: OutsideCall) -> None:
        """A call is over."""
        number = int(call.time // SLICE)
        if number not in self._slices and len(self._slices) > 2 * _KEPT:
            self._slices = {at: one for at, one in self._slices.items() if at >= number - _KEPT}
        counts = self._slices.setdefault(number, [0, 0])
        counts[0] += 1
        counts[1] += (call.status or 0) >= 500
        if self._told is not None and number < self._told[0]:
            self._told = None  # it was told as if this had not been

    def now(self, moment: float) -> tuple[list[int], int]:
        """How many calls each of the last minutes had, the oldest first, and how many in all were answered with 5xx.
        The last one ends where the present slice began."""
        present = int(moment // SLICE)
        if self._told is None or self._told[0] != present:
            minutes, errors = [0] * MINUTES, 0
            for before in range(_KEPT):
                calls, failed = self._slices.get(present - 1 - before, (0, 0))
                minutes[MINUTES - 1 - before // _A_MINUTE] += calls
                errors += failed
            self._told = present, (minutes, errors)
        return self._told[1]
