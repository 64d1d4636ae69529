"""The log at the command line: as it was since some time, as it grows, of one name, with dates and zones."""

from __future__ import annotations

import json
import re
import socketserver
import threading
import time
from collections.abc import Iterator
from typing import Any, ClassVar

import click
import pytest

from daemon.cli.lines import revision_before
from daemon.cli.times import moment, stamp
from daemon.client import Client

NOON = 1_774_958_400.0
"""2026-03-31 12:00:00 UTC: in Berlin it is summer time, two hours later."""


@pytest.fixture
def berlin(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    monkeypatch.setenv("TZ", "Europe/Berlin")
    time.tzset()
    yield
    monkeypatch.undo()
    time.tzset()


def test_a_time_is_shown_with_its_date_and_zone(berlin: None) -> None:
    assert stamp(NOON) == "2026-03-31T14:00:00+02:00"
    assert stamp(NOON, utc=True) == "2026-03-31T12:00:00Z"
    assert stamp(NOON - 5 * 86400) == "2026-03-26T13:00:00+01:00"


@pytest.mark.parametrize(
    ("text", "utc", "meant"),
    [
        ("10m", False, NOON - 600),
        ("2h", False, NOON - 7200),
        ("1h30m", False, NOON - 5400),
        ("0.5d", False, NOON - 43200),
        ("99999999w", False, 0.0),
        ("13:30", False, NOON - 1800),
        ("11:30", True, NOON - 1800),
        ("23:00", True, NOON - 13 * 3600),
        ("2026-03-31", False, NOON - 14 * 3600),
        ("2026-03-31", True, NOON - 12 * 3600),
        ("2026-03-31 14:00", False, NOON),
        ("2026-03-31T12:00:00Z", False, NOON),
        ("2026-03-31T14:00:00+02:00", True, NOON),
    ],
)
def test_a_time_may_be_written_as_a_span_a_time_of_day_a_date_or_both(
    berlin: None, text: str, utc: bool, meant: float
) -> None:
    assert moment(text, NOON, utc) == meant


@pytest.mark.parametrize(
    "text",
    ["", "10", "m", "soon", "25:00", "2026-13-01", "10m ago", "-5m", "٣m", "٣:٠٠", "nan", "inf", "1e3m"],
)
def test_what_is_no_time_is_refused_with_what_is(text: str) -> None:
    with pytest.raises(click.UsageError, match="is no time: write 10m"):
        moment(text, NOON)


def test_since_begins_at_the_first_line_of_that_time_and_a_name_keeps_its_own(served: Any) -> None:
    whole = json.loads(served.run("logs", "-n", "10000", "--json").out)["events"]
    middle = whole[len(whole) // 2]
    with Client(served.socket) as client:
        before = revision_before(client, middle["time"])
    wanted = [event["revision"] for event in whole if event["time"] >= middle["time"]]
    assert before == wanted[0] - 1
    since = stamp(whole[0]["time"] - 1, utc=True)
    shown = json.loads(served.run("logs", "solo", "--since", since, "--json").out)["events"]
    assert shown[: len(whole)] == [event for event in whole if event["cluster"] == "solo"]
    assert json.loads(served.run("logs", "--since", since, "--json").out)["events"][: len(whole)] == whole
    last = json.loads(served.run("logs", "--since", since, "-n", "2", "--json").out)["events"]
    assert [event["revision"] for event in last] == [event["revision"] for event in whole[-2:]]
    assert served.run("logs", "--since", "2199-01-01").out == ""


def test_the_lines_of_the_log_carry_date_and_zone(served: Any) -> None:
    for words, zone in ((("logs",), r"\+05:30"), (("logs", "--utc"), "Z")):
        out = served.run(*words, env={"TZ": "Asia/Kolkata"}).out
        assert all(
            re.match(rf"\d{{4}}-\d\d-\d\dT\d\d:\d\d:\d\d{zone}\t", line) for line in out.splitlines()
        ), out


@pytest.mark.parametrize(
    "command", [("logs", "-f", "-n", "1", "solo"), ("events", "solo"), ("events",)], ids=" ".join
)
def test_who_follows_hears_of_it_and_of_one_name_only_if_that_was_asked(served: Any, command: Any) -> None:
    child = served.start(*command, "--json")
    assert child.stdout is not None
    heard: list[Any] = []
    reader = threading.Thread(target=lambda: heard.extend(json.loads(one) for one in child.stdout))
    reader.start()
    verb = "protect"
    until = time.monotonic() + 25
    with Client(served.socket) as client:  # the child may need a while until it follows
        while not any("protect" in event["message"] for event in heard):
            assert time.monotonic() < until, heard
            client.verb(verb, "solo", meant=True)
            verb = "unprotect" if verb == "protect" else "protect"
            time.sleep(0.5)
        if verb == "unprotect":
            client.verb(verb, "solo", meant=True)
    child.terminate()
    reader.join(10)
    assert all(event["cluster"] == "solo" for event in heard) or command == ("events",)


def test_a_name_that_never_was_is_refused(served: Any) -> None:
    served.run("events", "nobody").refused_with(2, "nobody")
    served.run("logs", "nobody", "-f").refused_with(2, "nobody")


class Lagging(socketserver.StreamRequestHandler):
    """A daemon whose reader was too slow once: it ends the stream, and goes on when it is asked again."""

    asked: ClassVar[list[str]] = []

    def handle(self) -> None:
        words = self.rfile.readline().split()
        if not words:
            return  # somebody who only knocked
        self.asked.append(words[1].decode())
        first = len(self.asked) == 1
        event = {"time": NOON, "cluster": "a", "node": None, "level": "info", "message": "it goes on"}
        lines: list[dict[str, Any]] = [{"type": "snapshot", "revision": 5 if first else 9}]
        for revision in (6,) if first else (7, 8, 9):
            told = {**event, "revision": revision}
            lines.append({"type": "event", "revision": revision, "event": told})
        lines += [{"type": "lagged", "revision": 9}] if first else []
        self.wfile.write(b"HTTP/1.1 200 OK\r\nConnection: close\r\n\r\n")
        self.wfile.write(b"".join(json.dumps(line).encode() + b"\n" for line in lines))


def test_a_reader_that_was_too_slow_misses_no_line(place: Any) -> None:
    with socketserver.ThreadingUnixStreamServer(str(place.socket), Lagging) as daemon:
        threading.Thread(target=daemon.serve_forever).start()
        ended = place.run("events", "--json")
        daemon.shutdown()
    assert [json.loads(line)["revision"] for line in ended.out.splitlines()[:-1]] == [6, 7, 8, 9]
    assert Lagging.asked == ["/v1/events", "/v1/events?after=6"]
    assert (ended.code, json.loads(ended.out.splitlines()[-1])["error"]["code"]) == (3, "no_daemon")
