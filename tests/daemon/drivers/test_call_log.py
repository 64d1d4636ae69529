"""Each call to something outside is a line of the host's journal, and is told with all that was said, however it
ended."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import pytest

from daemon.clock import SystemClock
from daemon.drivers.http import AnswerLost, Line
from daemon.drivers.ibm_auth import TrustedProfile
from daemon.drivers.ibm_calls import IbmCloud
from daemon.drivers.ibm_vpc import open_vpc
from daemon.drivers.prism import Connections, Credentials, Prism, fetch_certificate
from daemon.drivers.rates import TokenBucket
from daemon.errors.tree import OutsideError
from daemon.outside import OutsideCall, called_for, telling_of_calls
from tests.logfmt import journal, read

LOGIN = Credentials("admin", "geheim-geheim")
CERTIFICATE = (Path(__file__).parents[2] / "authority.crt").read_text(encoding="ascii")
KEYS = ("api", "call", "about", "outcome", "status")


class NoToken(TrustedProfile):
    def at_hand(self) -> str | None:
        return "none"


@pytest.fixture
def told(caplog: pytest.LogCaptureFixture) -> Any:
    """The lines of the calls, as a program reads them."""
    caplog.set_level(logging.INFO, "nxd.calls")

    def lines() -> list[tuple[str | None, ...]]:
        shown = journal(caplog.records)
        assert "geheim" not in shown
        found = [read(line) for line in shown.splitlines()]
        assert all(int(one["ms"]) >= 0 for one in found if one["action"] == "call")
        return [tuple(one.get(key) for key in KEYS) for one in found if one["action"] == "call"]

    return lines


async def test_a_question_to_prism_is_a_line_and_a_refusal_names_its_code(serve: Any, told: Any) -> None:
    answers = iter(((200, b"{}"), (401, b"no")))

    def answer(method: str, path: str, body: bytes) -> Any:
        status, content = next(answers)
        return status, {"Content-Type": "application/json"}, content

    server, connections = serve(answer, tls="cvm"), Connections()
    certificate = await fetch_certificate("127.0.0.1", server.port, 5)
    cvm = Prism("127.0.0.1", server.port, certificate, LOGIN, connections)
    await cvm.ready()
    with pytest.raises(OutsideError):
        await cvm.rename("x")
    await connections.close()
    assert told() == [
        ("prism", "certificate", "127.0.0.1", "ok", None),
        ("prism", "GET /v1/cluster", "127.0.0.1", "ok", None),
        ("prism", "PATCH /v1/cluster", "127.0.0.1", "authentication", "401"),
    ]


async def test_a_look_at_a_machine_that_is_still_silent_is_no_line(told: Any) -> None:
    with pytest.raises(OutsideError):
        await fetch_certificate("127.0.0.1", 1, 5)
    assert told() == []


async def test_a_call_of_the_sdk_is_a_line(serve: Any, told: Any) -> None:
    body = b'{"errors": [{"code": "internal_error", "message": "x"}]}'
    server = serve(lambda method, path, sent: (500, {"Content-Type": "application/json"}, body))
    with ThreadPoolExecutor(1) as threads:
        cloud = IbmCloud(NoToken("Profile-1", "http://127.0.0.1:1"), threads, 1, (2.0, 2.0))
        vpc = open_vpc(cloud, f"{server.url}/v1", TokenBucket(1000, SystemClock(), "vpc"))
        with pytest.raises(OutsideError):
            await vpc.reserve_ip("subnet", "10.0.0.9", "lab-node01-cvm")
        await vpc.close()
    assert told() == [("vpc", "create_subnet_reserved_ip", "lab-node01-cvm", "unavailable", "500")]


@pytest.fixture
def calls() -> Iterator[list[OutsideCall]]:
    """Every call that is over."""
    made: list[OutsideCall] = []
    with telling_of_calls(made.append):
        yield made


async def test_a_call_is_told_with_what_was_asked_and_answered(serve: Any, calls: list[OutsideCall]) -> None:
    answers = iter((
        (500, b'{"errors": [{"code": "internal_error", "message": "x"}]}'),
        (201, b'{"id": "r006", "name": "lab-node01-cvm"}'),
        (200, b'{"id": "r006", "state": "stable"}'),
        (404, b'{"errors": [{"code": "not_found", "message": "x"}]}'),
        (201, b'{"access_token": "sesame", "href": "wss://x/?access_token=sesame"}'),
    ))  # fmt: skip

    def answer(method: str, path: str, body: bytes) -> Any:
        status, content = next(answers)
        return status, {"Content-Type": "application/json", "X-Request-Id": f"trace-{status}"}, content

    server = serve(answer)
    with ThreadPoolExecutor(1) as threads, called_for("node01"):
        cloud = IbmCloud(NoToken("Profile-1", "http://127.0.0.1:1"), threads, 1, (2.0, 2.0))
        vpc = open_vpc(cloud, f"{server.url}/v1", TokenBucket(1000, SystemClock(), "vpc"))
        with pytest.raises(OutsideError):
            await vpc.reserve_ip("subnet", "10.0.0.9", "lab-node01-cvm")
        await vpc.reserve_ip("subnet", "10.0.0.9", "lab-node01-cvm")
        await vpc.reserved_ip("subnet", "r006")
        assert await vpc.reserved_ip("subnet", "r006") is None
        await vpc.console_href("r007", force=False)
        await vpc.close()
    assert [(one.method, one.status, one.failed, one.request_id) for one in calls] == [
        ("POST", 500, True, "trace-500"),
        ("POST", 201, False, "trace-201"),
        ("GET", 200, False, "trace-200"),
        ("GET", 404, False, "trace-404"),
        ("POST", 201, False, "trace-201"),
    ]
    assert {(one.target, one.service, one.server) for one in calls} == {("node01", "vpc", server.url)}
    assert calls[0].intent == calls[1].intent == "create subnet reserved ip lab-node01-cvm"
    assert calls[0].path == "/v1/subnets/subnet/reserved_ips" and "version=" in calls[0].query
    assert "10.0.0.9" in str(calls[0].sent) and "internal_error" in str(calls[0].answered)
    assert "10.0.0.9" in str(calls[1].sent) and "r006" in str(calls[1].answered)
    assert (calls[2].sent, calls[2].answered, calls[3].answered) == (None, None, None)
    assert (calls[4].sent, calls[4].answered) == (None, None)


async def test_a_call_without_an_answer_says_why(calls: list[OutsideCall]) -> None:
    async def leave(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.readline()
        writer.close()

    async with await asyncio.start_server(leave, "127.0.0.1", 0) as server:
        port, line = server.sockets[0].getsockname()[1], Line(1)
        with pytest.raises(AnswerLost):
            await line.ask("GET", f"http://127.0.0.1:{port}/v1?key=1", {}, None, 5, 5)
        await line.close()
    connections = Connections()
    silent = Prism("127.0.0.1", 1, CERTIFICATE, LOGIN, connections)
    with pytest.raises(OutsideError):
        await silent.change_password("old-old-old", "new-new-new")
    with pytest.raises(OutsideError):
        await fetch_certificate("127.0.0.1", 1, 5)  # it is waited for, and no call of it is made
    await connections.close()
    lost, refused = calls
    assert (lost.method, lost.status, lost.failed, lost.why) == ("GET", None, True, "Server disconnected")
    assert (lost.path, lost.query, lost.intent) == ("/v1", "key=1", "GET /v1")
    assert refused.status is None and "Connect call failed" in str(refused.why)
    assert refused.sent is None, "the body holds passwords"
