"""The event stream to many readers at once: how many lines it delivers, how late they are, and what a stalled one does.

Run as a program it is the readers: `python fanout.py SOCKET PATH READERS LINES` prints when the last line came, and
the delay of each that says when it was made.
"""

from __future__ import annotations

import asyncio
import contextlib
import json
import statistics
import sys
import tempfile
import time
from collections.abc import AsyncIterator, Awaitable, Callable
from dataclasses import dataclass
from pathlib import Path

from aiohttp import web
from figures import Figure, percentile
from toy import Toy, house

from daemon.api.stream import lines
from daemon.memory.bus import Notice
from daemon.memory.journal import Journal
from daemon.store.ops import AddEvent, Event

READERS = 20
BURST = 200
BURSTS = 50
SLOWLY = 200
SECONDS = 4.0
ROUNDS = 3
MADE = "made at "
TEXT = "x" * 120


@dataclass
class _Empty:
    """A view of nobody."""

    def snapshot(self) -> dict[str, list[str]]:
        return {"clusters": [], "nodes": []}


class Unbatched:
    """Server-sent events as one first writes them: each reader has a queue, each event is a write of its own."""

    def __init__(self) -> None:
        self.queues: set[asyncio.Queue[Event]] = set()

    async def serve(self, request: web.Request) -> web.StreamResponse:
        """One reader."""
        response = web.StreamResponse(headers={"Content-Type": "text/event-stream"})
        await response.prepare(request)
        queue: asyncio.Queue[Event] = asyncio.Queue()
        self.queues.add(queue)
        with contextlib.suppress(ConnectionError):
            await response.write(b"data: begin\n\n")
            while True:
                event = await queue.get()
                shown = {"revision": event.revision, "time": event.time, "message": event.message}
                await response.write(f"id: {event.revision}\ndata: {json.dumps(shown)}\n\n".encode())
        return response

    def publish(self, event: Event) -> None:
        for queue in self.queues:
            queue.put_nowait(event)

    def behind(self) -> bool:
        return any(queue.qsize() for queue in self.queues)


@dataclass
class Server:
    """Both streams on one socket."""

    socket: Path
    journal: Journal
    unbatched: Unbatched


@contextlib.asynccontextmanager
async def server() -> AsyncIterator[Server]:
    """Our stream at /ours, the other one at /sse."""
    unbatched = Unbatched()
    with tempfile.TemporaryDirectory() as name:
        async with house(Path(name), Toy(lambda: None)) as here:

            async def ours(request: web.Request) -> web.StreamResponse:
                response = web.StreamResponse()
                await response.prepare(request)
                with contextlib.suppress(ConnectionError):
                    async for line in lines(here.journal, _Empty(), here.journal.bus, None):  # type: ignore[arg-type]
                        await response.write(line)
                return response

            app = web.Application()
            app.add_routes([web.get("/ours", ours), web.get("/sse", unbatched.serve)])
            runner = web.AppRunner(app, access_log=None, shutdown_timeout=0.1)
            await runner.setup()
            path = Path(name) / "s"
            await web.UnixSite(runner, str(path)).start()
            try:
                yield Server(path, here.journal, unbatched)
            finally:
                await runner.cleanup()


@contextlib.asynccontextmanager
async def readers(
    socket: Path, path: str, wanted: int
) -> AsyncIterator[Callable[[], Awaitable[dict[str, float]]]]:
    """Readers in a process of their own; calling what this gives waits for their last line."""
    arguments = [sys.executable, __file__, str(socket), path, str(READERS), str(wanted)]
    child = await asyncio.create_subprocess_exec(*arguments, stdout=asyncio.subprocess.PIPE)
    assert child.stdout is not None
    out = child.stdout
    assert await out.readline() == b"connected\n"

    async def result() -> dict[str, float]:
        told: dict[str, float] = json.loads(await out.readline())
        return told

    try:
        yield result
    finally:
        if child.returncode is None:
            child.kill()
        await child.wait()


def _event(revision: int) -> Event:
    return Event(time.time(), "c", "n1", "note", TEXT, revision=revision)


