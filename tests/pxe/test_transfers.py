"""Images on their way: everybody gets theirs whole or knows that it is not, and nobody holds up anybody else."""

from __future__ import annotations

import asyncio
import contextlib
import gc
import hashlib
import json
import os
import random
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Any

import pytest

from pxe.connections import TimeLimits
from pxe.digests import mark_of
from pxe.images import Image, fingerprint
from pxe.senders import SENDERS
from pxe.transfer import PIECE
from tests.logfmt import journal
from tests.pxe.conftest import NODE, BootServer
from tests.stopping_disk import stopping_disk

NAME, OTHER = "vmlinuz-foundation", "initrd-foundation.img"
BIG = 24 << 20
"""More than the buffers of a connection hold."""
TOGETHER = 16
LISTENING = 2
"""The two ports of a boot server."""

Serve = Callable[..., Awaitable[BootServer]]


@pytest.fixture
def big(image_dir: Path) -> bytes:
    """An image that is not sent in one go."""
    content = random.Random(1).randbytes(BIG)
    _put(image_dir, content)
    return content


def _put(image_dir: Path, content: bytes) -> None:
    (image_dir / NAME).write_bytes(content)
    pins = json.loads((image_dir / "images.json").read_text())
    pins[NAME] = fingerprint(image_dir / NAME)
    (image_dir / "images.json").write_text(json.dumps(pins))


