"""A CVM is trusted by the certificate it first showed, and whatever it answers is told for what it is."""

from __future__ import annotations

import asyncio
import base64
import json
import re
import threading
import time
from collections.abc import AsyncIterator
from typing import Any

import pytest

from daemon.drivers.prism import Connections, Credentials, Prism, fetch_certificate
from daemon.errors.tree import OutsideError

JSON = {"Content-Type": "application/json"}
LOGIN = Credentials("admin", "geheim")


def says(status: int, body: bytes, headers: dict[str, str] | None = None) -> Any:
    return lambda method, path, sent: (status, headers or JSON, body)


@pytest.fixture
async def connections() -> AsyncIterator[Connections]:
    kept = Connections()
    yield kept
    await kept.close()


async def prism(server: Any, connections: Connections) -> Prism:
    certificate = await fetch_certificate("127.0.0.1", server.port, 5)
    return Prism("127.0.0.1", server.port, certificate, LOGIN, connections)


async def refusal(server: Any, connections: Connections) -> OutsideError:
    with pytest.raises(OutsideError) as caught:
        await (await prism(server, connections)).ready()
    assert "GET /v1/cluster on 127.0.0.1" in caught.value.message
    return caught.value


async def test_the_certificate_is_fetched_before_anything_secret_is_sent(serve: Any) -> None:
    server = serve(says(200, b"{}"), tls="first")
    shown = await fetch_certificate("127.0.0.1", server.port, 5)
    assert shown.split() == server.certificate.split()
    assert server.asked == []


async def test_the_pinned_certificate_is_accepted_whatever_name_stands_in_it(
    serve: Any, connections: Connections
) -> None:
    seen: list[str] = []

    def answer(method: str, path: str, body: bytes) -> Any:
        seen.append(f"{method} {path}")
        return 200, JSON, b'{"uuid": "u-1"}'

    server = serve(answer, tls="first")
    client = await prism(server, connections)
    assert await client.ready() == {"uuid": "u-1"}
    assert await client.cluster() == {"uuid": "u-1"}
    assert seen == [
        "GET /PrismGateway/services/rest/v1/cluster",
        "GET /PrismGateway/services/rest/v2.0/cluster",
    ]


async def test_another_certificate_is_refused_before_the_password_is_sent(
    serve: Any, connections: Connections
) -> None:
    first = serve(says(200, b"{}"), tls="first")
    second = serve(says(200, b"{}"), tls="second")
    pinned = await fetch_certificate("127.0.0.1", first.port, 5)
    with pytest.raises(OutsideError) as caught:
        await Prism("127.0.0.1", second.port, pinned, LOGIN, connections).ready()
    assert (caught.value.code, caught.value.retry) == ("pin_changed", "later")
    assert caught.value.evidence
    assert second.asked == []
    for _ in range(500):  # aiohttp ends the connection that it refused when the other side agrees
        await asyncio.sleep(0.01)
        if second.connections and not second.open:
            break
    await asyncio.sleep(0.1)


@pytest.mark.parametrize(
    ("status", "headers", "body", "code"),
    [
        (401, {"Content-Type": "text/html"}, b"<html>Unauthorized</html>", "authentication"),
        (401, JSON, b"", "authentication"),
        (400, JSON, b'{"message": "no"}', "bad_request"),
        (403, JSON, b"{}", "bad_request"),
        (404, JSON, b"{}", "bad_request"),
        (404, {"Content-Type": "text/html"}, b"<html>Not Found</html>", "unavailable"),
        (409, JSON, b"{}", "conflict"),
        (422, JSON, b'{"message": "node is already part of a cluster"}', "bad_request"),
        (422, JSON, b'{"message": "bad factor"}', "bad_request"),
        (429, JSON, b"{}", "rate_limited"),
        (500, {"Content-Type": "text/plain"}, b"java.lang.NullPointerException", "unavailable"),
        (502, {"Content-Type": "text/html"}, b"<html>Bad Gateway</html>", "unavailable"),
        (503, JSON, b"", "unavailable"),
        (302, {**JSON, "Location": "/console"}, b"", "bad_request"),
        (200, {"Content-Type": "text/html"}, b"<html>starting</html>", "malformed"),
        (200, JSON, b'{"uuid": ', "malformed"),
        (200, JSON, b"\xff\xfe", "malformed"),
    ],
)
async def test_an_answer_is_told_for_what_it_is_with_its_body(
    serve: Any, connections: Connections, status: int, headers: dict[str, str], body: bytes, code: str
) -> None:
    error = await refusal(serve(says(status, body, headers), tls="first"), connections)
    assert (error.code, error.status) == (code, status)
    assert f"HTTP {status}" in (error.evidence or "")
    if body.isascii():
        assert re.sub("<.*?>", "", body.decode()).strip() in (error.evidence or "")
    assert "<html>" not in (error.evidence or "") and len(error.message) < 200