async def _deliveries(here: Server, path: str) -> float:
    """Lines a second that all readers together received."""
    bus = here.journal.bus
    async with readers(here.socket, path, BURST * BURSTS) as result:
        begun = time.perf_counter()
        for burst in range(BURSTS):
            for number in range(BURST):
                event = _event(10**6 + burst * BURST + number)
                if path == "/sse":
                    here.unbatched.publish(event)
                else:
                    bus.publish(Notice([event], frozenset(), frozenset()))
            await asyncio.sleep(0)
            while here.unbatched.behind() or any(one.queue.qsize() for one in bus._subscriptions):  # noqa: ASYNC110
                await asyncio.sleep(0)
        await result()
        taken = time.perf_counter() - begun
    here.unbatched.queues.clear()
    return READERS * BURST * BURSTS / taken


async def _delays(here: Server, stalled: bool) -> tuple[float, float]:
    """Median and 99th percentile, in seconds, from the commit of a line to its reader; perhaps beside one who
    never reads."""
    count = int(SLOWLY * SECONDS)
    writer = None
    if stalled:
        _, writer = await asyncio.open_unix_connection(str(here.socket), limit=1024)
        writer.write(b"GET /ours HTTP/1.1\r\nHost: nxd\r\n\r\n")
        writer.transport.pause_reading()  # type: ignore[attr-defined]
    async with readers(here.socket, "/ours", count) as result:
        begun = time.perf_counter()
        for number in range(count):
            await asyncio.sleep(max(0.0, begun + number / SLOWLY - time.perf_counter()))
            said = f"{MADE}{time.perf_counter()} {TEXT}"
            await here.journal.commit(AddEvent(Event(time.time(), "c", "n1", "note", said)))
        told = await result()
    if writer is not None:
        writer.close()
    return told["p50"], told["p99"]


async def _round() -> tuple[float, ...]:
    async with server() as here:
        ours, theirs = await _deliveries(here, "/ours"), await _deliveries(here, "/sse")
        half, most = await _delays(here, stalled=False)
        _, beside = await _delays(here, stalled=True)
    return ours, theirs, half, most, beside


def fanout() -> list[Figure]:
    """G7 and G7b."""
    rows = [asyncio.run(_round()) for _ in range(ROUNDS)]
    ours, theirs, half, most, beside = (statistics.median(column) for column in zip(*rows, strict=True))
    return [
        Figure("api.deliveries_per_second", ours, f"lines/s to {READERS} readers"),
        Figure(
            "api.deliveries_over_unbatched",
            ours / theirs,
            "x a write for each event (SSE)",
            4.0,
            "higher",
            2.0,
        ),
        Figure("api.delivery_p50", half * 1000, f"ms at {SLOWLY} events/s"),
        Figure("api.delivery_p99", most * 1000, f"ms at {SLOWLY} events/s"),
        Figure("api.delivery_p99_over_p50", most / half, "ratio", 2.0, "lower", 5.0),
        Figure(
            "api.delivery_p99_beside_stalled", beside / most, "x without the stalled one", 1.0, "lower", 1.2
        ),
    ]


async def _read(socket: str, path: str, wanted: int, begun: asyncio.Semaphore, delays: list[float]) -> None:
    """One reader: counts lines, and how late those are that say when they were made."""
    reader, writer = await asyncio.open_unix_connection(socket, limit=2**22)
    writer.write(f"GET {path} HTTP/1.1\r\nHost: nxd\r\n\r\n".encode())
    mark = b'"type":"event"' if path == "/ours" else b"data: {"
    seen, rest, first = 0, b"", True
    while seen < wanted:
        piece = await reader.read(2**20)
        now = time.perf_counter()
        if not piece:
            break
        if first and (b'"snapshot"' in piece or b"data: begin" in piece):
            first = False
            begun.release()
        rest += piece
        whole, _, rest = rest.rpartition(b"\n")
        seen += whole.count(mark)
        for part in whole.split(MADE.encode())[1:]:
            delays.append(now - float(part[: part.index(b" ")]))
    writer.close()


async def _readers(socket: str, path: str, count: int, wanted: int) -> None:
    begun, delays = asyncio.Semaphore(0), list[float]()
    tasks = [asyncio.create_task(_read(socket, path, wanted, begun, delays)) for _ in range(count)]
    for _ in range(count):
        await begun.acquire()
    print("connected", flush=True)
    await asyncio.gather(*tasks)
    shown = {"p50": percentile(delays, 50), "p99": percentile(delays, 99)} if delays else {}
    print(json.dumps(shown), flush=True)


if __name__ == "__main__":
    asyncio.run(_readers(sys.argv[1], sys.argv[2], int(sys.argv[3]), int(sys.argv[4])))
