"""Nothing that may have been heard is sent twice."""

from __future__ import annotations

import asyncio
import socket
import threading
import time
from contextlib import suppress
from typing import Any

import pytest

from daemon.drivers.http import AnswerLost, Line, NotDelivered

KEPT = b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\n{}"


async def test_a_request_whose_answer_is_lost_is_sent_once() -> None:
    """aiohttp would by itself send what it calls idempotent again, over a connection that was kept and is dead."""
    heard: list[bytes] = []
    ended = asyncio.Event()

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        while head := await reader.readuntil(b"\r\n\r\n"):
            heard.append(head.split(b" ")[0])
            if heard[-1] == b"DELETE":
                break
            writer.write(KEPT)
        writer.close()
        await writer.wait_closed()
        ended.set()

    server = await asyncio.start_server(serve, "127.0.0.1", 0)
    url = f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}/x"
    line = Line(1)
    assert (await line.ask("GET", url, {}, None, 5, 5)).text == "{}"
    with pytest.raises(AnswerLost):
        await line.ask("DELETE", url, {}, None, 5, 5)
    await line.close()
    await asyncio.wait_for(ended.wait(), 10)
    server.close()
    assert heard == [b"GET", b"DELETE"]


async def test_a_name_whose_lookup_hangs_is_given_up_at_the_deadline_of_the_connection(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """The name server of this host does not answer; nobody has heard the request."""
    answered, looked_up = threading.Event(), list[str]()

    def silent(host: str, *more: Any, **how: Any) -> Any:
        looked_up.append(host)
        answered.wait(20)
        raise socket.gaierror(socket.EAI_AGAIN, "Temporary failure in name resolution")

    monkeypatch.setattr(socket, "getaddrinfo", silent)
    line, begun = Line(2), time.monotonic()
    asked = [line.ask("POST", "http://vpc.example/x", {}, b"{}", 0.3, 5) for _ in range(4)]
    found = await asyncio.gather(*asked, return_exceptions=True)
    assert time.monotonic() - begun < 3
    assert all(isinstance(one, NotDelivered) for one in found), found
    assert "No connection within 0.3 s, the lookup of the name included." in str(found[0])
    assert len(looked_up) == 1, "they wait for one lookup"
    answered.set()
    await line.close()


async def test_to_wait_for_a_free_connection_counts_for_no_deadline() -> None:
    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        with suppress(asyncio.IncompleteReadError):  # the line hangs up when it is closed
            while await reader.readuntil(b"\r\n\r\n"):
                await asyncio.sleep(0.3)
                writer.write(KEPT)
        writer.close()

    server = await asyncio.start_server(serve, "127.0.0.1", 0)
    url = f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}/x"
    line = Line(1)
    answers = await asyncio.gather(*(line.ask("GET", url, {}, None, 0.2, 5) for _ in range(4)))
    assert [answer.text for answer in answers] == ["{}"] * 4
    await line.close()
    server.close()
