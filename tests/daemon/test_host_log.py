"""The journal of the host holds one line for each event, and a number for a flood of them."""

from __future__ import annotations

import io
import logging

from daemon.host.log import LINES_PER_MINUTE, HostLog
from daemon.secrets.redaction import Redactor


def line(message: str, at: float, *args: object, level: int = logging.INFO) -> logging.LogRecord:
    record = logging.LogRecord("nxd.test", level, "x", 1, message, args, None)
    record.created = at
    return record


def test_a_flood_of_one_sort_is_so_many_lines_and_then_its_number() -> None:
    stream = io.StringIO()
    journal = HostLog(stream, Redactor())
    for number in range(10_000):
        journal.handle(line("%s knocked", 1000.0 + number / 1000, number))
    journal.handle(line("all is well", 1011.0))
    assert len(stream.getvalue().splitlines()) == LINES_PER_MINUTE + 1
    journal.handle(line("all is well", 1100.0))
    *_, told, last = stream.getvalue().splitlines()
    assert f"action=lines_left_out count={10_000 - LINES_PER_MINUTE} like=INFO nxd.test %s knocked" in told
    assert last.endswith("all is well")


def test_a_flood_that_goes_on_tells_its_number_in_its_next_line() -> None:
    stream = io.StringIO()
    journal = HostLog(stream, Redactor())
    for number in range(300):
        journal.handle(line("%s knocked", 1000.0, number))
    journal._looked = 1060.0
    journal.handle(line("%s knocked", 1061.0, "ada"))
    assert (
        stream.getvalue()
        .splitlines()[-1]
        .endswith(f"ada knocked ({300 - LINES_PER_MINUTE} more were left out)")
    )


def test_a_clock_that_goes_back_silences_nobody() -> None:
    stream = io.StringIO()
    journal = HostLog(stream, Redactor())
    for number in range(300):
        journal.handle(line("%s knocked", 100_000.0, number))
    journal.handle(line("%s knocked", 1000.0, "ada"))
    assert "ada knocked" in stream.getvalue()
