"""Nothing that may have been heard is sent twice."""

from __future__ import annotations

import asyncio

import pytest

from daemon.drivers.http import Line, Lost

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
    with pytest.raises(Lost):
        await line.ask("DELETE", url, {}, None, 5, 5)
    await line.close()
    await asyncio.wait_for(ended.wait(), 10)
    server.close()
    assert heard == [b"GET", b"DELETE"]