@pytest.mark.parametrize(
    ("status", "body"), [(409, b"{}"), (422, b'{"message": "already part of a cluster"}')]
)
async def test_only_what_makes_something_can_find_it_there_already(
    serve: Any, connections: Connections, status: int, body: bytes
) -> None:
    client = await prism(serve(says(status, body), tls="first"), connections)
    for make in (client.create_cluster("demo", "10.0.0.1", 1, "UTC", []), client.expand([])):
        with pytest.raises(OutsideError) as caught:
            await make
        assert caught.value.code == "name_taken"
    for other in (client.remove_host("h-1"), client.rename("demo"), client.add_ntp_servers(["10.0.0.9"])):
        with pytest.raises(OutsideError) as caught:
            await other
        assert caught.value.code == ("conflict" if status == 409 else "bad_request")


async def test_prism_is_asked_again_when_it_says_so(serve: Any, connections: Connections) -> None:
    error = await refusal(serve(says(429, b"{}", {**JSON, "Retry-After": "17"}), tls="first"), connections)
    assert (error.code, error.after) == ("rate_limited", 17.0)


async def test_that_a_host_is_gone_is_left_to_a_look_at_it(serve: Any, connections: Connections) -> None:
    server = serve(says(404, b"{}"), tls="first")
    client = await prism(server, connections)
    await client.remove_host("h-1")
    assert await client.host("h-1") is None
    assert [line.split()[0] for line in server.asked] == ["DELETE", "GET"]


async def test_a_page_that_says_404_while_prism_starts_is_no_proof_that_a_host_is_gone(
    serve: Any, connections: Connections
) -> None:
    server = serve(says(404, b"<html>Not Found</html>", {"Content-Type": "text/html"}), tls="first")
    with pytest.raises(OutsideError) as caught:
        await (await prism(server, connections)).host("h-1")
    assert (caught.value.code, caught.value.retry) == ("unavailable", "now")


async def test_an_empty_answer_is_no_error(serve: Any, connections: Connections) -> None:
    server = serve(says(200, b""), tls="first")
    await (await prism(server, connections)).change_password("old", "new")
    assert server.asked == ["POST /PrismGateway/services/rest/v1/utils/change_default_system_password"]


@pytest.mark.parametrize("manner", ["refused", "reset", "cut", "gibberish"])
async def test_nobody_who_speaks_tls_is_not_there_yet(
    serve: Any, connections: Connections, rude: Any, manner: str
) -> None:
    port = rude(manner)
    with pytest.raises(OutsideError) as caught:
        await fetch_certificate("127.0.0.1", port, 5)
    assert caught.value.code == "unreachable"
    pinned = await fetch_certificate("127.0.0.1", serve(says(200, b"{}"), tls="first").port, 5)
    with pytest.raises(OutsideError) as caught:
        await Prism("127.0.0.1", port, pinned, LOGIN, connections).ready()
    assert caught.value.code in ("unreachable", "in_doubt")


async def test_a_port_that_says_nothing_is_given_up_in_time(rude: Any) -> None:
    with pytest.raises(OutsideError) as caught:
        await fetch_certificate("127.0.0.1", rude("silent"), 0.2)
    assert caught.value.code == "unreachable"


SLOW_SECONDS = 11.0


async def test_each_call_has_its_own_time_limit(serve: Any, connections: Connections) -> None:
    """A CVM takes 11 seconds for each answer: a look is given up before that, a change is not."""
    slow = threading.Event()

    def answer(method: str, path: str, body: bytes) -> Any:
        slow.wait(SLOW_SECONDS)
        return 200, JSON, b'{"entities": []}'

    client = await prism(serve(answer, tls="first"), connections)
    calls = {
        "ready": client.ready(),
        "cluster": client.cluster(),
        "hosts": client.hosts(),
        "host": client.host("h-1"),
        "create_cluster": client.create_cluster("demo", "10.0.0.1", 1, "UTC", []),
        "expand": client.expand([]),
        "remove_host": client.remove_host("h-1"),
        "change_password": client.change_password("old", "new"),
        "rename": client.rename("demo"),
        "add_name_servers": client.add_name_servers([]),
        "add_ntp_servers": client.add_ntp_servers([]),
    }
    took: dict[str, float] = {}

    async def timed(name: str, call: Any) -> Any:
        began = time.monotonic()
        try:
            return await call
        except OutsideError as error:
            return error.code
        finally:
            took[name] = time.monotonic() - began

    told = dict(zip(calls, await asyncio.gather(*(timed(*one) for one in calls.items())), strict=True))
    assert {name for name, said in told.items() if said == "in_doubt"} == {
        "ready",
        "cluster",
        "hosts",
        "host",
    }
    assert 4.5 < took["ready"] < 9 < took["cluster"] < SLOW_SECONDS
    assert all(took[name] >= SLOW_SECONDS for name, said in told.items() if said != "in_doubt")


