"""Strangers take so much and no more: connections, time, and words that make no sense."""

from __future__ import annotations

import asyncio
import contextlib
import gzip
import logging
import socket
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from typing import Any

import pytest

from pxe.connections import ConnectionLimiter, LimitedSite, TimeLimits

NODE = "127.33.0.10"
PER_SOURCE, AT_ONCE = 20, 40
"""What the server of these tests takes, as it is put together in conftest.py."""


@asynccontextmanager
async def connected(port: int, source: str = NODE) -> AsyncIterator[tuple[Any, Any]]:
    reader, writer = await asyncio.open_connection("127.0.0.1", port, local_addr=(source, 0))
    try:
        yield reader, writer
    finally:
        writer.close()
        with contextlib.suppress(OSError):
            await writer.wait_closed()


async def closed_at_once(port: int, source: str) -> bool:
    async with connected(port, source) as (reader, _):
        try:
            async with asyncio.timeout(0.3):
                return await reader.read(1) == b""
        except ConnectionError:
            return True
        except TimeoutError:
            return False


async def test_a_source_has_so_many_connections_and_the_next_is_closed_at_once(
    server: Any, caplog: pytest.LogCaptureFixture
) -> None:
    async with contextlib.AsyncExitStack() as stack:
        for _ in range(PER_SOURCE):
            await stack.enter_async_context(connected(server.boot_port))
        refused = [await closed_at_once(server.boot_port, NODE) for _ in range(10)]
        assert refused == [True] * 10
        assert await closed_at_once(server.config_port, NODE), "both ports count together"
        assert (await server.ask("/healthz", source="127.33.0.11")).status == 200
    told = [record for record in caplog.records if "connection_refused" in record.getMessage()]
    assert len(told) == 1, "a flood of connections is one line"
    await asyncio.sleep(0.1)
    assert (await server.ask("/healthz")).status == 200, "there is room again"


async def test_all_sources_together_have_so_many_connections(server: Any) -> None:
    async with contextlib.AsyncExitStack() as stack:
        for number in range(AT_ONCE):
            await stack.enter_async_context(connected(server.boot_port, f"127.33.1.{number + 1}"))
        assert await closed_at_once(server.config_port, "127.33.2.1")


@pytest.mark.parametrize(
    "said",
    [b"", b"GET /healthz HT", b"GET /healthz HTTP/1.1\r\nHost: a\r\nX-", b"POST /server-status HTTP/1.1\r\n"],
)
async def test_who_does_not_end_the_head_of_a_request_is_cut_off(
    serve: Callable[..., Awaitable[Any]], book: Any, said: bytes
) -> None:
    server = await serve(book, TimeLimits(head=0.4))

    async def drip(writer: Any) -> None:
        for byte in said:
            if writer.is_closing():  # cut off already
                return
            writer.write(bytes([byte]))
            await asyncio.sleep(0.02)

    async with connected(server.config_port) as (reader, writer), asyncio.TaskGroup() as group:
        group.create_task(drip(writer))
        async with asyncio.timeout(3):
            with contextlib.suppress(ConnectionResetError):  # a byte was under way when it was cut off
                assert await reader.read() == b""


async def test_who_does_not_end_the_body_of_a_request_is_told_so_and_cut_off(
    serve: Callable[..., Awaitable[Any]], book: Any
) -> None:
    server = await serve(book, TimeLimits(body=0.3, linger=0.2))
    async with connected(server.config_port) as (reader, writer):
        writer.write(
            b"POST /server-status HTTP/1.1\r\nHost: a\r\nAuthorization: Bearer install-token\r\n"
            b"Content-Length: 1000\r\n\r\n{"
        )
        async with asyncio.timeout(3):
            answer = await reader.read()
    assert answer.startswith(b"HTTP/1.1 408 ") and b"did not come in time" in answer


async def test_who_takes_nothing_of_what_he_is_sent_is_cut_off() -> None:
    from aiohttp import web

    ended = asyncio.Event()

    async def endless(request: web.Request) -> web.StreamResponse:
        response = web.StreamResponse()
        await response.prepare(request)
        try:
            while True:
                await response.write(bytes(1 << 16))
        finally:
            ended.set()

    application = web.Application()
    application.router.add_get("/", endless)
    runner = web.AppRunner(application)
    await runner.setup()
    keeper = ConnectionLimiter(10, 10, TimeLimits(stalled=1.0))
    await LimitedSite(runner, socket.create_server(("127.0.0.1", 0)), keeper).start()
    try:
        with socket.create_connection(runner.addresses[0]) as lazy:
            lazy.sendall(b"GET / HTTP/1.1\r\nHost: a\r\n\r\n")
            async with asyncio.timeout(15):
                await ended.wait()
        assert keeper.inside.total() == 0
    finally:
        await runner.cleanup()


