"""The clients ask exactly what docs/api.md says, and tell a person plainly when nobody answers."""

from __future__ import annotations

import asyncio
import contextlib
import json
import socket as sockets
import subprocess
import sys
import tempfile
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from aiohttp import web

from daemon.client import AsyncClient, Client, DaemonRefused, DaemonUnreachable, asking

ERROR = {"code": "c", "message": "It is not legal now.", "remedy": "Wait.", "retry": "later"}


class Server:
    """Answers every request with what a test put there, and keeps what it was asked."""

    def __init__(self, socket: Path) -> None:
        self.socket = socket
        self.asked: list[tuple[str, str, Any]] = []
        self.answers: dict[str, tuple[int, Any]] = {}
        self.stream: Callable[[web.StreamResponse, web.Request], Awaitable[None]] | None = None

    async def start(self) -> web.AppRunner:
        app = web.Application()
        app.router.add_route("*", "/{path:.*}", self._answer)
        runner = web.AppRunner(app, shutdown_timeout=0.1, handler_cancellation=True)
        await runner.setup()
        await web.UnixSite(runner, str(self.socket)).start()
        return runner

    async def _answer(self, request: web.Request) -> web.StreamResponse:
        body = await request.json() if request.can_read_body else None
        self.asked.append((request.method, request.raw_path, body))
        if self.stream is not None and request.path == "/v1/events":
            response = web.StreamResponse()
            await response.prepare(request)
            with contextlib.suppress(ConnectionError):
                await self.stream(response, request)
            return response
        status, answer = self.answers.get(request.path, (200, {"ok": True}))
        if isinstance(answer, str):
            return web.Response(text=answer, status=status)
        return web.json_response(answer, status=status)


@pytest.fixture
def path() -> Iterator[Path]:
    with tempfile.TemporaryDirectory(prefix="nx") as directory:
        yield Path(directory) / "nxd.sock"


@pytest.fixture
async def server(path: Path) -> AsyncIterator[Server]:
    server = Server(path)
    runner = await server.start()
    yield server
    await runner.cleanup()


class Asking:
    """One of the two clients behind the same way of calling, the blocking one in a thread."""

    def __init__(self, kind: str, socket: Path) -> None:
        self.kind = kind
        self.socket = socket

    async def call(self, name: str, *args: Any, **options: Any) -> Any:
        if self.kind == "async":
            async with AsyncClient(self.socket) as client:
                return await getattr(client, name)(*args, **options)

        def ask() -> Any:
            with Client(self.socket) as client:
                return getattr(client, name)(*args, **options)

        return await asyncio.to_thread(ask)

    async def stream(self, after: int | None = None, most: int = 1000) -> list[Any]:
        """Lines until the end, an exception (kept as the last item) or ``most`` of them."""
        lines: list[Any] = []
        if self.kind == "async":
            async with AsyncClient(self.socket) as client, contextlib.aclosing(client.stream(after)) as told:
                try:
                    async for line in told:
                        lines.append(line)
                        if len(lines) == most:
                            break
                except (DaemonUnreachable, DaemonRefused) as cause:
                    lines.append(cause)
            return lines

        def follow() -> None:
            with Client(self.socket) as client, contextlib.closing(client.stream(after)) as told:
                try:
                    for line in told:
                        lines.append(line)
                        if len(lines) == most:
                            break
                except (DaemonUnreachable, DaemonRefused) as cause:
                    lines.append(cause)

        await asyncio.to_thread(follow)
        return lines


@pytest.fixture(params=["sync", "async"])
def ask(request: pytest.FixtureRequest, path: Path) -> Asking:
    return Asking(request.param, path)


