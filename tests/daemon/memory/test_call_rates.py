"""Calls are counted by the minute: until a moment ago, the oldest minute first, and what services failed."""

from __future__ import annotations

from daemon.memory.call_rates import MINUTES, SLICE, CallCounts
from daemon.outside import OutsideCall

NOW = 100_000.0


def call(before: float, status: int | None = 200) -> OutsideCall:
    """One that was over so many seconds before now."""
    made = OutsideCall("shelf", "GET", "http://shelf", "/boxes/a", "", "look")
    made.time, made.status = NOW - before, status
    return made


def counted(*calls: OutsideCall) -> CallCounts:
    counts = CallCounts()
    for one in calls:
        counts.take(one)
    return counts


def test_each_of_the_last_minutes_has_its_calls_and_what_is_older_has_left() -> None:
    counts = counted(*(call(before) for before in (MINUTES * 60 + 5, 700.0, 70.0, 60.0, 59.0, 10.0)))
    minutes, errors = counts.now(NOW)
    assert len(minutes) == MINUTES and errors == 0
    assert (minutes[0], minutes[-2], minutes[-1], sum(minutes)) == (1, 1, 3, 5)


def test_the_slice_that_lasts_is_not_counted_so_that_nothing_changes_within_it() -> None:
    counts = counted(call(20.0))
    before = counts.now(NOW)
    counts.take(call(-1.0))
    counts.take(call(-2.0))
    assert counts.now(NOW + SLICE - 0.1) == before == counts.now(NOW)
    assert counts.now(NOW + SLICE)[0][-1] == 3


def test_a_call_that_is_told_late_is_counted_where_it_belongs() -> None:
    counts = counted(call(130.0), call(5.0))
    assert counts.now(NOW)[0][-2:] == [0, 1]
    counts.take(call(30.0, 503))
    assert counts.now(NOW) == ([*[0] * (MINUTES - 3), 1, 0, 2], 1)


def test_only_what_a_service_failed_is_an_error() -> None:
    counts = counted(call(70.0, 500), call(50.0, 404), call(40.0, None), call(30.0, 503), call(20.0, 429))
    assert counts.now(NOW)[1] == 2
