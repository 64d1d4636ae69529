"""A cell shows what filled most of it, a failure or a try anew is never hidden, and nothing moves within a cell."""

from __future__ import annotations

import random

import pytest

from daemon.display.timeline import LEGEND, SIGNS, SIGNS_IN_ASCII, ZOOMS, Fill, aligned, even, fills, fitting
from daemon.wire import StepTiming

NATURES = ("cloud", "waits", "machine", "ready", "well", "stopped")


def history(seed: int) -> tuple[list[StepTiming], float]:
    """A random way through states, and the moment at which it is looked at."""
    chance = random.Random(seed)
    moment, attempt = 1000.0 + chance.random() * 500, 1
    stays: list[StepTiming] = []
    for _ in range(chance.randint(1, 40)):
        mark = chance.choice(("", "", "", "failed", "retried"))
        attempt += mark == "retried"
        stay = StepTiming(
            state="s", title="t", attempt=attempt, started=moment, ended=None, nature=chance.choice(NATURES)
        )  # type: ignore[typeddict-item]
        if mark:
            stay["mark"] = mark  # type: ignore[typeddict-item]
        if stays:
            stays[-1]["ended"] = moment
        stays.append(stay)
        moment += chance.choice((0.5, 3.0, 20.0, 90.0, 700.0, 4000.0)) * chance.random()
    return stays, moment


def share(stays: list[StepTiming], nature: str, begin: float, end: float, now: float) -> float:
    """For how long it was so between two moments."""
    return sum(
        max(0.0, min(end, now, now if one["ended"] is None else one["ended"]) - max(begin, one["started"]))
        for one in stays
        if one.get("nature") == nature
    )


@pytest.mark.parametrize("seed", range(100))
def test_each_cell_is_the_nature_with_the_largest_share_and_no_mark_is_hidden(seed: int) -> None:
    stays, now = history(seed)
    for seconds in ZOOMS[:5]:
        begin = aligned(stays[0]["started"], seconds)
        edges = even(begin, seconds, min(400, int((now - begin) // seconds) + 2))
        told = fills(stays, edges, now)
        for at, fill in enumerate(told):
            low, high = edges[at], edges[at + 1]
            marks = {one["mark"] for one in stays if "mark" in one and low <= one["started"] < high}
            if marks:
                assert fill == (marks.pop() if len(marks) == 1 else "both"), (at, seconds)
                continue
            shares = {nature: share(stays, nature, low, high, now) for nature in NATURES}
            longest = max(shares.values())
            assert (shares[fill] if fill else 0.0) == pytest.approx(longest), (at, seconds)


@pytest.mark.parametrize("seed", range(20))
def test_nothing_moves_within_the_time_of_a_cell(seed: int) -> None:
    stays, now = history(seed)
    seconds = 600.0
    begin = aligned(stays[0]["started"], seconds)
    edges = even(begin, seconds, int((now - begin) // seconds) + 40)
    here = int((now - begin) // seconds)
    later = edges[here + 1] - 0.001
    before, after = (fills(stays, edges, when, edges[here + 12] + 1) for when in (now, later))
    assert [at for at, (a, b) in enumerate(zip(before, after, strict=True)) if a != b and at != here] == []


def test_what_is_expected_begins_after_the_present_cell_and_ends_where_it_is_ready() -> None:
    stay = StepTiming(state="s", title="t", attempt=1, started=0.0, ended=None, nature="machine")
    edges = even(0.0, 60.0, 8)
    assert fills([stay], edges, 100.0, 330.0) == [
        "machine", "machine", "expected", "expected", "expected", "end", "", "",
    ]  # fmt: skip
    assert fills([stay], edges, 100.0, 90.0)[2:] == [""] * 6, (
        "an estimate that has passed is not pushed ahead"
    )
    assert fills([stay], edges, 100.0, 9000.0)[2:] == ["expected"] * 6
    assert fills([], edges, 100.0) == [""] * 8


def test_a_stay_of_a_state_that_no_table_has_any_more_is_drawn() -> None:
    old = StepTiming(state="s", title="t", attempt=1, started=0.0, ended=120.0)
    assert fills([old], even(0.0, 60.0, 3), 500.0) == ["cloud", "cloud", ""]


def test_every_sign_is_one_cell_and_no_two_that_need_a_word_are_alike() -> None:
    worded: list[Fill] = [fill for fill, _ in LEGEND]
    for signs in (SIGNS, SIGNS_IN_ASCII):
        assert all(len(sign) == 1 for sign in signs.values())
        assert len({signs[fill] for fill in worded}) == len(worded)
    assert "".join(SIGNS_IN_ASCII.values()).isascii()


def test_the_shortest_cell_is_taken_with_which_all_of_it_fits() -> None:
    assert fitting(0.0, 3600.0, 60) == 60.0
    assert fitting(0.0, 3601.0, 60) == 180.0
    assert fitting(0.0, 10.0, 60) == 30.0
    assert fitting(0.0, 1e12, 60) == ZOOMS[-1]