@pytest.mark.parametrize(
    ("name", "args", "options", "asked"),
    [
        ("snapshot", (), {}, ("GET", "/v1/snapshot", None)),
        ("nodes", (), {}, ("GET", "/v1/nodes", None)),
        ("clusters", (), {}, ("GET", "/v1/clusters", None)),
        ("show", ("node01",), {}, ("GET", "/v1/nodes/node01", None)),
        ("show", ("a/b c",), {}, ("GET", "/v1/nodes/a%2Fb%20c", None)),
        ("health", (), {}, ("GET", "/v1/healthz", None)),
        ("log", (), {}, ("GET", "/v1/log?limit=1000", None)),
        ("log", (7, 5), {"node": "n1"}, ("GET", "/v1/log?after=7&limit=5&node=n1", None)),
        ("log", (), {"cluster": "c", "tail": True}, ("GET", "/v1/log?limit=1000&cluster=c&tail=1", None)),
        ("plan", ("rollback", "n1"), {}, ("POST", "/v1/plans", {"verb": "rollback", "target": "n1"})),
        ("plan_spec", ("a: 1",), {}, ("POST", "/v1/plans", {"spec": "a: 1"})),
        ("apply", ("a: 1",), {}, ("POST", "/v1/specs", {"spec": "a: 1"})),
        ("apply", ("a: 1", "d"), {}, ("POST", "/v1/specs", {"spec": "a: 1", "digest": "d"})),
        ("verb", ("retry", "n1"), {}, ("POST", "/v1/verbs", {"verb": "retry", "target": "n1"})),
        (
            "verb",
            ("retry", "n1"),
            {"step": "installing", "digest": None},
            ("POST", "/v1/verbs", {"verb": "retry", "target": "n1", "step": "installing"}),
        ),
        (
            "verb",
            ("rollback", "n1"),
            {"digest": "d", "token": "t"},
            ("POST", "/v1/verbs", {"verb": "rollback", "target": "n1", "digest": "d", "token": "t"}),
        ),
    ],
)
async def test_each_method_is_exactly_one_request_of_the_api(
    server: Server, ask: Asking, name: str, args: Any, options: Any, asked: Any
) -> None:
    assert await ask.call(name, *args, **options) == {"ok": True}
    assert server.asked == [asked]


async def test_show_looks_for_a_cluster_when_there_is_no_such_node(server: Server, ask: Asking) -> None:
    server.answers["/v1/nodes/demo"] = (404, {"error": ERROR})
    server.answers["/v1/clusters/demo"] = (200, {"entity": {"name": "demo"}, "timeline": []})
    assert (await ask.call("show", "demo"))["entity"]["name"] == "demo"


async def test_show_does_not_hide_another_error_than_not_found(server: Server, ask: Asking) -> None:
    server.answers["/v1/nodes/demo"] = (503, {"error": ERROR})
    with pytest.raises(DaemonRefused) as caught:
        await ask.call("show", "demo")
    assert caught.value.status == 503
    assert len(server.asked) == 1


async def test_a_refusal_carries_the_error_the_status_and_the_problems(server: Server, ask: Asking) -> None:
    problems = [{"line": 3, "column": 7, "message": "no such profile"}]
    server.answers["/v1/specs"] = (400, {"error": ERROR, "problems": problems})
    with pytest.raises(DaemonRefused) as caught:
        await ask.call("apply", "x")
    assert (caught.value.status, caught.value.error, caught.value.problems) == (400, ERROR, problems)
    assert str(caught.value) == ERROR["message"]


async def test_an_answer_that_is_not_the_api_is_told_with_its_text(server: Server, ask: Asking) -> None:
    server.answers["/v1/snapshot"] = (200, "It works!")
    with pytest.raises(DaemonRefused) as caught:
        await ask.call("snapshot")
    assert caught.value.error["code"] == "not_the_api"
    assert caught.value.error["evidence"] == "It works!"


async def test_no_socket_is_one_sentence_with_the_path_and_what_to_do(path: Path, ask: Asking) -> None:
    with pytest.raises(DaemonUnreachable) as caught:
        await ask.call("snapshot")
    expected = f"No daemon answers on {path}: start it with `nxd serve` or name another one with --config."
    assert str(caught.value) == expected
    lines = await ask.stream()
    assert [str(line) for line in lines] == [expected]


async def test_a_socket_that_nobody_listens_on_is_no_daemon(path: Path, ask: Asking) -> None:
    left = sockets.socket(sockets.AF_UNIX)
    left.bind(str(path))
    left.close()
    with pytest.raises(DaemonUnreachable, match="No daemon answers"):
        await ask.call("health")


