"""The journal of the host holds one line of logfmt for each event, and a number for a flood of them."""

from __future__ import annotations

import ast
import io
import logging
from pathlib import Path
from typing import Any

import pytest

from daemon.host.log import LINES_PER_MINUTE, HostLog
from daemon.secrets.redaction import Redactor
from tests.logfmt import read, unreadable

ROOT = Path(__file__).parents[3]


def line(
    message: str, at: float, *args: object, level: int = logging.INFO, **about: Any
) -> logging.LogRecord:
    record = logging.LogRecord("nxd.test", level, "x", 1, message, args, None)
    record.created = at
    record.__dict__.update(about)
    return record


def written(*records: logging.LogRecord, known: Redactor | None = None) -> list[dict[str, str]]:
    stream = io.StringIO()
    journal = HostLog(stream, known or Redactor())
    for record in records:
        journal.handle(record)
    return [read(one) for one in stream.getvalue().splitlines()]


def test_a_line_names_its_time_level_logger_and_action_and_then_what_it_is_about() -> None:
    (told,) = written(
        line("rate_halved", 1767225600.25, level=logging.WARNING, api="vpc", rate=0.5, status=None)
    )
    assert list(told.items()) == [
        ("ts", "2026-01-01T00:00:00.250Z"),
        ("level", "warning"),
        ("logger", "nxd.test"),
        ("action", "rate_halved"),
        ("api", "vpc"),
        ("rate", "0.5"),
    ]


@pytest.mark.parametrize(
    "value",
    [
        "two words", "", 'she said "no"', "a=b", "back\\slash", "line\nbreak\r\tand tab", "\x1b[31mred\x00", "grün – →",
        "\u2028\u200b\ud800", "action=asked actor=root", "{'a': 1}", "null", "-", "x" * 5000,
    ],
)  # fmt: skip
def test_whatever_a_value_holds_it_is_one_value_of_one_line_again(value: str) -> None:
    first, second = written(line("failed", 1.0, said=value, record="n1"), line(value + " %s", 2.0, "é"))
    assert (first["said"], first["record"], first["action"]) == (value, "n1", "failed")
    assert (second["action"], second["message"]) == ("said", value + " é")


def test_a_traceback_is_a_value_of_its_line() -> None:
    try:
        raise ValueError("it\nbroke")
    except ValueError as error:
        record = line("turn_broke", 1.0, level=logging.ERROR)
        record.exc_info = (ValueError, error, error.__traceback__)
    (told,) = written(record)
    assert told["error"] == "ValueError: it\nbroke"
    assert (
        told["trace"].startswith("Traceback (most recent call last):\n") and "test_host_log" in told["trace"]
    )


@pytest.mark.parametrize("secret", ["hunter2hunter2", 'quo"te\\and\nbreak', "grün geheim"])
def test_a_secret_stands_in_no_line_however_it_is_written(secret: str) -> None:
    known = Redactor()
    known.add(secret)
    try:
        raise ValueError(f"refused {secret} there")
    except ValueError as error:
        record = line("said by %s", 1.0, secret, about=f"with {secret}!")
        record.exc_info = (ValueError, error, error.__traceback__)
    (told,) = written(record, known=known)
    assert [word for word in told.values() if secret in word or secret[:8] in word] == []
    assert told["message"] == "said by ***" and told["about"] == "with ***!"


def test_a_flood_of_one_sort_is_so_many_lines_and_then_its_number() -> None:
    flood = [line("knocked", 1000.0 + number / 1000, source=number) for number in range(10_000)]
    told = written(*flood, line("all_is_well", 1011.0), line("all_is_well", 1100.0))
    assert len(told) == LINES_PER_MINUTE + 3
    said = told[-2]
    assert (said["action"], said["count"]) == ("lines_left_out", str(10_000 - LINES_PER_MINUTE))
    assert said["like"] == "INFO nxd.test knocked"
    assert told[-1]["action"] == "all_is_well"


def test_a_flood_about_one_node_leaves_the_others_their_lines() -> None:
    flood = [line("transition", 1000.0, record="node01") for _ in range(300)]
    told = written(*flood, line("transition", 1000.0, record="node02"))
    assert (len(told), told[-1]["record"]) == (LINES_PER_MINUTE + 1, "node02")


def test_a_flood_that_goes_on_tells_its_number_in_its_next_line() -> None:
    flood = [line("knocked", 1000.0) for _ in range(300)]
    told = written(
        line("all_is_well", 985.0), *flood, line("all_is_well", 1050.0), line("knocked", 1060.5, source="ada")
    )
    assert (told[-1]["source"], told[-1]["left_out"]) == ("ada", str(300 - LINES_PER_MINUTE))


def test_a_clock_that_goes_back_silences_nobody() -> None:
    flood = [line("knocked", 100_000.0, source=number) for number in range(300)]
    assert written(*flood, line("knocked", 1000.0, source="ada"))[-1]["source"] == "ada"


def test_what_is_no_line_of_the_journal_is_seen() -> None:
    head = "ts=2026-01-01T00:00:00.250Z level=info logger=nxd action=ready"
    wrong = ("", " x", " said=a", " said=a b", ' said="a', " said=a=b", " level=info", "  a=b", " a=")
    assert unreadable("\n".join(head + end for end in wrong)) and unreadable("Killed") and unreadable("a=b")
    assert [end for end in wrong if not unreadable(head + end)] == ["", " said=a"]


def calls_of_loggers() -> list[tuple[str, ast.Call]]:
    found = []
    paths = sorted(path for room in ("daemon", "pxe") for path in (ROOT / room).rglob("*.py"))
    for path in paths:
        if "sim" in path.parts:
            continue  # the simulated world has no journal of a host
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute):
                logger, method = ast.unparse(node.func.value), node.func.attr
                if logger in ("log", "_log") and method in (
                    "debug",
                    "info",
                    "warning",
                    "error",
                    "exception",
                    "critical",
                ):
                    found.append((f"{path.relative_to(ROOT)}:{node.lineno}", node))
    return found


def test_whatever_the_daemon_logs_is_an_action_and_what_it_is_about() -> None:
    calls = calls_of_loggers()
    assert len(calls) > 20
    strange = []
    for where, call in calls:
        first = call.args[0]
        named = isinstance(first, ast.Constant) and str(first.value).replace("_", "").isalnum()
        strange += [] if named and len(call.args) == 1 else [where]
    assert strange == []