class Download:
    """A machine that takes an image at a pace of its own."""

    def __init__(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.reader, self.writer = reader, writer
        self.digest, self.received, self.promised = hashlib.sha256(), 0, -1

    @classmethod
    async def begin(cls, server: BootServer, name: str = NAME) -> Download:
        reader, writer = await asyncio.open_connection(
            "127.0.0.1", server.boot_port, local_addr=(NODE, 0), limit=1 << 16
        )
        writer.write(f"GET /pxe/images/{name} HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n".encode())
        one = cls(reader, writer)
        head = await reader.readuntil(b"\r\n\r\n")
        assert head.startswith(b"HTTP/1.1 200 ")
        (length,) = [line for line in head.split(b"\r\n") if line.lower().startswith(b"content-length:")]
        one.promised = int(length.split(b":")[1])
        return one

    async def read(self, most: int = BIG) -> None:
        """Take so many bytes more, or all there are."""
        until = self.received + most
        while self.received < until and (got := await self.reader.read(min(1 << 20, until - self.received))):
            self.digest.update(got)
            self.received += len(got)

    async def all(self) -> str:
        """The checksum of everything that comes."""
        with contextlib.suppress(ConnectionError):
            await self.read()
        self.writer.close()
        return self.digest.hexdigest()


async def test_while_images_are_sent_the_others_are_answered_and_everybody_gets_theirs(
    serve: Serve, book: Any, big: bytes
) -> None:
    server = await serve(book)
    before = _resident()
    slow = await Download.begin(server)
    others = [await Download.begin(server) for _ in range(TOGETHER - 1)]
    # All of them are under way: none can be over, for the buffers hold less.
    assert (await server.ask("/healthz")).status == 200
    assert (await server.script()).status == 200
    under_way = asyncio.gather(*(one.all() for one in others))
    answered = 0
    while not under_way.done():
        assert (await server.ask("/healthz")).status == 200
        assert (await server.script()).status == 200
        answered += 1
        await slow.read(1 << 16)
    assert answered > 0
    wanted = hashlib.sha256(big).hexdigest()
    assert await under_way == [wanted] * (TOGETHER - 1)
    assert slow.received < BIG  # its own pace held up nobody
    assert await slow.all() == wanted
    # Both ends are in this process, and neither keeps an image: hundreds of MB have passed.
    assert _resident() - before < 64 << 20


def _resident() -> int:
    gc.collect()
    return int(Path("/proc/self/statm").read_text().split()[1]) * os.sysconf("SC_PAGE_SIZE")


@pytest.mark.usefixtures("big")
async def test_a_machine_that_stops_reading_is_dropped_after_its_time(
    serve: Serve, book: Any, caplog: pytest.LogCaptureFixture
) -> None:
    server = await serve(book, TimeLimits(stalled=0.3))
    lazy = await Download.begin(server)
    await _until(lambda: "image_cut" in journal(caplog.records) or lazy.reader.at_eof())
    await lazy.all()
    assert lazy.received < lazy.promised == BIG
    assert (await server.ask("/healthz")).status == 200


def _open_files() -> int:
    return len(os.listdir("/proc/self/fd"))


async def _until(holds: Callable[[], bool]) -> None:
    async with asyncio.timeout(10):
        while not holds():  # noqa: ASYNC110 - what is looked at are the open files and the journal
            await asyncio.sleep(0.02)


def _shorten(path: Path) -> None:
    os.truncate(path, BIG // 2)


def _write_into(path: Path) -> None:
    with path.open("r+b") as file:
        file.seek(BIG - 10)
        file.write(b"other")


@pytest.mark.usefixtures("big")
@pytest.mark.parametrize("change", [_shorten, _write_into])
async def test_an_image_that_is_changed_under_way_ends_too_short_and_is_told(
    change: Callable[[Path], None],
    serve: Serve,
    book: Any,
    image_dir: Path,
    caplog: pytest.LogCaptureFixture,
) -> None:
    server = await serve(book)
    one = await Download.begin(server)
    change(image_dir / NAME)
    await one.all()
    assert one.received < one.promised == BIG
    told = journal(caplog.records)
    assert "action=image_cut" in told and f"image={NAME}" in told and "its file " in told
    assert (await server.ask(f"/pxe/images/{NAME}")).status == 500


async def test_an_image_that_another_takes_the_place_of_is_sent_to_its_own_end(
    serve: Serve, book: Any, image_dir: Path, big: bytes
) -> None:
    server = await serve(book)
    one = await Download.begin(server)
    (image_dir / "new").write_bytes(b"new")
    (image_dir / "new").rename(image_dir / NAME)
    assert await one.all() == hashlib.sha256(big).hexdigest()


async def test_a_disk_that_stops_under_way_ends_that_transfer_and_holds_up_nobody_else(
    serve: Serve, book: Any, caplog: pytest.LogCaptureFixture
) -> None:
    await (await serve(book)).script()  # the loop opens files of its own with the first connection
    size, stops, files = 64 << 20, 8 << 20, _open_files()
    with stopping_disk(NAME, size, stops) as directory:
        path = directory / NAME
        status = await asyncio.to_thread(path.stat)
        mark = mark_of(status)
        server = await serve(book, TimeLimits(disk=1.0), images={NAME: Image(path, "0" * 64, size, mark)})
        one = await Download.begin(server)
        ended = asyncio.create_task(one.all())
        while not ended.done():
            async with asyncio.timeout(0.8):  # less than the disk is waited for
                assert (await server.script()).status == 200
        assert 0 < one.received <= stops < one.promised
        assert "its disk does not answer" in journal(caplog.records)
        assert _open_files() > files  # the thread is left behind with what it holds
    await _until(lambda: _open_files() <= files + LISTENING)


async def test_what_a_disk_holds_up_is_cut_and_the_rest_of_its_thread_is_sent_by_another(
    serve: Serve, book: Any, image_dir: Path, big: bytes
) -> None:
    size, stops, path = 64 << 20, 8 << 20, image_dir / NAME
    sound = Image(path, "1" * 64, BIG, mark_of(path.stat()))
    with stopping_disk(NAME, size, stops) as directory:
        mark = mark_of(await asyncio.to_thread((directory / NAME).stat))
        hung = Image(directory / NAME, "0" * 64, size, mark)
        server = await serve(book, TimeLimits(disk=0.5), images={NAME: sound, OTHER: hung})
        under_way = [await Download.begin(server) for _ in range(2 * SENDERS)]
        held_up = [await Download.begin(server, OTHER) for _ in range(2 * SENDERS)]
        cut = asyncio.gather(*(one.all() for one in held_up))
        await _until(lambda: all(one.received >= stops - PIECE for one in held_up[:SENDERS]))
        wanted = [hashlib.sha256(big).hexdigest()] * len(under_way)
        assert await asyncio.gather(*(one.all() for one in under_way)) == wanted
        await cut
        assert all(one.received <= stops < one.promised for one in held_up)
        assert (await server.script()).status == 200


async def test_who_closes_the_connection_ends_the_transfer_and_keeps_no_file_open(
    serve: Serve, book: Any, big: bytes
) -> None:
    server = await serve(book)
    for _ in range(SENDERS):
        await (await Download.begin(server)).all()
    files = _open_files()
    several = [await Download.begin(server) for _ in range(4)]
    for one in several:
        one.writer.transport.abort()
    await _until(lambda: _open_files() <= files)


async def _conditional(server: Any, **headers: str) -> tuple[int, int]:
    answer = await server.ask(
        f"/pxe/images/{NAME}", headers={key.replace("_", "-"): value for key, value in headers.items()}
    )
    return answer.status, len(answer.body)


async def test_conditions_are_held_against_the_pinned_checksum(server: Any, kernel: bytes) -> None:
    answer = await server.ask(f"/pxe/images/{NAME}", method="HEAD")
    tag, date = answer.headers["Etag"], answer.headers["Last-Modified"]
    assert tag == f'"{hashlib.sha256(kernel).hexdigest()}"'
    whole = len(kernel)
    early = "Sat, 01 Jan 2000 00:00:00 GMT"
    assert await _conditional(server, If_None_Match=tag) == (304, 0)
    assert await _conditional(server, If_None_Match='"other"') == (200, whole)
    assert await _conditional(server, If_None_Match='"other"', If_Modified_Since=date) == (200, whole)
    assert await _conditional(server, If_Modified_Since=date) == (304, 0)
    assert await _conditional(server, If_Modified_Since=early) == (200, whole)
    assert await _conditional(server, If_Match='"other"') == (412, 0)
    assert await _conditional(server, If_Match=tag) == (200, whole)
    assert await _conditional(server, If_Unmodified_Since=early) == (412, 0)
    assert await _conditional(server, If_Unmodified_Since=date) == (200, whole)


async def test_the_rest_of_an_image_is_given_only_if_it_is_the_same_image(server: Any, kernel: bytes) -> None:
    answer = await server.ask(f"/pxe/images/{NAME}", method="HEAD")
    tag, date = answer.headers["Etag"], answer.headers["Last-Modified"]
    whole = len(kernel)
    rest = "bytes=16000-"
    assert await _conditional(server, Range=rest, If_Range=tag) == (206, whole - 16000)
    assert await _conditional(server, Range=rest, If_Range=date) == (206, whole - 16000)
    assert await _conditional(server, Range=rest, If_Range='"other"') == (200, whole)
    assert await _conditional(server, Range=rest, If_Range="Sat, 01 Jan 2000 00:00:00 GMT") == (200, whole)
    assert await _conditional(server, Range=rest, If_Range="nonsense") == (200, whole)