async def test_a_daemon_that_dies_in_the_middle_of_an_answer_is_unreachable(path: Path, ask: Asking) -> None:
    async def half(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.readuntil(b"\r\n\r\n")
        writer.write(b"HTTP/1.1 200 OK\r\nContent-Length: 500\r\n\r\n{")
        await writer.drain()
        writer.close()

    async with await asyncio.start_unix_server(half, str(path)):
        with pytest.raises(DaemonUnreachable, match="broke off in the middle"):
            await ask.call("snapshot")


async def test_a_silent_daemon_is_told_apart_from_none(path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    async def mute(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.read()
        writer.close()

    async with await asyncio.start_unix_server(mute, str(path)), AsyncClient(path, timeout=0.1) as client:
        with pytest.raises(DaemonUnreachable, match="is silent"):
            await client.snapshot()


async def test_the_stream_gives_each_line_and_says_when_the_link_is_lost(server: Server, ask: Asking) -> None:
    async def tell(response: web.StreamResponse, request: web.Request) -> None:
        for number in range(3):
            line = {"type": "heartbeat", "revision": number, "now": 1.0}
            await response.write(json.dumps(line).encode() + b"\n")

    server.stream = tell
    *lines, end = await ask.stream(after=12)
    assert [line["revision"] for line in lines] == [0, 1, 2]
    assert isinstance(end, DaemonUnreachable)
    assert server.asked == [("GET", "/v1/events?after=12", None)]


async def test_a_line_comes_at_once_and_not_with_the_next(server: Server, ask: Asking) -> None:
    async def tell(response: web.StreamResponse, request: web.Request) -> None:
        await response.write(b'{"type": "heartbeat", "revision": 1, "now": 1.0}\n')
        await asyncio.Event().wait()

    server.stream = tell
    async with asyncio.timeout(3):
        assert len(await ask.stream(most=1)) == 1


async def test_after_a_lagged_line_the_stream_ends_without_an_error(server: Server, ask: Asking) -> None:
    async def tell(response: web.StreamResponse, request: web.Request) -> None:
        await response.write(b'{"type": "lagged", "revision": 1, "now": 1.0}\n')

    server.stream = tell
    assert [line["type"] for line in await ask.stream()] == ["lagged"]


async def test_silence_on_the_stream_is_a_lost_link(
    server: Server, ask: Asking, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def tell(response: web.StreamResponse, request: web.Request) -> None:
        await response.write(b'{"type": "heartbeat", "revision": 1, "now": 1.0}\n')
        await asyncio.Event().wait()

    assert asking.LINE_WITHIN == 5.0
    monkeypatch.setattr(asking, "LINE_WITHIN", 0.1)
    server.stream = tell
    heard, end = await ask.stream()
    assert heard["type"] == "heartbeat"
    assert isinstance(end, DaemonUnreachable)


async def test_half_a_line_is_a_lost_link_and_never_an_event(server: Server, ask: Asking) -> None:
    async def tell(response: web.StreamResponse, request: web.Request) -> None:
        await response.write(b'{"type": "event", "revi')

    server.stream = tell
    (end,) = await ask.stream()
    assert isinstance(end, DaemonUnreachable)


async def test_a_refused_stream_says_why(server: Server, ask: Asking) -> None:
    server.answers["/v1/events"] = (503, {"error": ERROR})
    (end,) = await ask.stream()
    assert isinstance(end, DaemonRefused)
    assert end.status == 503


async def test_a_proxy_variable_does_not_touch_the_socket(
    server: Server, ask: Asking, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("HTTP_PROXY", "http://127.0.0.1:9")
    monkeypatch.setenv("ALL_PROXY", "http://127.0.0.1:9")
    assert await ask.call("health") == {"ok": True}


@pytest.mark.e2e
def test_importing_the_client_loads_no_server_no_screen_and_no_sdk() -> None:
    code = "import daemon.client, sys; print(*sorted(m.partition('.')[0] for m in sys.modules))"
    loaded = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout
    unwanted = {"aiohttp", "textual", "pydantic", "ibm_vpc", "transitions", "yaml"}
    assert not unwanted & set(loaded.split())