async def test_a_create_whose_answer_is_lost_is_in_doubt(
    serve: Any, connections: Connections, monkeypatch: pytest.MonkeyPatch
) -> None:
    class Lost(Exception):
        pass

    def taken(method: str, path: str, body: bytes) -> Any:
        raise Lost

    server = serve(taken, tls="first")
    monkeypatch.setattr("socketserver.BaseServer.handle_error", lambda *_: None)
    client = await prism(server, connections)
    with pytest.raises(OutsideError) as caught:
        await client.create_cluster("demo", "10.0.0.1", 2, "UTC", [])
    assert (caught.value.code, caught.value.status) == ("in_doubt", None)
    assert server.asked == ["POST /PrismGateway/services/rest/v2.0/clusters"]


async def test_the_contract_of_the_create_request(serve: Any, connections: Connections) -> None:
    sent: list[Any] = []

    def answer(method: str, path: str, body: bytes) -> Any:
        sent.append(json.loads(body))
        return 202, JSON, b'{"task_uuid": "t-1"}'

    client = await prism(serve(answer, tls="first"), connections)
    nodes = [{"cvm_ip": "10.0.0.2", "hypervisor_ip": "10.0.0.3", "node_position": "A"}]
    assert await client.create_cluster("demo", "10.0.0.1", 1, "UTC", nodes) == {"task_uuid": "t-1"}
    (body,) = sent
    assert (body["name"], body["external_ip"], body["redundancy_factor"]) == ("demo", "10.0.0.1", 1)
    assert (body["cluster_functions"], body["timezone"], body["nodes"]) == (["AOS"], "UTC", nodes)


async def test_the_login_is_sent_to_the_pinned_cvm_and_shown_to_nobody(
    serve: Any, connections: Connections
) -> None:
    server = serve(says(401, b"<html>"), tls="first")
    error = await refusal(server, connections)
    (login,) = server.logins
    assert base64.b64decode(login.removeprefix("Basic ")) == b"admin:geheim"
    assert "geheim" not in f"{error} {error.evidence} {error.message} {LOGIN!r}"


@pytest.mark.parametrize("call", ["remove_host", "create_cluster", "cluster"])
async def test_a_request_whose_answer_is_lost_is_not_sent_again_by_itself(
    serve: Any, connections: Connections, monkeypatch: pytest.MonkeyPatch, call: str
) -> None:
    """Over a connection of its own; a look is lost with the one that was kept, and is then sent over its own."""

    class Lost(Exception):
        pass

    lost: list[str] = []

    def answer(method: str, path: str, body: bytes) -> Any:
        if lost:
            raise Lost
        return 200, JSON, b"{}"

    monkeypatch.setattr("socketserver.BaseServer.handle_error", lambda *_: None)
    server = serve(answer, tls="first")
    client = await prism(server, connections)
    await client.ready()
    lost.append("from here on")
    calls = {
        "remove_host": lambda: client.remove_host("h-1"),
        "create_cluster": lambda: client.create_cluster("demo", "10.0.0.1", 2, "UTC", []),
        "cluster": client.cluster,
    }
    with pytest.raises(OutsideError) as caught:
        await calls[call]()
    assert caught.value.code == "in_doubt"
    assert len(server.asked) == (3 if call == "cluster" else 2), server.asked


async def test_no_proxy_of_the_environment_comes_between_the_host_and_a_cvm(
    serve: Any, connections: Connections, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in ("HTTPS_PROXY", "https_proxy", "ALL_PROXY", "all_proxy"):
        monkeypatch.setenv(name, "http://127.0.0.1:1")
    for name in ("NO_PROXY", "no_proxy"):
        monkeypatch.delenv(name, raising=False)
    cvm = serve(says(200, b"{}"), tls="cvm")
    assert await Prism("127.0.0.1", cvm.port, cvm.certificate, LOGIN, connections).ready() == {}


class TestConnections:
    """A question goes over the connection of the one before; what changes something has one of its own."""

    async def test_one_handshake_serves_many_questions_and_a_change_makes_its_own(
        self, serve: Any, connections: Connections
    ) -> None:
        server = serve(says(200, b"{}"), tls="first")
        client = await prism(server, connections)
        for _ in range(5):
            await client.ready()
        asked = server.connections
        await client.change_password("old", "new")
        assert (asked, server.connections) == (2, 3)  # the first one showed the certificate

    async def test_a_connection_that_the_cvm_has_ended_is_made_anew(
        self, serve: Any, connections: Connections
    ) -> None:
        server = serve(says(200, b"{}", {**JSON, "Connection": "close"}), tls="first")
        client = await prism(server, connections)
        assert [await client.ready() for _ in range(3)] == [{}, {}, {}]
