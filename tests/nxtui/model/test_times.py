"""Moments in words say which zone they are of."""

from __future__ import annotations

import time

import pytest

from nxtui.draw.logs import STAMP_CELLS
from nxtui.model import times


@pytest.mark.parametrize(
    ("zone", "moment", "told"),
    [
        ("UTC", 1_800_000_000.0, "2027-01-15 08:00:00 +00:00"),
        ("Europe/Berlin", 1_800_000_000.0, "2027-01-15 09:00:00 +01:00"),
        ("Europe/Berlin", 1_814_000_000.0, "2027-06-26 10:53:20 +02:00"),
        ("America/St_Johns", 1_800_000_000.0, "2027-01-15 04:30:00 -03:30"),
    ],
)
def test_a_date_says_the_zone_that_it_is_of(
    monkeypatch: pytest.MonkeyPatch, zone: str, moment: float, told: str
) -> None:
    monkeypatch.setenv("TZ", zone)
    time.tzset()
    assert times.date(moment) == told
    assert times.zoned(moment) == told.partition(" ")[2]
    assert len(f"{told} ") == STAMP_CELLS["date"]
