"""What an installer reports is taken down as it was meant, and garbage is refused in one sentence."""

from __future__ import annotations

from typing import Any

import pytest

from pxe.book import Report
from pxe.status import MESSAGE_LIMIT

NODE = "127.33.0.10"


@pytest.mark.parametrize(
    ("said", "report"),
    [
        pytest.param(
            {"seq": 1, "phase": 3, "message": "hardware checked"},
            Report("phase", NODE, 1, 3, None, "hardware checked"),
            id="phase",
        ),
        pytest.param(
            {"seq": 2, "phase": 4, "message": "packages", "percent": 40},
            Report("phase", NODE, 2, 4, 40.0, "packages"),
            id="percent",
        ),
        pytest.param(
            {"seq": 3, "phase": -1, "message": "a line"},
            Report("log", NODE, 3, None, None, "a line"),
            id="log",
        ),
        pytest.param(
            {"seq": 4, "phase": "error", "message": "no disk"},
            Report("install_error", NODE, 4, None, None, "no disk"),
            id="error",
        ),
        pytest.param(
            {"seq": 5, "phase": 8, "message": "done", "later": 1},
            Report("phase", NODE, 5, 8, None, "done"),
            id="key-of-a-newer-installer",
        ),
        pytest.param(
            {"boot": 3, "seq": 1, "phase": 2, "message": "read"},
            Report("phase", NODE, 1, 2, None, "read", 3),
            id="boot",
        ),
    ],
)
async def test_a_report_is_taken_down_as_it_was_meant(
    said: dict[str, Any], report: Report, server: Any, book: Any
) -> None:
    answer = await server.say(said)
    assert (answer.status, answer.body) == (204, b"")
    assert book.reports == [("lab-node01", report)]


async def test_a_report_that_comes_twice_is_taken_twice(server: Any, book: Any) -> None:
    for _ in range(2):
        assert (await server.say({"seq": 1, "phase": 1, "message": "started"})).status == 204
    assert len(book.reports) == 2


@pytest.mark.parametrize(
    ("body", "sentence"),
    [
        pytest.param(b"", "The body must be JSON.", id="empty"),
        pytest.param(b"{", "The body must be JSON.", id="cut-off"),
        pytest.param(b"\xff\xfe\x00", "The body must be JSON.", id="not-text"),
        pytest.param(b"[" * 30_000, "The body must be JSON.", id="too-deep"),
        pytest.param([], "The body must be a JSON object.", id="list"),
        pytest.param(
            {"phase": 1, "message": ""},
            '"seq" must be a whole number from 1 to 9007199254740992.',
            id="no-seq",
        ),
        pytest.param(
            {"seq": 0, "phase": 1, "message": ""},
            '"seq" must be a whole number from 1 to 9007199254740992.',
            id="seq-zero",
        ),
        pytest.param(
            {"seq": 10**30, "phase": 1, "message": ""},
            '"seq" must be a whole number from 1 to 9007199254740992.',
            id="seq-huge",
        ),
        pytest.param(
            {"seq": True, "phase": 1, "message": ""},
            '"seq" must be a whole number from 1 to 9007199254740992.',
            id="seq-true",
        ),
        pytest.param({"seq": 1, "phase": 1}, '"message" must be text.', id="no-message"),
        *[
            pytest.param(
                b'{"seq": 1, %b "message": "x"}' % twice, "The body must say each key once.", id=f"twice-{n}"
            )
            for n, twice in enumerate((b'"phase": 3, "phase": 8,', b'"phase": 3, "more": {"a": 1, "a": 1},'))
        ],
        *[
            pytest.param(
                {"boot": boot, "seq": 1, "phase": 1, "message": ""},
                '"boot" must be the number that the configuration gives, or be left out.',
                id=f"boot-{boot}",
            )
            for boot in (0, -1, "3", 1.0, True, None, 10**30)
        ],
        *[
            pytest.param(
                {"seq": 1, "phase": phase, "message": ""},
                '"phase" must be 1 to 8, -1 for a line of the log, "error" or "heartbeat".',
                id=f"phase-{phase}",
            )
            for phase in (0, 9, -2, 1.0, True, None, "done", [1])
        ],
        *[
            pytest.param(
                {"seq": 1, "phase": 1, "message": "", "percent": percent},
                '"percent" must be a number from 0 to 100.',
                id=f"percent-{percent}",
            )
            for percent in (-1, 101, "50", True, float("nan"))
        ],
    ],
)
async def test_garbage_is_refused_in_one_sentence(body: Any, sentence: str, server: Any, book: Any) -> None:
    answer = await server.say(body)
    assert (answer.status, answer.text) == (400, sentence)
    assert book.reports == []


async def test_a_report_of_more_than_64_kib_is_refused(server: Any, book: Any) -> None:
    answer = await server.say({"seq": 1, "phase": -1, "message": "x" * 65_536})
    assert (answer.status, answer.text) == (413, "The body may have 65536 bytes at most.")
    assert book.reports == []


async def test_a_message_that_no_database_can_hold_is_made_one_it_can(server: Any, book: Any) -> None:
    await server.say(b'{"seq": 1, "phase": -1, "message": "half \\ud83d a face"}')
    assert book.reports[0][1].message == "half ? a face"


@pytest.mark.parametrize("phase", [3, -1, "error"])
async def test_of_a_long_message_the_beginning_is_kept_and_the_rest_is_counted(
    phase: Any, server: Any, book: Any
) -> None:
    await server.say({"seq": 1, "phase": phase, "message": "x" * 60_000})
    kept = book.reports[0][1].message
    assert kept == "x" * MESSAGE_LIMIT + f"… ({60_000 - MESSAGE_LIMIT} more characters were left out)"


async def test_a_message_as_long_as_is_kept_is_kept_whole(server: Any, book: Any) -> None:
    await server.say({"seq": 1, "phase": -1, "message": "x" * MESSAGE_LIMIT})
    assert book.reports[0][1].message == "x" * MESSAGE_LIMIT
