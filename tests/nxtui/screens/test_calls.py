"""The call log: every call with its try, status and request id, what was said in it, and a way to make it again."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

Open = Callable[..., Any]


def lines(w: Any) -> list[str]:
    """The rows of the list."""
    return [
        line.rstrip() for line in w.frame.splitlines()[2:19] if line[3:4].isdigit() or line[1:3].isdigit()
    ]


async def test_it_lists_each_call_with_status_try_and_request_id_and_folds_polls(window: Open) -> None:
    async with window() as w:
        await w.press("C")
        frame = await w.seen("7 · 2 failed")
        first, second, polls, dns, refused = lines(w)
        assert "✗   1 POST" in first and first.split()[-3:] == ["500", "43", "3bae07a2"]
        assert "    2 POST" in second and second.split()[-3:] == ["201", "737", "9be4ffee"]
        assert polls.split()[-4:] == ["×3", "200", "~430", "b7068047"]
        assert dns.split()[-3:] == ["200", "310", "–"] and "✗" in refused
        assert "node02 › calls" in frame


async def test_enter_unfolds_and_folds_and_a_call_that_comes_is_added(window: Open) -> None:
    async with window() as w:
        await w.press("C")
        await w.shows("7 · 2 failed")
        await w.press("k", "k", "enter")
        await w.until(lambda: len(lines(w)) == 7, "the three polls")
        await w.press("enter")
        await w.until(lambda: len(lines(w)) == 5, "one row for them")
        w.daemon.call(path="/v1/late", status=503, request_id="fffe0001-1")
        await w.shows("fffe0001")
        w.daemon.call(path="/v1/other", target="node01", request_id="fffe0002-1")
        await w.press("full_stop")
        await w.shows("fffe0002")
        assert "node01" in w.frame and "10 · 5 failed" in w.frame


async def test_it_finds_narrows_and_clears(window: Open) -> None:
    async with window() as w:
        await w.press("C")
        await w.shows("7 · 2 failed")
        await w.press("f")
        await w.type("status:failed")
        await w.press("enter")
        await w.until(lambda: len(lines(w)) == 2, "the two that failed")
        await w.press("escape")
        await w.until(lambda: len(lines(w)) == 5, "all of them")
        await w.press("slash")
        await w.type("zones")
        await w.press("enter")
        await w.shows("post instances")
        await w.press("f")
        await w.type("colour:red")
        await w.shows("There is no field 'colour'")


async def test_what_was_sent_and_answered_is_shown_and_y_copies(window: Open) -> None:
    async with window() as w:
        await w.press("C")
        await w.shows('409 {"errors":[{"code":"internal_error"}]}')
        await w.press("y")
        await w.shows("clipboard")
        assert w.app.clipboard == "c5c5c5c5-1"
        await w.press("Y")
        await w.until(lambda: w.app.clipboard.startswith("curl"), "the command")
        assert w.app.clipboard == (
            "curl -sS -X DELETE -H 'Authorization: Bearer '\"$TOKEN\" -H 'Content-Type: application/json' "
            '--data-raw \'{"address":"127.24.0.13","name":"demo-node02-mgmt-ip","token":"\'"$TOKEN"\'"}\' '
            "'https://vpc.example/v1/virtual_network_interfaces/0717-0b7e?version=2025-01-01'"
        )


async def test_the_calls_of_another_database_are_forgotten(window: Open) -> None:
    async with window() as w:
        await w.press("C", "full_stop")
        await w.shows("8 · 3 failed")
        w.daemon.id, w.daemon.calls = "daemon-2", w.daemon.calls[:2]
        w.daemon.say(type="snapshot", snapshot=w.daemon.snapshot())
        await w.shows("2 · 1 failed")


async def test_one_without_an_answer_says_why_and_an_older_daemon_that_it_tells_none(window: Open) -> None:
    async with window() as w:
        await w.press("C", "full_stop")
        await w.shows("8 · 3 failed")
        await w.press("k")
        await w.shows("No connection within 5 s")
        await w.press("escape")
        w.daemon.calls = None
        w.app.fleet.calls.clear()
        await w.press("C")
        await w.shows("This nxd tells of no calls")


async def test_a_filter_of_calls_stands_on_the_screen_and_l_opens_the_log_of_what_is_looked_at(
    window: Open,
) -> None:
    async with window() as w:
        await w.press("C")
        await w.shows("7 · 2 failed")
        await w.press("f")
        await w.type("status:failed")
        await w.press("enter")
        await w.shows("FILTER  status:failed  2 calls left   Esc clears")
        await w.press("full_stop")
        await w.shows("FILTER  status:failed")
        await w.press("escape")
        await w.until(lambda: "FILTER" not in w.frame, "no filter")
        await w.press("full_stop", "L")
        await w.shows("node02 › log")