PACKED = gzip.compress(b'{"seq": 1, "phase": 1, "message": "x"}', mtime=0)
BOMB = gzip.compress(bytes(64 * 1024 * 1024), compresslevel=1, mtime=0)


@pytest.mark.parametrize("apart", [False, True], ids=["at once", "in pieces"])
@pytest.mark.parametrize(
    ("headers", "body"),
    [
        ({"Content-Encoding": "gzip"}, b"this is not packed"),
        ({"Content-Encoding": "gzip"}, PACKED[:20]),
        ({"Content-Encoding": "deflate"}, b"\xff\xfe nor is this"),
        ({"Content-Encoding": "br"}, b"nor this"),
        ({"Content-Encoding": "gzip"}, BOMB),
        ({"Content-Encoding": "martian"}, b"{}"),
        ({"Content-Type": "application/json; charset=martian"}, b"{}"),
        ({"Content-Type": "a/b; charset=\x01"}, b"{}"),
        ({"Transfer-Encoding": "chunked"}, b"zz\r\nhello\r\n0\r\n\r\n"),
        ({"Transfer-Encoding": "chunked"}, b"5\r\nhello world\r\n0\r\n\r\n"),
        ({"Transfer-Encoding": "chunked"}, b"-5\r\nhello\r\n0\r\n\r\n"),
        ({"Content-Length": "many"}, b"{}"),
        ({"Content-Length": "-1"}, b"{}"),
        ({"Content-Length": "2", "Transfer-Encoding": "chunked"}, b"0\r\n\r\n"),
    ],
)
async def test_a_body_that_makes_no_sense_is_one_sentence_and_no_fault_of_ours(
    serve: Callable[..., Awaitable[Any]],
    book: Any,
    caplog: pytest.LogCaptureFixture,
    headers: dict[str, str],
    body: bytes,
    apart: bool,
) -> None:
    server = await serve(book, TimeLimits(body=2.0))
    given = {"Host": "a", "Authorization": "Bearer install-token", "Connection": "close"}
    if not {"Content-Length", "Transfer-Encoding"} & headers.keys():
        given["Content-Length"] = str(len(body))
    head = "".join(f"{key}: {value}\r\n" for key, value in {**given, **headers}.items())
    async with connected(server.config_port) as (reader, writer):
        writer.write(f"POST /server-status HTTP/1.1\r\n{head}\r\n".encode())
        if apart:
            await writer.drain()
            await asyncio.sleep(0.05)
        writer.write(body)
        async with asyncio.timeout(5):
            answer = await reader.read()
    status, text = answer.split(b" ", 2)[1], answer.partition(b"\r\n\r\n")[2]
    assert status in (b"400", b"413", b"415"), answer
    assert text.strip() and len(text) < 300 and b"Traceback" not in text, answer
    assert book.reports == []
    loud = [record for record in caplog.records if record.levelno >= logging.ERROR or record.exc_info]
    assert loud == [], [record.getMessage() for record in loud]


async def test_both_ports_stand_in_the_metrics(server: Any) -> None:
    await server.config()
    text = (await server.ask("/metrics")).text
    assert 'route="/server-config",status="200"} 1' in text


async def test_a_flood_of_looks_at_the_metrics_costs_one_page(server: Any) -> None:
    first = (await server.ask("/metrics")).text
    await server.config()
    assert (await server.ask("/metrics")).text == first


async def test_a_flood_of_refusals_is_a_few_lines_in_the_journal(
    server: Any, caplog: pytest.LogCaptureFixture
) -> None:
    for _ in range(40):
        assert (await server.ask("/nothing")).status == 404
    told = [record for record in caplog.records if record.msg == "turned_away"]
    assert len(told) == 5


async def test_a_flood_of_garbage_is_a_few_lines_in_the_journal(
    server: Any, caplog: pytest.LogCaptureFixture
) -> None:
    for _ in range(40):
        async with connected(server.boot_port, "127.33.9.9") as (reader, writer):
            writer.write(b"GET /\xff HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n")
            assert (await reader.read()).split(b" ")[1] == b"400"
    assert 1 <= len(caplog.records) <= 5
