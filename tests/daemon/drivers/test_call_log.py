"""Each call to something outside is a line of the host's journal, however it ended."""

from __future__ import annotations

import logging
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest

from daemon.clock import SystemClock
from daemon.drivers.ibm_auth import TrustedProfile
from daemon.drivers.ibm_calls import IbmCloud
from daemon.drivers.ibm_vpc import open_vpc
from daemon.drivers.prism import Connections, Credentials, Prism, fetch_certificate
from daemon.drivers.rates import TokenBucket
from daemon.errors.tree import OutsideError
from tests.logfmt import journal, read

LOGIN = Credentials("admin", "geheim-geheim")
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
